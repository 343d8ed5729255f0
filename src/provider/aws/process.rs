//! `credential_process`: a program of the user's that hands out keys. It is told nothing of ours,
//! and held to a time.

use crate::provider::Surroundings;
use crate::provider::program::{self, Failure};
use aws_credential_types::Credentials;
use jiff::Timestamp;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// No program is waited for longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// No more of what it complains of is told.
const LONGEST: usize = 600;

/// Why a program hands out no keys. What it printed is never shown: it may be keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProcessError {
    /// It is not run, or does not end.
    #[error("`credential_process`: {0}")]
    Run(#[from] Failure),
    /// It says no.
    #[error("`credential_process` failed: {0}")]
    Failed(String),
    /// It prints something else.
    #[error("`credential_process` {0}")]
    Answer(&'static str),
}

/// What a program prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    version: u64,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

/// The keys that a command hands out. As with AWS's own tools, the system's shell reads it.
pub(super) async fn keys(
    surroundings: &Surroundings,
    command: &str,
) -> Result<Credentials, ProcessError> {
    let (shell, option) = shell(surroundings);
    let arguments = [option, command];
    let printed = program::run(surroundings, &shell, &arguments, PATIENCE).await?;
    if !printed.is_success {
        let complaint = String::from_utf8_lossy(&printed.stderr);
        let complaint = complaint.trim().chars().take(LONGEST).collect();
        return Err(ProcessError::Failed(complaint));
    }
    parse(&printed.stdout, SystemTime::now()).map_err(ProcessError::Answer)
}

#[cfg(not(windows))]
fn shell(surroundings: &Surroundings) -> (PathBuf, &'static str) {
    let own = Path::new("/bin/sh");
    let found = Some(own.to_owned()).filter(|own| own.exists());
    let found = found.or_else(|| program::find(surroundings, &["sh"]));
    (found.unwrap_or_else(|| own.to_owned()), "-c")
}

#[cfg(windows)]
fn shell(surroundings: &Surroundings) -> (PathBuf, &'static str) {
    let found = program::find(surroundings, &["cmd.exe"]);
    let own = Path::new("C:\\Windows\\System32\\cmd.exe");
    (found.unwrap_or_else(|| own.to_owned()), "/C")
}

fn parse(printed: &[u8], now: SystemTime) -> Result<Credentials, &'static str> {
    let answer: Answer = serde_json::from_slice(printed)
        .map_err(|_| "did not print the JSON that AWS's tools want of it")?;
    if answer.version != 1 {
        return Err("printed another version than 1");
    }
    if answer.access_key_id.is_empty() || answer.secret_access_key.is_empty() {
        return Err("printed no keys");
    }
    let end = answer.expiration.filter(|end| !end.is_empty());
    let end = end.map(|end| end.parse::<Timestamp>().map(SystemTime::from));
    let end = end
        .transpose()
        .map_err(|_| "printed an `Expiration` that is no time")?;
    if end.is_some_and(|end| end <= now) {
        return Err("printed keys that have expired");
    }
    let session = answer.session_token.filter(|token| !token.is_empty());
    let (key, secret) = (answer.access_key_id, answer.secret_access_key);
    Ok(Credentials::new(key, secret, session, end, "program"))
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::provider::surroundings;

    fn with_secret() -> Surroundings {
        surroundings(&[("PATH", "/usr/bin:/bin"), ("CROSSDOCK_TOKEN", "CANARY")])
    }

    #[tokio::test]
    async fn a_program_is_told_nothing_of_ours_and_its_keys_are_taken() {
        let command = r#"test -z "$CROSSDOCK_TOKEN$(cat)" && echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t","Expiration":"2199-01-01T00:00:00Z"}'"#;
        let keys = keys(&with_secret(), command).await.unwrap();
        assert_eq!(keys.access_key_id(), "A");
        assert_eq!(keys.secret_access_key(), "s");
        assert_eq!(keys.session_token(), Some("t"));
        assert!(keys.expiry().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_hangs_is_ended() {
        let failed = keys(&with_secret(), "sleep 600").await.err().unwrap();
        let told = "`credential_process`: it did not answer within 30 s";
        assert_eq!(failed.to_string(), told);
    }

    #[test]
    fn what_is_no_answer_is_told_of_without_what_it_holds() {
        let of = |body: &str| parse(body.as_bytes(), SystemTime::now()).err();
        let keys = r#""AccessKeyId":"A","SecretAccessKey":"CANARY""#;
        for (body, told) in [
            ("CANARY".to_owned(), "did not print the JSON"),
            (r#"{"Version":1}"#.to_owned(), "did not print the JSON"),
            (format!(r#"{{"Version":2,{keys}}}"#), "another version"),
            (
                format!(r#"{{"Version":1,{keys},"Expiration":"CANARY"}}"#),
                "is no time",
            ),
            (
                format!(r#"{{"Version":1,{keys},"Expiration":"2020-01-01T00:00:00Z"}}"#),
                "have expired",
            ),
        ] {
            let failed = of(&body).unwrap();
            assert!(failed.contains(told), "{body}: {failed}");
        }
    }
}
