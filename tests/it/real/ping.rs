//! What CNCF distribution is found to be, to do and to allow.

use super::distribution::Distribution;
use super::user::User;
use super::{images, skopeo};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn document(user: &User, args: &[&str], code: i32) -> Value {
    let typed = [&["ping", "--json"], args].concat();
    let ran = user.runs(typed).any_stdout().any_stderr().code(code);
    ran.json()
}

fn answer(document: &Value, ability: &str) -> String {
    let answer = document["abilities"][ability]["answer"].as_str();
    answer.unwrap_or_default().to_owned()
}

/// The links of a repository: its tags, manifests and blobs. What they lead to is kept until the
/// registry collects its garbage.
fn links(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    for entry in entries {
        let path = entry.unwrap().path();
        let is_upload = path.ends_with("_uploads");
        if is_upload {
            found.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        } else if path.is_dir() {
            found.extend(links(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn what_is_tried_out_is_removed_again() {
    let (registry, user) = (Distribution::open(), User::nobody());
    skopeo::push(&images::small("app"), &registry, "team/app:v1");
    let before = links(&registry.repository("team/app"));
    let document = document(&user, &[registry.host(), "--write", "team/app"], 0);
    for (ability, expected) in [
        ("single_upload", "yes"),
        ("chunked_upload", "yes"),
        ("mount", "yes"),
        ("subject", "no"),
        ("referrers", "no"),
        ("delete_by_tag", "no"),
        ("delete_by_digest", "yes"),
    ] {
        assert_eq!(
            answer(&document, ability),
            expected,
            "{ability} in {document}"
        );
    }
    assert_eq!(document["written"]["left"], json!([]));
    assert!(!before.is_empty());
    assert_eq!(links(&registry.repository("team/app")), before);
}

#[test]
fn what_it_does_not_let_go_is_listed() {
    let (registry, user) = (Distribution::without_removal(), User::nobody());
    let document = document(&user, &[registry.host(), "--write", "app"], 0);
    let left = document["written"]["left"].as_array().unwrap();
    assert!(left.iter().any(|left| left["kind"] == "tag"), "{document}");
    assert_eq!(answer(&document, "delete_by_digest"), "no");
}

#[test]
fn one_that_takes_nothing_says_so() {
    let (registry, user) = (Distribution::read_only(), User::nobody());
    let typed = ["ping", registry.host(), "--write", "app"];
    let ran = user.runs(typed).any_stdout().any_stderr().run();
    assert_eq!(ran.code, 1, "{ran}");
    assert!(ran.stderr.contains("405"), "{ran}");
}

#[test]
fn its_tokens_say_what_they_are_good_for() {
    let registry = Distribution::token(Duration::from_mins(1));
    let user = User::of(&[&registry]);
    skopeo::push(&images::small("app"), &registry, "team/app:v1");
    let document = document(&user, &[registry.host(), "--repo", "team/app"], 0);
    assert_eq!(document["you"]["user"], "alice");
    assert_eq!(document["login"]["scheme"], "bearer");
    for right in ["pull", "push", "delete"] {
        assert_eq!(
            document["repository"][right]["answer"], "yes",
            "{right} in {document}"
        );
    }
}

#[test]
fn http2_and_tls_are_seen() {
    let registry = Distribution::tls("alice", "open-sesame");
    let user = User::of(&[&registry]);
    let authority = registry.authority();
    let typed = [registry.host(), "--ca-cert", authority.to_str().unwrap()];
    let document = document(&user, &typed, 0);
    assert_eq!(document["http"], "HTTP/2.0");
    assert_eq!(document["tls"], true);
    assert_eq!(document["login"]["scheme"], "basic");
    assert_eq!(document["login"]["realm"], "crossdock-test");
}
