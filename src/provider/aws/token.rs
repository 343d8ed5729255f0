//! The password of a registry, from ECR's own API.

use super::endpoint::{Endpoint, Service};
use super::refusal::Refusal;
use super::sign::signed;
use super::told::Told;
use crate::transport::carry::Home;
use crate::transport::origin::Origin;
use crate::transport::retry::Outcome;
use crate::transport::secret::Secret;
use crate::transport::{Authorization, Body, BoxError, Error, Request, Response, Transport};
use aws_credential_types::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, StatusCode, header};
use serde::Deserialize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// What is asked: everything that may be said is optional.
const QUESTION: &[u8] = b"{}";
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

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    /// The service says no.
    #[error("{0}")]
    Refused(Refusal),
    /// It does not answer.
    #[error(transparent)]
    Unanswered(#[from] Error),
    /// It does not answer in time.
    #[error("{host} did not answer within {} s", PATIENCE.as_secs())]
    Slow {
        /// Who did not.
        host: String,
    },
    /// Its answer is none.
    #[error("{host}: the answer {reason}")]
    Answer {
        /// Who answered.
        host: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The request cannot be signed.
    #[error("the request cannot be signed")]
    Unsigned(#[source] BoxError),
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
) -> Result<Password, TokenError> {
    let origin = Origin::of(&endpoint.url);
    let host = origin.map(|origin| origin.authority()).unwrap_or_default();
    let mut attempt = 1;
    loop {
        let request = request(endpoint, credentials, SystemTime::now());
        let (request, mut told) = request.map_err(TokenError::Unsigned)?;
        told.add(credentials.secret_access_key());
        let exchange = async {
            let response = transport.send(request).await?;
            let asked = response.retry_after();
            Ok::<_, TokenError>((asked, read(&host, response, &told).await))
        };
        let answered = tokio::time::timeout(PATIENCE, exchange).await;
        let slow = |_| TokenError::Slow { host: host.clone() };
        let (asked, answer) = answered.map_err(slow)??;
        match answer {
            Err(TokenError::Refused(refusal)) if is_busy(&refusal) => {
                let outcome = Outcome::Answered {
                    status: StatusCode::TOO_MANY_REQUESTS,
                    after: asked,
                };
                let wait = transport
                    .settings()
                    .retry
                    .delay(attempt, outcome, fastrand::f64());
                let Some(wait) = wait else {
                    return Err(TokenError::Refused(refusal));
                };
                let (status, reason) = (Some(StatusCode::TOO_MANY_REQUESTS), refusal.to_string());
                transport
                    .wait_for(&endpoint.url, status, &reason, wait)
                    .await;
                attempt += 1;
            }
            read => return read,
        }
    }
}

/// Whether the service says in its own way that it is asked too often.
fn is_busy(refusal: &Refusal) -> bool {
    refusal.status == StatusCode::BAD_REQUEST && refusal.is(&["Throttling", "TooManyRequests"])
}

fn request(
    endpoint: &Endpoint,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<(Request, Told), BoxError> {
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", endpoint.service.target()),
    ];
    let mut headers = signed(endpoint, &headers, QUESTION, credentials, now)?;
    let mut told = Told::default();
    told.add_headers(&headers);
    let origin = Origin::of(&endpoint.url).ok_or("not a URL of HTTP")?;
    let authorization = headers.remove(header::AUTHORIZATION);
    let home = Home::new(origin, Vec::new());
    let authorization = authorization.map(|value| Authorization::new(value, home));
    let mut request = Request::new(Method::POST, endpoint.url.clone())
        .body(Body::Bytes(Bytes::from_static(QUESTION)))
        .authorization(authorization)
        .read_whole(LONGEST)
        .without_redirects();
    request.headers = headers;
    Ok((request, told))
}

async fn read(host: &str, response: Response, told: &Told) -> Result<Password, TokenError> {
    let status = response.status();
    if !status.is_success() {
        let named = response.headers().get("x-amzn-errortype");
        let named = named
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = response.beginning(LONGEST).await;
        let refusal = Refusal::read(host, status, named.as_deref(), &body, told);
        return Err(TokenError::Refused(refusal));
    }
    let body = response.bytes(LONGEST).await?;
    parse(&body, SystemTime::now()).map_err(|reason| TokenError::Answer {
        host: host.to_owned(),
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

impl TokenError {
    /// What helps against it. `service` is what was asked.
    pub(super) fn help(&self, service: Service) -> Option<String> {
        let Self::Refused(refusal) = self else {
            return None;
        };
        let message = refusal.message.as_deref().unwrap_or_default();
        if refusal.is(&["AccessDenied"]) {
            let permissions = service.permissions();
            return Some(format!("its policy has to allow {permissions} on `*`"));
        }
        let is_late = ["expired:", "not yet current", "must be within"];
        if refusal.is(&["RequestExpired"])
            || refusal.is(&["InvalidSignature", "SignatureDoesNotMatch"])
                && is_late.iter().any(|words| message.contains(words))
        {
            return Some("is this machine's clock right?".to_owned());
        }
        if refusal.is(&["ExpiredToken"]) {
            return Some("get the session anew: its keys have lived their time".to_owned());
        }
        if refusal.is(&[
            "UnrecognizedClient",
            "InvalidClientTokenId",
            "InvalidSignature",
            "SignatureDoesNotMatch",
            "IncompleteSignature",
        ]) {
            return Some("are these keys of this part of AWS, complete and not deleted? a key of a session needs its AWS_SESSION_TOKEN".to_owned());
        }
        None
    }
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
