//! The way out for AWS's crates: ours, so that proxies, authorities, limits and what is told of
//! requests hold there too.

use super::refusal::Refusal;
use super::told::Told;
use crate::transport::address::Class;
use crate::transport::carry::Home;
use crate::transport::origin::Origin;
use crate::transport::{Attempts, Authorization, Body, BoxError, Error, Request, Transport};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use url::{Host, Url};

/// No answer of theirs is longer.
const LONGEST: usize = 1024 * 1024;
/// No answer is waited for longer. They ask again themselves.
const PATIENCE: Duration = Duration::from_secs(12);
/// Where an instance keeps its roles' credentials.
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// Sends for them, and remembers what went wrong: their own errors say little about it.
#[derive(Clone)]
pub(super) struct Way {
    transport: Arc<Transport>,
    heard: Arc<Mutex<Heard>>,
    /// How long an answer may take in all.
    patience: Duration,
}

/// What the last answer was, where it was none of success.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    /// A service's error.
    pub(super) refusal: Option<Refusal>,
    /// Why there was no answer.
    pub(super) failed: Option<Arc<Error>>,
    /// The role that an instance has, by its metadata.
    pub(super) role: Option<String>,
    /// What was said to all of them.
    pub(super) told: Told,
}

impl Way {
    pub(super) fn new(transport: Arc<Transport>) -> Self {
        Self {
            transport,
            heard: Arc::default(),
            patience: PATIENCE,
        }
    }

    /// What was heard so far.
    pub(super) fn heard(&self) -> Heard {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn exchange(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        self.lock().tell(&request);
        let request = ours(&request).map_err(ConnectorError::user)?;
        let url = request.url.clone();
        let sending = self.answer(request);
        let answer = tokio::time::timeout(self.patience, sending)
            .await
            .map_err(|_| self.slow(&url))?;
        let (status, headers, body) = answer.map_err(|error| self.failed(error))?;
        self.hear(&url, status, &headers, &body);
        theirs(status, &headers, body).map_err(|error| ConnectorError::other(error, None))
    }

    async fn answer(&self, request: Request) -> Result<(StatusCode, HeaderMap, Bytes), Error> {
        let response = self.transport.send(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok((status, headers, response.bytes(LONGEST).await?))
    }

    fn hear(&self, url: &Url, status: StatusCode, headers: &HeaderMap, body: &[u8]) {
        let mut heard = self.lock();
        heard.failed = None;
        heard.refusal = None;
        if !status.is_success() {
            let host = Origin::of(url).map(|origin| origin.authority());
            let named = headers.get("x-amzn-errortype");
            let named = named.and_then(|value| value.to_str().ok());
            let host = host.unwrap_or_default();
            let refusal = Refusal::read(&host, status, named, body, &heard.told);
            heard.refusal = Some(refusal);
        } else if let Some(role) = url.path().strip_prefix(ROLES) {
            heard.role = Some(role.to_owned()).filter(|role| !role.is_empty());
        }
    }

    /// Nobody answered in time: what was heard before says nothing about that.
    fn slow(&self, url: &Url) -> ConnectorError {
        let mut heard = self.lock();
        heard.failed = None;
        heard.refusal = None;
        let host = Origin::of(url).map(|origin| origin.authority());
        let host = host.unwrap_or_default();
        let seconds = self.patience.as_secs();
        ConnectorError::timeout(format!("{host} did not answer within {seconds} s").into())
    }

    fn failed(&self, error: Error) -> ConnectorError {
        let error = Arc::new(error);
        self.lock().failed = Some(Arc::clone(&error));
        if error.is_temporary() {
            ConnectorError::io(error.into())
        } else {
            ConnectorError::other(error.into(), None)
        }
    }
}

impl Heard {
    /// Remembers what nobody is to read again.
    fn tell(&mut self, request: &HttpRequest) {
        for (name, value) in request.headers() {
            if let Ok(name) = name.parse() {
                self.told.add_header(&name, value);
            }
        }
        self.told
            .add_body(request.body().bytes().unwrap_or_default());
    }
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Way")
    }
}

impl HttpClient for Way {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connect = settings.connect_timeout().unwrap_or_default();
        let read = settings.read_timeout();
        SharedHttpConnector::new(Self {
            patience: read.map_or(PATIENCE, |read| PATIENCE.min(connect + read)),
            ..self.clone()
        })
    }
}

impl HttpConnector for Way {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().exchange(request))
    }
}

/// Their request as one of ours. They repeat it themselves, and know best what may be repeated.
fn ours(request: &HttpRequest) -> Result<Request, BoxError> {
    let url: Url = request.uri().parse()?;
    let origin = Origin::of(&url).ok_or("not a URL of HTTP")?;
    let method: Method = request.method().parse()?;
    let mut ours = Request::new(method, url)
        .attempts(Attempts::Once)
        .without_redirects();
    for (name, value) in request.headers() {
        let (name, mut value): (HeaderName, HeaderValue) = (name.parse()?, value.parse()?);
        match name {
            header::USER_AGENT | header::CONTENT_LENGTH | header::HOST => {}
            header::AUTHORIZATION => {
                let home = Home::new(origin.clone(), Vec::new());
                ours.authorization = Some(Authorization::new(value, home));
            }
            name => {
                value.set_sensitive(true);
                ours = ours.header(name, value);
            }
        }
    }
    if is_near(&origin) {
        ours = ours.without_proxy();
    }
    let body = request.body().bytes().ok_or("a body that is a stream")?;
    if body.is_empty() {
        return Ok(ours);
    }
    Ok(ours.body(Body::Bytes(Bytes::copy_from_slice(body))))
}

/// Whether it is on this machine, or where machines are told about themselves.
fn is_near(origin: &Origin) -> bool {
    let class = origin.class();
    class.is_some_and(|class| matches!(class, Class::Loopback | Class::LinkLocal | Class::Metadata))
        || matches!(origin.host(), Host::Domain(name) if name == "localhost")
}

fn theirs(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Result<HttpResponse, BoxError> {
    let mut answer = HttpResponse::new(status.as_u16().try_into()?, SdkBody::from(body));
    for (name, value) in headers {
        // What is not text is nothing that they read.
        if let Ok(value) = value.to_str() {
            let name = name.as_str().to_owned();
            answer.headers_mut().try_append(name, value.to_owned())?;
        }
    }
    Ok(answer)
}
