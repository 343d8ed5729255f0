//! What is special about Docker Hub: two ways in, digests that a list may not have, pulls that
//! count.

use super::Hub;
use crate::clouds::world::World;
use crate::lab::{Image, wait_for};
use crate::vendors::shelf::Stand;
use serde_json::json;

fn stand(hub: Hub) -> Stand<Hub> {
    Stand::new(hub)
}

/// How many requests with this method were about manifests.
fn registry(stand: &Stand<Hub>, method: &str) -> usize {
    let asked = stand.service.asked().into_iter();
    let own = asked.filter(|asked| asked.target.contains("/manifests/"));
    own.filter(|asked| asked.method == method).count()
}

fn api(stand: &Stand<Hub>) -> Vec<String> {
    let asked = stand.service.asked().into_iter();
    let own = asked.filter(|asked| {
        let target = &asked.target;
        let is_own = ["auth", "namespaces", "repositories", "search"];
        let is_own = is_own
            .iter()
            .any(|own| target.starts_with(&format!("/v2/{own}/")));
        is_own && !target.contains("/manifests/")
    });
    own.map(|asked| {
        let who = asked.header("authorization").replace("Bearer ", " as ");
        format!("{} {}{who}", asked.method, asked.target)
    })
    .collect()
}

#[test]
fn what_is_public_is_listed_as_nobody() {
    let stand = stand(Hub {
        digests: true,
        ..Hub::default()
    });
    stand.push("open/web:v1", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "reg.lab/open/web"]);
    run.any_stdout().code(0);
    assert_eq!(
        api(&stand),
        [
            "GET /v2/namespaces/open/repositories/web/tags?page=1&page_size=100",
            "GET /v2/namespaces/open/repositories/web",
        ]
    );
}

#[test]
fn a_password_is_traded_once_and_only_where_nobody_is_let_in() {
    let stand = stand(Hub {
        digests: true,
        ..Hub::default()
    });
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "reg.lab/team/app", "-vv"]);
    let ran = run.any_stdout().any_stderr().code(0);
    assert!(!format!("{ran:?}").contains("secret"), "{ran:?}");
    assert!(!format!("{ran:?}").contains("jwt-1"), "{ran:?}");
    assert_eq!(
        api(&stand),
        [
            "GET /v2/namespaces/team/repositories/app/tags?page=1&page_size=100",
            "POST /v2/auth/token",
            "GET /v2/namespaces/team/repositories/app/tags?page=1&page_size=100 as jwt-1",
            "GET /v2/namespaces/team/repositories/app as jwt-1",
        ]
    );
    assert_eq!(registry(&stand, "GET"), 0);
}

#[test]
fn a_token_that_has_lived_its_time_is_renewed() {
    let hub = Hub {
        digests: true,
        short: 1,
        ..Hub::default()
    };
    let stand = stand(hub);
    stand.push("team/app:v1", &Image::small(1), 2, None);
    let run = stand.run(["ls", "-l", "reg.lab/team/app"]);
    run.any_stdout().code(0);
    let traded = api(&stand);
    let traded = traded.iter().filter(|asked| asked.starts_with("POST"));
    assert_eq!(traded.count(), 2);
}

/// A list that does not say what its tags point to costs a question each, and never a pull.
#[test]
fn digests_that_the_list_has_not_are_asked_of_the_registry() {
    let stand = stand(Hub::default());
    let images = [Image::small(1), Image::small(2)];
    for (number, image) in images.iter().enumerate() {
        stand.push(&format!("team/app:v{number}"), image, 2, None);
    }
    let run = stand.run(["ls", "-l", "--json", "--sort", "name", "reg.lab/team/app"]);
    let ran = run.any_stdout().code(0);
    for (row, image) in ran.json().as_array().unwrap().iter().zip(&images) {
        assert_eq!(row["digest"], image.digest().to_string());
    }
    assert_eq!((registry(&stand, "HEAD"), registry(&stand, "GET")), (2, 0));
}

#[test]
fn a_tag_is_removed_by_the_api_alone() {
    let stand = stand(Hub {
        digests: true,
        ..Hub::default()
    });
    let image = Image::small(1);
    stand.push("team/app:v1", &image, 2, None);
    let run = stand.run(["rm", "reg.lab/team/app:v1"]);
    run.any_stdout().code(0);
    assert_eq!(
        api(&stand),
        [
            "POST /v2/auth/token",
            "DELETE /v2/repositories/team/app/tags/v1/ as jwt-1"
        ]
    );
    let counts = ["HEAD", "GET", "DELETE"].map(|method| registry(&stand, method));
    assert_eq!(counts, [1, 0, 0]);
    assert!(stand.has("team/app", &image));
}

/// Of an image with an immutable tag, no other tag goes either.
#[test]
fn an_image_with_an_immutable_tag_keeps_them_all() {
    let stand = stand(Hub {
        digests: true,
        ..Hub::default()
    });
    let image = Image::small(1);
    for tag in ["latest", "v1", "v2"] {
        stand.push(&format!("team/app:{tag}"), &image, 2, None);
    }
    stand.lock("team/app", "v2");
    let place = format!("reg.lab/team/app@{}", image.digest());
    let run = stand.run(["rm", "--force", &place]);
    run.stderr_has("team/app:v2").code(5);
    assert_eq!(stand.tags("team/app").len(), 3);
}

#[test]
fn the_repositories_of_a_namespace() {
    let stand = stand(Hub::default());
    for name in ["team/a", "team/b", "open/web", "ann/own"] {
        stand.push(&format!("{name}:v1"), &Image::small(1), 2, None);
    }
    let run = stand.run(["ls", "reg.lab/team/"]);
    run.stdout("team/a\nteam/b\n").code(0);
    let run = stand.run(["ls", "reg.lab"]);
    run.stdout("ann/own\n").code(0);
}

/// By its own name, where a manifest that is read counts as a pull, and the API needs no settings.
#[test]
fn nothing_is_pulled_to_list_and_to_remove() {
    let stand = stand(Hub {
        digests: true,
        ..Hub::default()
    });
    let (image, other) = (Image::small(1), Image::small(2));
    stand.push("team/app:v1", &image, 2, None);
    stand.push("team/app:v2", &other, 2, None);
    let Stand {
        lab,
        service,
        shelf,
        ..
    } = stand;
    lab.home.docker_config(&json!({
        "auths": {"https://index.docker.io/v1/": {"username": "ann", "password": "secret"}}
    }));
    let world = World::new(lab)
        .service("registry-1.docker.io", &service)
        .service("hub.docker.com", &service);
    let proxy = world.proxy();
    let run = world.run(&proxy, ["ls", "-l", "docker.io/team/app", "--sort", "name"]);
    run.stdout_like(format!(
        "NAME[..]\nv1[..]{}[..]\nv2[..]{}[..]\n",
        image.digest(),
        other.digest()
    ))
    .code(0);
    let tag = "docker.io/team/app:v1";
    let run = world.run(&proxy, ["rm", tag]);
    run.stdout(format!("{tag}@{}\n", image.digest())).code(0);
    let place = format!("docker.io/team/app@{}", image.digest());
    let run = world.run(&proxy, ["rm", &place]);
    run.stdout(format!("{place}\n")).code(0);
    let asked = service.asked();
    let pulls = asked
        .iter()
        .filter(|asked| asked.method == "GET" && asked.target.contains("/manifests/"));
    assert_eq!(pulls.count(), 0);
    assert_eq!(wait_for(shelf.images("team/app")).len(), 1);
}

/// Official images come without a namespace, and have one.
#[test]
fn repositories_are_found_by_a_word() {
    let stand = stand(Hub::default());
    let run = stand.run(["search", "web server", "reg.lab", "--json"]);
    let ran = run.any_stdout().code(0);
    let found = ran.json();
    let told: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| {
            (
                hit["name"].as_str(),
                hit["official"].as_bool(),
                hit["stars"].as_u64(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Some("library/nginx"), Some(true), Some(20_000)),
            (Some("open/web"), Some(false), Some(3)),
        ]
    );
    assert_eq!(
        api(&stand),
        ["GET /v2/search/repositories/?query=web+server&page=1&page_size=100"]
    );
}
