//! Tags on a registry that lists them in no order and deletes nothing by tag.

use super::distribution::Distribution;
use super::layout::Image;
use super::user::User;
use super::wire::{self, Request};
use super::{images, skopeo};

/// A registry with an image under some tags of `team/app`.
struct Shelf {
    registry: Distribution,
    image: Image,
    user: User,
}

impl Shelf {
    fn with(tags: &[&str]) -> Self {
        let (registry, image) = (Distribution::open(), images::small("first"));
        for tag in tags {
            image.push(registry.host(), "team/app", tag);
        }
        let user = User::nobody();
        Self {
            registry,
            image,
            user,
        }
    }

    fn repository(&self) -> String {
        self.registry.image("team/app")
    }

    fn tagged(&self, tag: &str) -> String {
        format!("{}:{tag}", self.repository())
    }

    fn pinned(&self) -> String {
        format!("{}@{}", self.repository(), self.image.digest())
    }

    /// What the other client finds.
    #[track_caller]
    fn assert_tags(&self, expected: &[&str]) {
        assert_eq!(skopeo::tags(&self.registry, "team/app"), expected);
        for tag in expected {
            let name = format!("team/app:{tag}");
            assert_eq!(skopeo::digest(&self.registry, &name), self.image.digest());
        }
    }
}

#[test]
fn tag_writes_a_manifest_and_moves_no_blob() {
    let shelf = Shelf::with(&["v1"]);
    let names = [shelf.tagged("stable"), shelf.tagged("v1.0")];
    let asked = shelf.registry.requests_of(|| {
        let run = shelf
            .user
            .runs(["tag", &shelf.tagged("v1"), "stable", "v1.0"]);
        run.stdout(format!("{}\n{}\n", names[0], names[1])).code(0);
    });
    let counts = asked.tally();
    let manifests_alone = counts.iter().all(|(kind, _)| kind.contains(" manifest "));
    assert!(manifests_alone, "{asked}");
    assert!(
        counts.contains(&("PUT manifest 201".to_owned(), 2)),
        "{asked}"
    );
    shelf.assert_tags(&["stable", "v1", "v1.0"]);
}

#[test]
fn digest_takes_one_request_an_image() {
    let shelf = Shelf::with(&["v1", "v2"]);
    let digest = shelf.image.digest();
    let asked = shelf.registry.requests_of(|| {
        let run = shelf
            .user
            .runs(["digest", &shelf.tagged("v1"), &shelf.tagged("v2")]);
        run.stdout(format!("{digest}\n{digest}\n")).code(0);
    });
    asked.assert(&[("HEAD manifest 200", 2)]);
    let full = shelf
        .user
        .runs(["digest", "--full-ref", &shelf.tagged("v1")]);
    full.stdout(format!("{}\n", shelf.pinned())).code(0);
}

#[test]
fn a_tag_that_is_not_there_is_answered_with_the_nearest_ones() {
    let others = ["nightly", "edge", "stable", "main", "v2.0.0", "v3.0.0"];
    let shelf = Shelf::with(&[&others[..], &["v1.0.0", "v1.0.1"]].concat());
    let run = shelf.user.runs(["digest", &shelf.tagged("v1.0.2")]);
    let ran = run
        .stderr_has("error: ")
        .stderr_has("v1.0.2")
        .stderr_has("hint: ")
        .code(3);
    let hint = ran.stderr.lines().last().unwrap();
    assert!(hint.contains("v1.0.0") && hint.contains("v1.0.1"), "{ran}");
    assert!(!hint.contains("nightly"), "{ran}");
}

#[test]
fn ls_prints_each_tag_once_and_sorts_them_when_asked() {
    let tags: Vec<String> = (0..30).map(|n| format!("v{n:02}")).collect();
    let shelf = Shelf::with(&tags.iter().map(String::as_str).collect::<Vec<_>>());
    let ran = shelf
        .user
        .runs(["ls", &shelf.repository()])
        .any_stdout()
        .code(0);
    let mut listed: Vec<&str> = ran.stdout.lines().collect();
    listed.sort_unstable();
    assert_eq!(listed, tags);
    let sorted = shelf
        .user
        .runs(["ls", "--sort=name", "--filter=v1*", &shelf.repository()]);
    sorted.stdout(tags[10..20].join("\n") + "\n").code(0);
}

#[test]
fn ls_of_a_host_prints_its_repositories() {
    let registry = Distribution::open();
    let image = images::small("one");
    for name in ["team/app", "team/tool", "base"] {
        image.push(registry.host(), name, "v1");
    }
    let user = User::nobody();
    let host = registry.host();
    user.runs(["ls", "--sort=name", host])
        .stdout("base\nteam/app\nteam/tool\n")
        .code(0);
    let below = format!("{host}/team/");
    user.runs(["ls", "--sort=name", &below])
        .stdout("team/app\nteam/tool\n")
        .code(0);
}

/// The registry is of a kind that answers 400 to the removal of a tag.
#[test]
fn the_registry_cannot_remove_a_tag() {
    let shelf = Shelf::with(&["v1"]);
    let path = "/v2/team/app/manifests/v1";
    let answer = wire::send(shelf.registry.host(), &Request::new("DELETE", path)).expect(400);
    assert!(String::from_utf8_lossy(&answer.body).contains("DIGEST_INVALID"));
    shelf.assert_tags(&["v1"]);
}

#[test]
fn rm_of_a_tag_that_is_alone_removes_its_image() {
    let shelf = Shelf::with(&["v1"]);
    let other = images::small("second");
    other.push(shelf.registry.host(), "team/app", "v2");
    let pinned = format!("{}@{}\n", shelf.tagged("v1"), shelf.image.digest());
    shelf
        .user
        .runs(["rm", &shelf.tagged("v1")])
        .stdout(pinned)
        .code(0);
    assert_eq!(skopeo::tags(&shelf.registry, "team/app"), ["v2"]);
    assert_eq!(
        skopeo::digest(&shelf.registry, "team/app:v2"),
        other.digest()
    );
}

#[test]
fn rm_of_a_tag_whose_image_has_another_is_refused() {
    let shelf = Shelf::with(&["stable", "v1"]);
    let asked = shelf.registry.requests_of(|| {
        let run = shelf.user.runs(["rm", &shelf.tagged("v1")]);
        run.stderr_has("error: ")
            .stderr_has("stable")
            .stderr_has("hint: ")
            .code(5);
    });
    assert!(
        !asked
            .tally()
            .iter()
            .any(|(kind, _)| kind.starts_with("DELETE manifest 2")),
        "{asked}"
    );
    shelf.assert_tags(&["stable", "v1"]);
}

/// Removing the image would take a platform out of the index.
#[test]
fn rm_of_a_tag_whose_image_an_index_needs_is_refused() {
    let registry = Distribution::open();
    let image = images::platforms_alone();
    image.push(registry.host(), "team/app", "all");
    let child = image.children().remove(0);
    let user = User::nobody();
    let (pinned, tag) = (
        format!("team/app@{child}"),
        registry.image("team/app:amd64"),
    );
    user.runs(["tag", &registry.image(&pinned), "amd64"])
        .any_stdout()
        .code(0);
    user.runs(["rm", &tag])
        .stderr_has("error: ")
        .stderr_has("all")
        .any_stdout()
        .code(5);
    assert_eq!(skopeo::digest(&registry, "team/app:amd64"), child);
    skopeo::pull(&registry, "team/app:all");
}

#[test]
fn rm_by_digest_wants_force_where_tags_point_there() {
    let shelf = Shelf::with(&["stable", "v1"]);
    let run = shelf.user.runs(["rm", &shelf.pinned()]);
    run.stderr_has("error: ")
        .stderr_has("stable, v1")
        .stderr_has("--force")
        .code(5);
    shelf.assert_tags(&["stable", "v1"]);
    let dry = shelf
        .user
        .runs(["rm", "--force", "--dry-run", &shelf.pinned()]);
    dry.stdout(format!("{} (stable, v1)\n", shelf.pinned()))
        .code(0);
    shelf.assert_tags(&["stable", "v1"]);
    let run = shelf.user.runs(["rm", "--force", &shelf.pinned()]);
    run.stdout(format!("{} (stable, v1)\n", shelf.pinned()))
        .code(0);
    let path = format!("/v2/team/app/manifests/{}", shelf.image.digest());
    let accept = super::layout::MANIFEST;
    let head = Request::new("HEAD", &path).accept(accept);
    wire::send(shelf.registry.host(), &head).expect(404);
    assert_eq!(skopeo::tags(&shelf.registry, "team/app"), [] as [&str; 0]);
}
