//! Running a vendor's program: found on PATH alone, without a shell, and held to a time and a size.

use super::Surroundings;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

/// How long is waited for the end of what a program printed that has ended itself: something that
/// it started may hold on to the pipe.
const LINGER: Duration = Duration::from_secs(1);
/// More than this is no answer.
const ANSWER: usize = 1024 * 1024;
/// So much of the error output is kept.
const COMPLAINT: usize = 64 * 1024;
/// Variables with this in front are told to nobody else: some hold secrets for registries.
const OWN: &str = "CROSSDOCK_";

/// What a program printed.
pub(super) struct Printed {
    pub(super) stdout: Zeroizing<Vec<u8>>,
    pub(super) stderr: Vec<u8>,
    pub(super) is_success: bool,
}

/// Why a program is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The system does not run it.
    #[error("it cannot be run")]
    Run(#[from] io::Error),
    /// It did not come to an end.
    #[error("it did not answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// It does not stop talking.
    #[error("it printed more than {} KiB", ANSWER / 1024)]
    TooMuch,
}

/// The first program in the folders of `surroundings` that has one of these names.
pub(super) fn find(surroundings: &Surroundings, names: &[&str]) -> Option<PathBuf> {
    let folders = surroundings.search_path.iter();
    let folders = folders.filter(|folder| folder.is_absolute());
    let mut paths = folders.flat_map(|folder| names.iter().map(|name| folder.join(name)));
    paths.find(|path| is_program(path))
}

/// Runs a program with the variables of `surroundings`, for as long as `patience` allows.
pub(super) async fn run(
    surroundings: &Surroundings,
    program: &Path,
    arguments: &[&str],
    patience: Duration,
) -> Result<Printed, Failure> {
    let variables = surroundings.variables.iter();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(variables.filter(|(name, _)| !name.starts_with(OWN)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let child = command.spawn()?;
    let printed = tokio::time::timeout(patience, printed(child));
    printed.await.unwrap_or(Err(Failure::Slow(patience)))
}

async fn printed(mut child: Child) -> Result<Printed, Failure> {
    let mut ending = Ending::of(&child);
    // Reserved in one piece: a buffer that grows leaves copies of its content behind.
    let mut stdout = Zeroizing::new(Vec::with_capacity(ANSWER + 1));
    let mut stderr = Vec::new();
    let (answer, complaint) = (child.stdout.take(), child.stderr.take());
    let status = {
        let listen = async {
            tokio::try_join!(answered(answer, &mut stdout), drain(complaint, &mut stderr))
        };
        tokio::pin!(listen);
        tokio::select! {
            heard = &mut listen => {
                heard?;
                let status = child.wait().await?;
                ending.came();
                status
            }
            status = child.wait() => {
                ending.came();
                tokio::time::timeout(LINGER, listen).await.unwrap_or(Ok(((), ())))?;
                status?
            }
        }
    };
    Ok(Printed {
        stdout,
        stderr,
        is_success: status.success(),
    })
}

async fn answered(from: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> Result<(), Failure> {
    let Some(from) = from else { return Ok(()) };
    from.take(ANSWER as u64 + 1).read_to_end(into).await?;
    if into.len() > ANSWER {
        return Err(Failure::TooMuch);
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

/// Ends a program that has not come to an end itself when it is dropped, together with whatever it
/// started.
struct Ending {
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl Ending {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            group: id.and_then(rustix::process::Pid::from_raw),
        }
    }

    #[cfg(not(unix))]
    fn of(_: &Child) -> Self {
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

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::transport::Transport;
    use crate::transport::client::Settings;
    use std::sync::Arc;
    use std::time::Instant;

    fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
        let variables = variables.iter();
        Surroundings {
            variables: variables
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            home: None,
            search_path: vec!["bin".into(), "/usr/bin".into(), "/bin".into()],
            transport: Arc::new(Transport::new(Settings::default(), Arc::new(()))),
        }
    }

    async fn sh(script: &str, patience: Duration) -> Result<Printed, Failure> {
        let path = ("PATH", "/usr/bin:/bin");
        let surroundings = surroundings(&[path, ("CROSSDOCK_TOKEN", "s3cret")]);
        let program = find(&surroundings, &["no-such-program", "sh"]).unwrap();
        run(&surroundings, &program, &["-c", script], patience).await
    }

    #[tokio::test]
    async fn a_program_is_heard_and_told_nothing_of_ours() {
        let script = "echo \"[$CROSSDOCK_TOKEN]\"; echo no >&2; exit 3";
        let printed = sh(script, Duration::from_secs(30)).await.unwrap();
        assert_eq!(*printed.stdout, b"[]\n");
        assert_eq!(printed.stderr, b"no\n");
        assert!(!printed.is_success);
    }

    #[tokio::test]
    async fn a_program_ends_with_our_patience_and_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("id");
        let script = format!("sleep 600 & echo $! > '{}'; wait", file.display());
        let slow = sh(&script, Duration::from_secs(1)).await;
        assert!(matches!(slow, Err(Failure::Slow(_))));
        let id: i32 = std::fs::read_to_string(file)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        let begin = Instant::now();
        // Whoever inherits it takes a moment to see that it has ended.
        while rustix::process::test_kill_process(id).is_ok() && !is_dead(id) {
            assert!(begin.elapsed() < Duration::from_secs(10), "it lives on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whether a process is one that nobody has buried yet.
    fn is_dead(id: rustix::process::Pid) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero()));
        status.is_ok_and(|status| status.contains(") Z "))
    }

    #[tokio::test]
    async fn a_program_that_left_something_behind_is_not_waited_for() {
        let begin = Instant::now();
        let printed = sh("sleep 20 & echo here", Duration::from_secs(15)).await;
        assert_eq!(*printed.unwrap().stdout, b"here\n");
        assert!(begin.elapsed() < Duration::from_secs(10));
    }

    #[tokio::test]
    async fn a_program_that_does_not_stop_talking_is_stopped() {
        let endless = sh("yes", Duration::from_secs(30)).await;
        assert!(matches!(endless, Err(Failure::TooMuch)));
    }
}
