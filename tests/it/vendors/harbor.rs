//! Harbor, as its `swagger.yaml` and its documentation describe it.

use super::contract::{Promises, contract};
use super::shelf::{Shelf, Stand, Stored, Vendor};
use crate::clouds::world::{Asked, Reply};
use crate::lab::Image;
use serde_json::{Value, json};

#[derive(Clone)]
struct Harbor;

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

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(
        status,
        &json!({"errors": [{"code": code, "message": message}]}),
    )
}

impl Vendor for Harbor {
    const KIND: &'static str = "harbor";

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        let path = asked.target.strip_prefix("/api/v2.0/")?;
        if shelf.is_busy() {
            return Some(error(429, "TOO_MANY_REQUESTS", "slow down").with("retry-after", "0"));
        }
        // `ann:secret`
        if shelf.is_expired() || asked.header("authorization") != "Basic YW5uOnNlY3JldA==" {
            return Some(error(401, "UNAUTHORIZED", "unauthorized"));
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.split('/').collect();
        Some(match (asked.method.as_str(), &parts[..]) {
            ("GET", ["repositories"]) => {
                let all = shelf.repositories().into_iter();
                let all: Vec<Value> = all.map(|name| json!({"name": name})).collect();
                page(&all, query)
            }
            ("GET", ["projects", project, "repositories"]) => {
                let all = shelf.repositories().into_iter();
                let own = all.filter(|name| name.starts_with(&format!("{project}/")));
                page(
                    &own.map(|name| json!({"name": name})).collect::<Vec<_>>(),
                    query,
                )
            }
            ("POST", ["projects"]) => {
                let wanted: Value = serde_json::from_slice(&asked.body).unwrap();
                if wanted["project_name"] == "team" {
                    error(409, "CONFLICT", "The project named team already exists")
                } else {
                    Reply::text(201, "application/json", "")
                }
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
        })
    }
}

fn page(all: &[Value], query: &str) -> Reply {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let number = |name: &str, usual: usize| {
        let field = fields.iter().find(|(field, _)| field == name);
        field.map_or(usual, |(_, value)| value.parse().unwrap())
    };
    let (at, size) = (number("page", 1), number("page_size", 10).min(100));
    let shown: Vec<&Value> = all.iter().skip((at - 1) * size).take(size).collect();
    Reply::json(200, &json!(shown)).with("x-total-count", &all.len().to_string())
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
        error(
            404,
            "NOT_FOUND",
            &format!("artifact of {repository} not found"),
        )
    };
    let locked = |tags: &[String]| {
        let locked = tags.iter().find(|tag| shelf.is_locked(repository, tag));
        locked.map(|tag| {
            let why = format!("the tag {tag} configured as immutable, cannot be deleted");
            error(412, "PRECONDITION", &why)
        })
    };
    match (method, rest) {
        ("GET", []) => {
            let parts: Vec<String> = all.iter().flat_map(Stored::parts).collect();
            let own = all.iter().filter(|image| !parts.contains(&image.digest));
            let own: Vec<Value> = own
                .map(|image| artifact(repository, image, shelf))
                .collect();
            page(&own, query)
        }
        ("GET", [name]) => find(name).map_or_else(absent, |image| {
            Reply::json(200, &artifact(repository, image, shelf))
        }),
        ("DELETE", [name]) => match find(name) {
            None => absent(),
            Some(image) => match locked(&image.tags) {
                Some(refused) => refused,
                None => {
                    shelf.delete(repository, &image.digest).await;
                    Reply::text(200, "text/plain", "")
                }
            },
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
        _ => error(405, "UNSUPPORTED", "no such method"),
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
        "tags": if tags.is_empty() { Value::Null } else { json!(tags) },
        "references": if parts.is_empty() { Value::Null } else { json!(parts) },
        "labels": null,
    })
}

#[test]
fn names_are_escaped_twice() {
    let stand = Stand::new(Harbor);
    stand.push("team/a/b:v1", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "reg.lab/team/a/b"]);
    run.any_stdout().code(0);
    let asked = stand.asked();
    assert_eq!(
        asked,
        [
            "GET /api/v2.0/projects/team/repositories/a%252Fb/artifacts?page=1&page_size=100&with_tag=true&with_immutable_status=true"
        ]
    );
}

#[test]
fn the_repositories_of_a_project() {
    let stand = Stand::new(Harbor);
    for name in ["team/a", "team/b/c", "other/a"] {
        stand.push(&format!("{name}:v1"), &Image::small(1), 2, None);
    }
    let run = stand.run(["ls", "reg.lab/team/"]);
    run.stdout("team/a\nteam/b/c\n").code(0);
    let run = stand.run(["ls", "reg.lab"]);
    run.stdout("other/a\nteam/a\nteam/b/c\n").code(0);
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
