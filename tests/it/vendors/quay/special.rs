//! What is Quay's own.

use super::{Quay, Robot};
use crate::lab::Image;
use crate::vendors::shelf::{Stand, Vendor};
use crossdock::inventory::{Created, Creation};
use crossdock::store::Kind;

/// The requests that change something, wherever they went.
fn removals<V: Vendor>(stand: &Stand<V>) -> Vec<String> {
    let asked = stand.service.asked().into_iter();
    let removals = asked.filter(|asked| asked.method == "DELETE");
    removals.map(|asked| asked.target).collect()
}

#[test]
fn names_go_over_several_parts_of_the_path() {
    let stand = Stand::new(Quay);
    stand.push("team/a/b:v1", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "reg.lab/team/a/b"]);
    run.any_stdout().code(0);
    let asked = stand.asked();
    assert_eq!(
        asked,
        ["GET /api/v1/repository/team/a/b/tag/?page=1&limit=100&onlyActiveTags=true"]
    );
}

#[test]
fn of_an_index_the_size_is_not_known() {
    let stand = Stand::new(Quay);
    let index = Image::index(&[("linux/amd64", &Image::small(1))]);
    stand.push("team/app:v1", &index, 2, None);
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/app"]);
    let row = &run.any_stdout().code(0).json()[0];
    assert!(row["size"].is_null(), "{row}");
    assert!(row["media_type"].is_null(), "{row}");
    assert!(row["time"].as_str().unwrap().starts_with("2026-01-02"));
}

#[test]
fn an_oauth_token_removes_by_the_api_and_a_robot_by_the_distribution_api() {
    let stand = Stand::new(Quay);
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let run = stand.run(["rm", "reg.lab/team/app:v1"]);
    run.any_stdout().code(0);
    assert_eq!(removals(&stand), ["/api/v1/repository/team/app/tag/v1"]);
    let stand = Stand::new(Robot);
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let run = stand.run(["rm", "reg.lab/team/app:v1"]);
    run.any_stdout().code(0);
    assert_eq!(removals(&stand), ["/v2/team/app/manifests/v1"]);
    // Its password is not for the API.
    assert_eq!(stand.asked(), Vec::<String>::new());
}

#[test]
fn a_robots_password_is_not_shown_to_the_api() {
    let stand = Stand::new(Robot);
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "reg.lab/team/app"]);
    run.any_stdout().code(0);
    let mut asked = stand.service.asked().into_iter();
    let asked = asked.find(|asked| asked.target.starts_with("/api/"));
    assert_eq!(asked.unwrap().header("authorization"), "");
}

/// The API shows a robot nothing of what is not public; the registry does.
#[test]
fn a_robot_lists_what_is_not_public_as_everywhere() {
    let stand = Stand::new(Robot);
    let image = Image::small(1);
    stand.push("team/private:v1", &image, 2, None);
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/private"]);
    let ran = run.any_stdout().stderr_has("less is known").code(0);
    assert_eq!(ran.json()[0]["digest"], image.digest());
    let run = stand.run(["rm", "reg.lab/team/private:v1"]);
    run.any_stdout().code(0);
}

#[test]
fn an_immutable_tag_is_kept_and_so_is_its_image() {
    let stand = Stand::new(Quay);
    let image = Image::small(1);
    stand.push("team/app:v1", &image, 2, None);
    stand.lock("team/app", "v1");
    let tag = stand.run(["rm", "reg.lab/team/app:v1"]);
    tag.stderr_has("tag_immutable")
        .stderr_has("the tag is immutable")
        .code(5);
    let place = format!("reg.lab/team/app@{}", image.digest());
    let whole = stand.run(["rm", "--force", &place]);
    whole.stderr_has("TAG_IMMUTABLE").code(5);
    assert_eq!(stand.tags("team/app").len(), 1);
}

#[test]
fn what_has_no_tag_is_left_to_quay() {
    let stand = Stand::new(Quay);
    let (one, two) = (Image::small(1), Image::small(2));
    let index = Image::index(&[("linux/amd64", &one), ("linux/arm64", &two)]);
    stand.push("team/app:v1", &index, 2, None);
    let place = format!("reg.lab/team/app@{}", one.digest());
    let run = stand.run(["rm", "--force", &place]);
    run.stderr_has("once nothing needs it").code(5);
    assert!(stand.has("team/app", &one));
}

#[test]
fn the_repositories_of_a_namespace() {
    let names = ["other/a", "team/a", "team/b/c", "team/private", "team/z"];
    let stand = Stand::new(Quay);
    for name in names {
        stand.push(&format!("{name}:v1"), &Image::small(1), 2, None);
    }
    let run = stand.run(["ls", "reg.lab/team/"]);
    run.stdout("team/a\nteam/b/c\nteam/private\nteam/z\n")
        .code(0);
    assert_eq!(
        stand.asked(),
        [
            "GET /api/v1/repository?namespace=team&public=true",
            "GET /api/v1/repository?namespace=team&public=true&next_page=gAAA%3D2"
        ]
    );
    let run = stand.run(["ls", "reg.lab"]);
    run.stdout(names.join("\n") + "\n").code(0);
}

/// The public ones come by the API, its own by the registry's catalog, and each once.
#[test]
fn the_repositories_of_a_namespace_for_a_robot() {
    let stand = Stand::new(Robot);
    for name in ["other/a", "team/a", "team/b/c", "team/private"] {
        stand.push(&format!("{name}:v1"), &Image::small(1), 2, None);
    }
    let run = stand.run(["ls", "reg.lab/team/"]);
    run.stdout("team/a\nteam/b/c\nteam/private\n").code(0);
}

#[test]
fn a_search_finds_repositories() {
    let stand = Stand::new(Quay);
    for number in 0..11 {
        let name = format!("team/nginx-{number:02}:v1");
        stand.push(&name, &Image::small(1), 2, None);
    }
    stand.push("team/nginx-app:v1", &Image::small(1), 2, None);
    let found = stand.found("nginx");
    assert_eq!(found.len(), 11);
    assert_eq!(found[0], ("team/nginx-00".to_owned(), Some(3)));
    assert_eq!(
        stand.asked(),
        [
            "GET /api/v1/find/repositories?query=nginx&page=1",
            "GET /api/v1/find/repositories?query=nginx&page=2"
        ]
    );
}

#[test]
fn a_search_ends_where_quay_ends_it() {
    let stand = Stand::new(Quay);
    for number in 0..105 {
        let name = format!("team/nginx-{number:03}:v1");
        stand.push(&name, &Image::small(1), 2, None);
    }
    assert_eq!(stand.found("nginx").len(), 100);
    assert_eq!(stand.asked().len(), 10);
}

#[test]
fn a_repository_is_made_where_there_is_none() {
    let stand = Stand::new(Quay);
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let (usual, public) = (
        Creation::default(),
        Creation {
            public: true,
            ..Creation::default()
        },
    );
    assert_eq!(stand.create("team/new/er", usual).unwrap(), Created::New);
    assert_eq!(stand.create("team/open", public).unwrap(), Created::New);
    assert_eq!(stand.create("team/app", usual).unwrap(), Created::Existed);
    let error = stand.create("other/app", usual).unwrap_err();
    assert_eq!(error.kind(), Kind::Denied);
    let asked = stand.service.asked();
    let asked = asked.iter().filter(|asked| asked.method == "POST");
    let documents: Vec<serde_json::Value> = asked
        .map(|asked| serde_json::from_slice(&asked.body).unwrap())
        .collect();
    assert_eq!(documents[0]["namespace"], "team");
    assert_eq!(documents[0]["repository"], "new/er");
    assert_eq!(documents[0]["visibility"], "private");
    assert_eq!(documents[1]["visibility"], "public");
}

#[test]
fn a_robot_makes_repositories_by_pushing() {
    let stand = Stand::new(Robot);
    let made = stand.create("team/new", Creation::default());
    assert_eq!(made.unwrap(), Created::ByPush);
    assert_eq!(stand.asked(), Vec::<String>::new());
}
