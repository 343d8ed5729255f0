//! Artifactory, as `JFrog`'s pages on its query language and on items describe it: files in folders,
//! one with a copy of the manifest and the layers for each tag, and one for each image that was put
//! there by digest.

use super::contract::{Promises, contract};
use super::shelf::{Shelf, Stand, Stored, Vendor};
use crate::clouds::world::{Asked, Reply};
use crate::lab::Image;
use serde_json::{Value, json};

/// What its address says of the repository key.
#[derive(Clone, Copy, Default)]
struct Artifactory {
    /// `/v2/` names this key in its challenge; `None`: nothing.
    realm: Option<&'static str>,
    /// Images are below this key, and their names begin with it. `None`: the host is the
    /// repository `docker`.
    by_path: bool,
}

const BY_PATH: Artifactory = Artifactory {
    realm: Some("null"),
    by_path: true,
};

const BY_PORT: Artifactory = Artifactory {
    realm: Some("docker"),
    by_path: false,
};

const PROMISES: Promises = Promises {
    clock: "pushed",
    untagged: true,
    sizes: true,
    pulled: true,
    keeps: false,
    locks: false,
    page: 1000,
};

contract!(BY_PATH, PROMISES;
    lists, pages, untagged, untags, deletes, guards_parts, waits, an_expired_credential);

fn error(status: u16, message: &str) -> Reply {
    Reply::json(
        status,
        &json!({"errors": [{"status": status, "message": message}]}),
    )
}

impl Vendor for Artifactory {
    const KIND: &'static str = "artifactory";

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        if asked.target == "/v2/" {
            let host = asked.header("host");
            let key = self.realm?;
            let challenge = format!(
                r#"Bearer realm="http://{host}/artifactory/api/docker/{key}/v2/token",service="{host}""#
            );
            return Some(
                error(401, "Authentication is required").with("www-authenticate", &challenge),
            );
        }
        let path = asked.target.strip_prefix("/artifactory/")?;
        if shelf.is_busy() {
            return Some(error(429, "Too Many Requests").with("retry-after", "0"));
        }
        // `ann:secret`
        if shelf.is_expired() || asked.header("authorization") != "Basic YW5uOnNlY3JldA==" {
            return Some(error(401, "Bad credentials"));
        }
        Some(match (asked.method.as_str(), path) {
            ("POST", "api/search/aql") => {
                if asked.header("content-type") != "text/plain" {
                    return Some(error(415, "Unsupported Media Type"));
                }
                let query = std::str::from_utf8(&asked.body).unwrap();
                self.search(query, shelf).await
            }
            ("DELETE", path) => self.delete(path, shelf).await,
            _ => error(404, "File not found."),
        })
    }
}

/// What stands between `name(` and the `)` that ends it.
fn argument<'a>(query: &'a str, name: &str) -> &'a str {
    let (_, rest) = query.split_once(&format!("{name}(")).unwrap();
    let mut depth = 0;
    let end = rest.char_indices().find(|(_, c)| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth < 0
    });
    &rest[..end.unwrap().0]
}

fn matches(item: &Value, wanted: &Value) -> bool {
    wanted.as_object().unwrap().iter().all(|(field, wanted)| {
        let several = || wanted.as_array().unwrap().iter();
        match field.as_str() {
            "$and" => several().all(|one| matches(item, one)),
            "$or" => several().any(|one| matches(item, one)),
            field => match wanted {
                Value::String(text) => item[field] == *text,
                wanted => {
                    let pattern = wanted["$match"].as_str().unwrap();
                    let before = pattern.strip_suffix('*').unwrap();
                    assert!(!before.contains(['*', '?']));
                    item[field].as_str().unwrap().starts_with(before)
                }
            },
        }
    })
}

impl Artifactory {
    /// The repository key and the image that a repository of the lab is.
    fn place<'a>(&self, repository: &'a str) -> (&'a str, &'a str) {
        if self.by_path {
            repository.split_once('/').unwrap()
        } else {
            ("docker", repository)
        }
    }

    async fn search(&self, query: &str, shelf: &Shelf) -> Reply {
        let wanted: Value = serde_json::from_str(argument(query, "items.find")).unwrap();
        let fields = argument(query, "include");
        if !["\"repo\"", "\"path\"", "\"name\""]
            .iter()
            .all(|field| fields.contains(field))
        {
            return error(
                400,
                "For permissions reasons AQL demands the following fields: repo, path and name",
            );
        }
        let offset: usize = argument(query, "offset").parse().unwrap();
        let limit: usize = argument(query, "limit").parse().unwrap();
        let mut items = Vec::new();
        for repository in shelf.repositories() {
            let (key, image) = self.place(&repository);
            for stored in shelf.images(&repository).await {
                items.extend(files(key, image, &stored));
            }
        }
        items.retain(|item| matches(item, &wanted));
        let key = |item: &Value| (item["path"].to_string(), item["name"].to_string());
        items.sort_by_key(key);
        let total = items.len();
        let shown: Vec<Value> = items
            .into_iter()
            .skip(offset)
            .take(limit.min(1000))
            .collect();
        let range = json!({"start_pos": offset, "end_pos": offset + shown.len(), "total": total, "limit": limit});
        Reply::json(200, &json!({"results": shown, "range": range}))
    }

    async fn delete(&self, path: &str, shelf: &Shelf) -> Reply {
        let gone = || Reply::text(204, "text/plain", "");
        for repository in shelf.repositories() {
            let (key, image) = self.place(&repository);
            let Some(folder) = path.strip_prefix(&format!("{key}/{image}/")) else {
                continue;
            };
            if let Some(hex) = folder.strip_prefix("sha256__") {
                shelf.delete(&repository, &format!("sha256:{hex}")).await;
                return gone();
            }
            let all = shelf.images(&repository).await;
            let holds = |image: &&Stored| image.tags.iter().any(|tag| tag == folder);
            let Some(image) = all.iter().find(holds) else {
                continue;
            };
            if image.tags.len() == 1 {
                shelf.delete(&repository, &image.digest).await;
            } else {
                shelf.untag(&repository, folder).await;
            }
            return gone();
        }
        error(404, "Could not locate artifact")
    }
}

/// The files that an image consists of.
fn files(key: &str, image: &str, stored: &Stored) -> Vec<Value> {
    let by_digest = stored.digest.replace(':', "__");
    let folders = if stored.tags.is_empty() {
        vec![by_digest]
    } else {
        stored.tags.clone()
    };
    let mut files = Vec::new();
    for folder in folders {
        let file = |name: String, size: u64, digest: &str| {
            json!({
                "repo": key, "path": format!("{image}/{folder}"), "name": name, "size": size,
                "created": "2025-01-02T03:04:05.678Z",
                "modified": stored.pushed, "updated": stored.pushed,
                "sha256": digest.strip_prefix("sha256:").unwrap(),
                "stats": [{"downloaded": stored.pulled}],
            })
        };
        let is_index = stored.manifest["manifests"].is_array();
        let name = if is_index {
            "list.manifest.json"
        } else {
            "manifest.json"
        };
        files.push(file(name.to_owned(), 500, &stored.digest));
        let layers = stored.manifest["layers"].as_array();
        let blobs = layers
            .into_iter()
            .flatten()
            .chain(stored.manifest.get("config"));
        for blob in blobs {
            let digest = blob["digest"].as_str().unwrap();
            let name = digest.replace(':', "__");
            files.push(file(name, blob["size"].as_u64().unwrap(), digest));
        }
    }
    files
}

/// The address, one question that nothing else could be meant, and one for each thousand files.
#[test]
fn few_requests_are_made() {
    let stand = Stand::new(BY_PATH);
    for number in 0..5 {
        stand.push(&format!("team/app:v{number}"), &Image::small(1), 2, None);
    }
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/app"]);
    run.any_stdout().code(0);
    assert_eq!(stand.asked(), ["POST /artifactory/api/search/aql"; 2]);
}

/// Of an image, and not of one below it.
#[test]
fn an_image_below_another_is_not_its_own() {
    let stand = Stand::new(BY_PATH);
    stand.push("team/app:v1", &Image::small(1), 2, None);
    stand.push("team/app/sub:v2", &Image::small(2), 2, None);
    stand.run(["ls", "reg.lab/team/app"]).stdout("v1\n").code(0);
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/app"]);
    let rows = run.any_stdout().code(0).json();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
}

/// The challenge names the key where the host is a repository.
#[test]
fn a_host_that_is_a_repository() {
    let stand = Stand::new(BY_PORT);
    stand.push("team/app:v1", &Image::small(1), 2, None);
    stand.push("app:v1", &Image::small(1), 3, None);
    for (name, day) in [("team/app", "02"), ("app", "03")] {
        let run = stand.run(["ls", "-l", "--json", &format!("reg.lab/{name}")]);
        let rows = run.any_stdout().code(0).json();
        let time = rows[0]["time"].as_str().unwrap();
        assert!(time.starts_with(&format!("2026-01-{day}T")), "{rows}");
    }
    let posts = stand.asked();
    assert_eq!(posts, ["POST /artifactory/api/search/aql"; 2]);
}

/// Nothing is read, and nothing removed, by a key that is only a guess where another one has the
/// whole name.
#[test]
fn a_key_that_nobody_names_is_not_guessed() {
    let stand = Stand::new(Artifactory::default());
    let image = Image::small(1);
    stand.push("team/app:v1", &image, 2, None);
    stand.push("team/app:v2", &image, 2, None);
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/app", "--filter", "v1"]);
    let ran = run.any_stdout().stderr_has("REPOSITORYKEY").code(0);
    assert_eq!(ran.json()[0]["digest"], image.digest());
    stand
        .run(["rm", "reg.lab/team/app:v1"])
        .any_stderr()
        .code(1);
    assert_eq!(stand.tags("team/app").len(), 2);
}

/// What an index consists of is called by its digest, and not by a tag; what a tag points to is
/// not without one.
#[test]
fn parts_of_an_index_have_no_tag() {
    let stand = Stand::new(BY_PATH);
    let (one, two) = (Image::small(1), Image::small(2));
    let index = Image::index(&[("linux/amd64", &one), ("linux/arm64", &two)]);
    stand.push("team/app:v1", &index, 2, None);
    stand.push("team/app:one", &one, 2, None);
    let run = stand.run(["ls", "--untagged", "reg.lab/team/app"]);
    run.stdout(format!("{}\n", two.digest())).code(0);
}
