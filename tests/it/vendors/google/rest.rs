//! Artifact Registry's own API, for those with an access token.

use super::*;
use crate::clouds::world::{Service, World};
use crate::lab::Lab;

const HOST: &str = "europe-west1-docker.pkg.dev";

/// What a list of a repository says of locks, where the other API answers with `answer`.
fn locks(answer: Reply) -> (Value, Vec<Asked>) {
    let stand = Stand::new(Google::default());
    stand.push("p/r/app:v1", &Image::small(1), 2, None);
    let service = Service::new(move |_| answer.clone());
    let world = World::new(Lab::empty())
        .service(HOST, &stand.service)
        .service("artifactregistry.googleapis.com", &service);
    world.lab.home.docker_config(&json!({
        "auths": {HOST: {"username": "oauth2accesstoken", "password": "ya29.CANARY"}}
    }));
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
