//! A network, and registries, in which any request and any MiB may fail.

use super::dock::status;
use crate::lab::wire::Reset;
use bytes::Bytes;
use crossdock::transport::{BoxError, ByteStream};
use futures_util::{StreamExt as _, stream};
use http::{Method, Request, Response, StatusCode};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// One request of so many fails, and one MiB of so many.
const RATE: u32 = 100;
const MIB: u64 = 1024 * 1024;

/// Fails at random, and counts how.
#[derive(Debug)]
pub(super) struct Chaos {
    random: Mutex<fastrand::Rng>,
    pub(super) injected: Mutex<BTreeMap<&'static str, u64>>,
}

/// What happens to one request.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    Status(u16),
    Busy(Option<u8>),
    /// The connection ends before anything is done.
    Gone,
    /// All is done and nobody is told.
    Lost,
    Stall,
    /// One byte of the answer is another one.
    Wrong,
}

/// Where a body fails.
#[derive(Debug, Clone, Copy)]
struct Break {
    at: u64,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Cut,
    Reset,
    Stall,
}

impl Chaos {
    pub(super) fn new(random: &mut fastrand::Rng) -> Self {
        Self {
            random: Mutex::new(random.fork()),
            injected: Mutex::default(),
        }
    }

    fn count(&self, what: &'static str) {
        *self.injected.lock().unwrap().entry(what).or_default() += 1;
    }

    /// What happens to the next request. Bytes may only be wrong where a digest was asked for.
    fn trouble(&self, request: &Request<ByteStream>) -> Option<Trouble> {
        let mut random = self.random.lock().unwrap();
        if random.u32(..RATE) > 0 {
            return None;
        }
        let blob =
            request.method() == Method::GET && request.uri().path().contains("/blobs/sha256:");
        let trouble = match random.u8(..if blob { 6 } else { 5 }) {
            0 => Trouble::Status(*random.choice(&[408, 499, 500, 502, 503, 504, 522]).unwrap()),
            1 => Trouble::Busy(*random.choice(&[None, Some(0), Some(1)]).unwrap()),
            2 => Trouble::Gone,
            3 => Trouble::Lost,
            4 => Trouble::Stall,
            _ => Trouble::Wrong,
        };
        Some(trouble)
    }

    /// Where in its next bytes a body fails first.
    fn first_break(&self, bytes: u64) -> Option<Break> {
        let mut random = self.random.lock().unwrap();
        for begin in (0..bytes).step_by(usize::try_from(MIB).unwrap()) {
            if random.u32(..RATE) == 0 {
                let at = begin + random.u64(..MIB.min(bytes - begin));
                let kind = *random
                    .choice(&[Kind::Cut, Kind::Reset, Kind::Stall])
                    .unwrap();
                return Some(Break { at, kind });
            }
        }
        None
    }

    fn pause(&self) -> Duration {
        Duration::from_millis(self.random.lock().unwrap().u64(100..1000))
    }

    /// Lets a request through to `registry`, or not.
    pub(super) async fn pass<F>(
        &self,
        request: Request<ByteStream>,
        reset: Reset,
        registry: impl FnOnce(Request<ByteStream>) -> F,
    ) -> Result<Response<ByteStream>, BoxError>
    where
        F: Future<Output = Response<ByteStream>>,
    {
        let bulk = request.uri().path().contains("/blobs/");
        match self.trouble(&request) {
            Some(Trouble::Status(code)) => return Ok(self.refuse(request, code, None).await),
            Some(Trouble::Busy(after)) => return Ok(self.refuse(request, 429, after).await),
            Some(Trouble::Gone) => {
                self.count("connection ended before the request");
                return Err("gone".into());
            }
            Some(Trouble::Lost) => {
                self.count("answer lost");
                registry(request).await;
                return Err("lost".into());
            }
            Some(Trouble::Wrong) => {
                self.count("wrong byte");
                return Ok(self.spoiled(registry(request).await));
            }
            Some(Trouble::Stall) => {
                self.count("stall before the answer");
                let pause = self.pause();
                tokio::time::sleep(pause).await;
            }
            None => {}
        }
        let (request, end) = self.sending(request, bulk);
        let response = registry(request).await;
        match end {
            Some(Kind::Cut) => return Err("the upload broke off".into()),
            Some(Kind::Reset) => {
                reset.arm();
                return Err("the upload broke off".into());
            }
            Some(Kind::Stall) | None => {}
        }
        Ok(self.receiving(response, bulk, reset))
    }

    async fn refuse(
        &self,
        request: Request<ByteStream>,
        code: u16,
        after: Option<u8>,
    ) -> Response<ByteStream> {
        self.count(if code == 429 {
            "status 429"
        } else {
            "status 4xx or 5xx"
        });
        let body = request.into_body();
        body.for_each(|_| std::future::ready(())).await;
        let mut response = status(StatusCode::from_u16(code).unwrap());
        if let Some(after) = after {
            let seconds = u64::from(after).into();
            response.headers_mut().insert("retry-after", seconds);
        }
        response
    }

    /// A request whose body may fail, and whether it ends the connection.
    fn sending(
        &self,
        request: Request<ByteStream>,
        bulk: bool,
    ) -> (Request<ByteStream>, Option<Kind>) {
        let sent = length(request.headers()).filter(|_| bulk).unwrap_or(0);
        let end = self.first_break(sent);
        self.counted(end, "upload");
        let pause = self.pause();
        let request = request.map(|body| broken(body, end, pause, None));
        (request, end.map(|end| end.kind))
    }

    /// An answer whose body may fail.
    fn receiving(
        &self,
        response: Response<ByteStream>,
        bulk: bool,
        reset: Reset,
    ) -> Response<ByteStream> {
        let sent = length(response.headers()).filter(|_| bulk).unwrap_or(0);
        let end = self.first_break(sent);
        self.counted(end, "download");
        let pause = self.pause();
        response.map(|body| broken(body, end, pause, Some(reset)))
    }

    /// The same with another byte somewhere.
    fn spoiled(&self, response: Response<ByteStream>) -> Response<ByteStream> {
        let bytes = length(response.headers()).unwrap_or(0).max(1);
        let at = self.random.lock().unwrap().u64(..bytes);
        response.map(|body| spoiled(body, at))
    }

    fn counted(&self, end: Option<Break>, side: &str) {
        let Some(Break { kind, .. }) = end else {
            return;
        };
        self.count(match (side, kind) {
            ("upload", Kind::Cut) => "upload cut",
            ("upload", Kind::Reset) => "upload reset",
            ("upload", Kind::Stall) => "upload stalled",
            (_, Kind::Cut) => "download cut",
            (_, Kind::Reset) => "download reset",
            (_, Kind::Stall) => "download stalled",
        });
    }
}

fn length(headers: &http::HeaderMap) -> Option<u64> {
    headers.get("content-length")?.to_str().ok()?.parse().ok()
}

/// A body that fails at one place, if at any.
fn broken(
    body: ByteStream,
    end: Option<Break>,
    pause: Duration,
    reset: Option<Reset>,
) -> ByteStream {
    let Some(Break { at, kind }) = end else {
        return body;
    };
    let state = (body, Some(at), reset);
    let broken = stream::unfold(state, move |(mut body, left, reset)| async move {
        let Some(left) = left else {
            return body.next().await.map(|chunk| (chunk, (body, None, reset)));
        };
        if left > 0 {
            let chunk = body.next().await?;
            return Some(match chunk {
                Ok(mut chunk) if chunk.len() as u64 > left => {
                    let rest = chunk.split_off(usize::try_from(left).unwrap_or(usize::MAX));
                    let body = stream::iter([Ok(rest)]).chain(body).boxed();
                    (Ok(chunk), (body, Some(0), reset))
                }
                Ok(chunk) => {
                    let left = left - chunk.len() as u64;
                    (Ok(chunk), (body, Some(left), reset))
                }
                Err(error) => (Err(error), (body, None, reset)),
            });
        }
        match kind {
            Kind::Stall => tokio::time::sleep(pause).await,
            Kind::Cut | Kind::Reset => {
                // What was handed over is to be on its way first.
                tokio::time::sleep(Duration::from_millis(5)).await;
                if let (Kind::Reset, Some(reset)) = (kind, &reset) {
                    reset.arm();
                }
                let ended = stream::empty().boxed();
                return Some((Err("the body broke off".into()), (ended, None, reset)));
            }
        }
        body.next().await.map(|chunk| (chunk, (body, None, reset)))
    });
    broken.boxed()
}

/// A body with another byte at `at`.
fn spoiled(body: ByteStream, at: u64) -> ByteStream {
    let mut seen = 0;
    let spoiled = body.map(move |chunk| {
        let chunk: Bytes = chunk?;
        let before = seen;
        seen += chunk.len() as u64;
        if !(before..seen).contains(&at) {
            return Ok(chunk);
        }
        let mut bytes = chunk.to_vec();
        bytes[usize::try_from(at - before).unwrap()] ^= 1;
        Ok(bytes.into())
    });
    spoiled.boxed()
}
