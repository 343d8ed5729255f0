//! Azure Container Registry, as its client library, its tools and its documentation describe it.

mod special;

use super::contract::{Promises, contract};
use super::shelf::{Shelf, Stand, Stored, Vendor};
use crate::clouds::world::{Asked, Reply};
use crate::lab::Image;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

#[derive(Clone)]
struct Acr;

const PROMISES: Promises = Promises {
    clock: "pushed",
    untagged: true,
    sizes: true,
    pulled: false,
    keeps: true,
    locks: true,
    page: 1000,
};

contract!(Acr, PROMISES;
    lists, pages, untagged, untags, deletes, guards_parts, respects_locks, waits,
    an_expired_credential);

/// The right that a request takes, as a challenge names it; `None`: a token will do.
fn needed(asked: &Asked) -> Option<String> {
    let path = asked.target.split('?').next().unwrap();
    if path == "/acr/v1/_catalog" || path == "/v2/_catalog" {
        return Some("registry:catalog:*".to_owned());
    }
    let rest = path
        .strip_prefix("/acr/v1/")
        .or(path.strip_prefix("/v2/"))?;
    let ends = [
        "/_tags",
        "/_manifests",
        "/manifests/",
        "/blobs/",
        "/tags/",
        "/referrers/",
    ];
    let end = ends.iter().filter_map(|end| rest.find(end)).min()?;
    let is_own = path.starts_with("/acr/");
    let actions = match asked.method.as_str() {
        "GET" | "HEAD" if is_own => "metadata_read",
        "GET" | "HEAD" => "pull",
        "DELETE" => "delete",
        _ if is_own => "metadata_write",
        _ => "pull,push",
    };
    Some(format!("repository:{}:{actions}", &rest[..end]))
}

/// A token is a document that nobody signs, and says how long it lasts.
fn token(asked: &Asked) -> Reply {
    // `ann:secret`
    if asked.method != "GET" || asked.header("authorization") != "Basic YW5uOnNlY3JldA==" {
        return error(401, "UNAUTHORIZED", "authentication required");
    }
    let query = asked.target.split_once('?').map_or("", |(_, query)| query);
    let fields = url::form_urlencoded::parse(query.as_bytes());
    let scopes = fields.filter(|(name, _)| name == "scope");
    let scopes: Vec<String> = scopes.map(|(_, scope)| scope.into_owned()).collect();
    let claims = json!({"scope": scopes.join(" "), "iat": 1_780_000_000, "exp": 1_780_004_500});
    let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
    Reply::json(200, &json!({"access_token": token}))
}

fn granted(asked: &Asked) -> Option<String> {
    let token = asked.header("authorization").strip_prefix("Bearer ")?;
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Some(claims["scope"].as_str()?.to_owned())
}

fn allows(granted: &str, needed: &str) -> bool {
    let (resource, actions) = needed.rsplit_once(':').unwrap();
    let has = |action: &str| {
        let mut scopes = granted
            .split(' ')
            .filter_map(|scope| scope.rsplit_once(':'));
        scopes.any(|(own, actions)| own == resource && actions.split(',').any(|a| a == action))
    };
    actions.split(',').all(has)
}

/// What keeps a request out.
fn challenge(asked: &Asked, shelf: &Shelf) -> Option<Reply> {
    let (needed, granted) = (needed(asked), granted(asked));
    let is_lost = shelf.is_expired() && asked.target.starts_with("/acr/");
    let enough = match (&needed, &granted) {
        (_, None) => false,
        (None, _) => true,
        (Some(needed), Some(granted)) => allows(granted, needed) && !is_lost,
    };
    if enough {
        return None;
    }
    let host = asked.header("host");
    let scope = needed.map_or_else(String::new, |needed| format!(",scope=\"{needed}\""));
    let problem = granted.map_or("", |_| ",error=\"insufficient_scope\"");
    let challenge =
        format!("Bearer realm=\"http://{host}/oauth2/token\",service=\"{host}\"{scope}{problem}");
    let words =
        "authentication required, visit https://aka.ms/acr/authorization for more information.";
    let refused = error(401, "UNAUTHORIZED", words);
    Some(refused.with("www-authenticate", &challenge))
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(
        status,
        &json!({"errors": [{"code": code, "message": message}]}),
    )
}

fn locked() -> Reply {
    let why = "The operation is disallowed on this registry, repository or image. View troubleshooting steps at https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation";
    error(405, "REGISTRY_DISALLOWED_OPERATION", why)
}

impl Vendor for Acr {
    const KIND: &'static str = "acr";

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        if path == "/oauth2/token" {
            return Some(token(asked));
        }
        if let Some(refused) = challenge(asked, shelf) {
            return Some(refused);
        }
        if let Some(refused) = upload(asked, path) {
            return Some(refused);
        }
        if let Some(rest) = path.strip_prefix("/v2/") {
            let (repository, target) = rest.split_once("/manifests/")?;
            if asked.method != "DELETE" {
                return None;
            }
            return Some(delete(repository, target, shelf).await);
        }
        let rest = path.strip_prefix("/acr/v1/")?;
        if shelf.is_busy() {
            return Some(error(429, "TOOMANYREQUESTS", "Too many requests"));
        }
        let (repository, rest) = rest.split_once("/_").unwrap();
        let all = shelf.images(repository).await;
        if all.is_empty() {
            return Some(error(404, "NAME_UNKNOWN", "repository name not known"));
        }
        let parts: Vec<&str> = rest.split('/').collect();
        let host = asked.header("host");
        let about = |name: &str, value: Value| {
            Reply::json(
                200,
                &json!({"registry": host, "imageName": repository, name: value}),
            )
        };
        Some(match (asked.method.as_str(), &parts[..]) {
            ("GET", ["manifests"]) => {
                let items = all.iter();
                let items =
                    items.map(|image| (image.digest.clone(), manifest(repository, image, shelf)));
                let (shown, next) = page(path, items.collect(), query);
                linked(about("manifests", shown), next)
            }
            ("GET", ["manifests", digest]) => {
                match all.iter().find(|image| image.digest == *digest) {
                    Some(image) => about("manifest", manifest(repository, image, shelf)),
                    None => error(404, "MANIFEST_UNKNOWN", "manifest is not found"),
                }
            }
            ("GET", ["tags"]) => {
                let (shown, next) = page(path, tags(repository, &all, shelf), query);
                linked(about("tags", shown), next)
            }
            ("DELETE", ["tags", tag]) => {
                if shelf.is_locked(repository, tag) {
                    locked()
                } else if shelf.untag(repository, tag).await {
                    Reply::text(202, "text/plain", "")
                } else {
                    error(404, "TAG_UNKNOWN", "the specified tag does not exist")
                }
            }
            _ => error(405, "UNSUPPORTED", "The operation is unsupported."),
        })
    }
}

/// What is wrong with a part of an upload, or with a whole one: that may have some 20 MB.
fn upload(asked: &Asked, path: &str) -> Option<Reply> {
    const MOST: usize = 20_000_000;
    if !path.contains("/blobs/uploads/") {
        return None;
    }
    let invalid = |why: &str| Some(error(400, "BLOB_UPLOAD_INVALID", why));
    let is_long = asked.header("content-length").parse() == Ok(asked.body.len());
    match (asked.method.as_str(), asked.header("content-range")) {
        ("PUT", _) if asked.body.len() > MOST => {
            let page = "<html><head><title>413 Request Entity Too Large</title></head></html>";
            Some(Reply::text(413, "text/html", page))
        }
        ("PATCH", range) if !range.is_empty() => {
            let ends = range.split_once('-');
            let ends = ends.and_then(|(first, last)| {
                Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()?))
            });
            match ends {
                None => invalid("the Content-Range header format is invalid"),
                Some(_) if !is_long => {
                    let why = "the content length is invalid";
                    Some(error(400, "CONTENT_LENGTH_INVALID", why))
                }
                Some((first, last)) if last + 1 - first != asked.body.len() => {
                    invalid("the Content-Range header does not fit the body")
                }
                Some(_) => None,
            }
        }
        _ => None,
    }
}

/// By digest alone, with the tags and with what is attached.
async fn delete(repository: &str, target: &str, shelf: &Shelf) -> Reply {
    if !target.contains(':') {
        return error(405, "UNSUPPORTED", "The operation is unsupported.");
    }
    let all = shelf.images(repository).await;
    let Some(image) = all.iter().find(|image| image.digest == target) else {
        return error(404, "MANIFEST_UNKNOWN", "manifest is not found");
    };
    let mut names = image.tags.iter().chain([&image.digest]);
    if names.any(|name| shelf.is_locked(repository, name)) {
        return locked();
    }
    shelf.delete(repository, target).await;
    for attached in &all {
        if attached.manifest["subject"]["digest"] == target {
            shelf.delete(repository, &attached.digest).await;
        }
    }
    Reply::text(202, "text/plain", "")
}

/// The items after `last`, `n` of them and never more than 1000, and the `Link` to the next.
fn page(path: &str, items: Vec<(String, Value)>, query: &str) -> (Value, Option<String>) {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let field = |name: &str| fields.iter().find(|(field, _)| field == name);
    let last = field("last").map_or("", |(_, last)| last.as_str());
    let number = field("n").map_or(100, |(_, n)| n.parse().unwrap());
    let mut left = items.into_iter().filter(|(name, _)| name.as_str() > last);
    let shown: Vec<(String, Value)> = left.by_ref().take(number.min(1000)).collect();
    let next = left.next().and(shown.last()).map(|(last, _)| {
        let last: String = url::form_urlencoded::byte_serialize(last.as_bytes()).collect();
        format!("<{path}?last={last}&n={number}&orderby=>; rel=\"next\"")
    });
    let shown = shown.into_iter().map(|(_, item)| item);
    (shown.collect(), next)
}

fn linked(reply: Reply, next: Option<String>) -> Reply {
    match next {
        Some(next) => reply.with("link", &next),
        None => reply,
    }
}

/// Times have seven digits behind the second.
fn time(image: &Stored) -> String {
    let pushed = image.pushed.clone().unwrap_or_default();
    pushed.replace('Z', "1234Z")
}

fn attributes(is_locked: bool) -> Value {
    json!({
        "deleteEnabled": !is_locked,
        "writeEnabled": !is_locked,
        "readEnabled": true,
        "listEnabled": true,
    })
}

fn tags(repository: &str, all: &[Stored], shelf: &Shelf) -> Vec<(String, Value)> {
    let mut items: Vec<(String, Value)> = Vec::new();
    for image in all {
        for tag in &image.tags {
            let item = json!({
                "name": tag,
                "digest": image.digest,
                "createdTime": time(image),
                "lastUpdateTime": time(image),
                "signed": false,
                "changeableAttributes": attributes(shelf.is_locked(repository, tag)),
            });
            items.push((tag.clone(), item));
        }
    }
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    items
}

fn manifest(repository: &str, image: &Stored, shelf: &Shelf) -> Value {
    let mut told = json!({
        "digest": image.digest,
        "imageSize": image.size,
        "createdTime": time(image),
        "lastUpdateTime": time(image),
        "mediaType": image.media_type,
        "changeableAttributes": attributes(shelf.is_locked(repository, &image.digest)),
    });
    if !image.tags.is_empty() {
        told["tags"] = json!(image.tags);
    }
    if image.manifest["config"].is_object() {
        told["configMediaType"] = image.manifest["config"]["mediaType"].clone();
        told["architecture"] = json!("amd64");
        told["os"] = json!("linux");
    }
    if let Some(entries) = image.manifest["manifests"].as_array() {
        let part = |entry: &Value| {
            let platform = &entry["platform"];
            json!({
                "digest": entry["digest"],
                "architecture": platform["architecture"],
                "os": platform["os"],
            })
        };
        told["references"] = entries.iter().map(part).collect();
    }
    told
}
