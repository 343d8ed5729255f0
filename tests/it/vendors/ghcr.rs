//! GitHub's container registry, as its REST API's description describes that, and issue threads
//! what it refuses.

use super::contract::{Promises, contract};
use super::shelf::{Shelf, Stand, Stored, Vendor};
use crate::clouds::world::{Asked, Reply, World};
use crate::lab::Image;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// GitHub, where `team` is an organisation and everybody else a user.
#[derive(Clone, Default)]
struct Ghcr {
    /// The last version of a package that has tags cannot be removed.
    keeps_the_last: bool,
    /// So many lists do not know yet what was pushed last.
    late: Arc<AtomicUsize>,
}

const PROMISES: Promises = Promises {
    clock: "pushed",
    untagged: true,
    sizes: false,
    pulled: false,
    keeps: true,
    locks: false,
    page: 100,
};

contract!(Ghcr::default(), PROMISES;
    lists, pages, untagged, untags, deletes, guards_parts, respects_locks, waits,
    an_expired_credential);

fn error(status: u16, message: &str) -> Reply {
    Reply::json(
        status,
        &json!({"message": message, "documentation_url": "https://docs.github.com/rest",
            "status": status.to_string()}),
    )
}

/// Its number at GitHub.
fn number(digest: &str) -> u64 {
    u64::from_str_radix(&digest[7..19], 16).unwrap()
}

impl Vendor for Ghcr {
    const KIND: &'static str = "ghcr";
    const SETTINGS: &'static str = "    api: API/api/v3\n";

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        let target = asked.target.as_str();
        if asked.method == "DELETE" && target.contains("/manifests/") {
            let refused = json!({"errors": [{"code": "UNSUPPORTED",
                "message": "The operation is unsupported."}]});
            return Some(Reply::json(405, &refused));
        }
        let path = target.strip_prefix("/api/v3").unwrap_or(target);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        if !["users", "orgs", "user"].contains(&parts[0]) {
            return None;
        }
        assert_eq!(asked.header("accept"), "application/vnd.github+json");
        assert_eq!(asked.header("x-github-api-version"), "2022-11-28");
        if shelf.is_busy() {
            let reply = error(403, "API rate limit exceeded for user ID 1.");
            let reply = reply.with("x-ratelimit-limit", "5000");
            let reply = reply.with("x-ratelimit-remaining", "0");
            return Some(reply.with("x-ratelimit-reset", "1700000000"));
        }
        if shelf.is_expired() || asked.header("authorization") != "Bearer secret" {
            return Some(error(401, "Bad credentials"));
        }
        Some(self.own(&asked.method, &parts, query, shelf).await)
    }
}

impl Ghcr {
    async fn own(&self, method: &str, parts: &[&str], query: &str, shelf: &Shelf) -> Reply {
        let kind = |owner: &str| if owner == "team" { "orgs" } else { "users" };
        match (method, parts) {
            ("GET", ["users", owner]) => {
                let is_organisation = *owner == "team";
                let kind = if is_organisation {
                    "Organization"
                } else {
                    "User"
                };
                Reply::json(200, &json!({"login": owner, "id": 1, "type": kind}))
            }
            ("GET", ["user", "packages"]) => packages("ann", shelf, query),
            ("GET", [place, owner, "packages"]) if *place == kind(owner) => {
                packages(owner, shelf, query)
            }
            (
                method,
                [
                    place,
                    owner,
                    "packages",
                    "container",
                    name,
                    "versions",
                    rest @ ..,
                ],
            ) if *place == kind(owner) => {
                let repository = format!("{owner}/{}", name.replace("%2F", "/"));
                self.versions(method, &repository, rest, query, shelf).await
            }
            _ => error(404, "Not Found"),
        }
    }

    async fn versions(
        &self,
        method: &str,
        repository: &str,
        rest: &[&str],
        query: &str,
        shelf: &Shelf,
    ) -> Reply {
        let all = shelf.images(repository).await;
        if all.is_empty() {
            return error(404, "Package not found.");
        }
        match (method, rest) {
            ("GET", []) => {
                // What was not pushed by the test was pushed just now.
                let is_late = self.late.load(Ordering::SeqCst) > 0;
                let is_new = |image: &&Stored| is_late && image.pushed.is_none();
                if all.iter().any(|image| is_new(&image)) {
                    self.late.fetch_sub(1, Ordering::SeqCst);
                }
                let shown = all.iter().filter(|image| !is_new(image));
                page(&shown.map(version).collect::<Vec<_>>(), query)
            }
            ("DELETE", [id]) => {
                let found = all
                    .iter()
                    .find(|image| number(&image.digest).to_string() == *id);
                let Some(image) = found else {
                    return error(404, "Package version not found.");
                };
                if image.is_locked {
                    let why = "Publicly visible package versions with more than 5,000 downloads cannot be deleted. Contact GitHub support for further assistance.";
                    return error(400, why);
                }
                let tagged = all.iter().filter(|image| !image.tags.is_empty()).count();
                if self.keeps_the_last && tagged == 1 && !image.tags.is_empty() {
                    let why = "You cannot delete the last tagged version of a package. You must delete the package instead.";
                    return error(400, why);
                }
                shelf.delete(repository, &image.digest).await;
                Reply::text(204, "application/json", "")
            }
            _ => error(404, "Not Found"),
        }
    }
}

fn version(image: &Stored) -> Value {
    let now = "2026-01-20T00:00:00Z".to_owned();
    let pushed = image.pushed.clone().unwrap_or(now);
    json!({"id": number(&image.digest), "name": image.digest,
        "url": "https://api.github.com/x", "package_html_url": "https://github.com/x",
        "created_at": pushed, "updated_at": pushed, "html_url": "https://github.com/x",
        "metadata": {"package_type": "container", "container": {"tags": image.tags}}})
}

fn packages(owner: &str, shelf: &Shelf, query: &str) -> Reply {
    assert!(query.contains("package_type=container"), "{query}");
    let all = shelf.repositories().into_iter();
    let all = all.filter_map(|name| {
        let (own, name) = name.split_once('/')?;
        (own == owner).then(|| {
            json!({"id": 1, "name": name, "package_type": "container",
            "owner": {"login": own}, "visibility": "private"})
        })
    });
    page(&all.collect::<Vec<_>>(), query)
}

fn page(all: &[Value], query: &str) -> Reply {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let number = |name: &str, usual: usize| {
        let field = fields.iter().find(|(field, _)| field == name);
        field.map_or(usual, |(_, value)| value.parse().unwrap())
    };
    let (at, size) = (number("page", 1), number("per_page", 30).min(100));
    let shown: Vec<&Value> = all.iter().skip((at - 1) * size).take(size).collect();
    let reply = Reply::json(200, &json!(shown));
    if at * size >= all.len() {
        return reply;
    }
    let others: Vec<String> = fields
        .iter()
        .filter(|(name, _)| name != "page")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let next = format!("{}&page={}", others.join("&"), at + 1);
    reply.with(
        "link",
        &format!("<https://api.github.com/organizations/1/x?{next}>; rel=\"next\""),
    )
}

/// Requests to the registry, as method and what they were about, without uploads.
fn registry(stand: &Stand<Ghcr>) -> Vec<String> {
    let asked = stand.service.asked().into_iter();
    let own = asked.filter(|asked| asked.target.contains("/manifests/"));
    own.map(|asked| {
        let target = asked.target.rsplit('/').next().unwrap_or_default();
        format!("{} {target}", asked.method)
    })
    .collect()
}

#[test]
fn versions_of_an_organisation_s_package_are_listed() {
    let stand = Stand::new(Ghcr::default());
    stand.push("team/a/b:v1", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "reg.lab/team/a/b"]);
    run.any_stdout().code(0);
    assert_eq!(
        stand.asked(),
        [
            "GET /api/v3/users/team",
            "GET /api/v3/orgs/team/packages/container/a%2Fb/versions?per_page=100&page=1",
        ]
    );
    assert_eq!(registry(&stand), Vec::<String>::new());
}

#[test]
fn a_tag_goes_with_an_image_that_was_made_for_it() {
    let stand = Stand::new(Ghcr::default());
    let image = Image::small(1);
    stand.push("ann/app:v1", &image, 2, None);
    stand.push("ann/app:v2", &image, 2, None);
    let run = stand.run(["rm", "reg.lab/ann/app:v1"]);
    run.any_stdout().code(0);
    let list = "GET /api/v3/users/ann/packages/container/app/versions?per_page=100&page=1";
    let asked = stand.asked();
    assert_eq!(asked[..3], ["GET /api/v3/users/ann", list, list]);
    assert_eq!(asked.len(), 4);
    let removal = "DELETE /api/v3/users/ann/packages/container/app/versions/";
    assert!(asked[3].starts_with(removal), "{asked:?}");
    assert!(!asked[3].ends_with(&number(image.digest()).to_string()));
    assert_eq!(registry(&stand), ["HEAD v1", "GET v1", "PUT v1"]);
    assert_eq!(
        stand.tags("ann/app"),
        [("v2".to_owned(), image.digest().to_owned())]
    );
    assert!(stand.has("ann/app", &image));
}

/// GitHub lists what was pushed a moment later.
#[test]
fn what_is_listed_late_is_waited_for() {
    let late = Ghcr {
        late: Arc::new(AtomicUsize::new(2)),
        ..Ghcr::default()
    };
    let stand = Stand::new(late);
    let image = Image::small(1);
    stand.push("team/app:v1", &image, 2, None);
    let run = stand.run(["rm", "reg.lab/team/app:v1"]);
    run.any_stdout().code(0);
    assert_eq!(stand.tags("team/app"), []);
    assert!(stand.has("team/app", &image));
}

#[test]
fn a_tag_that_github_keeps_points_to_what_it_did() {
    let keeps = Ghcr {
        keeps_the_last: true,
        ..Ghcr::default()
    };
    let stand = Stand::new(keeps);
    let image = Image::small(1);
    stand.push("team/app:v1", &image, 2, None);
    stand
        .run(["rm", "reg.lab/team/app:v1"])
        .stderr_has("cannot delete the last tagged version")
        .code(5);
    assert_eq!(
        stand.tags("team/app"),
        [("v1".to_owned(), image.digest().to_owned())]
    );
}

#[test]
fn what_many_have_downloaded_stays() {
    let stand = Stand::new(Ghcr::default());
    let (image, other) = (Image::small(1), Image::small(2));
    stand.push("team/app", &image, 2, None);
    stand.push("team/app:v2", &other, 2, None);
    stand.lock("team/app", image.digest());
    stand
        .run(["rm", &format!("reg.lab/team/app@{}", image.digest())])
        .stderr_has("more than 5,000 downloads")
        .code(5);
    assert!(stand.has("team/app", &image));
}

/// What is attached to an image has no tag, and looks as if nothing needed it.
#[test]
fn an_attachment_is_not_removed_while_it_is_listed() {
    let stand = Stand::new(Ghcr::default());
    let image = Image::small(1);
    let signature = Image::referrer(2, "application/vnd.example.signature", &image);
    let list = Image::index(&[("linux/amd64", &signature)]);
    let fallback = image.digest().replace(':', "-");
    stand.push("team/app:v1", &image, 2, None);
    stand.push(&format!("team/app:{fallback}"), &list, 2, None);
    stand
        .run(["rm", &format!("reg.lab/team/app@{}", signature.digest())])
        .stderr_has(&fallback)
        .code(5);
    assert!(stand.has("team/app", &signature));
    let asked = stand.asked();
    assert!(
        !asked.iter().any(|asked| asked.starts_with("DELETE")),
        "{asked:?}"
    );
}

/// The last version that nothing needs is removed by its number, which the list has said.
#[test]
fn an_image_without_a_tag_is_removed_by_its_number() {
    let stand = Stand::new(Ghcr::default());
    let (image, other) = (Image::small(1), Image::small(2));
    stand.push("team/app", &image, 2, None);
    stand.push("team/app:v2", &other, 2, None);
    let place = format!("reg.lab/team/app@{}", image.digest());
    stand
        .run(["rm", &place])
        .stdout(format!("{place}\n"))
        .code(0);
    assert!(!stand.has("team/app", &image));
    let removed: Vec<String> = stand
        .asked()
        .into_iter()
        .filter(|a| a.starts_with("DELETE"))
        .collect();
    let path = "/api/v3/orgs/team/packages/container/app/versions";
    assert_eq!(
        removed,
        [format!("DELETE {path}/{}", number(image.digest()))]
    );
}

#[test]
fn the_repositories_of_an_owner() {
    let stand = Stand::new(Ghcr::default());
    for name in ["team/a", "team/b/c", "ann/own"] {
        stand.push(&format!("{name}:v1"), &Image::small(1), 2, None);
    }
    let run = stand.run(["ls", "reg.lab/team/"]);
    run.stdout("team/a\nteam/b/c\n").code(0);
    let run = stand.run(["ls", "reg.lab"]);
    run.stdout("ann/own\n").code(0);
}

/// By their own names, the registry and its API need no settings.
#[test]
fn the_api_is_where_everybody_knows_it() {
    let stand = Stand::new(Ghcr::default());
    let image = Image::small(1);
    stand.push("team/app:v1", &image, 2, None);
    let Stand { lab, service, .. } = stand;
    lab.home.docker_config(&json!({
        "auths": {"ghcr.io": {"username": "ann", "password": "secret"}}
    }));
    let world = World::new(lab)
        .service("ghcr.io", &service)
        .service("api.github.com", &service);
    let proxy = world.proxy();
    let run = world.run(&proxy, ["ls", "-l", "--json", "ghcr.io/team/app"]);
    let ran = run.any_stdout().code(0);
    assert_eq!(ran.json()[0]["pushed"], "2026-01-02T00:00:00.678Z");
    let asked = service.asked();
    assert_eq!(asked[0].target, "/users/team");
}
