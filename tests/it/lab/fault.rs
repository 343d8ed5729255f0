//! What can go wrong with a registry: a condition, and what happens instead of the right thing.

use super::body::{cut, gone, hung_up, paced, paused, spoil};
use super::node::Node;
use super::wire::Reset;
use bytes::Bytes;
use crossdock::server::Registry;
use crossdock::transport::{BoxError, ByteStream};
use futures_util::{StreamExt as _, stream};
use http::header::{CONTENT_LENGTH, RANGE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A fault: on which requests, how often, and what.
pub(crate) struct Fault {
    method: String,
    part: String,
    with_header: Option<&'static str>,
    without_header: Option<&'static str>,
    body_over: Option<u64>,
    /// Only on this path, and none below it.
    exact: bool,
    /// Only on what goes beyond a rate.
    beyond: Option<Rate>,
    skip: usize,
    times: usize,
    act: Act,
}

type Answer = Arc<dyn Fn(&Parts) -> Response<ByteStream> + Send + Sync>;
type Deed = Arc<dyn Fn(&Registry) + Send + Sync>;
type Change = Arc<dyn Fn(&mut Response<ByteStream>) + Send + Sync>;

/// So many requests in each time of this length.
struct Rate {
    most: usize,
    each: Duration,
    begun: Instant,
    seen: usize,
}

impl Rate {
    /// Counts a request, and says whether it is one too many.
    fn is_over(&mut self) -> bool {
        if self.begun.elapsed() >= self.each {
            (self.begun, self.seen) = (Instant::now(), 0);
        }
        self.seen += 1;
        self.seen > self.most
    }
}

/// What happens.
#[derive(Clone)]
pub(super) enum Act {
    /// Another answer.
    Answer(Answer),
    /// The right answer, later.
    Delay(Duration),
    /// The answer's body ends after so many bytes, and the connection with it.
    Cut { after: u64, reset: bool },
    /// The connection ends once so many bytes of the request's body have come.
    CutUpload { after: u64, reset: bool },
    /// The first byte of the answer's body is another one.
    Spoil,
    /// Everything is done and nobody is told.
    Lose { reset: bool },
    /// The answer's body comes at so many bytes a second.
    Pace(u64),
    /// The request's `Range` is not seen.
    IgnoreRange,
    /// Something happens first.
    First(Deed),
    /// These bytes, whatever they are, in the place of an answer, and then the connection's end.
    Raw(Bytes),
    /// Everything is done and the answer comes later.
    Late(Duration),
    /// The answer's body stands still for a time after so many bytes.
    Pause { after: u64, wait: Duration },
    /// The request's body is taken at so many bytes a second.
    Take(u64),
    /// The connection ends where the request's body stands still for so long.
    HangUp(Duration),
    /// The right answer, changed.
    Change(Change),
}

/// Makes the registry do nothing special until an act is given.
impl Fault {
    /// On requests with this method whose path and query contain `part`; `*` is any method.
    pub(crate) fn on(method: &str, part: &str) -> Self {
        Self {
            method: method.to_owned(),
            part: part.to_owned(),
            with_header: None,
            without_header: None,
            body_over: None,
            exact: false,
            beyond: None,
            skip: 0,
            times: 1,
            act: Act::Delay(Duration::ZERO),
        }
    }

    /// Only where the request has this header.
    pub(crate) fn with_header(mut self, name: &'static str) -> Self {
        self.with_header = Some(name);
        self
    }

    /// Only where the request lacks this header.
    pub(crate) fn without_header(mut self, name: &'static str) -> Self {
        self.without_header = Some(name);
        self
    }

    /// Only where the request declares a body of more bytes.
    pub(crate) fn with_body_over(mut self, bytes: u64) -> Self {
        self.body_over = Some(bytes);
        self
    }

    /// Only where the path is exactly that, and not where it contains it.
    pub(crate) fn exactly(mut self) -> Self {
        self.exact = true;
        self
    }

    /// Only what goes beyond so many in each time of this length.
    pub(crate) fn beyond(mut self, most: usize, each: Duration) -> Self {
        let begun = Instant::now();
        self.beyond = Some(Rate {
            most,
            each,
            begun,
            seen: 0,
        });
        self
    }

    /// Only from the request after so many others on.
    pub(crate) fn after(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    /// So often, instead of once.
    pub(crate) fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Each time, instead of once.
    pub(crate) fn always(self) -> Self {
        self.times(usize::MAX)
    }

    fn act(mut self, act: Act) -> Self {
        self.act = act;
        self
    }

    /// Answers with this alone.
    pub(crate) fn status(self, status: u16) -> Self {
        self.answer(status, &[], "")
    }

    /// Answers with a code of the specification.
    pub(crate) fn refusal(self, status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({"errors": [{"code": code, "message": message}]});
        self.answer(
            status,
            &[("content-type", "application/json")],
            &body.to_string(),
        )
    }

    /// Answers with this.
    pub(crate) fn answer(
        self,
        status: u16,
        headers: &[(&str, &str)],
        body: &(impl AsRef<[u8]> + ?Sized),
    ) -> Self {
        let headers = header_map(headers);
        let body = Bytes::copy_from_slice(body.as_ref());
        self.answer_with(move |_| {
            let chunk = body.clone();
            let mut response = Response::new(stream::iter([Ok(chunk)]).boxed());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
                .headers_mut()
                .insert(CONTENT_LENGTH, body.len().into());
            for (name, value) in &headers {
                response.headers_mut().append(name, value.clone());
            }
            response
        })
    }

    /// Answers with what `answer` makes of the request.
    pub(crate) fn answer_with(
        self,
        answer: impl Fn(&Parts) -> Response<ByteStream> + Send + Sync + 'static,
    ) -> Self {
        self.act(Act::Answer(Arc::new(answer)))
    }

    /// Answers with a page for people.
    pub(crate) fn html(self) -> Self {
        let page = "<!DOCTYPE html><html><body>Please sign in</body></html>";
        self.answer(200, &[("content-type", "text/html; charset=utf-8")], page)
    }

    /// Sends the client elsewhere.
    pub(crate) fn redirect(self, to: &str) -> Self {
        self.answer(307, &[("location", to)], "")
    }

    pub(crate) fn delay(self, wait: Duration) -> Self {
        self.act(Act::Delay(wait))
    }

    /// Ends the answer's body, and the connection, after so many bytes.
    pub(crate) fn cut(self, after: u64) -> Self {
        self.act(Act::Cut {
            after,
            reset: false,
        })
    }

    /// Resets the connection after so many bytes of the answer's body.
    pub(crate) fn cut_with_reset(self, after: u64) -> Self {
        self.act(Act::Cut { after, reset: true })
    }

    /// Ends the connection, without an answer, after so many bytes of the request's body.
    pub(crate) fn cut_upload(self, after: u64) -> Self {
        self.act(Act::CutUpload {
            after,
            reset: false,
        })
    }

    /// Resets the connection after so many bytes of the request's body.
    pub(crate) fn cut_upload_with_reset(self, after: u64) -> Self {
        self.act(Act::CutUpload { after, reset: true })
    }

    /// Makes the first byte of the answer's body another one.
    pub(crate) fn spoil(self) -> Self {
        self.act(Act::Spoil)
    }

    /// Does everything and does not answer.
    pub(crate) fn lose_answer(self) -> Self {
        self.act(Act::Lose { reset: false })
    }

    /// Lets the answer's body come at so many bytes a second.
    pub(crate) fn pace(self, bytes: u64) -> Self {
        self.act(Act::Pace(bytes))
    }

    /// Does not see the request's `Range`.
    pub(crate) fn ignore_range(self) -> Self {
        self.act(Act::IgnoreRange)
    }

    /// Does something before the request is looked at.
    pub(crate) fn first(self, deed: impl Fn(&Registry) + Send + Sync + 'static) -> Self {
        self.act(Act::First(Arc::new(deed)))
    }

    /// Answers rightly, but with these headers in the place of those with this name.
    pub(crate) fn says(self, name: &str, instead: &[(&str, &str)]) -> Self {
        let (name, instead) = (name.parse::<HeaderName>().unwrap(), header_map(instead));
        self.change(move |response| {
            let headers = response.headers_mut();
            headers.remove(&name);
            for (name, value) in &instead {
                headers.append(name, value.clone());
            }
        })
    }

    /// Sends these bytes in the place of an answer, and ends the connection.
    pub(crate) fn raw(self, bytes: impl AsRef<[u8]>) -> Self {
        self.act(Act::Raw(Bytes::copy_from_slice(bytes.as_ref())))
    }

    /// Does everything, and answers later.
    pub(crate) fn late(self, wait: Duration) -> Self {
        self.act(Act::Late(wait))
    }

    /// Lets the answer's body stand still after so many bytes.
    pub(crate) fn pause(self, after: u64, wait: Duration) -> Self {
        self.act(Act::Pause { after, wait })
    }

    /// Takes the request's body at so many bytes a second.
    pub(crate) fn take_at(self, bytes: u64) -> Self {
        self.act(Act::Take(bytes))
    }

    /// Ends the connection where the request's body stands still for so long.
    pub(crate) fn hang_up(self, idle: Duration) -> Self {
        self.act(Act::HangUp(idle))
    }

    /// Changes the right answer.
    pub(crate) fn change(
        self,
        change: impl Fn(&mut Response<ByteStream>) + Send + Sync + 'static,
    ) -> Self {
        self.act(Act::Change(Arc::new(change)))
    }

    /// What is to be done with this request, if it is one of those.
    pub(super) fn take(&mut self, head: &Parts) -> Option<Act> {
        let target = head
            .uri
            .path_and_query()
            .map_or("", |target| target.as_str());
        let header = self
            .with_header
            .is_none_or(|name| head.headers.contains_key(name))
            && self
                .without_header
                .is_none_or(|name| !head.headers.contains_key(name));
        let length = head.headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let body = self
            .body_over
            .is_none_or(|bytes| length.is_some_and(|length| length > bytes));
        let method = self.method == "*" || head.method == self.method.as_str();
        let exact = self.exact && head.uri.path() == self.part;
        let part = exact || (!self.exact && target.contains(&self.part));
        if !(method && header && body && part) {
            return None;
        }
        if self.beyond.as_mut().is_some_and(|rate| !rate.is_over()) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times = self.times.checked_sub(1)?;
        Some(self.act.clone())
    }
}

impl Act {
    /// Does it.
    pub(super) async fn run(
        self,
        request: Request<ByteStream>,
        node: &Node,
        reset: &Reset,
    ) -> Result<Response<ByteStream>, BoxError> {
        let registry = &node.registry;
        let (head, body) = request.into_parts();
        match self {
            Self::Answer(answer) => {
                // An answer before the body's end can be lost in the reset that follows it.
                body.for_each(|_| std::future::ready(())).await;
                Ok(answer(&head))
            }
            Self::Delay(wait) => {
                tokio::time::sleep(wait).await;
                Ok(registry.handle(Request::from_parts(head, body)).await)
            }
            Self::Cut { after, reset: hard } => {
                let response = registry.handle(Request::from_parts(head, body)).await;
                let reset = hard.then(|| reset.clone());
                Ok(response.map(|body| cut(body, after, reset)))
            }
            Self::CutUpload { after, reset: hard } => {
                let body = cut(body, after, None);
                let _ = registry.handle(Request::from_parts(head, body)).await;
                Err(gone(hard.then_some(reset)))
            }
            Self::Spoil => {
                let response = registry.handle(Request::from_parts(head, body)).await;
                Ok(response.map(spoil))
            }
            Self::Lose { reset: hard } => {
                let _ = registry.handle(Request::from_parts(head, body)).await;
                Err(gone(hard.then_some(reset)))
            }
            Self::Pace(bytes) => {
                let response = registry.handle(Request::from_parts(head, body)).await;
                Ok(response.map(|body| paced(body, bytes)))
            }
            Self::IgnoreRange => {
                let mut head = head;
                head.headers.remove(RANGE);
                Ok(registry.handle(Request::from_parts(head, body)).await)
            }
            Self::First(deed) => {
                deed(registry);
                Ok(registry.handle(Request::from_parts(head, body)).await)
            }
            Self::Raw(bytes) => {
                body.for_each(|_| std::future::ready(())).await;
                reset.send_instead(bytes);
                Ok(Response::new(stream::empty().boxed()))
            }
            Self::Late(wait) => {
                let response = registry.handle(Request::from_parts(head, body)).await;
                tokio::time::sleep(wait).await;
                Ok(response)
            }
            Self::Pause { after, wait } => {
                let response = registry.handle(Request::from_parts(head, body)).await;
                Ok(response.map(|body| paused(body, after, wait)))
            }
            Self::Take(bytes) => {
                let body = paced(body, bytes);
                Ok(registry.handle(Request::from_parts(head, body)).await)
            }
            Self::HangUp(idle) => hung_up(Request::from_parts(head, body), registry, idle).await,
            Self::Change(change) => {
                let mut response = registry.handle(Request::from_parts(head, body)).await;
                change(&mut response);
                Ok(response)
            }
        }
    }
}

/// Headers with these values, which need not be ASCII.
fn header_map(headers: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        (name.parse::<HeaderName>().unwrap(), value)
    };
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter().map(pair) {
        map.append(name, value);
    }
    map
}
