//! Google Artifact Registry, as Google's tools and those who watched it describe it.

mod content;
mod rest;

use super::contract::{Promises, contract};
use super::shelf::{Shelf, Stand, Stored, Vendor};
use crate::clouds::world::{Asked, Reply};
use crate::lab::Image;
use content::Content;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Removed parents are seen to be gone after so many refusals.
const LAG: usize = 2;

/// Clones are one registry.
#[derive(Clone, Default)]
struct Google {
    /// Manifests that a removed one needed, and so often they are still refused.
    lagging: Arc<Mutex<HashMap<String, usize>>>,
    content: Content,
}

const PROMISES: Promises = Promises {
    clock: "pushed",
    untagged: true,
    sizes: true,
    pulled: false,
    keeps: true,
    // Only the other API says that tags are immutable.
    locks: false,
    page: 1000,
};

contract!(Google::default(), PROMISES;
    lists, pages, untagged, untags, deletes, guards_parts, respects_locks, waits,
    an_expired_credential);

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(
        status,
        &json!({"errors": [{"code": code, "message": message}]}),
    )
}

/// `ann:secret`, and an access token as a password.
const PASSES: [&str; 2] = [
    "Basic YW5uOnNlY3JldA==",
    "Basic b2F1dGgyYWNjZXNzdG9rZW46eWEyOS5DQU5BUlk=",
];

fn repository(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/v2/")?;
    let ends = ["/manifests/", "/blobs/", "/tags/", "/referrers/"];
    let end = ends.iter().filter_map(|end| rest.find(end)).min()?;
    Some(&rest[..end])
}

/// A token, or why there is none.
fn door(asked: &Asked) -> Option<Reply> {
    let path = asked.target.split('?').next().unwrap();
    if path == "/v2/token" {
        let is_known = PASSES.contains(&asked.header("authorization"));
        return Some(if is_known {
            Reply::json(200, &json!({"token": "good", "expires_in": 43200}))
        } else {
            error(401, "UNAUTHORIZED", "No valid credential was supplied.")
        });
    }
    if asked.header("authorization") == "Bearer good" || !path.starts_with("/v2/") {
        return None;
    }
    // Behind TLS it is spoken to as a host of Google's, with HTTP/2.
    let (scheme, host) = match asked.header("host") {
        host if host.contains(':') => ("http", host),
        _ => ("https", rest::HOST),
    };
    let mut challenge = format!("Bearer realm=\"{scheme}://{host}/v2/token\"");
    if let Some(repository) = repository(path) {
        let actions = match asked.method.as_str() {
            "GET" | "HEAD" => "pull",
            _ => "pull,push",
        };
        let scope = format!("repository:{repository}:{actions}");
        challenge = format!("{challenge},service=\"{host}\",scope=\"{scope}\"");
    }
    let refused = error(401, "UNAUTHORIZED", "You don't have the needed permissions");
    Some(refused.with("www-authenticate", &challenge))
}

impl Vendor for Google {
    const KIND: &'static str = "google";

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        if let Some(reply) = door(asked) {
            return Some(reply);
        }
        if let Some(reply) = self.content.answer(asked, shelf).await {
            return Some(reply);
        }
        let path = asked.target.split('?').next().unwrap();
        let repository = repository(path)?;
        let rest = &path["/v2/".len() + repository.len() + 1..];
        match (asked.method.as_str(), rest.split_once('/')?) {
            ("GET", ("tags", "list")) => {
                if shelf.is_busy() {
                    return Some(error(429, "TOOMANYREQUESTS", "Quota exceeded"));
                }
                // Whoever is let in no more is told what everybody is.
                if shelf.is_expired() {
                    return None;
                }
                if !repository.contains('/') {
                    return Some(error(400, "NAME_INVALID", "Invalid repository name"));
                }
                Some(Reply::json(200, &listing(repository, shelf).await))
            }
            ("DELETE", ("manifests", target)) => {
                if shelf.is_expired() {
                    let why = "Permission \"artifactregistry.repositories.deleteArtifacts\" denied on resource \"projects/p/locations/l/repositories/r\" (or it may not exist)";
                    return Some(error(403, "DENIED", why));
                }
                Some(self.delete(repository, target, shelf).await)
            }
            _ => None,
        }
    }
}

impl Google {
    async fn delete(&self, repository: &str, target: &str, shelf: &Shelf) -> Reply {
        let gone = || Reply::text(202, "text/plain", "");
        let absent = || error(404, "MANIFEST_UNKNOWN", "Failed to fetch the manifest.");
        let dangling = |code: &str, why: String| error(400, code, &why);
        if !target.contains(':') {
            if shelf.is_locked(repository, target) {
                let why = "The repository has immutable tags: the tag cannot be deleted";
                return error(400, "FAILED_PRECONDITION", why);
            }
            let was_there = shelf.untag(repository, target).await;
            return if was_there { gone() } else { absent() };
        }
        let all = shelf.images(repository).await;
        let Some(image) = all.iter().find(|image| image.digest == target) else {
            return absent();
        };
        if let Some(tag) = image.tags.first() {
            let why = format!("Manifest is still referenced by tag: {tag}");
            return dangling("GOOGLE_MANIFEST_DANGLING_TAG", why);
        }
        let needs = |other: &&Stored| other.parts().iter().any(|part| part == target);
        let needing = all.iter().find(needs).map(|other| other.digest.clone());
        if let Some(parent) = needing.or_else(|| self.late(target)) {
            let why = format!("Manifest {target} is referenced by image {parent}");
            return dangling("GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE", why);
        }
        if let Some(other) = all
            .iter()
            .find(|other| other.manifest["subject"]["digest"] == target)
        {
            let why = format!(
                "Manifest {target} is referred to by manifest {}",
                other.digest
            );
            return dangling("GOOGLE_MANIFEST_REFERRING_MANIFEST", why);
        }
        let late = image.parts().into_iter().map(|part| (part, LAG));
        self.lagging.lock().unwrap().extend(late);
        shelf.delete(repository, target).await;
        gone()
    }

    /// The parent that a manifest is still said to have.
    fn late(&self, digest: &str) -> Option<String> {
        let mut lagging = self.lagging.lock().unwrap();
        let left = lagging.get_mut(digest).filter(|left| **left > 0)?;
        *left -= 1;
        Some("sha256:gone".to_owned())
    }
}

/// All of it at once, whatever `n` is.
async fn listing(repository: &str, shelf: &Shelf) -> Value {
    let all = shelf.repositories();
    let below = all
        .iter()
        .filter_map(|name| name.strip_prefix(&format!("{repository}/")));
    let mut children: Vec<&str> = below.map(|rest| rest.split('/').next().unwrap()).collect();
    children.dedup();
    let images = if all.iter().any(|name| name == repository) {
        shelf.images(repository).await
    } else {
        Vec::new()
    };
    let mut tags: Vec<&String> = images.iter().flat_map(|image| &image.tags).collect();
    tags.sort_unstable();
    let manifests = images.iter().map(|image| {
        let pushed = image
            .pushed
            .as_deref()
            .unwrap_or("2026-01-01T00:00:00.000Z");
        let pushed: jiff::Timestamp = pushed.parse().unwrap();
        let told = json!({
            "imageSizeBytes": image.size.to_string(),
            "layerId": "",
            "mediaType": image.media_type,
            "tag": image.tags,
            // As of a build that wants to be the same again.
            "timeCreatedMs": "315532800000",
            "timeUploadedMs": pushed.as_millisecond().to_string(),
        });
        (image.digest.clone(), told)
    });
    let manifests: Map<String, Value> = manifests.collect();
    json!({"child": children, "name": repository, "tags": tags, "manifest": manifests})
}

#[test]
fn a_list_takes_one_request() {
    let stand = Stand::new(Google::default());
    stand.push("p/r/app:v1", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "--json", "reg.lab/p/r/app"]);
    let listed = run.any_stdout().code(0).json();
    assert_eq!(listed[0]["created"], Value::Null, "1980 is no time");
    let asked: Vec<String> = asked(&stand);
    assert_eq!(
        asked,
        [
            // The first is answered with a challenge.
            "GET /v2/p/r/app/tags/list?n=10000",
            "GET /v2/token",
            "GET /v2/p/r/app/tags/list?n=10000",
        ]
    );
}

/// Methods and targets; of a token's, only the path.
fn asked(stand: &Stand<Google>) -> Vec<String> {
    let asked = stand.service.asked().into_iter();
    let line = |asked: Asked| {
        let target = match asked.target.split_once("/token?") {
            Some((before, _)) => format!("{before}/token"),
            None => asked.target,
        };
        format!("{} {target}", asked.method)
    };
    asked.map(line).collect()
}

/// A tag takes one request beside those that find out what it is, an image one for each tag, one
/// for itself and one for the list.
#[test]
fn an_image_goes_after_its_tags() {
    let stand = Stand::new(Google::default());
    let image = Image::small(1);
    for tag in ["v1", "v2"] {
        stand.push(&format!("p/r/app:{tag}"), &image, 2, None);
    }
    let place = format!("reg.lab/p/r/app@{}", image.digest());
    stand
        .run(["rm", "--force", &place])
        .stdout(format!("{place} (v1, v2)\n"))
        .code(0);
    let removals = asked(&stand).into_iter();
    let mut removals: Vec<String> = removals.filter(|line| line.starts_with("DELETE")).collect();
    let last = removals.pop().unwrap();
    assert_eq!(
        last,
        format!("DELETE /v2/p/r/app/manifests/{}", image.digest())
    );
    removals.sort_unstable();
    removals.dedup();
    let tags = ["v1", "v2"].map(|tag| format!("DELETE /v2/p/r/app/manifests/{tag}"));
    assert_eq!(removals, tags);
}

#[test]
fn what_is_attached_keeps_an_image_whose_tags_are_gone() {
    let stand = Stand::new(Google::default());
    let image = Image::small(1);
    let signature = Image::referrer(2, "application/vnd.example.signature", &image);
    stand.push("p/r/app:v1", &image, 2, None);
    stand.push("p/r/app", &signature, 2, None);
    let place = format!("reg.lab/p/r/app@{}", image.digest());
    stand
        .run(["rm", "--force", &place])
        .stderr_has("whose tags are gone")
        .stderr_has("is referred to by manifest")
        .code(5);
    assert!(stand.has("p/r/app", &image));
    assert_eq!(stand.tags("p/r/app"), []);
}

/// Once an index is gone, what it needed is refused for a while.
#[test]
fn a_part_goes_some_time_after_its_index() {
    let stand = Stand::new(Google::default());
    let (one, two) = (Image::small(1), Image::small(2));
    let index = Image::index(&[("linux/amd64", &one), ("linux/arm64", &two)]);
    stand.push("p/r/app:v1", &index, 2, None);
    stand.push("p/r/app:v2", &one, 2, None);
    let at = |image: &Image| format!("reg.lab/p/r/app@{}", image.digest());
    stand
        .run(["rm", "--force", &at(&index)])
        .any_stdout()
        .code(0);
    // It was tagged, so that something was removed, and the rest is worth waiting for.
    stand.run(["rm", "--force", &at(&one)]).any_stdout().code(0);
    assert!(!stand.has("p/r/app", &one));
    assert!(stand.has("p/r/app", &two));
}

#[test]
fn an_immutable_tag_is_kept_with_its_image() {
    let stand = Stand::new(Google::default());
    let image = Image::small(1);
    stand.push("p/r/app:v1", &image, 2, None);
    stand.lock("p/r/app", "v1");
    stand
        .run(["rm", "reg.lab/p/r/app:v1"])
        .stderr_has("immutable")
        .code(5);
    let place = format!("reg.lab/p/r/app@{}", image.digest());
    stand
        .run(["rm", "--force", &place])
        .stderr_has("immutable")
        .code(5);
    assert!(stand.has("p/r/app", &image));
    assert_eq!(stand.tags("p/r/app").len(), 1);
}

#[test]
fn the_repositories_below_a_path_at_any_depth() {
    let stand = Stand::new(Google::default());
    for name in ["p/r/a", "p/r/a/b", "p/r/c/d/e", "p/other/a"] {
        stand.push(&format!("{name}:v1"), &Image::small(1), 2, None);
    }
    stand
        .run(["ls", "reg.lab/p/r/"])
        .stdout("p/r/a\np/r/a/b\np/r/c/d/e\n")
        .code(0);
    stand
        .run(["ls", "reg.lab"])
        .stderr_has("by project")
        .code(1);
}
