//! Docker Hub, as its API description and the tools that use it describe it: an API and a registry
//! with two ways in, the first with a token that a password is traded for.

mod own;

use super::contract::{Promises, contract};
use super::shelf::{Shelf, Stored, Vendor};
use crate::clouds::world::{Asked, Reply};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Docker Hub. Its repositories are private, but for those of the namespace `open`.
#[derive(Clone, Default)]
struct Hub {
    /// The list says what a tag points to.
    digests: bool,
    /// So many requests a token is good for; 0: for all.
    short: usize,
    /// Tokens that were handed out, and requests that came with the last.
    tokens: Arc<AtomicUsize>,
    used: Arc<AtomicUsize>,
}

const PROMISES: Promises = Promises {
    clock: "pushed",
    untagged: false,
    sizes: true,
    pulled: true,
    keeps: true,
    locks: true,
    page: 100,
};

contract!(Hub { digests: true, ..Hub::default() }, PROMISES;
    lists, pages, untagged, untags, deletes, guards_parts, respects_locks, waits,
    an_expired_credential);

fn error(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({"message": message, "errinfo": {}}))
}

fn refusal(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(
        status,
        &json!({"errors": [{"code": code, "message": message, "detail": null}]}),
    )
}

impl Vendor for Hub {
    const KIND: &'static str = "docker-hub";
    const SETTINGS: &'static str = "    api: API\n";

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        let (path, query) = match asked.target.split_once('?') {
            Some((path, query)) => (path, query),
            None => (asked.target.as_str(), ""),
        };
        let parts: Vec<&str> = path.strip_prefix("/v2/")?.split('/').collect();
        let method = asked.method.as_str();
        if method == "DELETE"
            && let [name @ .., "manifests", target] = &parts[..]
        {
            return Some(delete(&name.join("/"), target, shelf).await);
        }
        let is_own = ["auth", "namespaces", "repositories", "search"].contains(&parts[0]);
        if !is_own || parts.contains(&"manifests") || parts.contains(&"blobs") {
            return None;
        }
        if shelf.is_busy() {
            // A moment, which has come.
            let reply = error(429, "Too many requests").with("x-retry-after", "1700000000");
            return Some(reply.with("x-ratelimit-remaining", "0"));
        }
        if parts == ["auth", "token"] {
            return Some(self.trade(method, asked, shelf));
        }
        let who = match self.who(asked) {
            Ok(who) => who,
            Err(refused) => return Some(refused),
        };
        Some(self.own(method, &parts, query, who, shelf).await)
    }
}

impl Hub {
    fn trade(&self, method: &str, asked: &Asked, shelf: &Shelf) -> Reply {
        assert_eq!((method, asked.header("authorization")), ("POST", ""));
        let wanted: Value = serde_json::from_slice(&asked.body).unwrap();
        let right = json!({"identifier": "ann", "secret": "secret"});
        if shelf.is_expired() || wanted != right {
            return Reply::json(
                401,
                &json!({"detail": "Incorrect authentication credentials", "message": ""}),
            );
        }
        let number = self.tokens.fetch_add(1, Ordering::SeqCst) + 1;
        self.used.store(0, Ordering::SeqCst);
        Reply::json(200, &json!({"access_token": format!("jwt-{number}")}))
    }

    /// Whether somebody asks, or nobody.
    fn who(&self, asked: &Asked) -> Result<bool, Reply> {
        let given = asked.header("authorization");
        if given.is_empty() {
            return Ok(false);
        }
        let last = format!("Bearer jwt-{}", self.tokens.load(Ordering::SeqCst));
        let used = self.used.fetch_add(1, Ordering::SeqCst);
        if given != last || (self.short > 0 && used >= self.short) {
            return Err(error(401, "token is expired"));
        }
        Ok(true)
    }

    async fn own(
        &self,
        method: &str,
        parts: &[&str],
        query: &str,
        who: bool,
        shelf: &Shelf,
    ) -> Reply {
        let may = |namespace: &str| who || namespace == "open";
        match (method, parts) {
            ("GET", ["namespaces", namespace, "repositories"]) => {
                let all = shelf.repositories().into_iter();
                let all = all.filter_map(|name| {
                    let (own, name) = name.split_once('/')?;
                    (own == *namespace && may(own)).then(|| json!({"name": name, "namespace": own}))
                });
                page(&all.collect::<Vec<_>>(), query)
            }
            ("GET", ["namespaces", namespace, "repositories", name]) if may(namespace) => {
                let repository = format!("{namespace}/{name}");
                let rules: Vec<String> = ["v1", "v2"]
                    .iter()
                    .filter(|tag| shelf.is_locked(&repository, tag))
                    .map(|tag| format!("^{tag}$"))
                    .collect();
                let settings = json!({"enabled": !rules.is_empty(), "rules": rules});
                Reply::json(
                    200,
                    &json!({"name": name, "namespace": namespace, "is_private": true,
                        "immutable_tags_settings": settings}),
                )
            }
            ("GET", ["namespaces", namespace, "repositories", name, "tags"]) if may(namespace) => {
                let images = shelf.images(&format!("{namespace}/{name}")).await;
                let tags = images.iter().flat_map(|image| {
                    let tags = image.tags.iter();
                    tags.map(|tag| self.tag(tag, image, &images))
                });
                page(&tags.collect::<Vec<_>>(), query)
            }
            ("DELETE", ["repositories", namespace, name, "tags", tag, ""]) => {
                let repository = format!("{namespace}/{name}");
                if !who {
                    error(401, "unauthorized")
                } else if shelf.is_locked(&repository, tag) {
                    error(403, "forbidden")
                } else if shelf.untag(&repository, tag).await {
                    Reply::text(204, "application/json", "")
                } else {
                    error(404, "tag not found")
                }
            }
            ("GET", ["search", "repositories", ""]) => {
                assert!(query.starts_with("query=web+server&"), "{query}");
                let hits = json!([
                    {"repo_name": "nginx", "short_description": "Official build of Nginx.",
                        "star_count": 20_000, "pull_count": 1, "is_official": true},
                    {"repo_name": "open/web", "short_description": "", "star_count": 3,
                        "is_official": false},
                ]);
                page(hits.as_array().unwrap(), query)
            }
            _ => error(404, "object not found"),
        }
    }

    fn tag(&self, tag: &str, image: &Stored, all: &[Stored]) -> Value {
        let parts = image.parts();
        let parts = if parts.is_empty() {
            vec![image.digest.clone()]
        } else {
            parts
        };
        let parts: Vec<Value> = parts
            .iter()
            .map(|digest| {
                let part = all.iter().find(|part| part.digest == *digest).unwrap();
                json!({"architecture": "amd64", "variant": null, "os": "linux",
                    "digest": digest, "size": part.size, "status": "active",
                    "last_pulled": image.pulled, "last_pushed": part.pushed})
            })
            .collect();
        let mut tag = json!({
            "id": 1, "name": tag, "creator": 9, "repository": 7, "v2": true,
            "last_updated": image.pushed, "full_size": image.size, "status": "active",
            "tag_last_pushed": image.pushed, "tag_last_pulled": image.pulled,
            "images": parts,
        });
        if self.digests {
            tag["digest"] = json!(image.digest);
            tag["media_type"] = json!(image.media_type);
        }
        tag
    }
}

/// A page past the end is none.
fn page(all: &[Value], query: &str) -> Reply {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let number = |name: &str, usual: usize| {
        let field = fields.iter().find(|(field, _)| field == name);
        field.map_or(usual, |(_, value)| value.parse().unwrap())
    };
    let (at, size) = (number("page", 1), number("page_size", 10));
    if size > 100 {
        return error(400, "page_size is too large");
    }
    if at > 1 && (at - 1) * size >= all.len() {
        return error(404, "page not found");
    }
    let shown: Vec<&Value> = all.iter().skip((at - 1) * size).take(size).collect();
    let next = (at * size < all.len())
        .then(|| format!("https://hub.docker.com/v2/elsewhere?page={}", at + 1));
    Reply::json(
        200,
        &json!({"count": all.len(), "next": next, "previous": null, "results": shown}),
    )
}

/// The registry's own rules.
async fn delete(repository: &str, target: &str, shelf: &Shelf) -> Reply {
    if !target.starts_with("sha256:") {
        return refusal(405, "UNSUPPORTED", "Only digest-based deletion is allowed.");
    }
    let all = shelf.images(repository).await;
    let Some(image) = all.iter().find(|image| image.digest == target) else {
        return refusal(404, "MANIFEST_UNKNOWN", "manifest unknown");
    };
    let is_part = |other: &Stored| other.parts().contains(&image.digest);
    if !image.tags.is_empty() || all.iter().any(is_part) {
        return refusal(403, "DENIED", "The manifest may still be referenced.");
    }
    shelf.delete(repository, target).await;
    Reply::text(202, "application/json", "")
}
