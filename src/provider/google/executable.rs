//! A program that says who the machine is at another identity provider.
//!
//! Source: AIP-4117, "Determining the subject token in executable-sourced credentials".

use super::error::Error;
use super::file::{self, Hidden};
use crate::provider::Surroundings;
use crate::provider::program::{self, Printed};
use crate::transport::secret::Secret;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The variable by which a user allows that programs are run.
const ALLOWED: &str = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";
/// How long a program may take where its file does not say.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take in any case.
const LONGEST: Duration = Duration::from_mins(2);
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
        // It is told by its variables, and sees the others of this process.
        let mut told = surroundings.clone();
        let output = self.output_file.as_deref().unwrap_or_default();
        let more = [
            ("GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE", "0"),
            ("GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE", output),
        ];
        let more = asked.iter().chain(&more);
        for (name, value) in more.filter(|(_, value)| !value.is_empty()) {
            told.variables
                .insert((*name).to_owned(), (*value).to_owned());
        }
        let printed = self.run(&told).await?;
        match read(&printed.stdout) {
            Ok(token) if printed.is_success => Ok(token),
            Err(reason) if printed.is_success || !printed.stdout.is_empty() => {
                Err(self.wrong(reason))
            }
            _ => Err(self.wrong(format!("failed: {}", first_line(&printed.stderr)))),
        }
    }

    /// What it answered the last time, where that is kept and good.
    fn kept(&self) -> Option<Secret> {
        let path = Path::new(self.output_file.as_deref()?);
        let content = file::read(path).ok()??;
        read(&content).ok()
    }

    async fn run(&self, surroundings: &Surroundings) -> Result<Printed, Error> {
        let mut words = self.command.split_whitespace();
        let path = find(words.next().unwrap_or_default(), surroundings);
        let path = path.ok_or_else(|| {
            self.wrong("is neither an absolute path nor in a folder of PATH".to_owned())
        })?;
        let words: Vec<&str> = words.collect();
        let patience = self.timeout_millis.map_or(PATIENCE, Duration::from_millis);
        let printed = program::run(surroundings, &path, &words, patience.min(LONGEST)).await;
        printed.map_err(|source| Error::Executable {
            program: self.program(),
            source,
        })
    }

    /// What is run, without its arguments: these may hold anything.
    fn program(&self) -> String {
        let program = self.command.split_whitespace().next();
        program.unwrap_or_default().to_owned()
    }

    fn wrong(&self, reason: String) -> Error {
        Error::Answer {
            program: self.program(),
            reason,
        }
    }
}

/// The program of this name, or at this path. None that depends on where one happens to be.
fn find(program: &str, surroundings: &Surroundings) -> Option<PathBuf> {
    let path = Path::new(program);
    if path.is_absolute() {
        return Some(path.to_owned());
    }
    let is_name = path.components().count() == 1 && !program.contains(['/', '\\']);
    is_name.then(|| program::find(surroundings, &[program]))?
}

fn first_line(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let mut lines = text.lines().map(str::trim);
    let line = lines.find(|line| !line.is_empty());
    line.unwrap_or("it does not say why")
        .chars()
        .take(SHOWN)
        .collect()
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
