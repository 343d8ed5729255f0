//! Registries of Google's as they answer, and hosts that ask for no identity.

use super::*;
use crate::lab::Fault;

#[test]
fn what_everybody_may_have_is_had_without_asking_the_machine() {
    let cloud = Cloud::of(Anonymous::Pull);
    let proxy = cloud.world.proxy();
    cloud
        .world
        .run(&proxy, ["digest", IMAGE])
        .stdout(format!("{}\n", cloud.image.digest()))
        .code(0);
    let only = format!("CONNECT {HOST}:443 ");
    let heads = proxy.heads();
    assert!(
        heads.iter().all(|head| head.starts_with(&only)),
        "{heads:?}"
    );
}

#[test]
fn google_s_mirror_of_docker_hub_is_never_told_who_asks() {
    let service = Service::new(|_| token(ACCESS));
    let lab = Lab::empty().open("dst");
    let image = Image::small(1);
    lab.push("dst.lab/library/alpine:3", &image);
    lab.fault(
        "dst",
        Fault::on("HEAD", "/manifests/").refusal(401, "UNAUTHORIZED", "no"),
    );
    let world = World::new(lab)
        .registry("mirror.gcr.io", "dst")
        .service("oauth2.googleapis.com", &service);
    let file = world.lab.home.write(FILE, user().to_string());
    let proxy = world.proxy();
    world
        .run(&proxy, ["digest", "mirror.gcr.io/library/alpine:3"])
        .env("GOOGLE_APPLICATION_CREDENTIALS", file)
        .any_stdout()
        .any_stderr()
        .run();
    assert!(service.asked().is_empty());
}

/// Its challenge names no service.
#[test]
fn a_challenge_without_a_service_is_answered() {
    let service = Service::new(|_| token(ACCESS));
    let cloud = Cloud::new().service("oauth2.googleapis.com", &service);
    let challenge = format!("Bearer realm=\"https://{HOST}/token\"");
    let body = json!({"errors": [{"code": "UNAUTHORIZED", "message": "You don't have the needed permissions"}]});
    cloud.world.lab.fault(
        "dst",
        Fault::on("HEAD", "/manifests/")
            .without_header("authorization")
            .answer(401, &[("www-authenticate", &challenge)], &body.to_string())
            .always(),
    );
    cloud.reads(&user(), "the user who logged in with gcloud (~/adc.json)");
    let asked = cloud.world.lab.requests("dst");
    let query = &asked.of("GET", "token").next().unwrap().query;
    assert!(!query.contains("service="), "{query}");
}

/// A credential that is no good is refused without a challenge, and not tried for ever: by the token
/// service, or by the registry.
#[test]
fn a_credential_that_is_no_good_is_sent_a_few_times_and_no_more() {
    let words = "No valid credential was supplied.";
    let body = json!({"errors": [{"code": "UNAUTHORIZED", "message": words}]}).to_string();
    for (method, part) in [("GET", "/token"), ("", "/manifests/")] {
        let service = Service::new(|_| token(ACCESS));
        let cloud = Cloud::new().service("oauth2.googleapis.com", &service);
        let methods = ["GET", "HEAD"].into_iter();
        for method in methods.filter(|each| method.is_empty() || *each == method) {
            cloud.world.lab.fault(
                "dst",
                Fault::on(method, part)
                    .with_header("authorization")
                    .answer(401, &[("content-type", "application/json")], &body)
                    .always(),
            );
        }
        cloud.file(&user());
        let proxy = cloud.world.proxy();
        let ran = cloud
            .run(&proxy, ["tag", "-vv", IMAGE, "v2"])
            .any_stderr()
            .code(4);
        let file = cloud.world.lab.home.path(FILE);
        assert_clean(&ran, &cloud.world.lab, &[file]);
        let asked = cloud.world.lab.requests("dst").len();
        assert!(asked < 12, "{asked}: {ran}");
        assert!(service.asked().len() <= 2, "{ran}");
    }
}

/// A host of another name is one of Google's by the user's word alone.
#[test]
fn another_host_is_one_of_google_s_where_the_user_says_so() {
    let service = Service::new(|_| token(ACCESS));
    let cloud = Cloud::new().service("oauth2.googleapis.com", &service);
    let world = cloud.world.registry("registry.example.com", "dst");
    let file = world.lab.home.write(FILE, user().to_string());
    let proxy = world.proxy();
    let digest = |expected: i32| {
        world
            .run(
                &proxy,
                ["digest", "registry.example.com/project/repository/app:v1"],
            )
            .env("GOOGLE_APPLICATION_CREDENTIALS", &file)
            .any_stdout()
            .any_stderr()
            .code(expected)
    };
    digest(4);
    assert!(service.asked().is_empty());
    let settings = format!(
        "registries:\n  registry.example.com:\n    kind: google\n    token_realm: {HOST}\n"
    );
    world.lab.home.user_settings(&settings);
    digest(0);
    assert_eq!(service.asked().len(), 1);
}
