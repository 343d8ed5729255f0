//! GitLab, as its documentation and its sources describe it.

mod server;

use super::contract::{Promises, contract};
use super::shelf::Stand;
use crate::clouds::world::{Reply, Service};
use crate::lab::Image;
use serde_json::json;
use server::GitLab;

const PROMISES: Promises = Promises {
    clock: "pushed",
    untagged: false,
    sizes: true,
    pulled: false,
    keeps: true,
    locks: true,
    page: 20,
};

contract!(GitLab::default(), PROMISES;
    lists, pages, untagged, untags, deletes, guards_parts, respects_locks, waits,
    an_expired_credential);

/// The requests to GitLab itself, without those for tokens.
fn asked(stand: &Stand<GitLab>) -> Vec<String> {
    let asked = stand.asked().into_iter();
    asked.filter(|one| !one.contains("/jwt/auth")).collect()
}

#[test]
fn a_list_takes_two_questions_and_one_to_find_gitlab() {
    let stand = Stand::new(GitLab::default());
    stand.push("group/sub/app/api/v2:v1", &Image::small(1), 2, None);
    stand.push("group/sub/app:v1", &Image::small(2), 2, None);
    for place in ["reg.lab/group/sub/app/api/v2", "reg.lab/group/sub/app"] {
        let before = asked(&stand).len();
        let run = stand.run(["ls", "-l", place]);
        run.any_stdout().code(0);
        let asked = asked(&stand).split_off(before);
        assert_eq!(asked, ["POST /api/graphql", "POST /api/graphql"], "{place}");
    }
    let greetings = stand.service.asked().into_iter();
    let greetings = greetings.filter(|one| one.target == "/v2/").count();
    assert_eq!(greetings, 2);
}

/// The repository's name is looked for among all that resemble it.
#[test]
fn a_repository_is_found_among_many() {
    let stand = Stand::new(GitLab::default());
    for number in 0..101 {
        let name = format!("team/app/a{number:03}-api:v1");
        stand.push(&name, &Image::small(number), 2, None);
    }
    stand.push("team/app/api:v2", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/app/api"]);
    let rows = run.any_stdout().code(0).json();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(rows[0]["name"], "v2");
    assert_eq!(asked(&stand).len(), 3);
}

#[test]
fn an_older_gitlab_is_asked_for_less() {
    let stand = Stand::new(GitLab {
        is_old: true,
        ..GitLab::default()
    });
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/app"]);
    let rows = run.any_stdout().code(0).json();
    assert_eq!(rows[0]["clock"], "created");
    assert!(rows[0]["size"].is_number());
    assert_eq!(asked(&stand), ["POST /api/graphql"; 4]);
}

#[test]
fn rest_is_asked_where_graphql_fails() {
    let stand = Stand::new(GitLab {
        has_no_graphql: true,
        ..GitLab::default()
    });
    for number in 0..101 {
        stand.push(
            &format!("team/app:v{number}"),
            &Image::small(number),
            2,
            None,
        );
    }
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/app"]);
    let rows = run.any_stdout().code(0).json();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 101);
    assert_eq!(rows[0]["clock"], "created");
    assert!(rows[0]["size"].is_number());
    let asked = asked(&stand);
    let lists = asked.iter().filter(|one| one.contains("/tags?"));
    assert_eq!(lists.count(), 2);
    let each = asked.iter().filter(|one| one.contains("/tags/v"));
    assert_eq!(each.count(), 101);
}

/// A job's token is shown by its own header, and to REST alone.
#[test]
fn a_job_is_let_in_by_rest() {
    let stand = Stand::new(GitLab::default());
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let address = &stand.service.address;
    stand.lab.home.docker_config(&json!({
        "auths": {address: {"username": "gitlab-ci-token", "password": "job"}}
    }));
    let run = stand.run(["ls", "-l", "reg.lab/team/app"]);
    run.any_stdout().code(0);
    assert_eq!(
        asked(&stand),
        [
            "GET /api/v4/projects/team%2Fapp/registry/repositories?per_page=100",
            "GET /api/v4/projects/team%2Fapp/registry/repositories/1/tags?per_page=100",
            "GET /api/v4/projects/team%2Fapp/registry/repositories/1/tags/v1",
        ]
    );
}

/// Whoever answers as a registry may name any token service; GitLab's secrets are not for it.
#[test]
fn no_secret_goes_to_a_gitlab_that_is_not_the_user_s_own() {
    let stranger = Service::new(|_| Reply::json(200, &json!({})));
    let realm: &'static str = format!("http://{}/jwt/auth", stranger.address).leak();
    let stand = Stand::new(GitLab {
        realm,
        ..GitLab::default()
    });
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "reg.lab/team/app"]);
    run.any_stdout().any_stderr().code(4);
    assert!(stranger.asked().is_empty());
    assert_eq!(asked(&stand), <[String; 0]>::default());
}

/// Where the registry itself removes no tag, GitLab does.
#[test]
fn an_older_registry_leaves_tags_to_gitlab() {
    let stand = Stand::new(GitLab {
        removes_digests_alone: true,
        ..GitLab::default()
    });
    let image = Image::small(1);
    for tag in ["v1", "v2"] {
        stand.push(&format!("team/app:{tag}"), &image, 2, None);
    }
    let run = stand.run(["rm", "reg.lab/team/app:v1"]);
    run.any_stdout().code(0);
    let left = [("v2".to_owned(), image.digest().to_string())];
    assert_eq!(stand.tags("team/app"), left);
    stand.lock("team/app", "v2");
    let run = stand.run(["rm", "reg.lab/team/app:v2"]);
    run.stderr_has("protected").code(5);
    assert_eq!(stand.tags("team/app"), left);
}

#[test]
fn the_repositories_of_a_group_and_of_a_project() {
    let stand = Stand::new(GitLab::default());
    for name in ["team/app", "team/app/api", "team/other", "group/sub/app/x"] {
        stand.push(&format!("{name}:v1"), &Image::small(1), 2, None);
    }
    for (place, listed) in [
        ("reg.lab/team/", "team/app\nteam/app/api\nteam/other\n"),
        ("reg.lab/team/app/", "team/app/api\n"),
        ("reg.lab/group/", "group/sub/app/x\n"),
        ("reg.lab/group/sub/", "group/sub/app/x\n"),
    ] {
        let run = stand.run(["ls", place]);
        run.stdout(listed).code(0);
    }
}
