//! What can go wrong with a registry: a condition, and what happens instead of the right thing.

use super::act::Act;
use bytes::Bytes;
use crossdock::server::Registry;
use crossdock::transport::ByteStream;
use futures_util::{StreamExt as _, stream};
use http::header::{CONTENT_LENGTH, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A fault: on which requests, how often, and what.
pub(crate) struct Fault {
    method: String,
    part: String,
    with_header: Option<&'static str>,
    without_header: Option<&'static str>,
    body_over: Option<u64>,
    /// Only where the head is so.
    like: Option<Condition>,
    /// Only on this path, and none below it.
    exact: bool,
    /// Only on what goes beyond a rate.
    beyond: Option<Rate>,
    skip: usize,
    times: usize,
    act: Act,
}

type Condition = Arc<dyn Fn(&Parts) -> bool + Send + Sync>;

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
            like: None,
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

    /// Only where the request's head is so.
    pub(crate) fn only_for(
        mut self,
        like: impl Fn(&Parts) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.like = Some(Arc::new(like));
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

    /// Sends the client to the same path at another host.
    pub(crate) fn moved_to(self, host: &str) -> Self {
        let host = host.to_owned();
        self.answer_with(move |asked| {
            let mut response = Response::new(stream::empty().boxed());
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            let to = format!("{host}{}", asked.uri.path());
            let headers = response.headers_mut();
            headers.insert(CONTENT_LENGTH, 0.into());
            headers.insert(LOCATION, HeaderValue::from_str(&to).unwrap());
            response
        })
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

    /// Answers rightly, but with these headers in the place of those with this name.
    pub(crate) fn says(self, name: &str, instead: &[(&str, &str)]) -> Self {
        self.act(Act::Says(name.parse().unwrap(), header_map(instead)))
    }

    /// Sends these bytes in the place of an answer, and ends the connection.
    pub(crate) fn raw(self, bytes: impl AsRef<[u8]>) -> Self {
        self.act(Act::Raw(Bytes::copy_from_slice(bytes.as_ref())))
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
        let like = self.like.as_ref().is_none_or(|like| like(head));
        let method = self.method == "*" || head.method == self.method.as_str();
        let exact = self.exact && head.uri.path() == self.part;
        let part = exact || (!self.exact && target.contains(&self.part));
        if !(method && header && body && like && part) {
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
