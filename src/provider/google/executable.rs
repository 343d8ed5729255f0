//! A program that says who the machine is at another identity provider.
//!
//! Source: AIP-4117, "Determining the subject token in executable-sourced credentials".

use super::error::Error;
use super::file::{self, Hidden};
use crate::provider::Surroundings;
use crate::transport::secret::Secret;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

/// The variable by which a user allows that programs are run.
const ALLOWED: &str = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";
/// How long a program may take where its file does not say.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take in any case.
const LONGEST: Duration = Duration::from_mins(2);
/// More than this is no answer.
const ANSWER: usize = 64 * 1024;
/// So many characters of what it says about a failure are told.
const SHOWN: usize = 500;

/// What is run, as a file says.
#[derive(Deserialize)]
pub(super) struct Executable {
    command: String,
    timeout_millis: Option<u64>,
    output_file: Option<String>,
}

/// What it answers.
#[derive(Deserialize)]
struct Answer {
    version: u64,
    success: bool,
    token_type: Option<String>,
    id_token: Option<Hidden>,
    saml_response: Option<Hidden>,
    expiration_time: Option<i64>,
    code: Option<String>,
    message: Option<String>,
}

impl Executable {
    /// The token that the program gives when it is told what is `asked` in its variables.
    pub(super) async fn token(
        &self,
        surroundings: &Surroundings,
        asked: &[(&str, &str)],
    ) -> Result<Secret, Error> {
        let allowed = surroundings.variables.get(ALLOWED);
        if allowed.is_none_or(|allowed| allowed != "1") {
            return Err(self.wrong(format!("is only run where `{ALLOWED}` is `1`")));
        }
        if let Some(token) = self.kept() {
            return Ok(token);
        }
        let mut command = self.command(surroundings)?;
        command.env("GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE", "0");
        for (name, value) in asked.iter().filter(|(_, value)| !value.is_empty()) {
            command.env(name, value);
        }
        if let Some(output) = &self.output_file {
            command.env("GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE", output);
        }
        let (answer, status) = self.run(command).await?;
        if !status.success() && answer.is_empty() {
            return Err(self.wrong(format!("ended with {status}")));
        }
        match read(&answer) {
            Ok(_) if !status.success() => Err(self.wrong(format!("ended with {status}"))),
            read => read.map_err(|reason| self.wrong(reason)),
        }
    }

    /// What it answered the last time, where that is kept and good.
    fn kept(&self) -> Option<Secret> {
        let path = Path::new(self.output_file.as_deref()?);
        let content = file::read(path).ok()??;
        read(&content).ok()
    }

    fn command(&self, surroundings: &Surroundings) -> Result<Command, Error> {
        let mut words = self.command.split_whitespace();
        let program = words.next().unwrap_or_default();
        let path = find(program, &surroundings.search_path);
        let path = path.ok_or_else(|| {
            self.wrong("is neither an absolute path nor in a folder of PATH".to_owned())
        })?;
        let mut command = Command::new(path);
        command
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        // Credentials of registries are none of its business.
        let names = surroundings.variables.keys();
        for name in names.filter(|name| name.starts_with("CROSSDOCK_")) {
            command.env_remove(name);
        }
        #[cfg(unix)]
        command.process_group(0);
        Ok(command)
    }

    async fn run(&self, mut command: Command) -> Result<(Zeroizing<Vec<u8>>, ExitStatus), Error> {
        let failed = |error: std::io::Error| self.wrong(format!("cannot be run: {error}"));
        let patience = self.timeout_millis.map_or(PATIENCE, Duration::from_millis);
        let patience = patience.min(LONGEST);
        let mut child = command.spawn().map_err(failed)?;
        let mut ending = Ending::of(&child);
        // Reserved in one piece: a buffer that grows leaves copies of its content behind.
        let mut answer = Zeroizing::new(Vec::with_capacity(ANSWER + 1));
        let talk = async {
            if let Some(stdout) = child.stdout.take() {
                let mut limited = stdout.take(ANSWER as u64 + 1);
                limited.read_to_end(&mut answer).await?;
            }
            if answer.len() > ANSWER {
                return Ok(None);
            }
            child.wait().await.map(Some)
        };
        let Ok(ended) = tokio::time::timeout(patience, talk).await else {
            let patience = patience.as_secs_f64();
            return Err(self.wrong(format!("did not answer within {patience} s")));
        };
        let status = ended.map_err(failed)?;
        if status.is_some() {
            ending.came();
        }
        let too_much = || self.wrong(format!("printed more than {} KiB", ANSWER / 1024));
        Ok((answer, status.ok_or_else(too_much)?))
    }

    fn wrong(&self, reason: String) -> Error {
        // Its arguments may hold anything.
        let program = self.command.split_whitespace().next();
        Error::Executable {
            program: program.unwrap_or_default().to_owned(),
            reason,
        }
    }
}

/// The program of this name, or at this path. None that depends on where one happens to be.
fn find(program: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = Path::new(program);
    if path.is_absolute() {
        return Some(path.to_owned());
    }
    let is_name = !program.is_empty() && path.components().count() == 1 && !program.contains('/');
    let folders = folders.iter().filter(|folder| folder.is_absolute());
    let mut paths = folders.map(|folder| folder.join(path));
    paths.find(|path| is_name && path.is_file())
}

/// The token in an answer.
fn read(answer: &[u8]) -> Result<Secret, String> {
    let answer: Answer = file::shape(answer).map_err(|reason| format!("answers what {reason}"))?;
    if answer.version != 1 {
        return Err("answers in a version that is not 1".to_owned());
    }
    if !answer.success {
        let said = [answer.code, answer.message].into_iter().flatten();
        let said = said.collect::<Vec<_>>().join(": ");
        let said: String = said.chars().take(SHOWN).collect();
        return Err(format!("failed: {said}"));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX);
    if answer.expiration_time.is_some_and(|end| end <= now) {
        return Err("answers with a token that has expired".to_owned());
    }
    let token = match answer.token_type.as_deref() {
        Some(
            "urn:ietf:params:oauth:token-type:jwt"
            | "urn:ietf:params:oauth:token-type:id_token"
            | "urn:ietf:params:oauth:token-type:access_token",
        ) => answer.id_token,
        Some("urn:ietf:params:oauth:token-type:saml2") => answer.saml_response,
        _ => return Err("answers with a `token_type` that is not known".to_owned()),
    };
    let token = token.filter(|token| !token.0.expose().is_empty());
    let token = token.ok_or_else(|| "answers without a token".to_owned())?;
    Ok(token.0)
}

/// Ends a program, together with whatever it started, when it is dropped.
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
}

impl Ending {
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
