//! Harbor, as its `swagger.yaml`, its documentation and its sources describe it.

mod special;

use super::contract::{Promises, contract};
use super::shelf::{Shelf, Stand, Stored, Vendor};
use crate::clouds::world::{Asked, Reply};
use crate::lab::Image;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

#[derive(Clone)]
pub(super) struct Harbor;

const PROMISES: Promises = Promises {
    clock: "pushed",
    untagged: true,
    sizes: true,
    pulled: true,
    keeps: true,
    locks: true,
    page: 100,
};

contract!(Harbor, PROMISES;
    lists, pages, untagged, untags, deletes, guards_parts, respects_locks, waits,
    an_expired_credential);

/// A robot of the project `team`; nobody else's shell has to survive its name.
const ROBOT: &str = "robot$team+ci";
/// Who logs in by OIDC, and takes the CLI secret for this.
const BY_OIDC: &str = "olga@example.com";
/// A project that is a cache of another registry.
const CACHE: &str = "cache";

fn error(status: u16, code: &str, message: &str) -> Reply {
    let document = json!({"errors": [{"code": code, "message": message}]});
    Reply::json(status, &document)
}

/// Who asks. What is sent along has to be a user name and a password, in Basic.
fn user(asked: &Asked) -> Option<String> {
    let pair = asked.header("authorization").strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
    let (user, password) = pair.split_once(':')?;
    let is_known = ["ann", ROBOT, BY_OIDC].contains(&user) && password == "secret";
    is_known.then(|| user.to_owned())
}

impl Vendor for Harbor {
    const KIND: &'static str = "harbor";

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        let Some(path) = asked.target.strip_prefix("/api/v2.0/") else {
            return distribution(asked);
        };
        if shelf.is_busy() {
            return Some(error(429, "TOO_MANY_REQUESTS", "slow down").with("retry-after", "0"));
        }
        let user = user(asked).filter(|_| !shelf.is_expired());
        let Some(user) = user else {
            return Some(error(401, "UNAUTHORIZED", "unauthorized"));
        };
        // A session makes a browser of whoever asks, and browsers have to prove more than that.
        if asked.method != "GET" && !asked.header("cookie").is_empty() {
            return Some(error(403, "FORBIDDEN", "CSRF token not found in request"));
        }
        let reply = api(&user, asked, path, shelf).await;
        Some(reply.with("set-cookie", "sid=1; Path=/; HttpOnly"))
    }
}

/// Where the distribution API has rules of Harbor's.
fn distribution(asked: &Asked) -> Option<Reply> {
    let path = asked.target.strip_prefix("/v2/")?;
    let writes = ["POST", "PUT", "PATCH"].contains(&asked.method.as_str());
    if writes && path.starts_with("cache/") {
        let why = format!("can not push artifact to a proxy project: {path}");
        return Some(error(405, "METHOD_NOT_ALLOWED", &why));
    }
    let is_tag = !path.contains("/manifests/sha256:");
    let is_removal = asked.method == "DELETE" && is_tag;
    is_removal.then(|| error(400, "DIGEST_INVALID", "digest invalid"))
}

async fn api(user: &str, asked: &Asked, path: &str, shelf: &Shelf) -> Reply {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = path.split('/').collect();
    let named = |names: Vec<String>| {
        let all: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        let count = all.len();
        page(all, count, query)
    };
    let names = shelf.repositories().into_iter();
    match (asked.method.as_str(), &parts[..]) {
        ("GET", ["repositories"]) => named(names.collect()),
        ("GET", ["projects", project, "repositories"]) => {
            let prefix = format!("{project}/");
            named(names.filter(|name| name.starts_with(&prefix)).collect())
        }
        ("GET", ["search"]) => {
            let term = field(query, "q").unwrap();
            let hits = names.filter(|name| name.contains(&term));
            let hits: Vec<Value> = hits.map(|name| json!({"repository_name": name})).collect();
            Reply::json(200, &json!({"project": [], "repository": hits}))
        }
        ("POST", ["projects"]) if user == ROBOT => {
            error(403, "FORBIDDEN", "forbidden: create project")
        }
        ("POST", ["projects"]) => {
            let wanted: Value = serde_json::from_slice(&asked.body).unwrap();
            let name = wanted["project_name"].as_str().unwrap();
            assert!(wanted["metadata"]["public"].is_string(), "{wanted}");
            if name == "team" {
                let why = format!("The project named {name} already exists");
                error(409, "CONFLICT", &why)
            } else {
                Reply::text(201, "application/json", "")
            }
        }
        ("POST", ["projects", project, "immutabletagrules"]) => {
            // Without this header a name of digits is taken for a number.
            let is_name = asked.header("x-is-resource-name") == "true";
            if project.parse::<u64>().is_ok() && !is_name {
                return error(404, "NOT_FOUND", "project not found");
            }
            Reply::text(201, "application/json", "")
        }
        (
            method,
            [
                "projects",
                project,
                "repositories",
                name,
                "artifacts",
                rest @ ..,
            ],
        ) => {
            let name = name.replace("%252F", "/");
            let repository = format!("{project}/{name}");
            artifacts(method, &repository, rest, query, shelf).await
        }
        _ => error(404, "NOT_FOUND", "no such path"),
    }
}

fn field(query: &str, name: &str) -> Option<String> {
    let mut fields = url::form_urlencoded::parse(query.as_bytes());
    let found = fields.find(|(field, _)| field == name);
    found.map(|(_, value)| value.into_owned())
}

/// A page of `rows`, of which those that are null are left out after the page was made, and
/// not counted.
fn page(rows: Vec<Value>, count: usize, query: &str) -> Reply {
    let number =
        |name: &str, usual: usize| field(query, name).map_or(usual, |value| value.parse().unwrap());
    let (at, size) = (number("page", 1), number("page_size", 10));
    if size > 100 {
        let why = "page_size in query should be less than or equal to 100";
        return error(422, "UNPROCESSABLE_ENTITY", why);
    }
    let shown = rows.into_iter().skip((at - 1) * size).take(size);
    let shown: Vec<Value> = shown.filter(|row| !row.is_null()).collect();
    Reply::json(200, &json!(shown)).with("x-total-count", &count.to_string())
}

/// What an image is attached to.
fn subject(image: &Stored) -> Option<&str> {
    image.manifest["subject"]["digest"].as_str()
}

async fn artifacts(
    method: &str,
    repository: &str,
    rest: &[&str],
    query: &str,
    shelf: &Shelf,
) -> Reply {
    let all = shelf.images(repository).await;
    let find = |name: &str| {
        let mut all = all.iter();
        all.find(|image| image.digest == name || image.tags.iter().any(|tag| tag == name))
    };
    let absent = || {
        let why = format!("artifact of {repository} not found");
        error(404, "NOT_FOUND", &why)
    };
    let locked = |tags: &[String]| {
        let locked = tags.iter().find(|tag| shelf.is_locked(repository, tag));
        locked.map(|tag| {
            let why = format!("the tag {tag} configured as immutable, cannot be deleted");
            error(412, "PRECONDITION", &why)
        })
    };
    let is_part = |image: &Stored| all.iter().any(|one| one.parts().contains(&image.digest));
    match (method, rest) {
        ("GET", []) => {
            let roots = all.iter();
            let mut roots: Vec<_> = roots
                .filter(|image| !image.tags.is_empty() || !is_part(image))
                .collect();
            roots.sort_by(|a, b| b.pushed.cmp(&a.pushed));
            let rows = roots.iter().map(|image| match subject(image) {
                Some(_) => Value::Null,
                None => artifact(repository, image, shelf),
            });
            let rows: Vec<Value> = rows.collect();
            let count = rows.iter().filter(|row| !row.is_null()).count();
            page(rows, count, query)
        }
        ("GET", [name]) => find(name).map_or_else(absent, |image| {
            Reply::json(200, &artifact(repository, image, shelf))
        }),
        ("DELETE", [name]) => match find(name) {
            None => absent(),
            Some(image) if is_part(image) => error(
                412,
                "VIOLATE_FOREIGN_KEY_CONSTRAINT",
                "the deleting artifact is referenced by others",
            ),
            Some(image) => {
                if let Some(refused) = locked(&image.tags) {
                    return refused;
                }
                remove(repository, image, &all, shelf).await;
                Reply::text(200, "text/plain", "")
            }
        },
        ("DELETE", [name, "tags", tag]) => match find(name) {
            Some(image) if image.tags.iter().any(|own| own == tag) => {
                if let Some(refused) = locked(&[(*tag).to_owned()]) {
                    return refused;
                }
                shelf.untag(repository, tag).await;
                Reply::text(200, "text/plain", "")
            }
            _ => absent(),
        },
        _ => error(405, "METHOD_NOT_ALLOWED", "no such method"),
    }
}

/// An image goes with what is attached to it, and with its parts that nothing else needs.
async fn remove(repository: &str, image: &Stored, all: &[Stored], shelf: &Shelf) {
    let parts = image.parts();
    let goes = |one: &&Stored| {
        let is_own = parts.contains(&one.digest) && one.tags.is_empty();
        let mut others = all.iter().filter(|other| other.digest != image.digest);
        let is_needed = others.any(|other| other.parts().contains(&one.digest));
        (is_own && !is_needed) || subject(one) == Some(&image.digest)
    };
    shelf.delete(repository, &image.digest).await;
    for one in all.iter().filter(goes) {
        shelf.delete(repository, &one.digest).await;
    }
}

fn artifact(repository: &str, image: &Stored, shelf: &Shelf) -> Value {
    let never = "0001-01-01T00:00:00.000Z";
    let tags: Vec<Value> = image
        .tags
        .iter()
        .map(|tag| {
            let immutable = shelf.is_locked(repository, tag);
            json!({"name": tag, "push_time": image.pushed, "pull_time": never, "immutable": immutable})
        })
        .collect();
    let parts = image.parts();
    let parts: Vec<Value> = parts
        .iter()
        .map(|part| json!({"child_digest": part}))
        .collect();
    json!({
        "type": "IMAGE",
        "manifest_media_type": image.media_type,
        "artifact_type": "application/vnd.oci.image.config.v1+json",
        "repository_name": repository,
        "digest": image.digest,
        "size": image.size,
        "push_time": image.pushed,
        "pull_time": image.pulled.as_deref().unwrap_or(never),
        "extra_attrs": {},
        "references": if parts.is_empty() { Value::Null } else { json!(parts) },
        "tags": if tags.is_empty() { Value::Null } else { json!(tags) },
    })
}

#[test]
fn a_project_is_made_for_a_copy_that_wants_it() {
    let stand = Stand::new(Harbor);
    let image = Image::small(1);
    stand.push("team/app:v1", &image, 2, None);
    let copy = |to: &str, flags: &[&str]| {
        let args = [&["copy", "reg.lab/team/app:v1", to], flags].concat();
        let ran = stand.run(args).any_stdout().any_stderr().code(0);
        (
            ran.stderr.contains("is made"),
            stand
                .asked()
                .contains(&"POST /api/v2.0/projects".to_owned()),
        )
    };
    assert_eq!(copy("reg.lab/new/app", &[]), (false, false));
    assert_eq!(
        copy("reg.lab/new/app:v2", &["--create", "--dry-run"]),
        (false, false)
    );
    assert_eq!(copy("reg.lab/new/app:v2", &["--create"]), (true, true));
    // It is there already.
    assert_eq!(copy("reg.lab/team/app:v2", &["--create"]), (false, true));
    let absent = [
        "copy",
        "--create",
        "reg.lab/team/none:v1",
        "reg.lab/other/app",
    ];
    let before = stand.asked().len();
    stand.run(absent).any_stderr().code(3);
    assert_eq!(stand.asked().len(), before);
}
