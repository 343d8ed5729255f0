//! A signed question to ECR's own API, and its answer.

use super::endpoint::{Endpoint, Service};
use super::refusal::Refusal;
use super::sign::signed;
use super::told::Told;
use crate::transport::carry::Home;
use crate::transport::origin::Origin;
use crate::transport::retry::Outcome;
use crate::transport::{Authorization, Body, BoxError, Error, Request, Response, Transport};
use aws_credential_types::Credentials;
use bytes::Bytes;
use http::{Method, StatusCode, header};
use std::time::{Duration, SystemTime};

/// What is asked.
#[derive(Clone)]
pub(super) struct Question<'a> {
    /// The operation, as the API calls it.
    pub(super) operation: &'a str,
    /// Its parameters, in JSON.
    pub(super) body: Bytes,
    /// The answer is read no further.
    pub(super) longest: usize,
    /// No answer is waited for longer; `None`: than for any other.
    pub(super) patience: Option<Duration>,
}

/// What is answered.
pub(super) struct Answered {
    pub(super) body: Bytes,
    /// How often it was asked: the first answers may have been lost.
    pub(super) attempts: u32,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// The service says no.
    #[error("{refusal}")]
    Refused {
        /// What it says.
        refusal: Refusal,
        /// How often it was asked.
        attempts: u32,
    },
    /// It does not answer.
    #[error(transparent)]
    Unanswered(#[from] Error),
    /// It does not answer in time.
    #[error("{host} did not answer within {seconds} s")]
    Slow {
        /// Who did not.
        host: String,
        /// So long it was waited for.
        seconds: u64,
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

/// Asks, and goes on asking where the answer is that it is asked too often.
pub(super) async fn call(
    transport: &Transport,
    endpoint: &Endpoint,
    credentials: &Credentials,
    question: &Question<'_>,
) -> Result<Answered, CallError> {
    let mut attempt = 1;
    loop {
        let exchange = once(transport, endpoint, credentials, question);
        let answered = match question.patience {
            None => exchange.await,
            Some(patience) => {
                let answered = tokio::time::timeout(patience, exchange).await;
                answered.map_err(|_| CallError::Slow {
                    host: host(endpoint),
                    seconds: patience.as_secs(),
                })?
            }
        };
        let (refusal, asked) = match answered? {
            Exchange::Done(answered) => return Ok(answered),
            Exchange::Busy { refusal, after } => (refusal, after),
        };
        let outcome = Outcome::Answered {
            status: StatusCode::TOO_MANY_REQUESTS,
            after: asked,
        };
        let policy = transport.settings().retry;
        let Some(wait) = policy.delay(attempt, outcome, fastrand::f64()) else {
            return Err(CallError::Refused {
                refusal,
                attempts: attempt,
            });
        };
        let (status, reason) = (Some(StatusCode::TOO_MANY_REQUESTS), refusal.to_string());
        transport
            .wait_for(&endpoint.url, status, &reason, wait)
            .await;
        attempt += 1;
    }
}

/// What one exchange comes to, where it is not an error.
enum Exchange {
    Done(Answered),
    /// The service says in its own way that it is asked too often.
    Busy {
        refusal: Refusal,
        after: Option<Duration>,
    },
}

async fn once(
    transport: &Transport,
    endpoint: &Endpoint,
    credentials: &Credentials,
    question: &Question<'_>,
) -> Result<Exchange, CallError> {
    let request = request(endpoint, credentials, question, SystemTime::now());
    let (request, mut told) = request.map_err(CallError::Unsigned)?;
    told.add(credentials.secret_access_key());
    let response = transport.send(request).await?;
    let (attempts, after) = (response.attempts(), response.retry_after());
    if response.status().is_success() {
        let body = response.bytes(question.longest).await?;
        return Ok(Exchange::Done(Answered { body, attempts }));
    }
    let refusal = refusal(&host(endpoint), response, &told).await;
    if is_busy(&refusal) {
        return Ok(Exchange::Busy { refusal, after });
    }
    Err(CallError::Refused { refusal, attempts })
}

fn is_busy(refusal: &Refusal) -> bool {
    refusal.status == StatusCode::BAD_REQUEST && refusal.is(&["Throttling", "TooManyRequests"])
}

/// Who is asked, for people to read.
pub(super) fn host(endpoint: &Endpoint) -> String {
    let origin = Origin::of(&endpoint.url);
    origin.map(|origin| origin.authority()).unwrap_or_default()
}

fn request(
    endpoint: &Endpoint,
    credentials: &Credentials,
    question: &Question<'_>,
    now: SystemTime,
) -> Result<(Request, Told), BoxError> {
    let target = endpoint.service.target(question.operation);
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", &*target),
    ];
    let mut headers = signed(endpoint, &headers, &question.body, credentials, now)?;
    let mut told = Told::default();
    told.add_headers(&headers);
    let origin = Origin::of(&endpoint.url).ok_or("not a URL of HTTP")?;
    let authorization = headers.remove(header::AUTHORIZATION);
    let home = Home::new(origin, Vec::new());
    let authorization = authorization.map(|value| Authorization::new(value, home));
    let mut request = Request::new(Method::POST, endpoint.url.clone())
        .body(Body::Bytes(question.body.clone()))
        .authorization(authorization)
        .read_whole(question.longest)
        .without_redirects();
    request.headers = headers;
    Ok((request, told))
}

async fn refusal(host: &str, response: Response, told: &Told) -> Refusal {
    const LONGEST: usize = 256 * 1024;
    let status = response.status();
    let named = response.headers().get("x-amzn-errortype");
    let named = named.and_then(|value| value.to_str().ok());
    let named = named.map(str::to_owned);
    let body = response.beginning(LONGEST).await;
    Refusal::read(host, status, named.as_deref(), &body, told)
}

impl CallError {
    /// Whether the credentials have lived their time.
    pub(super) fn is_expiry(&self) -> bool {
        matches!(self, Self::Refused { refusal, .. } if refusal.is(&["ExpiredToken"]))
    }

    /// What helps against it, for whoever wanted a password. `service` is what was asked.
    pub(super) fn help(&self, service: Service) -> Option<String> {
        let Self::Refused { refusal, .. } = self else {
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
