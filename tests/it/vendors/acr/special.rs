//! What no other registry does as Azure's does.

use super::*;
use crate::lab::Lab;

#[test]
fn a_list_takes_a_token_and_two_requests_a_thousand_images() {
    let stand = Stand::new(Acr);
    stand.push("team/app:v1", &Image::small(1), 2, None);
    stand
        .run(["ls", "-l", "reg.lab/team/app"])
        .any_stdout()
        .code(0);
    let asked = stand.asked();
    let lists = asked.iter().filter(|asked| asked.contains("/acr/"));
    let lists: Vec<&String> = lists.collect();
    assert_eq!(
        lists,
        [
            // The first is answered with a challenge.
            "GET /acr/v1/team/app/_tags?n=1000",
            "GET /acr/v1/team/app/_tags?n=1000",
            "GET /acr/v1/team/app/_manifests?n=1000",
        ]
    );
    let tokens = asked.iter().filter(|asked| asked.contains("/oauth2/"));
    let tokens: Vec<&String> = tokens.collect();
    assert_eq!(tokens.len(), 1, "{asked:?}");
    assert!(
        tokens[0].contains("repository%3Ateam%2Fapp%3Ametadata_read"),
        "{tokens:?}"
    );
}

#[test]
fn an_index_is_listed_with_the_platforms_of_its_parts() {
    let stand = Stand::new(Acr);
    let (one, two) = (Image::small(1), Image::small(2));
    let index = Image::index(&[("linux/amd64", &one), ("linux/arm64", &two)]);
    stand.push("team/app:v1", &index, 2, None);
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/app"]);
    let listed = run.any_stdout().code(0).json();
    assert_eq!(
        listed[0]["platforms"],
        json!(["linux/amd64", "linux/arm64"])
    );
    assert_eq!(listed[0]["artifact_type"], Value::Null);
}

/// Tags and manifests are locked apart.
#[test]
fn a_locked_image_is_kept_and_its_tags_may_go() {
    let stand = Stand::new(Acr);
    let image = Image::small(1);
    for tag in ["v1", "v2"] {
        stand.push(&format!("team/app:{tag}"), &image, 2, None);
    }
    stand.lock("team/app", image.digest());
    let place = format!("reg.lab/team/app@{}", image.digest());
    stand
        .run(["rm", "--force", &place])
        .stderr_has("REGISTRY_DISALLOWED_OPERATION")
        .code(5);
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/app"]);
    let listed = run.any_stdout().code(0).json();
    assert_eq!(listed[0]["lock"], "locked");
    stand
        .run(["rm", "reg.lab/team/app:v1"])
        .any_stdout()
        .code(0);
    assert!(stand.has("team/app", &image));
    assert_eq!(stand.tags("team/app").len(), 1);
}

#[test]
fn what_is_attached_goes_with_the_image() {
    let stand = Stand::new(Acr);
    let image = Image::small(1);
    let signature = Image::referrer(2, "application/vnd.example.signature", &image);
    stand.push("team/app:v1", &image, 2, None);
    stand.push("team/app", &signature, 2, None);
    let place = format!("reg.lab/team/app@{}", image.digest());
    stand.run(["rm", "--force", &place]).any_stdout().code(0);
    assert!(!stand.has("team/app", &image));
    assert!(!stand.has("team/app", &signature));
}

#[test]
fn a_registry_s_repositories_take_its_own_right() {
    let stand = Stand::new(Acr);
    for name in ["team/a", "team/b/c", "other"] {
        stand.push(&format!("{name}:v1"), &Image::small(1), 2, None);
    }
    stand
        .run(["ls", "reg.lab/team/"])
        .stdout("team/a\nteam/b/c\n")
        .code(0);
}

#[test]
fn what_is_not_there_is_said_to_be_missing() {
    let stand = Stand::new(Acr);
    stand.run(["ls", "reg.lab/team/app"]).any_stderr().code(3);
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let other = Image::small(2);
    let place = format!("reg.lab/team/app@{}", other.digest());
    stand.run(["rm", &place]).any_stderr().code(3);
}

/// A whole one is too large, and is sent as Docker sends it: in one stream, whose place nobody names.
#[test]
fn a_large_blob_goes_another_way() {
    let stand = Stand::new(Acr);
    let image = Image::sized(1, &[21_000_000, 100]);
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &image);
    let place = format!("oci:{}:v1", lab.home.path("work/folder").display());
    let copy = lab.run(["copy", "src.lab/app:v1", &place]);
    copy.any_stdout().any_stderr().code(0);
    let copy = stand.run(["copy", &place, "reg.lab/team/app:v1"]);
    copy.any_stdout().any_stderr().code(0);
    assert!(stand.has("team/app", &image));
    let asked = stand.service.asked();
    let large = asked.iter().filter(|asked| asked.body.len() > 20_000_000);
    let large: Vec<&str> = large.map(|asked| asked.method.as_str()).collect();
    assert_eq!(large, ["PUT", "PATCH"]);
}
