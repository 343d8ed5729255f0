//! The password of a registry, from ECR's own API.

use super::call::{CallError, Question, call, host};
use super::endpoint::Endpoint;
use crate::transport::Transport;
use crate::transport::secret::Secret;
use aws_credential_types::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// No answer is waited for longer.
const PATIENCE: Duration = Duration::from_secs(15);
/// No answer is longer.
const LONGEST: usize = 256 * 1024;
/// For how long a password is used whose end is in the past: one of the two clocks is wrong.
const UNKNOWN: Duration = Duration::from_mins(10);

/// A user name and a password.
pub(super) struct Password {
    pub(super) username: String,
    pub(super) secret: Secret,
    /// For how long it is good.
    pub(super) lifetime: Duration,
}

/// ECR's answer has a list, ECR Public's has one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Data {
    List(Vec<Token>),
    One(Token),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    authorization_data: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    authorization_token: Zeroized,
    /// Seconds since 1970, with a fraction or without.
    expires_at: Option<f64>,
}

#[derive(Deserialize)]
#[serde(from = "String")]
struct Zeroized(Zeroizing<String>);

impl From<String> for Zeroized {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

/// Asks for a password.
pub(super) async fn password(
    transport: &Transport,
    endpoint: &Endpoint,
    credentials: &Credentials,
) -> Result<Password, CallError> {
    let question = Question {
        operation: "GetAuthorizationToken",
        // Everything that may be said is optional.
        body: Bytes::from_static(b"{}"),
        longest: LONGEST,
        patience: Some(PATIENCE),
    };
    let answered = call(transport, endpoint, credentials, &question).await?;
    let read = parse(&answered.body, SystemTime::now());
    read.map_err(|reason| CallError::Answer {
        host: host(endpoint),
        reason,
    })
}

/// The password that an answer holds. The reason never shows it.
fn parse(body: &[u8], now: SystemTime) -> Result<Password, &'static str> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| "is not that of ECR")?;
    let token = match answer.authorization_data {
        Data::List(list) => list.into_iter().next().ok_or("holds no token")?,
        Data::One(token) => token,
    };
    let decoded = STANDARD.decode(token.authorization_token.0.as_bytes());
    let decoded = Zeroizing::new(decoded.map_err(|_| "holds a token that is not base64")?);
    let colon = decoded.iter().position(|byte| *byte == b':');
    let (username, password) = decoded.split_at(colon.ok_or("holds a token without a password")?);
    let username = std::str::from_utf8(username).map_err(|_| "holds a token that is not text")?;
    Ok(Password {
        username: username.to_owned(),
        secret: Secret::new(&password[1..]),
        lifetime: lifetime(token.expires_at, now),
    })
}

fn lifetime(expires_at: Option<f64>, now: SystemTime) -> Duration {
    let since = expires_at.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let end = since.and_then(|since| UNIX_EPOCH.checked_add(since));
    let left = end.and_then(|end| end.duration_since(now).ok());
    left.unwrap_or(UNKNOWN)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<(String, Vec<u8>, u64), &'static str> {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let read = parse(body.as_bytes(), now)?;
        let password = read.secret.expose().to_vec();
        Ok((read.username, password, read.lifetime.as_secs()))
    }

    #[test]
    fn both_services_answers_are_read() {
        let told = |seconds| Ok(("AWS".to_owned(), b"pass:word".to_vec(), seconds));
        let token = STANDARD.encode("AWS:pass:word");
        for (expires, seconds) in [
            ("1000300.5", 300),
            ("1000300", 300),
            ("1.0003e6", 300),
            // What one stand-in of others' says always, and what only a wrong clock can see.
            ("1420070400", 1_419_070_400),
            ("999999", 600),
            ("-5", 600),
            ("1e300", 600),
            ("null", 600),
        ] {
            let one = format!(r#"{{"authorizationToken":"{token}","expiresAt":{expires}}}"#);
            let private = format!(r#"{{"authorizationData":[{one}]}}"#);
            let public = format!(r#"{{"authorizationData":{one}}}"#);
            assert_eq!(read(&private), told(seconds), "{private}");
            assert_eq!(read(&public), told(seconds), "{public}");
        }
    }

    #[test]
    fn an_answer_without_a_password_is_none() {
        let of = |token: &str| {
            read(&format!(
                r#"{{"authorizationData":[{{"authorizationToken":"{token}"}}]}}"#
            ))
        };
        assert_eq!(of("***"), Err("holds a token that is not base64"));
        assert_eq!(
            of(&STANDARD.encode("AWS")),
            Err("holds a token without a password")
        );
        assert_eq!(
            of(&STANDARD.encode(b"\xff:x")),
            Err("holds a token that is not text")
        );
        assert_eq!(read(r#"{"authorizationData":[]}"#), Err("holds no token"));
        for body in ["", "[]", "{}", r#"{"authorizationData":5}"#] {
            assert_eq!(read(body), Err("is not that of ECR"), "{body}");
        }
    }
}
