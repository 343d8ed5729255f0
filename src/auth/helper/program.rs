//! Running the programs `docker-credential-NAME`: found on PATH alone, without a shell, and held
//! to a time and a size.

use super::protocol::{self, Listed};
use super::{Answer, Failure, HelperName};
use crate::auth::credential::Credential;
use crate::auth::notes::Notes;
use crate::transport::secret::Secret;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take where it stores something, and somebody may have to unlock that first.
const UNLOCKING: Duration = Duration::from_mins(5);
/// How long is waited for the end of what a program printed that has ended itself: something that
/// it started may hold on to the pipe.
const LINGER: Duration = Duration::from_secs(1);
/// More than this is no answer.
const ANSWER: usize = 64 * 1024;
/// So much of the error output is kept. Less is shown, and only after secrets were taken out of it,
/// which must not be cut before.
const COMPLAINT: usize = 64 * 1024;

/// The credential helpers that are installed.
#[derive(Clone)]
pub struct Programs {
    folders: Vec<PathBuf>,
    withheld: Vec<String>,
    patience: Duration,
    alone: bool,
    notes: Notes,
}

/// What a program printed, and how it ended.
struct Printed {
    stdout: Zeroizing<Vec<u8>>,
    stderr: Vec<u8>,
    status: ExitStatus,
}

impl Programs {
    /// Programs are looked for in those of `folders` that are absolute, in this order. They see
    /// this process's variables but those `withheld`. `notes` hears what they say besides.
    pub fn new(folders: &[PathBuf], withheld: Vec<String>, notes: Notes) -> Self {
        Self {
            folders: folders
                .iter()
                .filter(|f| f.is_absolute())
                .cloned()
                .collect(),
            withheld,
            patience: PATIENCE,
            alone: true,
            notes,
        }
    }

    /// The same, where somebody is at the terminal, who can be asked something there.
    #[must_use]
    pub fn at_terminal(self) -> Self {
        Self {
            alone: false,
            ..self
        }
    }

    /// The same with so much time.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Whether `helper` is installed.
    pub fn has(&self, helper: &HelperName) -> bool {
        self.find(helper).is_some()
    }

    /// The credential of `server`.
    pub async fn get(&self, helper: &HelperName, server: &str) -> Result<Answer, Failure> {
        protocol::check(server)?;
        if !self.has(helper) {
            return Ok(Answer::Missing);
        }
        let printed = self.run(helper, "get", server.as_bytes()).await?;
        if printed.status.success() {
            let answer = protocol::answer(&printed.stdout)?;
            if let Answer::Found(credential) = &answer {
                self.remark(helper, &printed, Some(secret(credential)));
            }
            Ok(answer)
        } else if protocol::is_nothing(&printed.stdout) {
            Ok(Answer::Nothing)
        } else {
            Err(printed.failure(None))
        }
    }

    /// Hands over the credential of `server`, in place of the one before.
    pub async fn store(
        &self,
        helper: &HelperName,
        server: &str,
        credential: &Credential,
    ) -> Result<(), Failure> {
        protocol::check(server)?;
        let entry = protocol::entry(server, credential)?;
        let patience = if self.alone {
            self.patience
        } else {
            self.patience.max(UNLOCKING)
        };
        let storing = self.clone().patient(patience);
        let printed = storing.run(helper, "store", entry.expose()).await?;
        let told = Some(secret(credential));
        if printed.status.success() {
            self.remark(helper, &printed, told);
            return Ok(());
        }
        Err(printed.failure(told))
    }

    /// Removes the credential of `server`.
    pub async fn erase(&self, helper: &HelperName, server: &str) -> Result<(), Failure> {
        protocol::check(server)?;
        let printed = self.run(helper, "erase", server.as_bytes()).await?;
        if printed.status.success() || protocol::is_nothing(&printed.stdout) {
            Ok(())
        } else {
            Err(printed.failure(None))
        }
    }

    /// Everything that `helper` has.
    pub async fn list(&self, helper: &HelperName) -> Result<Vec<Listed>, Failure> {
        let printed = self.run(helper, "list", b"").await?;
        if printed.status.success() {
            protocol::list(&printed.stdout)
        } else {
            Err(printed.failure(None))
        }
    }

    /// What a helper that did as it was told has to say besides, as docker shows it.
    fn remark(&self, helper: &HelperName, printed: &Printed, told: Option<&Secret>) {
        let remark = protocol::one_line(&printed.stderr, told);
        if !remark.is_empty() {
            self.notes
                .say(&format!("credential helper `{helper}`: {remark}"));
        }
    }

    fn find(&self, helper: &HelperName) -> Option<PathBuf> {
        let suffix = if cfg!(windows) { ".exe" } else { "" };
        let name = format!("docker-credential-{helper}{suffix}");
        let mut paths = self.folders.iter().map(|folder| folder.join(&name));
        paths.find(|path| is_program(path))
    }

    async fn run(
        &self,
        helper: &HelperName,
        action: &str,
        input: &[u8],
    ) -> Result<Printed, Failure> {
        let program = self.find(helper);
        let program = program.ok_or_else(|| Failure::Missing(helper.clone()))?;
        let run = |error| Failure::Run(Arc::new(error));
        let child = self.command(program.into(), action).spawn().map_err(run)?;
        let ending = Ending::of(&child, self.alone);
        let printed = tokio::time::timeout(self.patience, converse(child, input, ending));
        printed.await.unwrap_or(Err(Failure::Slow(self.patience)))
    }

    fn command(&self, program: OsString, action: &str) -> Command {
        let mut command = Command::new(program);
        command
            .arg(action)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for name in &self.withheld {
            command.env_remove(name);
        }
        // Who shall be able to read from the terminal must not be in the background.
        #[cfg(unix)]
        if self.alone {
            command.process_group(0);
        }
        command
    }
}

impl Printed {
    fn failure(&self, told: Option<&Secret>) -> Failure {
        let end = match (self.status.code(), signal(self.status)) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(signal)) => format!("ended by signal {signal}"),
            (None, None) => "ended".to_owned(),
        };
        Failure::Failed(protocol::complaint(&end, &self.stdout, &self.stderr, told))
    }
}

fn secret(credential: &Credential) -> &Secret {
    match credential {
        Credential::Password { password, .. } => password,
        Credential::Identity(token) | Credential::Registry(token) => token,
    }
}

/// Says `input`, and reads until the program has ended.
async fn converse(mut child: Child, input: &[u8], mut ending: Ending) -> Result<Printed, Failure> {
    let failed = |error| Failure::Run(Arc::new(error));
    // Reserved in one piece: a buffer that grows leaves copies of its content behind.
    let mut stdout = Zeroizing::new(Vec::with_capacity(ANSWER + 1));
    let mut stderr = Vec::new();
    let (told, answer, complaint) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let status = {
        let talk = async {
            let tell = async {
                // Who does not want to know closes the pipe: no failure.
                if let Some(mut told) = told {
                    let _ = told.write_all(input).await;
                    let _ = told.shutdown().await;
                }
                Ok(())
            };
            tokio::try_join!(
                tell,
                answered(answer, &mut stdout),
                drain(complaint, &mut stderr)
            )
        };
        tokio::pin!(talk);
        tokio::select! {
            talked = &mut talk => {
                talked?;
                let status = child.wait().await.map_err(failed)?;
                ending.came();
                status
            }
            status = child.wait() => {
                ending.came();
                tokio::time::timeout(LINGER, talk).await.unwrap_or(Ok(((), (), ())))?;
                status.map_err(failed)?
            }
        }
    };
    Ok(Printed {
        stdout,
        stderr,
        status,
    })
}

async fn answered(from: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> Result<(), Failure> {
    let Some(from) = from else { return Ok(()) };
    let mut limited = from.take(ANSWER as u64 + 1);
    let read = limited.read_to_end(into).await;
    read.map_err(|error| Failure::Run(Arc::new(error)))?;
    if into.len() > ANSWER {
        return Err(Failure::TooMuch(ANSWER));
    }
    Ok(())
}

/// Reads all, so that nobody is kept waiting, and keeps the beginning.
async fn drain(from: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> Result<(), Failure> {
    let Some(mut from) = from else { return Ok(()) };
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let room = COMPLAINT.saturating_sub(into.len()).min(read);
        into.extend_from_slice(&buffer[..room]);
    }
    Ok(())
}

fn is_program(path: &Path) -> bool {
    let Ok(metadata) = path.metadata() else {
        return false;
    };
    #[cfg(unix)]
    let runs = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let runs = true;
    metadata.is_file() && runs
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// Ends a program that has not come to an end itself when it is dropped, together with whatever it
/// started.
struct Ending {
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl Ending {
    #[cfg(unix)]
    fn of(child: &Child, alone: bool) -> Self {
        let id = child.id().filter(|_| alone);
        let id = id.and_then(|id| i32::try_from(id).ok());
        Self {
            group: id.and_then(rustix::process::Pid::from_raw),
        }
    }

    #[cfg(not(unix))]
    fn of(_: &Child, _: bool) -> Self {
        Self {}
    }

    /// The program has ended: its number may be another's soon.
    fn came(&mut self) {
        #[cfg(unix)]
        {
            self.group = None;
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}
