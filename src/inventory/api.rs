//! A vendor's own API: JSON over HTTP, at the registry's host or at another one of the vendor's.

use crate::auth::credential::Credential;
use crate::registry::Error;
use crate::registry::page::next_query;
use crate::registry::problem::Problem;
use crate::transport::carry::Home;
use crate::transport::origin::Origin;
use crate::transport::retry::Outcome;
use crate::transport::secret::Secret;
use crate::transport::{Authorization, Body, Request, Response, Transport};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, LINK};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// A document is read no further.
const LIMIT: usize = 8 * 1024 * 1024;

/// What is shown to an API, so that it knows who asks.
#[derive(Clone, Default)]
pub(super) struct Pass(Option<(HeaderName, HeaderValue)>);

impl Pass {
    /// Nobody's.
    pub(super) fn nobody() -> Self {
        Self::default()
    }

    /// A user name and a password.
    pub(super) fn basic(username: &str, password: &Secret) -> Self {
        let mut pair = zeroize::Zeroizing::new(username.as_bytes().to_vec());
        pair.push(b':');
        pair.extend_from_slice(password.expose());
        let encoded = zeroize::Zeroizing::new(STANDARD.encode(&*pair));
        Self::header(
            http::header::AUTHORIZATION,
            format!("Basic {}", *encoded).as_bytes(),
        )
    }

    /// A token.
    pub(super) fn bearer(token: &Secret) -> Self {
        let mut value = zeroize::Zeroizing::new(b"Bearer ".to_vec());
        value.extend_from_slice(token.expose());
        Self::header(http::header::AUTHORIZATION, &value)
    }

    /// A secret in a header of the vendor's own. What cannot stand in a header is nobody's.
    pub(super) fn header(name: HeaderName, value: &[u8]) -> Self {
        let mut value = HeaderValue::from_bytes(value).ok();
        if let Some(value) = &mut value {
            value.set_sensitive(true);
        }
        Self(value.map(|value| (name, value)))
    }

    /// A credential as most APIs take it: a password with its user's name, a token by itself.
    pub(super) fn of(credential: Option<&Credential>) -> Self {
        match credential {
            None => Self::nobody(),
            Some(Credential::Password { username, password }) => Self::basic(username, password),
            Some(Credential::Identity(token) | Credential::Registry(token)) => Self::bearer(token),
        }
    }
}

/// What is asked of an API.
#[derive(Clone)]
pub(super) struct Call {
    method: Method,
    /// Below the API's address, without a `/` before it, with the query behind it.
    path: String,
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl Call {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Self {
            method,
            path: path.into(),
            headers,
            body: None,
        }
    }

    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// With this document as its body.
    #[must_use]
    pub(super) fn json(self, document: &serde_json::Value) -> Self {
        self.body("application/json", document.to_string())
    }

    /// With this body.
    #[must_use]
    pub(super) fn body(mut self, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let value = HeaderValue::from_static(media_type);
        self.headers.insert(CONTENT_TYPE, value);
        self.body = Some(body.into());
        self
    }

    /// With this header in place of the usual one.
    #[must_use]
    pub(super) fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }
}

/// What an API answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// How often it was asked.
    pub(super) attempts: u32,
    /// Who answered.
    host: String,
}

impl Answer {
    /// The document that it is.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Protocol {
            host: self.host.clone(),
            what: format!("its answer is not the document that it is described as: {error}"),
        })
    }

    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The query of the next page, as its `Link` has it.
    pub(super) fn next_query(&self) -> Option<String> {
        let links = self.headers.get_all(LINK).iter();
        let mut links = links.filter_map(|link| link.to_str().ok());
        links.find_map(|link| next_query(link).ok().flatten())
    }
}

/// How a vendor asks for patience where that is no 429 with a `Retry-After`: for how long.
pub(super) type Patience = fn(StatusCode, &HeaderMap) -> Option<Duration>;

/// A vendor's API. It follows no redirects: what it is shown is for it alone.
#[derive(Clone)]
pub(super) struct Api {
    transport: Arc<Transport>,
    base: Url,
    patience: Patience,
}

impl Api {
    /// The API at `base`, whose path ends in `/`.
    pub(super) fn new(transport: Arc<Transport>, mut base: Url) -> Self {
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        Self {
            transport,
            base,
            patience: |_, _| None,
        }
    }

    /// The same, whose vendor asks for patience in this way.
    #[must_use]
    pub(super) fn patient(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Asks, and goes on asking where the answer is that it is asked too much. Whatever is no
    /// success is an error.
    pub(super) async fn call(&self, call: Call, pass: &Pass) -> Result<Answer, Error> {
        let mut attempt = 1;
        loop {
            let answer = self.once(&call, pass).await?;
            if answer.status.is_success() {
                return Ok(answer);
            }
            let policy = self.transport.settings().retry;
            let asked = (self.patience)(answer.status, &answer.headers);
            let outcome = Outcome::Answered {
                status: StatusCode::TOO_MANY_REQUESTS,
                after: asked,
            };
            let wait = asked.and_then(|_| policy.delay(attempt, outcome, fastrand::f64()));
            let Some(wait) = wait else {
                return Err(Error::Refused(Problem {
                    attempts: answer.attempts.max(attempt),
                    ..Problem::of(answer.status, &answer.body)
                }));
            };
            let (status, reason) = (
                Some(StatusCode::TOO_MANY_REQUESTS),
                answer.status.to_string(),
            );
            self.transport
                .wait_for(&self.base, status, &reason, wait)
                .await;
            attempt += 1;
        }
    }

    async fn once(&self, call: &Call, pass: &Pass) -> Result<Answer, Error> {
        let host = self.host();
        let url = self.base.join(&call.path).ok();
        let url = url.filter(|url| Origin::of(url) == Origin::of(&self.base));
        let url = url.ok_or_else(|| Error::Protocol {
            host: host.clone(),
            what: "its address cannot be extended".to_owned(),
        })?;
        let mut request = Request::new(call.method.clone(), url)
            .read_whole(LIMIT)
            .without_redirects();
        request.headers = call.headers.clone();
        if let Some(body) = &call.body {
            request = request.body(Body::Bytes(body.clone()));
        }
        match &pass.0 {
            Some((name, value)) if *name == http::header::AUTHORIZATION => {
                let home = Origin::of(&self.base).map(|origin| Home::new(origin, Vec::new()));
                let authorization = home.map(|home| Authorization::new(value.clone(), home));
                request = request.authorization(authorization);
            }
            Some((name, value)) => request = request.header(name.clone(), value.clone()),
            None => {}
        }
        Self::read(host, self.transport.send(request).await?).await
    }

    async fn read(host: String, response: Response) -> Result<Answer, Error> {
        let (status, headers) = (response.status(), response.headers().clone());
        let attempts = response.attempts();
        let body = if status.is_success() {
            response.bytes(LIMIT).await?
        } else {
            response.beginning(64 * 1024).await
        };
        Ok(Answer {
            status,
            headers,
            body,
            attempts,
            host,
        })
    }

    fn host(&self) -> String {
        Origin::of(&self.base).map_or_else(String::new, |origin| origin.authority())
    }
}

/// Whether a removal found that what it was to remove is not there: gone with an earlier attempt,
/// whose answer was lost.
pub(super) fn is_gone(error: &Error) -> bool {
    matches!(error, Error::Refused(problem)
        if problem.status == StatusCode::NOT_FOUND && problem.attempts > 1)
}

/// A part of a path, with everything escaped that could be something else: `/` too.
pub(super) fn part(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(text, KEPT).to_string()
}
