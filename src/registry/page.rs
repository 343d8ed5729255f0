//! Lists that come in pages.
//!
//! Source: distribution-spec 1.1, "Listing Tags"; RFC 8288 for `Link`.

use super::Client;
use super::error::Error;
use crate::auth::Access;
use crate::transport::{Request, Response};
use bytes::Bytes;
use http::header::{ACCEPT, LINK};
use http::{HeaderValue, Method, StatusCode};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;

/// A page is read no further.
pub(super) const LIMIT: usize = 8 * 1024 * 1024;
/// A list has no more pages.
const MOST: usize = 10_000;
/// Nor more items.
const MOST_ITEMS: usize = 1_000_000;
/// So many pages that follow on each other and bring nothing new are an endless list.
const MOST_BARREN: u32 = 3;
/// A `Link` header is not longer.
const LONGEST_LINK: usize = 64 * 1024;

/// A walk through the pages of one list. Its host and path stay ours; of a `Link` only the query
/// is taken, so that no registry can send us, and our token, elsewhere.
pub(super) struct Pages {
    client: Arc<Client>,
    path: String,
    access: Access,
    accept: Option<HeaderValue>,
    /// The query to ask with; an empty one is none.
    next: Option<String>,
    /// What was asked for and what came, each as a number: neither is short.
    asked: HashSet<u64>,
    came: HashSet<u64>,
    items: usize,
    /// So many pages brought nothing new since the last that did.
    barren: u32,
}

impl Pages {
    pub(super) fn new(client: Arc<Client>, path: String, access: Access) -> Self {
        // More than 1000 is an error on some registries.
        let first = "n=1000".to_owned();
        Self {
            client,
            path,
            access,
            accept: None,
            next: Some(first),
            asked: HashSet::new(),
            came: HashSet::new(),
            items: 0,
            barren: 0,
        }
    }

    /// Pages of this media type, as many items each as the registry likes: the specification has
    /// an `n` for names only.
    pub(super) fn of_type(mut self, media_type: &'static str) -> Self {
        self.accept = Some(HeaderValue::from_static(media_type));
        self.next = Some(String::new());
        self
    }

    /// The body of the next page; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(response) = self.answer().await? else {
            return Ok(None);
        };
        self.client.refuse_markup(&response)?;
        Ok(Some(response.bytes(LIMIT).await?))
    }

    /// The next page before its body is read; `None` after the last.
    pub(super) async fn answer(&mut self) -> Result<Option<Response>, Error> {
        let Some(query) = self.next.take() else {
            return Ok(None);
        };
        let host = self.client.host();
        if self.asked.len() >= MOST {
            return Err(Error::protocol(
                host,
                format!("its list has more than {MOST} pages"),
            ));
        }
        let mut url = self.client.url(&self.path).await?;
        url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
        let mut request = Request::new(Method::GET, url).read_whole(LIMIT);
        if let Some(accept) = self.accept.clone() {
            request = request.header(ACCEPT, accept);
        }
        let response = self.client.call(request, &self.access).await?;
        if response.status() != StatusCode::OK {
            return Err(Error::refused(response).await);
        }
        let links = response.headers().get_all(LINK).iter();
        for link in links {
            let unreadable = || Error::protocol(host, "its `Link` to the next page is unreadable");
            let link = link.to_str().map_err(|_| unreadable())?;
            if link.len() > LONGEST_LINK {
                return Err(unreadable());
            }
            let next = next_query(link).map_err(|Unreadable| unreadable())?;
            self.next = self.next.take().or(next);
        }
        self.asked.insert(hash(&query));
        let next = self.next.as_ref().map(hash);
        if next.is_some_and(|next| self.asked.contains(&next)) {
            return Err(Error::protocol(
                host,
                "its list comes back to a page that was read already",
            ));
        }
        Ok(Some(response))
    }

    /// Takes note of how many new items the last page brought. Fails where the list has too many,
    /// or goes on and on without any.
    pub(super) fn brought(&mut self, new: usize) -> Result<(), Error> {
        self.items += new;
        self.barren = if new > 0 { 0 } else { self.barren + 1 };
        let wrong = if self.items > MOST_ITEMS {
            format!("its list has more than {MOST_ITEMS} items")
        } else if self.barren >= MOST_BARREN && self.next.is_some() {
            format!("its list goes on, and {MOST_BARREN} pages of it bring nothing new")
        } else {
            return Ok(());
        };
        Err(Error::protocol(self.client.host(), wrong))
    }

    /// The same for a page of names, which are new unless all of them came on one page before.
    pub(super) fn brought_names(&mut self, names: &[String]) -> Result<(), Error> {
        let is_new = self.came.insert(hash(&names));
        self.brought(if is_new { names.len() } else { 0 })
    }
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// There is a next page, and it cannot be told where: what was read is not the whole list.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable;

/// The query of the link whose relation is `next`. `None`: there is no next page.
pub fn next_query(header: &str) -> Result<Option<String>, Unreadable> {
    let mut rest = header;
    while let Some((_, tail)) = rest.split_once('<') {
        let (target, tail) = tail.split_once('>').ok_or(Unreadable)?;
        let ends = [",<", ", <"].map(|end| tail.find(end).unwrap_or(tail.len()));
        let (parameters, tail) = tail.split_at(ends[0].min(ends[1]));
        if parameters.split(';').any(is_next) {
            let target = target.split('#').next().unwrap_or_default();
            let query = target.split_once('?').map(|(_, query)| query);
            let query = query.filter(|query| !query.is_empty());
            return query.map(|query| Some(query.to_owned())).ok_or(Unreadable);
        }
        rest = tail;
    }
    let unfinished = rest.split(';').any(is_next);
    if unfinished {
        Err(Unreadable)
    } else {
        Ok(None)
    }
}

/// Whether a parameter is `rel` and names `next` among its relations.
fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
    name.trim().eq_ignore_ascii_case("rel") && relations.any(|r| r.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_query_of_the_next_page_is_taken() {
        for (link, query) in [
            (
                "</v2/a/tags/list?last=b&n=2>; rel=\"next\"",
                Some("last=b&n=2"),
            ),
            ("<https://evil/x?last=b>; rel=next", Some("last=b")),
            ("<?last=b>; REL=NEXT", Some("last=b")),
            (
                "</a?x=1>; rel=\"prev\", </a?x=2>; rel=\"next\"",
                Some("x=2"),
            ),
            (
                "</a?x=1>; rel=prev, </a?x=2>; rel=next,</a?x=3>; rel=last",
                Some("x=2"),
            ),
            ("</a?x=1>; rel=\"next last\"", Some("x=1")),
            ("</a?x=1>; title=\"a, b\"; rel=next", Some("x=1")),
            ("</a?x=1>; rel=prev", None),
            ("<>", None),
            ("", None),
        ] {
            let read = next_query(link);
            assert_eq!(read, Ok(query.map(str::to_owned)), "{link}");
        }
    }

    #[test]
    fn a_next_page_that_cannot_be_found_is_not_the_end() {
        for link in [
            "</a>; rel=next",
            "</a?>; rel=next",
            "</a?x=1; rel=next",
            "/a?x=1; rel=next",
        ] {
            assert_eq!(next_query(link), Err(Unreadable), "{link}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(link in "[ -~]{0,100}") {
            let _ = next_query(&link);
        }
    }
}
