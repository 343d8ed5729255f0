//! Quay, as its documentation and its sources describe it.

mod special;

use super::contract::{Promises, contract};
use super::shelf::{Shelf, Stored, Vendor};
use crate::clouds::world::{Asked, Reply};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Used with an OAuth token.
#[derive(Clone)]
pub(super) struct Quay;

/// The same, used by a robot, whom the API does not know.
#[derive(Clone)]
struct Robot;

const PROMISES: Promises = Promises {
    clock: "pushed",
    untagged: false,
    sizes: true,
    pulled: false,
    keeps: true,
    locks: true,
    page: 100,
};

contract!(Quay, PROMISES;
    lists, pages, untagged, untags, deletes, guards_parts, respects_locks, waits,
    an_expired_credential);

/// What is public is listed for everybody, and removed by the distribution API.
mod robot {
    use super::{PROMISES, Robot};
    use crate::vendors::contract::contract;

    contract!(Robot, PROMISES;
        lists, pages, untagged, untags, deletes, guards_parts, respects_locks, waits);
}

impl Vendor for Quay {
    const KIND: &'static str = "quay";
    const USER: &'static str = "$oauthtoken";

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        match asked.target.strip_prefix("/api/v1/") {
            Some(path) => Some(api(asked, path, shelf).await),
            None => distribution(asked, shelf).await,
        }
    }
}

impl Vendor for Robot {
    const KIND: &'static str = "quay";
    const USER: &'static str = "team+ci";

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        Quay.answer(asked, shelf).await
    }
}

fn error(status: u16, kind: &str, message: &str) -> Reply {
    let document = json!({
        "status": status,
        "title": kind,
        "detail": message,
        "error_type": kind,
        "error_message": message,
    });
    Reply::json(status, &document)
}

fn field(query: &str, name: &str) -> Option<String> {
    let mut fields = url::form_urlencoded::parse(query.as_bytes());
    let found = fields.find(|(field, _)| field == name);
    found.map(|(_, value)| value.into_owned())
}

/// Repositories that are not public.
fn is_private(name: &str) -> bool {
    name.contains("private")
}

async fn api(asked: &Asked, path: &str, shelf: &Shelf) -> Reply {
    if shelf.is_busy() {
        return error(429, "too_many_requests", "slow down").with("retry-after", "0");
    }
    let is_known = match asked.header("authorization") {
        "" => false,
        "Bearer secret" if !shelf.is_expired() => true,
        _ => return error(401, "invalid_token", "Invalid bearer token"),
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    match (asked.method.as_str(), path) {
        ("GET", "repository") => repositories(query, is_known, shelf),
        ("POST", "repository") if is_known => create(asked, shelf),
        ("GET", "find/repositories") => search(query, is_known, shelf),
        (method, path) => {
            let of_tag = path.strip_prefix("repository/");
            let Some((name, tag)) = of_tag.and_then(|rest| rest.split_once("/tag/")) else {
                return error(404, "not_found", "no such path");
            };
            let is_open = is_known || (method == "GET" && !is_private(name));
            match (method, tag) {
                _ if !is_open => error(401, "invalid_token", "Requires authentication"),
                ("GET", "") => tags(name, query, shelf).await,
                ("DELETE", tag) if !tag.is_empty() => untag(name, tag, shelf).await,
                _ => error(405, "method_not_allowed", "no such method"),
            }
        }
    }
}

fn repositories(query: &str, is_known: bool, shelf: &Shelf) -> Reply {
    const PAGE: usize = 2;
    let with_public = field(query, "public").as_deref() == Some("true");
    let Some(namespace) = field(query, "namespace") else {
        return error(
            400,
            "invalid_request",
            "namespace, starred or public are required",
        );
    };
    let all = shelf.repositories().into_iter();
    let all: Vec<Value> = all
        .filter(|name| {
            if is_private(name) {
                is_known
            } else {
                with_public
            }
        })
        .filter_map(|name| {
            let (own, rest) = name.split_once('/')?;
            let row = json!({"namespace": own, "name": rest, "kind": "image"});
            (own == namespace).then_some(row)
        })
        .collect();
    let token = field(query, "next_page");
    let at = token.map_or(0, |token| {
        token.strip_prefix("gAAA=").unwrap().parse().unwrap()
    });
    let shown: Vec<&Value> = all.iter().skip(at).take(PAGE).collect();
    let mut document = json!({"repositories": shown});
    if at + PAGE < all.len() {
        document["next_page"] = json!(format!("gAAA={}", at + PAGE));
    }
    Reply::json(200, &document)
}

fn create(asked: &Asked, shelf: &Shelf) -> Reply {
    let wanted: Value = serde_json::from_slice(&asked.body).unwrap();
    let text = |name: &str| wanted[name].as_str().unwrap().to_owned();
    assert!(["public", "private"].contains(&text("visibility").as_str()));
    assert_eq!(text("description"), "");
    let name = format!("{}/{}", text("namespace"), text("repository"));
    if name.starts_with("other/") {
        return error(403, "insufficient_scope", "Unauthorized");
    }
    if shelf.repositories().contains(&name) {
        return error(400, "invalid_request", "Repository already exists");
    }
    let made = json!({"namespace": text("namespace"), "name": text("repository"), "kind": "image"});
    Reply::json(201, &made)
}

/// Ten to a page, and ten pages, the last of which comes again for those after it.
fn search(query: &str, is_known: bool, shelf: &Shelf) -> Reply {
    let term = field(query, "query").unwrap();
    let page: usize = field(query, "page").unwrap().parse().unwrap();
    let page = page.clamp(1, 10);
    let all = shelf.repositories().into_iter();
    let all: Vec<String> = all
        .filter(|name| name.contains(&term) && (is_known || !is_private(name)))
        .collect();
    let shown = all.iter().skip((page - 1) * 10).take(10).map(|name| {
        let (namespace, name) = name.split_once('/').unwrap();
        json!({
            "kind": if name.ends_with("-app") { "application" } else { "repository" },
            "namespace": {"name": namespace, "kind": "organization"},
            "name": name,
            "description": null,
            "is_public": true,
            "stars": 3,
        })
    });
    let shown: Vec<Value> = shown.collect();
    Reply::json(
        200,
        &json!({
            "results": shown,
            "has_additional": all.len() > page * 10,
            "page": page,
            "page_size": 10,
            "start_index": (page - 1) * 10,
        }),
    )
}

/// Tags that are, and, unless only those are asked for, those that were.
async fn tags(name: &str, query: &str, shelf: &Shelf) -> Reply {
    let all = shelf.images(name).await;
    let mut rows: Vec<Value> = all
        .iter()
        .flat_map(|image| rows(name, image, shelf))
        .collect();
    if rows.is_empty() {
        return error(404, "not_found", "Not Found");
    }
    if field(query, "onlyActiveTags").as_deref() != Some("true") {
        let mut dead = rows[0].clone();
        dead["name"] = json!("dead");
        rows.insert(0, dead);
    }
    let number =
        |name: &str, usual: usize| field(query, name).map_or(usual, |value| value.parse().unwrap());
    let (page, limit) = (number("page", 1), number("limit", 50).min(100));
    let shown: Vec<&Value> = rows.iter().skip((page - 1) * limit).take(limit).collect();
    Reply::json(
        200,
        &json!({"tags": shown, "page": page, "has_additional": rows.len() > page * limit}),
    )
}

fn rows(name: &str, image: &Stored, shelf: &Shelf) -> Vec<Value> {
    let is_index = !image.parts().is_empty();
    let pushed = image.pushed.as_ref().unwrap();
    let pushed: Timestamp = pushed.parse().unwrap();
    let row = |tag: &String| {
        let mut row = json!({
            "name": tag,
            "reversion": false,
            "start_ts": pushed.as_second(),
            "manifest_digest": image.digest,
            "is_manifest_list": is_index,
            "size": if is_index { Value::Null } else { json!(image.size) },
            "last_modified": "Fri, 02 Jan 2026 00:00:00 -0000",
        });
        if shelf.is_locked(name, tag) {
            row["immutable"] = json!(true);
        }
        row
    };
    image.tags.iter().map(row).collect()
}

async fn untag(name: &str, tag: &str, shelf: &Shelf) -> Reply {
    if shelf.is_locked(name, tag) {
        return error(409, "tag_immutable", "Tag is immutable");
    }
    if shelf.untag(name, tag).await {
        Reply::text(204, "application/json", "")
    } else {
        error(404, "not_found", "Not Found")
    }
}

/// The distribution API's removals: by digest goes every tag on an image, and the image with the
/// last of them unless an index needs it.
async fn distribution(asked: &Asked, shelf: &Shelf) -> Option<Reply> {
    let path = asked.target.strip_prefix("/v2/")?;
    let (name, target) = path.split_once("/manifests/")?;
    if asked.method != "DELETE" {
        return None;
    }
    let refused = |status, code: &str, message: &str| {
        let document = json!({"errors": [{"code": code, "message": message}]});
        Some(Reply::json(status, &document))
    };
    let all = shelf.images(name).await;
    let is_digest = target.contains(':');
    let of_target = |image: &&Stored| image.digest == target;
    let tags: Vec<String> = if is_digest {
        let image = all.iter().find(of_target);
        image.map(|image| image.tags.clone()).unwrap_or_default()
    } else {
        let known = all.iter().flat_map(|image| &image.tags);
        known.filter(|tag| *tag == target).cloned().collect()
    };
    if tags.is_empty() {
        return refused(404, "MANIFEST_UNKNOWN", "manifest unknown");
    }
    if tags.iter().any(|tag| shelf.is_locked(name, tag)) {
        return refused(409, "TAG_IMMUTABLE", "tag is immutable");
    }
    for tag in &tags {
        shelf.untag(name, tag).await;
    }
    let is_part = all
        .iter()
        .any(|image| image.parts().iter().any(|part| part == target));
    if is_digest && !is_part {
        shelf.delete(name, target).await;
    }
    Some(Reply::text(202, "text/plain", ""))
}
