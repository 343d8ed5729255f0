//! zot, as its sources describe it.

use super::contract::{Promises, contract};
use super::graphql::{self, Field};
use super::shelf::{Shelf, Stand, Stored, Vendor};
use crate::clouds::world::{Asked, Reply};
use crate::lab::Image;
use crate::lab::image::{DOCKER_LIST, DOCKER_MANIFEST};
use serde_json::{Value, json};

/// A zot of one age, with one policy.
#[derive(Clone, Default)]
struct Zot {
    /// Before it told when a tag was put where it is.
    is_old: bool,
    /// Its search is switched off.
    has_no_search: bool,
    /// The policy `detectManifestCollision`.
    detects_collisions: bool,
}

const PROMISES: Promises = Promises {
    clock: "pushed",
    untagged: false,
    sizes: true,
    pulled: true,
    keeps: true,
    locks: false,
    page: 500,
};

contract!(Zot::default(), PROMISES;
    lists, pages, untagged, untags, deletes, guards_parts, respects_locks, waits,
    an_expired_credential);

/// Of `pkg/extensions/search/schema.graphql`, what has to do with images and repositories.
const SCHEMA: &str = "
type Query {
  ImageList(repo: String!, requestedPage: PageInput): PaginatedImagesResult!
  GlobalSearch(query: String!, filter: Filter, requestedPage: PageInput): GlobalSearchResult!
}
type PaginatedImagesResult { Page: PageInfo Results: [ImageSummary!]! }
type PageInfo { TotalCount: Int! ItemCount: Int! }
type ImageSummary {
  RepoName: String Tag: String Digest: String MediaType: String Manifests: [ManifestSummary]
  Size: String DownloadCount: Int LastPullTimestamp: Time PushTimestamp: Time
  LastUpdated: Time Description: String IsSigned: Boolean NEW
}
type ManifestSummary { Digest: String ConfigDigest: String LastUpdated: Time Size: String Platform: Platform }
type Platform { Os: String Arch: String }
type GlobalSearchResult { Page: PageInfo Images: [ImageSummary] Repos: [RepoSummary] }
type RepoSummary { Name: String LastUpdated: Time Size: String NewestImage: ImageSummary StarCount: Int }
";
const NEW: &str = "TaggedTimestamp: Time ArtifactType: String";

fn error(status: u16, code: &str) -> Reply {
    let message = "as pkg/api/errors has it";
    Reply::json(
        status,
        &json!({"errors": [{"code": code, "message": message}]}),
    )
}

impl Vendor for Zot {
    const KIND: &'static str = "zot";

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        let is_search = path == "/v2/_zot/ext/search";
        if is_search && self.has_no_search {
            return Some(Reply::text(404, "text/plain", "404 page not found\n"));
        }
        if is_search && shelf.is_busy() {
            return Some(error(429, "TOOMANYREQUESTS").with("retry-after", "0"));
        }
        let is_read = matches!(asked.method.as_str(), "GET" | "HEAD") && !is_search;
        // `ann:secret`
        let is_ann = asked.header("authorization") == "Basic YW5uOnNlY3JldA==";
        if !is_read && (shelf.is_expired() || !is_ann) {
            let realm = "Basic realm=\"Authorization Required\"";
            return Some(error(401, "UNAUTHORIZED").with("www-authenticate", realm));
        }
        if is_search {
            return Some(self.search(asked, shelf).await);
        }
        let kind = asked.header("content-type");
        match asked.method.as_str() {
            "PUT" if [DOCKER_MANIFEST, DOCKER_LIST].contains(&kind) => {
                Some(error(415, "MANIFEST_INVALID"))
            }
            "POST" if query.contains("from=") && !query.contains("mount=") => {
                Some(Reply::text(405, "text/plain", ""))
            }
            "POST" if query.starts_with("digest=") && kind != "application/octet-stream" => {
                Some(Reply::text(415, "text/plain", ""))
            }
            "DELETE" => self.delete(path, shelf).await,
            _ => None,
        }
    }
}

impl Zot {
    async fn delete(&self, path: &str, shelf: &Shelf) -> Option<Reply> {
        let (repository, target) = path.strip_prefix("/v2/")?.split_once("/manifests/")?;
        if !shelf.repositories().iter().any(|name| name == repository) {
            return Some(error(400, "NAME_UNKNOWN"));
        }
        let images = shelf.images(repository).await;
        let image = images.iter().find(|image| image.digest == target)?;
        if image.tags.len() > 1 && self.detects_collisions {
            return Some(error(409, "MANIFEST_INVALID"));
        }
        let is_needed = images
            .iter()
            .any(|index| index.parts().contains(&image.digest));
        is_needed.then(|| error(405, "DENIED"))
    }

    async fn search(&self, asked: &Asked, shelf: &Shelf) -> Reply {
        assert_eq!(asked.method, "POST");
        assert_eq!(asked.header("content-type"), "application/json");
        let schema = SCHEMA.replace("NEW", if self.is_old { "" } else { NEW });
        let unknown =
            |field: &str, of: &str| format!("Cannot query field \"{field}\" on type \"{of}\".");
        let fields = match graphql::read(&schema, &asked.body, unknown) {
            Ok(fields) => fields,
            Err(why) => {
                let code = json!({"code": "GRAPHQL_VALIDATION_FAILED"});
                let errors = json!([{"message": why, "extensions": code}]);
                return Reply::json(422, &json!({"errors": errors, "data": null}));
            }
        };
        let mut shelves = Vec::new();
        for name in shelf.repositories() {
            shelves.push((name.clone(), shelf.images(&name).await));
        }
        let answer = graphql::answer(&fields, |field| match field.name.as_str() {
            "ImageList" => Ok(list(field, &shelves)),
            _ => Err("not here".to_owned()),
        });
        Reply::json(200, &answer)
    }
}

/// A repository that is not there has no images, like one that nobody may see.
fn list(asked: &Field, shelves: &[(String, Vec<Stored>)]) -> Value {
    let wanted = asked.text("repo").unwrap();
    let own = shelves.iter().filter(|(name, _)| name == wanted);
    let mut all = Vec::new();
    for (_, images) in own {
        for image in images {
            for tag in &image.tags {
                all.push(summary(tag, image, images));
            }
        }
    }
    let page = &asked.arguments["requestedPage"];
    match page["sortBy"].as_str() {
        Some("ALPHABETIC_ASC") => all.sort_by_key(|one| one["Tag"].as_str().unwrap().to_owned()),
        other => panic!("sorted by {other:?}"),
    }
    let number = |name: &str| usize::try_from(page[name].as_u64().unwrap()).unwrap();
    let (limit, offset) = (number("limit"), number("offset"));
    let shown: Vec<&Value> = all.iter().skip(offset).take(limit).collect();
    json!({
        "Page": {"TotalCount": all.len(), "ItemCount": shown.len()},
        "Results": shown,
    })
}

fn summary(tag: &str, image: &Stored, all: &[Stored]) -> Value {
    let never = "0001-01-01T00:00:00Z";
    let parts = image.parts();
    let is_index = !parts.is_empty();
    let own = all
        .iter()
        .filter(|one| parts.contains(&one.digest) || (!is_index && one.digest == image.digest));
    let manifests: Vec<Value> = own
        .map(|one| {
            let platform = json!({"Os": "linux", "Arch": "amd64"});
            json!({"Digest": one.digest, "Size": one.size.to_string(), "Platform": platform})
        })
        .collect();
    json!({
        "Tag": tag,
        "Digest": image.digest,
        "MediaType": image.media_type,
        "Size": image.size.to_string(),
        "LastUpdated": "2026-01-01T00:00:00Z",
        "PushTimestamp": image.pushed,
        "TaggedTimestamp": image.pushed,
        "LastPullTimestamp": image.pulled.as_deref().unwrap_or(never),
        "ArtifactType": "application/vnd.oci.image.config.v1+json",
        "Manifests": manifests,
    })
}

#[test]
fn a_list_takes_one_question() {
    let stand = Stand::new(Zot::default());
    let (one, two) = (Image::small(1), Image::small(2));
    let index = Image::index(&[("linux/amd64", &one), ("linux/arm64", &two)]);
    stand.push("a/b/c:v1", &index, 2, None);
    let run = stand.run(["ls", "-l", "--json", "reg.lab/a/b/c"]);
    let rows = run.any_stdout().code(0).json();
    assert_eq!(rows[0]["created"], "2026-01-01T00:00:00Z");
    assert!(rows[0]["artifact_type"].is_null());
    assert_eq!(rows[0]["platforms"], json!(["linux/amd64", "linux/amd64"]));
    // Once as nobody.
    assert_eq!(stand.asked(), ["POST /v2/_zot/ext/search"; 2]);
}

#[test]
fn an_older_zot_is_asked_for_less() {
    let stand = Stand::new(Zot {
        is_old: true,
        ..Zot::default()
    });
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/app"]);
    let rows = run.any_stdout().code(0).json();
    assert_eq!(rows[0]["clock"], "pushed");
}

#[test]
fn without_its_search_it_is_listed_as_any_registry() {
    let stand = Stand::new(Zot {
        has_no_search: true,
        ..Zot::default()
    });
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "reg.lab/team/app"]);
    run.any_stdout().stderr_has("less is known").code(0);
}

/// Its search does not say whether a repository is there.
#[test]
fn a_repository_that_is_not_there_is_told() {
    let stand = Stand::new(Zot::default());
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "reg.lab/team/other"]);
    run.stderr_has("team/other").code(3);
}

/// A policy may keep an image that has several tags.
#[test]
fn colliding_tags_keep_an_image() {
    let stand = Stand::new(Zot {
        detects_collisions: true,
        ..Zot::default()
    });
    let image = Image::small(1);
    for tag in ["v1", "v2"] {
        stand.push(&format!("team/app:{tag}"), &image, 2, None);
    }
    let place = format!("reg.lab/team/app@{}", image.digest());
    let run = stand.run(["rm", "--force", &place]);
    run.stderr_has("detectManifestCollision").code(5);
    assert!(stand.has("team/app", &image));
    stand
        .run(["rm", "reg.lab/team/app:v1"])
        .any_stdout()
        .code(0);
    stand.run(["rm", "--force", &place]).any_stdout().code(0);
    assert!(!stand.has("team/app", &image));
}

/// What it refuses, 415 and 405, is nothing that a copy asks for.
#[test]
fn images_are_copied_to_it_and_within() {
    let stand = Stand::new(Zot::default());
    let image = Image::small(1);
    stand.lab.push("behind.lab/src/app:v1", &image);
    for (from, to) in [
        ("behind.lab/src/app:v1", "reg.lab/team/app:v1"),
        ("reg.lab/team/app:v1", "reg.lab/team/other:v1"),
    ] {
        stand
            .run(["copy", from, to])
            .any_stdout()
            .any_stderr()
            .code(0);
    }
    assert!(stand.has("team/app", &image));
    assert!(stand.has("team/other", &image));
}

#[test]
fn docker_s_own_media_types_are_refused_with_what_helps() {
    let stand = Stand::new(Zot::default());
    stand.lab.push("behind.lab/src/app:v1", &Image::docker(1));
    let run = stand.run(["copy", "behind.lab/src/app:v1", "reg.lab/team/app:v1"]);
    run.any_stdout().stderr_has("docker2s2").code(1);
}

/// Whatever the stand-in takes is in the schema that zot publishes.
#[test]
fn the_schema_is_zot_s() {
    let Some(folder) = std::env::var_os("CROSSDOCK_OPENAPI_DIR") else {
        return;
    };
    let file = std::path::Path::new(&folder).join("zot-search.schema.graphql");
    let published = std::fs::read_to_string(file).unwrap();
    graphql::assert_within(&SCHEMA.replace("NEW", NEW), &published);
}
