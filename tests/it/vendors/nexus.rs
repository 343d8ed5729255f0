//! Nexus, as Sonatype's pages on its search and its components, and answers of its users, show it.

use super::contract::{Promises, contract};
use super::shelf::{Shelf, Stand, Vendor};
use crate::clouds::world::{Asked, Reply};
use crate::lab::Image;
use serde_json::{Value, json};

/// How its repositories are reached.
#[derive(Clone, Copy)]
enum Nexus {
    /// Names begin with the repository's.
    ByPath,
    /// The host is the repository `docker-hosted`, which another one has copies of.
    ByPort { copies: bool },
    /// The same, and the search still finds what was there before.
    Lagging,
}

const BY_PATH: Nexus = Nexus::ByPath;
const BY_PORT: Nexus = Nexus::ByPort { copies: false };

const PROMISES: Promises = Promises {
    clock: "pushed",
    untagged: true,
    sizes: false,
    pulled: true,
    keeps: false,
    locks: false,
    page: 50,
};

contract!(BY_PATH, PROMISES;
    lists, pages, untagged, untags, deletes, guards_parts, waits, an_expired_credential);

const OLD: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

impl Vendor for Nexus {
    const KIND: &'static str = "nexus";

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        let path = asked.target.strip_prefix("/service/rest/v1/")?;
        if shelf.is_busy() {
            return Some(Reply::text(429, "text/plain", "").with("retry-after", "0"));
        }
        // `ann:secret`
        if shelf.is_expired() || asked.header("authorization") != "Basic YW5uOnNlY3JldA==" {
            return Some(Reply::text(401, "text/html", "").with(
                "www-authenticate",
                r#"BASIC realm="Sonatype Nexus Repository Manager""#,
            ));
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.split('/').collect();
        Some(match (asked.method.as_str(), &parts[..]) {
            ("GET", ["search"]) => self.search(query, shelf).await,
            ("DELETE", ["components", id]) => self.delete(id, shelf).await,
            _ => Reply::text(404, "text/plain", ""),
        })
    }
}

impl Nexus {
    /// The repositories and the image that a repository of the lab is.
    fn places(self, repository: &str) -> Vec<(String, String)> {
        let place = |repository: &str, image: &str| (repository.to_owned(), image.to_owned());
        match self {
            Self::ByPath => {
                let (repository, image) = repository.split_once('/').unwrap();
                vec![place(repository, image)]
            }
            Self::ByPort { copies: true } => vec![
                place("docker-hosted", repository),
                place("docker-old", repository),
            ],
            Self::ByPort { copies: false } | Self::Lagging => {
                vec![place("docker-hosted", repository)]
            }
        }
    }

    async fn search(self, query: &str, shelf: &Shelf) -> Reply {
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let field = |name: &str| {
            let found = fields.iter().find(|(field, _)| field == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(field("format"), Some("docker"));
        let mut found = Vec::new();
        for component in self.components(shelf).await {
            let is = |wanted: Option<&str>, own: &Value| wanted.is_none_or(|wanted| own == wanted);
            let sha256 = component["assets"][0]["checksum"]["sha256"]
                .as_str()
                .unwrap();
            let digest = json!(format!("sha256:{sha256}"));
            if is(field("repository"), &component["repository"])
                && is(field("name"), &component["name"])
                && is(field("version"), &component["version"])
                && is(field("docker.contentDigest"), &digest)
            {
                found.push(component);
            }
        }
        let at: usize = field("continuationToken").map_or(0, |token| token.parse().unwrap());
        let next = (at + 50 < found.len()).then(|| (at + 50).to_string());
        let shown: Vec<Value> = found.into_iter().skip(at).take(50).collect();
        Reply::json(200, &json!({"items": shown, "continuationToken": next}))
    }

    async fn components(self, shelf: &Shelf) -> Vec<Value> {
        let mut components = Vec::new();
        for own in shelf.repositories() {
            for image in shelf.images(&own).await {
                let by_digest = vec![image.digest.clone()];
                let versions = [image.tags.clone(), by_digest].concat();
                for (version, (repository, name)) in versions
                    .iter()
                    .flat_map(|version| self.places(&own).into_iter().map(move |p| (version, p)))
                {
                    let told = match self {
                        Self::Lagging => OLD,
                        _ => &image.digest,
                    };
                    let path = format!("v2/{name}/manifests/{version}");
                    components.push(json!({
                        "id": id(&own, version), "repository": repository, "format": "docker",
                        "group": null, "name": name, "version": version,
                        "assets": [{
                            "id": "x", "path": path,
                            "downloadUrl": format!("http://nexus/repository/{repository}/{path}"),
                            "checksum": {"sha1": "x", "sha256": told.strip_prefix("sha256:").unwrap()},
                            "contentType": image.media_type,
                            "lastModified": image.pushed, "lastDownloaded": image.pulled,
                            "uploader": "ann", "uploaderIp": "127.0.0.1", "fileSize": 500,
                            "blobCreated": image.pushed, "blobStoreName": "default",
                        }],
                    }));
                }
            }
        }
        components
    }

    async fn delete(self, wanted: &str, shelf: &Shelf) -> Reply {
        for own in shelf.repositories() {
            for image in shelf.images(&own).await {
                let tag = image.tags.iter().find(|tag| id(&own, tag) == wanted);
                let is_last = image.tags.len() == 1 && tag.is_some();
                if is_last || id(&own, &image.digest) == wanted {
                    shelf.delete(&own, &image.digest).await;
                } else if let Some(tag) = tag {
                    shelf.untag(&own, tag).await;
                } else {
                    continue;
                }
                return Reply::text(204, "text/plain", "");
            }
        }
        // As it is once the last tag of an image has taken its digest with it.
        Reply::text(204, "text/plain", "")
    }
}

fn id(repository: &str, version: &str) -> String {
    let text = format!("{repository}:{version}");
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('%', "_")
}

/// One look for the whole name, one below the repository that it may begin with, and the pages.
#[test]
fn few_requests_are_made() {
    let stand = Stand::new(BY_PATH);
    for number in 0..5 {
        stand.push(
            &format!("team/a/b:v{number}"),
            &Image::small(number),
            2,
            None,
        );
    }
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/a/b"]);
    run.any_stdout().code(0);
    let path = "GET /service/rest/v1/search?format=docker&";
    assert_eq!(
        stand.asked(),
        [
            format!("{path}name=team%2Fa%2Fb"),
            format!("{path}repository=team&name=a%2Fb"),
            format!("{path}repository=team&name=a%2Fb"),
        ]
    );
}

/// Behind a connector the search says which repository has the image.
#[test]
fn a_port_that_is_a_repository() {
    let stand = Stand::new(BY_PORT);
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/app"]);
    let rows = run.any_stdout().code(0).json();
    assert_eq!(rows[0]["clock"], "pushed", "{rows}");
}

/// Where two repositories have it nothing is guessed, and nothing removed.
#[test]
fn a_repository_is_not_guessed() {
    let stand = Stand::new(Nexus::ByPort { copies: true });
    let image = Image::small(1);
    stand.push("team/app:v1", &image, 2, None);
    stand.push("team/app:v2", &image, 2, None);
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/app", "--filter", "v1"]);
    let ran = run.any_stdout().stderr_has("/repository/NAME").code(0);
    assert_eq!(ran.json()[0]["digest"], image.digest());
    stand
        .run(["rm", "reg.lab/team/app:v1"])
        .any_stderr()
        .code(1);
    assert_eq!(stand.tags("team/app").len(), 2);
}

/// What the search says of a tag that has moved since is no reason to remove it.
#[test]
fn a_search_that_lags_removes_nothing() {
    let stand = Stand::new(Nexus::Lagging);
    stand.push("team/app:v1", &Image::small(1), 2, None);
    stand.push("team/app:v2", &Image::small(1), 2, None);
    let run = stand.run(["rm", "reg.lab/team/app:v1"]);
    run.stderr_has("the registry's own API does not know")
        .code(3);
    assert_eq!(stand.tags("team/app").len(), 2);
}
