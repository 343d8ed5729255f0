//! Lists of tags and of repositories, in pages.
//!
//! Source: OCI distribution-spec 1.1, "Listing Tags"; the catalog is CNCF distribution's.

use crate::server::answer::{self, Answer};
use crate::server::options::Paging;
use crate::server::problem::{Code, Problem};
use crate::server::{Call, not_found};
use crate::transport::ByteStream;
use http::header::LINK;
use http::{Response, StatusCode};
use serde_json::json;
use url::form_urlencoded::Serializer;

pub(super) fn tags(call: &Call<'_>, name: &str) -> Answer {
    let storage = call.storage();
    let repository = storage.repositories.get(name);
    let unknown = || Problem::new(Code::NameUnknown, "the repository is not known");
    let tags = repository.ok_or_else(unknown)?.tags.keys();
    let page = Page::of(call, tags.map(String::as_str))?;
    let mut response = answer::json(StatusCode::OK, &json!({"name": name, "tags": page.items}));
    page.link(&mut response, &format!("/v2/{name}/tags/list"), &[]);
    Ok(response)
}

pub(super) fn catalog(call: &Call<'_>) -> Answer {
    if !call.options().catalog {
        return Err(not_found());
    }
    let storage = call.storage();
    let names = storage.repositories.keys();
    let page = Page::of(call, names.map(String::as_str))?;
    let mut response = answer::json(StatusCode::OK, &json!({"repositories": page.items}));
    page.link(&mut response, "/v2/_catalog", &[]);
    Ok(response)
}

/// A part of a sorted list.
pub(super) struct Page<'a> {
    pub(super) items: Vec<&'a str>,
    size: usize,
    more: bool,
}

impl<'a> Page<'a> {
    /// The page that a request asks for by `n` and `last`, of sorted items.
    pub(super) fn of(
        call: &Call<'_>,
        items: impl Iterator<Item = &'a str>,
    ) -> Result<Self, Problem> {
        let Paging::Pages(limit) = call.options().paging else {
            let items = items.collect();
            return Ok(Self {
                items,
                size: 0,
                more: false,
            });
        };
        let size = asked(call.query.first("n"))?.map_or(limit, |n| n.min(limit));
        let last = call.query.first("last").unwrap_or_default();
        let mut rest = items.skip_while(|item| *item <= last && !last.is_empty());
        let items = rest.by_ref().take(size).collect();
        let more = rest.next().is_some();
        Ok(Self { items, size, more })
    }

    /// Says where the next page is, if there is one.
    pub(super) fn link(
        &self,
        response: &mut Response<ByteStream>,
        path: &str,
        filters: &[(&str, &str)],
    ) {
        let Some(last) = self.items.last().filter(|_| self.more) else {
            return;
        };
        let mut query = Serializer::new(String::new());
        query
            .append_pair("last", last)
            .append_pair("n", &self.size.to_string());
        let query = query.extend_pairs(filters).finish();
        answer::set(response, LINK, &format!("<{path}?{query}>; rel=\"next\""));
    }
}

/// The number of items that are asked for.
fn asked(n: Option<&str>) -> Result<Option<usize>, Problem> {
    let Some(n) = n else { return Ok(None) };
    if n.is_empty() || !n.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = "`n` is not a number of items";
        return Err(Problem::new(Code::PaginationNumberInvalid, message));
    }
    Ok(Some(n.parse().unwrap_or(usize::MAX)))
}
