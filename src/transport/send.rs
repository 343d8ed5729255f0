//! Sending: the brake, the attempts, the redirects.

use super::ByteStream;
use super::answer::{is_of_proxy, redirect, refuse_compressed, warning};
use super::brake::{Brake, QUESTIONS, Slot};
use super::carry::{Road, may_carry};
use super::client::{Clients, Settings, Way};
use super::connecting;
use super::error::{Error, Kind, SourceFailed};
use super::fallback::Fallback;
use super::guard::{self, Rule};
use super::idle::{Activity, unless_stalled};
use super::observe::{Exchange, Observer};
use super::origin::Origin;
use super::redact::Redacted;
use super::request::{Attempts, Body, Lane, Request};
use super::response::Response;
use super::retry::{Outcome, is_temporary};
use super::warm;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::{HeaderValue, Method, StatusCode, header};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// No more redirects than this are followed in a row.
const REDIRECTS: usize = 5;
/// An upload's last byte may be followed by much work on the server's side: this much more
/// silence is allowed for every GiB.
const COMMIT_PER_GIB: Duration = Duration::from_mins(1);

/// The way out of the process.
pub struct Transport {
    settings: Settings,
    clients: Clients,
    brakes: Mutex<HashMap<Origin, Arc<Brake>>>,
    observer: Arc<dyn Observer>,
}

/// Where an attempt, or a hop of it, leads.
enum Next {
    Answer(Response),
    Redirect(Url),
}

impl Transport {
    /// A transport with these settings, which tells `observer` what it does.
    pub fn new(settings: Settings, observer: Arc<dyn Observer>) -> Self {
        Self {
            settings,
            clients: Clients::new(),
            brakes: Mutex::new(HashMap::new()),
            observer,
        }
    }

    /// Over what others may read along on the way to an origin, where they may.
    pub fn exposure(&self, origin: &Origin) -> Option<&'static str> {
        let own = self.settings.hosts.get(&origin.authority());
        let unverified = own.filter(|own| own.insecure);
        let unverified = unverified.map(|_| "TLS that is not verified");
        (!origin.is_secure()).then_some("plain HTTP").or(unverified)
    }

    /// What the user set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Who is told what happens.
    pub fn observer(&self) -> &Arc<dyn Observer> {
        &self.observer
    }

    /// Opens connections for requests to the host of `url` that are about to be made, `count` at
    /// once, as far as that was not done before. Returns at once and sends nothing. A host that
    /// wants to be left alone is left alone.
    pub fn warm(self: &Arc<Self>, url: &Url, lane: Lane, count: usize) {
        let Some(origin) = Origin::of(url) else {
            return;
        };
        let count = count.min(self.brake(&origin).at_ease());
        if count == 0 || (origin.is_secure() && lane == Lane::Questions) {
            // Questions share one connection there.
            return;
        }
        let Some(order) = self.clients.order(&self.settings, &origin, url, count) else {
            return;
        };
        let transport = Arc::clone(self);
        // To make a client takes time.
        tokio::spawn(async move {
            let (clients, settings) = (&transport.clients, &transport.settings);
            if let Ok(opener) = clients.opener(settings, &origin) {
                order.open(&opener);
            }
        });
    }

    /// Sends a request and returns the answer, whatever its status.
    ///
    /// Repeats what may be repeated as the retry policy says; the last attempt's outcome is
    /// returned. Follows redirects, at most five, of which none leaves TLS.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let (mut attempt, mut fallback) = (1, Fallback::default());
        let mut request = request;
        loop {
            let again = request.repeat();
            // Boxed: the futures below are large, and many are held at once.
            let result = Box::pin(self.whole_attempt(request, attempt)).await;
            let result = result.map_err(|error| fallback.judge(error));
            let wait = match &again {
                Some(again) if again.attempts == Attempts::Policy => self.wait(attempt, &result),
                _ => None,
            };
            let (Some(wait), Some(again)) = (wait, again) else {
                return result.map(|response| response.after(attempt));
            };
            let failed = self.pause(&again.url, wait, result).await;
            attempt += 1;
            request = again;
            request.without_http2 = fallback.is_due(failed, request.lane);
        }
    }

    fn wait(&self, attempt: u32, result: &Result<Response, Error>) -> Option<Duration> {
        let outcome = match result {
            Ok(response) => Outcome::Answered {
                status: response.status(),
                after: response.retry_after(),
            },
            Err(error) if !error.is_temporary() => return None,
            Err(error) => match error.kind() {
                Kind::Refused | Kind::Proxy => Outcome::NotSent { refused: true },
                Kind::Connect => Outcome::NotSent { refused: false },
                _ => Outcome::MaybeSent,
            },
        };
        self.settings.retry.delay(attempt, outcome, fastrand::f64())
    }

    /// Waits, and returns why there was no answer.
    async fn pause(
        &self,
        url: &Url,
        wait: Duration,
        result: Result<Response, Error>,
    ) -> Option<Error> {
        let status = result.as_ref().ok().map(Response::status);
        let reason = match &result {
            Ok(response) => response.status().to_string(),
            Err(error) => error.to_string(),
        };
        // The answer holds a slot, and nobody waits with one.
        let failed = result.err();
        self.wait_for(url, status, &reason, wait).await;
        failed
    }

    /// Waits before a request to `url` is made again. Where the answer's `status` is one by which a
    /// host asks for patience, it is left alone by everybody, and asked less at once after.
    pub async fn wait_for(
        &self,
        url: &Url,
        status: Option<StatusCode>,
        reason: &str,
        wait: Duration,
    ) {
        let Some(origin) = Origin::of(url) else {
            return;
        };
        self.observer.waiting(&origin.authority(), reason, wait);
        let patience = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        if status.is_some_and(|status| patience.contains(&status)) {
            self.brake(&origin).hold(wait);
        } else {
            tokio::time::sleep(wait).await;
        }
    }

    async fn whole_attempt(&self, request: Request, attempt: u32) -> Result<Response, Error> {
        let whole = request.whole;
        let response = self.attempt(request, attempt).await?;
        match whole {
            Some(limit) if response.status().is_success() => response.hold(limit).await,
            _ => Ok(response),
        }
    }

    async fn attempt(&self, mut request: Request, attempt: u32) -> Result<Response, Error> {
        for _ in 0..=REDIRECTS {
            let again = request.repeat();
            match self.hop(request, attempt).await? {
                Next::Answer(response) => return Ok(response),
                Next::Redirect(to) => {
                    // A hop is only taken for a request that can be repeated.
                    let Some(mut next) = again else { break };
                    next.lead(to, self.clients.guard());
                    request = next;
                }
            }
        }
        Err(Error::new(
            Kind::Redirect,
            format!("more than {REDIRECTS} redirects in a row"),
        ))
    }

    async fn hop(&self, request: Request, attempt: u32) -> Result<Next, Error> {
        let origin = Origin::of(&request.url)
            .ok_or_else(|| Error::redirect(&request.url, "leads to something that is not HTTP"))?;
        let brake = self.brake(&origin);
        let slot = brake.pass(request.lane == Lane::Bulk).await;
        let method = request.method.clone();
        let repeatable = !matches!(request.body, Body::Stream { .. });
        let follow = request.follow;
        let response = self.exchange(request, &origin, attempt, slot).await?;
        if is_temporary(response.status()) {
            return Ok(Next::Answer(response));
        }
        brake.well();
        self.warn(&origin, &response);
        if !follow {
            return Ok(Next::Answer(response));
        }
        if let Some(to) = redirect(&method, repeatable, &response)? {
            return Ok(Next::Redirect(to));
        }
        Ok(Next::Answer(response))
    }

    async fn exchange(
        &self,
        request: Request,
        origin: &Origin,
        attempt: u32,
        slot: Slot,
    ) -> Result<Response, Error> {
        let rule = self.rule(&request, origin);
        let by = request.named_by.clone();
        let by = by.as_deref().unwrap_or(origin);
        if let Some(forbidden) = rule.refuses(origin) {
            return Err(Error::address(by, origin, forbidden));
        }
        let lane = if request.without_http2 {
            Lane::Bulk
        } else {
            request.lane
        };
        let (method, url, way) = (request.method.clone(), request.url.clone(), request.way);
        let limit = request.connect_within;
        let carried = request.authorization.as_ref();
        let authorized = carried.is_some_and(|a| may_carry(a.home(), &url, Road::Registry));
        let (built, activity, idle) = self.build(request, authorized);
        #[cfg(test)]
        if let Some(script) = &self.settings.script {
            return Ok(Response::new(script.answer(&built), url, idle, slot));
        }
        let client = self.clients.get(&self.settings, origin, lane, rule, way)?;
        let start = Instant::now();
        let sent = warm::taking(origin, client.execute(built));
        let sent = guard::under(rule, origin, sent);
        let sent = connecting::within(limit, sent);
        let proxies = (way == Way::Usual).then_some(&self.settings.proxies);
        let proxy = || proxies.and_then(|proxies| proxies.before(&url));
        let result = match unless_stalled(sent, &activity, idle).await {
            Ok(Ok(inner)) => {
                let of_proxy = is_of_proxy(&inner, origin).then(proxy).flatten();
                let idle = self.settings.idle_timeout;
                of_proxy.map_or_else(
                    || Ok(Response::new(inner, url.clone(), idle, slot)),
                    |proxy| Err(Error::proxy_login(&url, &proxy)),
                )
            }
            Ok(Err(error)) => Err(match Error::forbidden(&error) {
                Some(forbidden) => Error::address(by, origin, forbidden),
                None => Error::from_reqwest(&url, proxy().as_deref(), error),
            }),
            Err(stalled) => Err(Error::stalled(&url, stalled.0)),
        };
        self.observer.exchange(&Exchange {
            method: &method,
            url: Redacted::new(&url),
            status: result.as_ref().ok().map(Response::status),
            error: result.as_ref().err().map(ToString::to_string),
            attempt,
            elapsed: start.elapsed(),
            authorized,
            version: result.as_ref().ok().map(Response::version),
        });
        result.and_then(refuse_compressed)
    }

    fn build(
        &self,
        request: Request,
        authorized: bool,
    ) -> (reqwest::Request, Arc<Activity>, Duration) {
        let activity = Arc::new(Activity::default());
        let mut idle = self.settings.idle_timeout;
        let at_registry = request.is_at_registry();
        let mut built = reqwest::Request::new(request.method, request.url);
        *built.headers_mut() = request.headers;
        if at_registry {
            let further = self.settings.registry_headers.iter().cloned();
            built.headers_mut().extend(further);
        }
        let headers = built.headers_mut();
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        );
        if let Some(authorization) = request.authorization.filter(|_| authorized) {
            headers.insert(header::AUTHORIZATION, authorization.value().clone());
        }
        match request.body {
            Body::Empty
                if matches!(*built.method(), Method::POST | Method::PUT | Method::PATCH) =>
            {
                built
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, HeaderValue::from(0));
            }
            Body::Empty => {}
            Body::Bytes(bytes) => *built.body_mut() = Some(bytes.into()),
            Body::Stream { stream, length } => {
                idle += COMMIT_PER_GIB * u32::try_from(length >> 30).unwrap_or(u32::MAX);
                built
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
                let watched = Watched {
                    stream,
                    activity: Arc::clone(&activity),
                };
                *built.body_mut() = Some(reqwest::Body::wrap_stream(watched));
            }
        }
        (built, activity, idle)
    }

    /// Where a request may lead: anywhere if the user named the place.
    fn rule(&self, request: &Request, origin: &Origin) -> Rule {
        let Some(by) = &request.named_by else {
            return Rule::Any;
        };
        let own = self.settings.hosts.get(&by.authority());
        let inside = !request.past_public && self.clients.guard().is_inside(by);
        if **by == *origin {
            Rule::Any
        } else if inside || own.is_some_and(|own| own.allow_private) {
            Rule::Inside
        } else {
            Rule::Public
        }
    }

    fn brake(&self, origin: &Origin) -> Arc<Brake> {
        let mut brakes = self.brakes.lock().unwrap_or_else(PoisonError::into_inner);
        let made = brakes.entry(origin.clone()).or_insert_with(|| {
            let own = self.settings.hosts.get(&origin.authority());
            Arc::new(Brake::new(
                own.and_then(|own| own.concurrency).unwrap_or(QUESTIONS),
            ))
        });
        Arc::clone(made)
    }

    fn warn(&self, origin: &Origin, response: &Response) {
        for value in response.headers().get_all(header::WARNING).iter().take(8) {
            let text = String::from_utf8_lossy(value.as_bytes());
            if let Some(text) = warning(&text) {
                self.observer.warning(&origin.authority(), text);
            }
        }
    }
}

/// A body on its way out. While its source has nothing to send, the peer is not to blame.
struct Watched {
    stream: ByteStream,
    activity: Arc<Activity>,
}

impl Stream for Watched {
    type Item = Result<Bytes, SourceFailed>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.stream.poll_next_unpin(context);
        self.activity.held_up(next.is_pending());
        next.map(|chunk| chunk.map(|chunk| chunk.map_err(SourceFailed)))
    }
}
