//! What the head of an answer means.

use super::error::Error;
use super::origin::Origin;
use super::response::Response;
use http::{Method, StatusCode, header};
use url::Url;

/// No redirect names a longer place.
const LONGEST_LOCATION: usize = 8 * 1024;
/// A registry's warnings are not longer (distribution-spec 1.1, "Warnings").
const LONGEST_WARNING: usize = 4096;

/// The text of `299 - "text"`, the only form that the distribution spec allows ("Warnings").
pub(super) fn warning(value: &str) -> Option<&str> {
    let text = value.strip_prefix("299 ")?.trim_start().strip_prefix('-')?;
    let end = text.char_indices().nth(LONGEST_WARNING);
    let text = end.map_or(text, |(end, _)| &text[..end]);
    Some(text.trim().trim_matches('"')).filter(|text| !text.is_empty())
}

/// Whether an answer is one of a proxy: through those that only pass TLS on, no registry sends it.
pub(super) fn is_of_proxy(answer: &reqwest::Response, origin: &Origin) -> bool {
    answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED && !origin.is_secure()
}

/// An answer's body is as it was asked for: not compressed.
pub(super) fn refuse_compressed(response: Response) -> Result<Response, Error> {
    let encodings = response.headers().get_all(header::CONTENT_ENCODING);
    let other = encodings
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .find(|encoding| !matches!(encoding.as_ref(), "" | "identity"));
    match other {
        None => Ok(response),
        Some(encoding) => Err(Error::encoding(response.url(), &encoding)),
    }
}

/// Where to go on, or `None` where the answer is final.
pub(super) fn redirect(
    method: &Method,
    repeatable: bool,
    response: &Response,
) -> Result<Option<Url>, Error> {
    let reading = matches!(*method, Method::GET | Method::HEAD);
    let from = response.url();
    let follow = match response.status().as_u16() {
        301 | 302 | 307 | 308 => reading || repeatable,
        303 => reading,
        _ => return Ok(None),
    };
    if !follow {
        let why = "is not followed: what was sent cannot be sent again";
        return Err(Error::redirect(from, why));
    }
    let location = response
        .header(&header::LOCATION)
        .ok_or_else(|| Error::redirect(from, "names no single place to go to"))?;
    if location.len() > LONGEST_LOCATION {
        return Err(Error::redirect(from, "is longer than any that is needed"));
    }
    let to = from
        .join(location)
        .map_err(|_| Error::redirect(from, "is not a URL"))?;
    if !to.username().is_empty() || to.password().is_some() {
        return Err(Error::redirect(from, "brings a password of its own"));
    }
    if !reading && Origin::of(&to) != Origin::of(from) {
        // What is written is for the registry alone; elsewhere it would be nobody's, and no secret
        // would go along.
        return Err(Error::redirect(
            from,
            "leads to another host, where nothing is written",
        ));
    }
    match (from.scheme(), to.scheme()) {
        ("https" | "http", "https") | ("http", "http") => Ok(Some(to)),
        ("https", "http") => Err(Error::redirect(from, "leaves TLS")),
        _ => Err(Error::redirect(from, "leads to something that is not HTTP")),
    }
}
