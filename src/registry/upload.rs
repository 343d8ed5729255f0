//! Sending a blob's bytes: one PUT, or PATCH and PUT, mended wherever they break off.
//!
//! This is the one place that repeats streamed bodies. The registry's own count of what arrived
//! is believed, never ours.

mod clash;
mod renewal;

use super::Client;
use super::error::Error;
use super::location::with_digest;
use super::parts::Parts;
use super::problem::Problem;
use super::session::{Begun, Session};
use super::source::Source;
use crate::auth::{Access, Granted};
use crate::oci::Descriptor;
use crate::oci::reference::RepositoryName;
use crate::transport::retry::{Outcome, is_temporary};
use crate::transport::{Attempts, Body, BoxError, ByteStream, Kind, Lane, Request, Response};
use futures_util::StreamExt;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE};
use http::{HeaderValue, Method, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// So much more acknowledged is getting on, and breaks before it are forgiven.
const PROGRESS: u64 = 1024 * 1024;

/// How a blob came to be in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// Its bytes were sent.
    Sent,
    /// The registry linked it from another of its repositories.
    Mounted,
    /// It was there already.
    Present,
}

/// What is sent next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// Everything, in the request that ends the upload.
    Whole,
    /// What is missing.
    Patch,
    /// Nothing but the end.
    Finish,
}

/// How a session ended.
enum Ended {
    Done,
    /// It cannot go on; another may be opened.
    Lost(Option<BoxError>),
}

/// What one streamed request came to.
enum Step {
    Done,
    On,
    Lost(Option<BoxError>),
}

/// One blob on its way into one repository.
struct Filling<'a> {
    client: &'a Client,
    name: &'a RepositoryName,
    blob: &'a Descriptor,
    source: &'a dyn Source,
    access: &'a Access,
    session: Session,
    /// Bytes that the registry says it has.
    offset: u64,
    /// The most bytes that were ever given to the network in this session.
    sent: Arc<AtomicU64>,
    /// Breaks since it last got on.
    breaks: &'a mut u32,
    /// The most that was acknowledged when it last got on, in this session or one before.
    mark: &'a mut u64,
    /// Whether a 401, or a 403 of an expiry, has been answered since it last got on.
    reauthorized: bool,
    /// What the last bytes were sent with: others may have renewed their token meanwhile.
    granted: Option<Granted>,
    /// The source, open behind what was sent last.
    parts: Option<Parts>,
    /// How many bytes the last PATCH brought: others may have found out since that fewer go.
    patched: u64,
}

impl Client {
    /// Sends a blob. `session`: an upload that is open already.
    pub(super) async fn send_blob(
        &self,
        name: &RepositoryName,
        blob: &Descriptor,
        source: &dyn Source,
        mut session: Option<Session>,
        access: &Access,
    ) -> Result<Placed, Error> {
        let most = self.transport.settings().retry.attempts;
        let (mut breaks, mut mark) = (0, 0);
        loop {
            let open = match session.take() {
                Some(session) => session,
                None => match self.begin(name, blob.digest(), None, access).await? {
                    Begun::Linked => return Ok(Placed::Present),
                    Begun::Session(session) => session,
                },
            };
            let mut filling = Filling {
                client: self,
                name,
                blob,
                source,
                access,
                session: open,
                offset: 0,
                sent: Arc::default(),
                breaks: &mut breaks,
                mark: &mut mark,
                reauthorized: false,
                granted: None,
                parts: None,
                patched: 0,
            };
            match filling.run().await? {
                Ended::Done => return Ok(Placed::Sent),
                Ended::Lost(last) if breaks >= most => {
                    return Err(Error::Stuck {
                        times: breaks,
                        last,
                    });
                }
                Ended::Lost(_) => {}
            }
        }
    }
}

impl Filling<'_> {
    async fn run(&mut self) -> Result<Ended, Error> {
        loop {
            let act = self.act();
            let result = match act {
                Act::Finish => self.put(Body::Empty).await,
                Act::Whole => {
                    let body = self.body(self.blob.size()).await?;
                    self.put(body).await
                }
                Act::Patch => self.patch().await,
            };
            let step = match result {
                Ok(response) => self.judge(response, act).await?,
                Err(error) => self.mend(error).await?,
            };
            match step {
                Step::Done => {
                    self.client.uploads.end(&self.session);
                    return Ok(Ended::Done);
                }
                Step::Lost(last) => return Ok(Ended::Lost(last)),
                Step::On => {}
            }
        }
    }

    fn act(&self) -> Act {
        if self.offset >= self.blob.size() {
            Act::Finish
        } else if self.offset == 0 && !self.client.memory.is_chunked() {
            Act::Whole
        } else {
            Act::Patch
        }
    }

    async fn put(&mut self, body: Body) -> Result<Response, Error> {
        let url = with_digest(&self.session.url, self.blob.digest());
        self.send(Request::new(Method::PUT, url).body(body)).await
    }

    async fn patch(&mut self) -> Result<Response, Error> {
        let (offset, length) = (self.offset, self.length());
        self.patched = length;
        let mut request = Request::new(Method::PATCH, self.session.url.clone());
        if offset > 0 || length < self.blob.size() {
            let range = format!("{offset}-{}", offset + length - 1);
            let range = HeaderValue::from_str(&range).map_err(|_| {
                Error::protocol(self.client.host(), "a range that no header can hold")
            })?;
            request = request.header(CONTENT_RANGE, range);
        }
        let body = self.body(length).await?;
        self.send(request.body(body)).await
    }

    /// How many bytes the next PATCH takes: the rest, or as many as the registry, or a proxy
    /// before it, has been found to accept.
    fn length(&self) -> u64 {
        let rest = self.blob.size() - self.offset;
        let least = self.session.least_chunk.unwrap_or(0);
        match self.client.memory.chunk() {
            Some(chunk) => rest.min(chunk.max(least)),
            None => rest,
        }
    }

    async fn send(&mut self, request: Request) -> Result<Response, Error> {
        self.granted = self.client.authorize(self.access).await?;
        let authorization = self
            .granted
            .as_ref()
            .map(|granted| granted.authorization.clone());
        let binary = HeaderValue::from_static("application/octet-stream");
        let request = request
            .header(CONTENT_TYPE, binary)
            .lane(Lane::Bulk)
            .attempts(Attempts::Once)
            .authorization(authorization);
        Ok(self.client.send(request.to_registry()).await?)
    }

    /// The next `length` bytes, counted as they go.
    async fn body(&mut self, length: u64) -> Result<Body, Error> {
        let offset = self.offset;
        let parts = match self.parts.take() {
            Some(parts) if parts.at() == offset => parts,
            _ => Parts::open(self.source, offset)
                .await
                .map_err(Error::Source)?,
        };
        let sent = Arc::clone(&self.sent);
        let mut at = offset;
        let stream: ByteStream = Box::pin(parts.next(length).inspect(move |chunk| {
            if let Ok(chunk) = chunk {
                at += chunk.len() as u64;
                sent.fetch_max(at, Ordering::Relaxed);
            }
        }));
        self.parts = Some(parts);
        Ok(Body::Stream { stream, length })
    }

    /// What an answer means for the upload.
    async fn judge(&mut self, response: Response, act: Act) -> Result<Step, Error> {
        let status = response.status();
        if status.is_success() {
            self.client.refuse_markup(&response)?;
            return if act == Act::Patch {
                self.acknowledged(&response)
            } else {
                Ok(Step::Done)
            };
        }
        // Of a body that was answered early it is not known how far it was read, nor whether it
        // still is.
        self.parts = None;
        match status.as_u16() {
            401 if !self.reauthorized => self.challenged(response).await,
            403 if !self.reauthorized => self.denied(Problem::read(response).await, act).await,
            404 => {
                let last = Problem::read(response).await.into();
                self.gone(Some(last), false).await
            }
            416 => {
                self.broke(Outcome::MaybeSent, "it wants other bytes").await;
                self.ask(Some(Problem::read(response).await.into()), true)
                    .await
            }
            _ if is_temporary(status) => {
                let after = response.retry_after();
                self.broke(Outcome::Answered { status, after }, status.as_str())
                    .await;
                self.ask(Some(Problem::read(response).await.into()), true)
                    .await
            }
            _ => self.refused(Problem::read(response).await, act).await,
        }
    }

    /// A final refusal, unless another way of sending may be liked better.
    async fn refused(&mut self, problem: Problem, act: Act) -> Result<Step, Error> {
        if clash::is_clash(&problem) {
            return self.clashed(problem).await;
        }
        let digest = problem.has("DIGEST_INVALID");
        let style = matches!(problem.status.as_u16(), 400 | 405 | 411 | 413 | 415);
        if act == Act::Whole && style && !digest {
            self.client.memory.set_chunked();
            return Ok(Step::Lost(None));
        }
        let too_large = act == Act::Patch && problem.status == StatusCode::PAYLOAD_TOO_LARGE;
        if too_large && self.client.memory.shrink_chunks(self.patched) {
            // Not where the registry wants more in one than it takes.
            if self.length() < self.patched {
                return self.ask(None, false).await;
            }
        }
        // What was sent is what its digest says: the registry lost some of it on the way.
        if digest && self.retries_left() {
            self.broke(Outcome::MaybeSent, "it counted wrongly").await;
            return Ok(Step::Lost(Some(problem.into())));
        }
        Err(Error::Refused(problem))
    }

    /// A PATCH was taken: as many bytes as the registry says.
    fn acknowledged(&mut self, response: &Response) -> Result<Step, Error> {
        self.client.follow(&mut self.session, response)?;
        let (size, before) = (self.blob.size(), self.offset);
        let told = response.header(&RANGE).and_then(super::range::received);
        // `0-0` stands for nothing, but not where a single byte has just been taken. Amazon ECR
        // says 201 and the first part's end each time, and has them all.
        let counts = response.status() != StatusCode::CREATED;
        let sent = before + self.patched;
        let told = told.filter(|_| size > 1 && counts).unwrap_or(sent);
        if told <= before || told > size {
            *self.breaks += 1;
        }
        if told > size || !self.retries_left() {
            return Ok(Step::Lost(None));
        }
        self.reached(told);
        Ok(Step::On)
    }

    /// No answer: the connection broke, or the source did.
    async fn mend(&mut self, error: Error) -> Result<Step, Error> {
        let Error::Transport(failure) = error else {
            return Err(error);
        };
        self.parts = None;
        if failure.kind() == Kind::Source || !failure.is_temporary() {
            return Err(failure.into());
        }
        let outcome = match failure.kind() {
            Kind::Refused => Outcome::NotSent { refused: true },
            _ => Outcome::MaybeSent,
        };
        self.broke(outcome, &failure.to_string()).await;
        self.ask(Some(failure.into()), true).await
    }

    /// Asks the registry how much it has. `counted`: why is on the account of breaks already.
    async fn ask(&mut self, last: Option<BoxError>, counted: bool) -> Result<Step, Error> {
        if !self.retries_left() {
            return Ok(Step::Lost(last));
        }
        match self.client.received(&mut self.session, self.access).await? {
            Some(received) if received <= self.sent.load(Ordering::Relaxed) => {
                self.reached(received);
                Ok(Step::On)
            }
            // More than was sent: whatever that is, it is not this blob.
            Some(_) => {
                *self.breaks += 1;
                Ok(Step::Lost(last))
            }
            None => self.gone(last, counted).await,
        }
    }

    /// The session is gone: perhaps because it ended well and the answer got lost.
    async fn gone(&mut self, last: Option<BoxError>, counted: bool) -> Result<Step, Error> {
        let (client, digest) = (self.client, self.blob.digest());
        client.uploads.end(&self.session);
        if client.has_blob_as(self.name, digest, self.access).await? {
            return Ok(Step::Done);
        }
        *self.breaks += u32::from(!counted);
        Ok(Step::Lost(last))
    }

    fn reached(&mut self, offset: u64) {
        self.offset = offset;
        if offset >= *self.mark + PROGRESS {
            *self.mark = offset;
            *self.breaks = 0;
            self.reauthorized = false;
        }
    }

    fn retries_left(&self) -> bool {
        *self.breaks < self.client.transport.settings().retry.attempts
    }

    /// Counts a break, and waits as the retry policy says.
    async fn broke(&mut self, outcome: Outcome, reason: &str) {
        *self.breaks += 1;
        let policy = self.client.transport.settings().retry;
        if let Some(wait) = policy.delay(*self.breaks, outcome, fastrand::f64()) {
            let status = outcome.status();
            let (transport, url) = (&self.client.transport, &self.session.url);
            transport.wait_for(url, status, reason, wait).await;
        } else {
            *self.breaks = (*self.breaks).max(policy.attempts);
        }
    }
}
