//! What is Harbor's own.

use super::{BY_OIDC, CACHE, Harbor, ROBOT};
use crate::clouds::world::{Asked, Reply};
use crate::lab::Image;
use crate::vendors::shelf::{Shelf, Stand, Vendor};
use crossdock::inventory::{Created, Creation};
use crossdock::store::Kind;

/// The same, used by a robot.
#[derive(Clone)]
struct Robot;

impl Vendor for Robot {
    const KIND: &'static str = "harbor";
    const USER: &'static str = ROBOT;

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        Harbor.answer(asked, shelf).await
    }
}

fn log_in(stand: &Stand<Harbor>, user: &str) {
    let address = &stand.service.address;
    let auths = serde_json::json!({address: {"username": user, "password": "secret"}});
    let config = serde_json::json!({"auths": auths});
    stand.lab.home.docker_config(&config);
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
fn projects_and_repositories_may_be_called_almost_anything() {
    let stand = Stand::new(Harbor);
    for name in ["2024/1", "my.team_x--y/a__b/c.d", "team/x-1"] {
        stand.push(&format!("{name}:v1_2-3.4"), &Image::small(1), 2, None);
        let place = format!("reg.lab/{name}");
        let run = stand.run(["ls", "-l", &place]);
        run.stdout_like("...\nv1_2-3.4 [..]\n").code(0);
        let project = name.split('/').next().unwrap();
        let run = stand.run(["ls", &format!("reg.lab/{project}/")]);
        run.stdout(format!("{name}\n")).code(0);
        let run = stand.run(["rm", &format!("{place}:v1_2-3.4")]);
        run.any_stdout().code(0);
        assert_eq!(stand.tags(name), []);
    }
}

/// A page from which Harbor left out what it does not list is not the last one.
#[test]
fn what_is_attached_is_not_listed_and_ends_no_list() {
    let stand = Stand::new(Harbor);
    let signed = Image::small(0);
    stand.push("team/app:v0", &signed, 1, None);
    for number in 1..=100 {
        let image = Image::small(number);
        stand.push(&format!("team/app:v{number}"), &image, 2, None);
    }
    for number in 0..3 {
        let signature = Image::referrer(number, "application/vnd.example.signature", &signed);
        stand.push("team/app", &signature, 3, None);
    }
    let ran = stand.run(["ls", "-l", "--json", "reg.lab/team/app"]);
    let ran = ran.any_stdout().code(0);
    assert_eq!(ran.json().as_array().unwrap().len(), 101);
    // Two pages hold the 101 that are counted; both are there.
    assert_eq!(stand.asked().len(), 2);
    let run = stand.run(["ls", "--untagged", "reg.lab/team/app"]);
    run.any_stderr().stdout("").code(0);
}

/// What an index needs is kept by Harbor itself, whatever else is looked at.
#[test]
fn a_part_is_refused_by_harbor_itself() {
    let stand = Stand::new(Harbor);
    let (one, two) = (Image::small(1), Image::small(2));
    let index = Image::index(&[("linux/amd64", &one), ("linux/arm64", &two)]);
    stand.push("team/app:v1", &index, 2, None);
    let place = format!("reg.lab/team/app@{}", one.digest());
    stand
        .run(["rm", "--force", &place])
        .stderr_has("VIOLATE_FOREIGN_KEY_CONSTRAINT")
        .stderr_has("an index needs it")
        .code(5);
    assert!(stand.has("team/app", &one));
    // One question for what points to it, and the attempt.
    assert_eq!(stand.asked().len(), 2);
}

#[test]
fn an_index_takes_its_parts_and_attachments_along() {
    let stand = Stand::new(Harbor);
    let (one, two) = (Image::small(1), Image::small(2));
    let index = Image::index(&[("linux/amd64", &one), ("linux/arm64", &two)]);
    stand.push("team/app:v1", &index, 2, None);
    stand.push("team/app:amd64", &one, 2, None);
    let signature = Image::referrer(1, "application/vnd.example.signature", &index);
    stand.push("team/app", &signature, 3, None);
    let place = format!("reg.lab/team/app@{}", index.digest());
    stand.run(["rm", "--force", &place]).any_stdout().code(0);
    assert!(!stand.has("team/app", &signature));
    assert!(!stand.has("team/app", &two));
    // It has a tag of its own.
    assert!(stand.has("team/app", &one));
}

#[test]
fn an_immutable_tag_is_kept_and_so_is_its_image() {
    let stand = Stand::new(Harbor);
    let image = Image::small(1);
    stand.push("team/app:v1", &image, 2, None);
    stand.lock("team/app", "v1");
    let tag = stand.run(["rm", "reg.lab/team/app:v1"]);
    tag.stderr_has("PRECONDITION")
        .stderr_has("immutability rule of the project `team`")
        .code(5);
    let place = format!("reg.lab/team/app@{}", image.digest());
    let whole = stand.run(["rm", "--force", &place]);
    whole.stderr_has("configured as immutable").code(5);
    assert_eq!(stand.tags("team/app").len(), 1);
}

#[test]
fn robots_and_people_of_oidc_are_let_in() {
    for user in [ROBOT, BY_OIDC] {
        let stand = Stand::new(Harbor);
        log_in(&stand, user);
        stand.push("team/app:v1", &Image::small(1), 2, None);
        let run = stand.run(["ls", "-l", "--json", "reg.lab/team/app"]);
        let ran = run.any_stdout().code(0);
        assert_eq!(ran.json()[0]["clock"], "pushed", "{user}");
        let run = stand.run(["rm", "reg.lab/team/app:v1"]);
        run.any_stdout().code(0);
    }
}

/// With the cookie of a session Harbor takes nothing that has no token against forgery.
#[test]
fn no_session_is_kept() {
    let stand = Stand::new(Harbor);
    let image = Image::small(1);
    for tag in ["v1", "v2"] {
        stand.push(&format!("team/app:{tag}"), &image, 2, None);
    }
    let places = ["reg.lab/team/app:v1", "reg.lab/team/app:v2"];
    stand
        .run([&["rm"], &places[..]].concat())
        .any_stdout()
        .code(0);
    let asked = stand.service.asked().into_iter();
    assert!(
        asked
            .into_iter()
            .all(|asked| asked.header("cookie").is_empty())
    );
}

/// What a cache holds is listed and removed as elsewhere; nothing is put there.
#[test]
fn a_proxy_cache_is_not_pushed_to() {
    let stand = Stand::new(Harbor);
    let place = format!("reg.lab/{CACHE}/library/nginx");
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let run = stand.run(["copy", "reg.lab/team/app:v1", &format!("{place}:v1")]);
    run.stderr_has("proxy cache, which is only read from")
        .code(1);
    stand.push(
        &format!("{CACHE}/library/nginx:v1"),
        &Image::small(1),
        2,
        None,
    );
    let run = stand.run(["ls", "-l", &place]);
    run.stdout_like("...\nv1 [..] pushed [..]\n").code(0);
    let run = stand.run(["rm", &format!("{place}:v1")]);
    run.any_stdout().code(0);
}

#[test]
fn a_search_finds_repositories() {
    let stand = Stand::new(Harbor);
    for name in ["team/nginx", "other/my-nginx", "team/app"] {
        stand.push(&format!("{name}:v1"), &Image::small(1), 2, None);
    }
    let found = stand.found("nginx");
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["other/my-nginx", "team/nginx"]);
    assert_eq!(stand.found("a&b=c/ü"), []);
    assert_eq!(
        stand.asked(),
        [
            "GET /api/v2.0/search?q=nginx",
            "GET /api/v2.0/search?q=a%26b%3Dc%2F%C3%BC"
        ]
    );
}

#[test]
fn a_project_is_made_where_there_is_none() {
    let stand = Stand::new(Harbor);
    let usual = Creation::default();
    assert_eq!(stand.create("new/app", usual).unwrap(), Created::New);
    assert_eq!(stand.create("team/app", usual).unwrap(), Created::Existed);
    let asked = stand.service.asked();
    let document: serde_json::Value = serde_json::from_slice(&asked[0].body).unwrap();
    assert_eq!(
        document,
        serde_json::json!({"project_name": "new", "metadata": {"public": "false"}})
    );
}

#[test]
fn a_project_is_made_as_it_was_wanted() {
    let stand = Stand::new(Harbor);
    let wanted = Creation {
        immutable: true,
        scan_on_push: true,
        public: true,
    };
    assert_eq!(stand.create("2025/app", wanted).unwrap(), Created::New);
    let asked = stand.service.asked();
    let document: serde_json::Value = serde_json::from_slice(&asked[0].body).unwrap();
    assert_eq!(
        document["metadata"],
        serde_json::json!({"public": "true", "auto_scan": "true"})
    );
    assert_eq!(asked[1].target, "/api/v2.0/projects/2025/immutabletagrules");
    assert_eq!(stand.create("team/app", wanted).unwrap(), Created::Existed);
    // The rules of a project that was there are its owner's.
    assert_eq!(stand.asked().len(), 3);
}

#[test]
fn whoever_may_not_make_a_project_is_told() {
    let stand = Stand::new(Robot);
    let made = stand.create("new/app", Creation::default());
    assert_eq!(made.unwrap_err().kind(), Kind::Denied);
}
