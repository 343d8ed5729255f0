//! What a faulty registry does instead of the right thing.

use super::body::{cut, gone, hung_up, paced, paused, spoil};
use super::node::Node;
use super::wire::Reset;
use bytes::Bytes;
use crossdock::server::Registry;
use crossdock::transport::{BoxError, ByteStream};
use futures_util::{StreamExt as _, stream};
use http::header::RANGE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Request, Response};
use std::sync::Arc;
use std::time::Duration;

pub(super) type Answer = Arc<dyn Fn(&Parts) -> Response<ByteStream> + Send + Sync>;
pub(super) type Deed = Arc<dyn Fn(&Registry) + Send + Sync>;
pub(super) type Change = Arc<dyn Fn(&mut Response<ByteStream>) + Send + Sync>;

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
    /// The right answer, but for its headers of this name.
    Says(HeaderName, HeaderMap),
    /// These bytes, whatever they are, in the place of an answer, and then the connection's end.
    Raw(Bytes),
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
            Self::Says(name, instead) => {
                let mut response = registry.handle(Request::from_parts(head, body)).await;
                let headers = response.headers_mut();
                headers.remove(name);
                for (name, value) in &instead {
                    headers.append(name, value.clone());
                }
                Ok(response)
            }
            Self::Raw(bytes) => {
                body.for_each(|_| std::future::ready(())).await;
                reset.send_instead(bytes);
                Ok(Response::new(stream::empty().boxed()))
            }
        }
    }
}
