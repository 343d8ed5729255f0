//! Artifact Registry's own API, for those with an access token.

use super::*;
use crate::clouds::world::{Service, World};
use crate::lab::Lab;

pub(super) const HOST: &str = "europe-west1-docker.pkg.dev";

/// Google's registry and its other API, for whoever has an access token.
fn world(stand: &Stand<Google>, service: &Service) -> World {
    let world = World::new(Lab::new())
        .service(HOST, &stand.service)
        .service("artifactregistry.googleapis.com", service);
    world.lab.home.docker_config(&json!({
        "auths": {HOST: {"username": "oauth2accesstoken", "password": "ya29.CANARY"}}
    }));
    world
}

/// What a list of a repository says of locks, where the other API answers with `answer`.
fn locks(answer: Reply) -> (Value, Vec<Asked>) {
    let stand = Stand::new(Google::default());
    stand.push("p/r/app:v1", &Image::small(1), 2, None);
    let service = Service::new(move |_| answer.clone());
    let world = world(&stand, &service);
    let proxy = world.proxy();
    let place = format!("{HOST}/p/r/app");
    let run = world.run(&proxy, ["ls", "-l", "--json", &place]);
    let listed = run.any_stdout().code(0).json();
    (listed[0]["lock"].clone(), service.asked())
}

#[test]
fn immutable_tags_are_told() {
    for (is_immutable, lock) in [(true, json!("immutable")), (false, Value::Null)] {
        let document = json!({
            "name": "projects/p/locations/europe-west1/repositories/r",
            "format": "DOCKER",
            "dockerConfig": {"immutableTags": is_immutable},
        });
        let (told, asked) = locks(Reply::json(200, &document));
        assert_eq!(told, lock);
        assert_eq!(
            asked[0].target,
            "/v1/projects/p/locations/europe-west1/repositories/r"
        );
        assert_eq!(asked[0].header("authorization"), "Bearer ya29.CANARY");
        assert_eq!(asked.len(), 1);
    }
}

#[test]
fn a_list_does_without_it() {
    let refused = json!({"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}});
    let (told, _) = locks(Reply::json(403, &refused));
    assert_eq!(told, Value::Null);
}

/// A service that makes the repository `r`, which takes it a moment, or has one already.
fn making(is_there: bool) -> Service {
    Service::new(move |asked| {
        let operation = |done: bool| {
            let name = "projects/p/locations/europe-west1/operations/1";
            Reply::json(200, &json!({"name": name, "done": done}))
        };
        match (asked.method.as_str(), asked.target.as_str()) {
            ("POST", "/v1/projects/p/locations/europe-west1/repositories?repositoryId=r") => {
                let wanted: Value = serde_json::from_slice(&asked.body).unwrap();
                assert_eq!(wanted["format"], "DOCKER");
                if is_there {
                    let why = "the repository already exists";
                    let error = json!({"code": 409, "message": why, "status": "ALREADY_EXISTS"});
                    Reply::json(409, &json!({"error": error}))
                } else {
                    operation(false)
                }
            }
            ("GET", "/v1/projects/p/locations/europe-west1/operations/1") => operation(true),
            _ => Reply::json(404, &json!({"error": {"code": 404, "status": "NOT_FOUND"}})),
        }
    })
}

#[test]
fn a_repository_is_made_and_waited_for() {
    for (is_there, requests) in [(false, 2), (true, 1)] {
        let stand = Stand::new(Google::default());
        let service = making(is_there);
        let world = world(&stand, &service);
        let image = Image::small(1);
        world.lab.push("src.lab/app:v1", &image);
        let proxy = world.proxy();
        let place = format!("{HOST}/p/r/app:v1");
        let run = world.run(&proxy, ["copy", "--create", "src.lab/app:v1", &place]);
        run.any_stdout().any_stderr().code(0);
        assert!(stand.has("p/r/app", &image));
        assert_eq!(service.asked().len(), requests);
    }
}

#[test]
fn a_password_that_is_no_access_token_makes_no_repository() {
    let stand = Stand::new(Google::default());
    let service = making(false);
    let world = world(&stand, &service);
    world.lab.home.docker_config(&json!({
        "auths": {HOST: {"username": "ann", "password": "secret"}}
    }));
    world.lab.push("src.lab/app:v1", &Image::small(1));
    let proxy = world.proxy();
    let place = format!("{HOST}/p/r/app:v1");
    let run = world.run(&proxy, ["copy", "--create", "src.lab/app:v1", &place]);
    run.stderr_has("access token").code(1);
    assert!(service.asked().is_empty());
}

#[test]
fn the_repositories_of_a_project() {
    let stand = Stand::new(Google::default());
    for name in ["p/a/app", "p/b/app/more", "other/a/app"] {
        stand.push(&format!("{name}:v1"), &Image::small(1), 2, None);
    }
    let service = Service::new(|asked| {
        let named = |name: &str, format: &str| {
            let name = format!("projects/p/locations/europe-west1/repositories/{name}");
            json!({"name": name, "format": format})
        };
        let path = "/v1/projects/p/locations/europe-west1/repositories?pageSize=1000&pageToken=";
        match asked.target.strip_prefix(path) {
            Some("") => {
                let repositories = [named("a", "DOCKER"), named("jars", "MAVEN")];
                Reply::json(
                    200,
                    &json!({"repositories": repositories, "nextPageToken": "2"}),
                )
            }
            Some("2") => Reply::json(200, &json!({"repositories": [named("b", "DOCKER")]})),
            _ => Reply::json(404, &json!({"error": {"code": 404, "status": "NOT_FOUND"}})),
        }
    });
    let world = world(&stand, &service);
    let proxy = world.proxy();
    let run = world.run(&proxy, ["ls", &format!("{HOST}/p/")]);
    run.stdout("p/a/app\np/b/app/more\n").code(0);
}
