//! Questions that are answered with a token.

use super::error::{Error, Refusal};
use crate::transport::origin::Origin;
use crate::transport::secret::Secret;
use crate::transport::{Request, Transport};
use bytes::Bytes;
use http::{Method, StatusCode};
use url::Url;

/// No answer with a token is longer.
const REPLY_LIMIT: usize = 1024 * 1024;
/// So much of a refusal is looked at.
const REFUSAL_LIMIT: usize = 64 * 1024;

/// What a service answered.
pub(super) struct Answer {
    pub(super) service: String,
    pub(super) status: StatusCode,
    body: Bytes,
}

/// Asks for a token for `who`. Questions hold secrets, so that no redirect is followed.
pub(super) async fn ask(
    transport: &Transport,
    who: &str,
    request: Request,
) -> Result<Answer, Error> {
    let service = Origin::of(&request.url).map_or_else(String::new, |origin| origin.authority());
    let unasked = |source| Error::Unasked {
        who: who.to_owned(),
        service: service.clone(),
        source,
    };
    let request = request.read_whole(REPLY_LIMIT).without_redirects();
    let response = transport.send(request).await.map_err(unasked)?;
    let status = response.status();
    let body = if status == StatusCode::OK {
        response.bytes(REPLY_LIMIT).await.map_err(unasked)?
    } else {
        response.beginning(REFUSAL_LIMIT).await
    };
    Ok(Answer {
        service,
        status,
        body,
    })
}

/// A question with these fields.
pub(super) fn form(url: Url, fields: &[(&str, &[u8])]) -> Request {
    Request::new(Method::POST, url).form(fields.iter().copied())
}

impl Answer {
    /// The token under this name in an answer that is none of an error.
    pub(super) fn token(&self, name: &str) -> Result<Secret, Error> {
        let wrong = |reason| Error::Reply {
            service: self.service.clone(),
            reason,
        };
        let reply: serde_json::Value =
            serde_json::from_slice(&self.body).map_err(|_| wrong("is not a token reply"))?;
        let token = reply.get(name).and_then(|token| token.as_str());
        visible(token.unwrap_or_default()).ok_or_else(|| wrong("holds no token"))
    }

    /// What an answer of an error says.
    pub(super) fn refusal(&self, told: &[&Secret]) -> Refusal {
        Refusal::read(&self.body, told)
    }

    /// The same as the reason that there is no token for `who`.
    pub(super) fn refused(self, who: &str, told: &[&Secret]) -> Error {
        Error::Refused {
            refusal: self.refusal(told),
            who: who.to_owned(),
            service: self.service,
            status: self.status,
        }
    }

    /// The token in it, or why `who` gets none.
    pub(super) fn access_token(self, who: &str, told: &[&Secret]) -> Result<Secret, Error> {
        if self.status == StatusCode::OK {
            self.token("access_token")
        } else {
            Err(self.refused(who, told))
        }
    }
}

/// A token as it can be sent: visible ASCII.
pub(super) fn visible(token: &str) -> Option<Secret> {
    let is_visible = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    is_visible.then(|| Secret::new(token))
}
