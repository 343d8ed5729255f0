//! What is sent.

use super::ByteStream;
use super::carry::Home;
use super::client::Way;
use super::guard::Guard;
use super::origin::Origin;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use std::time::Duration;
use url::Url;

/// A request's body.
pub enum Body {
    /// None.
    Empty,
    /// Held in memory, and so repeatable.
    Bytes(Bytes),
    /// Passing through once.
    Stream {
        /// The bytes.
        stream: ByteStream,
        /// How many there are.
        length: u64,
    },
}

impl Body {
    /// A second body like this one, where it can be sent twice.
    pub(super) fn repeat(&self) -> Option<Self> {
        match self {
            Self::Empty => Some(Self::Empty),
            Self::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            Self::Stream { .. } => None,
        }
    }
}

/// An `Authorization` header and where it belongs.
#[derive(Debug, Clone)]
pub struct Authorization {
    value: HeaderValue,
    home: Home,
}

impl Authorization {
    /// Binds a header value to its home. The value is marked as sensitive.
    pub fn new(mut value: HeaderValue, home: Home) -> Self {
        value.set_sensitive(true);
        Self { value, home }
    }

    pub(super) fn value(&self) -> &HeaderValue {
        &self.value
    }

    pub(super) fn home(&self) -> &Home {
        &self.home
    }

    /// Whether both would send the same.
    pub fn is_same(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// Which connections a request may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Small and many: HTTP/2 where the host speaks it, a slot of the host's brake each.
    Questions,
    /// An image's bytes: HTTP/1.1, a connection each, since one flow-control window for many
    /// streams slows them all down.
    Bulk,
}

/// How often a request may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempts {
    /// As the retry policy says.
    Policy,
    /// Once: whoever asks starts over at a greater height.
    Once,
}

/// One request.
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers besides `Authorization`, `User-Agent` and `Accept-Encoding`.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// Who asks; goes no further than [`super::carry::may_carry`] allows.
    pub authorization: Option<Authorization>,
    /// Which connections.
    pub lane: Lane,
    /// How often.
    pub attempts: Attempts,
    /// Whether redirects are followed; else they are answers like any other.
    pub follow: bool,
    /// By which way.
    pub(super) way: Way,
    /// Whether HTTP/2 has been tried in vain.
    pub(super) without_http2: bool,
    /// The registry that named the URL; `None` where the user did.
    pub named_by: Option<Box<Origin>>,
    /// Whether somebody in public has sent it on, or may have.
    pub(super) past_public: bool,
    /// Whether it is to a registry, which gets the headers that are for registries.
    pub to_registry: bool,
    /// Where set, an answer that is none of an error is read to its end, this many bytes at the
    /// most, as a part of the attempt: one that breaks off is asked for again.
    pub whole: Option<usize>,
    /// Where set, a connection has to be there within this time.
    pub connect_within: Option<Duration>,
}

impl Request {
    /// A request without body, headers or authorization.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Body::Empty,
            authorization: None,
            lane: Lane::Questions,
            attempts: Attempts::Policy,
            follow: true,
            way: Way::Usual,
            without_http2: false,
            named_by: None,
            past_public: false,
            to_registry: false,
            whole: None,
            connect_within: None,
        }
    }

    /// Adds a header; earlier ones of the same name stay.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// On these connections.
    #[must_use]
    pub fn lane(mut self, lane: Lane) -> Self {
        self.lane = lane;
        self
    }

    /// Tried that often.
    #[must_use]
    pub fn attempts(mut self, attempts: Attempts) -> Self {
        self.attempts = attempts;
        self
    }

    /// Taking a redirect for the answer: what the body holds is for this host alone.
    #[must_use]
    pub fn without_redirects(mut self) -> Self {
        self.follow = false;
        self
    }

    /// With these fields as its body, which are bytes: `application/x-www-form-urlencoded` of the
    /// URL standard. Names hold nothing that needs escaping.
    #[must_use]
    pub fn form<'a>(self, fields: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut body = String::new();
        for (name, value) in fields {
            if !body.is_empty() {
                body.push('&');
            }
            body.push_str(name);
            body.push('=');
            body.extend(url::form_urlencoded::byte_serialize(value));
        }
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        self.header(header::CONTENT_TYPE, form)
            .body(Body::Bytes(body.into()))
    }

    /// Through no proxy, whatever is set: for this machine's own services.
    #[must_use]
    pub fn without_proxy(mut self) -> Self {
        self.way = Way::Direct;
        self
    }

    /// To a place that this registry named, and not the user: it may not be anywhere.
    #[must_use]
    pub fn named_by(mut self, registry: &Origin) -> Self {
        self.named_by = Some(Box::new(registry.clone()));
        self
    }

    /// For an answer that is read whole, and has no more than `limit` bytes.
    #[must_use]
    pub fn read_whole(mut self, limit: usize) -> Self {
        self.whole = Some(limit);
        self
    }

    /// Without patience: whoever asks has somebody else to ask. Tried once, and no longer than
    /// `limit` for a connection.
    #[must_use]
    pub fn briefly(mut self, limit: Duration) -> Self {
        self.attempts = Attempts::Once;
        self.connect_within = Some(limit);
        self
    }

    /// On whose behalf.
    #[must_use]
    pub fn authorization(mut self, authorization: Option<Authorization>) -> Self {
        self.authorization = authorization;
        self
    }

    /// To a registry, and not to its token service.
    #[must_use]
    pub fn to_registry(mut self) -> Self {
        self.to_registry = true;
        self
    }

    /// Whether it goes to the registry itself, and not to where that has sent it.
    pub(super) fn is_at_registry(&self) -> bool {
        let by = self.named_by.as_deref();
        self.to_registry && by.is_none_or(|by| Origin::of(&self.url).is_some_and(|at| at == *by))
    }

    /// Leads on to where its answer says.
    pub(super) fn lead(&mut self, to: Url, guard: &Guard) {
        let from = Origin::of(&self.url);
        self.past_public |= from.as_ref().is_none_or(|from| !guard.is_inside(from));
        self.named_by = self.named_by.take().or(from.map(Box::new));
        self.url = to;
    }

    /// The same again, where its body can be sent twice.
    pub fn repeat(&self) -> Option<Self> {
        Some(Self {
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: self.body.repeat()?,
            authorization: self.authorization.clone(),
            lane: self.lane,
            attempts: self.attempts,
            follow: self.follow,
            way: self.way,
            without_http2: self.without_http2,
            named_by: self.named_by.clone(),
            past_public: self.past_public,
            to_registry: self.to_registry,
            whole: self.whole,
            connect_within: self.connect_within,
        })
    }
}
