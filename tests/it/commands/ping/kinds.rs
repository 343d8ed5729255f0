//! What a registry is: by the user's word, by its name, by how it answers.

use crate::clouds::world::{Asked, Reply, Service, World};
use crate::lab::{Fault, Lab};

/// A registry that sends these headers, too.
fn sending(pairs: &'static [(&'static str, &'static str)]) -> Lab {
    let lab = Lab::new();
    let fault = Fault::on("GET", "/v2/").always().change(move |answer| {
        for (name, value) in pairs {
            answer.headers_mut().insert(*name, value.parse().unwrap());
        }
    });
    lab.fault("src", fault);
    lab
}

#[test]
fn its_answer_tells_kind_and_version() {
    for (pairs, kind, version) in [
        (
            &[("gitlab-container-registry-version", "4.15.2-gitlab")][..],
            "gitlab",
            "4.15.2-gitlab",
        ),
        (
            &[("x-jfrog-version", "Artifactory/7.98.9 79809900")],
            "artifactory",
            "7.98.9",
        ),
        (&[("server", "Nexus/3.71.0-06 (PRO)")], "nexus", "3.71.0-06"),
    ] {
        let lab = sending(pairs);
        let ran = lab.run(["ping", "--json", "src.lab"]).any_stdout().code(0);
        let document = ran.json();
        assert_eq!(document["kind"], kind);
        assert_eq!(document["version"], version);
        assert_eq!(document["recognised_by"], "answer");
    }
}

#[test]
fn the_user_s_word_goes_over_everything() {
    let lab = sending(&[("gitlab-container-registry-version", "4.15.2-gitlab")]);
    let settings = lab.addressed("registries: {\"src.lab\": {kind: harbor}}");
    lab.home.user_settings(&settings);
    lab.run(["ping", "src.lab"])
        .stdout_like(
            "registry:  src.lab\nkind:      Harbor, by your settings\n...\n\
             \x20 delete by tag:       no: by its own API (known of this kind)\n\
             \x20 delete by digest:    yes (known of this kind)\n",
        )
        .code(0);
}

#[test]
fn zot_is_told_by_its_extensions() {
    let lab = Lab::new();
    let list = r#"{"extensions":[{"name":"_zot","url":"x","description":"y","endpoints":[]}]}"#;
    let fault = Fault::on("GET", "/v2/_oci/ext/discover");
    lab.fault(
        "src",
        fault.answer(200, &[("content-type", "application/json")], list),
    );
    lab.run(["ping", "src.lab"])
        .stdout_like("registry:  src.lab\nkind:      zot, by the extensions that it lists\n...\n")
        .code(0);
}

/// Docker Hub as far as its limits are concerned.
fn hub(asked: &Asked) -> Reply {
    let path = asked.target.split('?').next().unwrap_or_default();
    let bearer = asked.header("authorization") == "Bearer hub-token";
    match (asked.method.as_str(), path) {
        (_, "/token") => Reply::json(200, &serde_json::json!({"token": "hub-token"})),
        _ if !bearer => {
            let realm =
                "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\"";
            Reply::json(
                401,
                &serde_json::json!({"errors": [{"code": "UNAUTHORIZED"}]}),
            )
            .with("www-authenticate", realm)
        }
        ("GET", "/v2/") => Reply::json(200, &serde_json::json!({})),
        ("HEAD", "/v2/ratelimitpreview/test/manifests/latest") => {
            Reply::text(200, "application/vnd.oci.image.index.v1+json", "")
                .with("ratelimit-limit", "100;w=21600")
                .with("ratelimit-remaining", "76;w=21600")
                .with("docker-ratelimit-source", "192.0.2.1")
        }
        _ => Reply::json(404, &serde_json::json!({"errors": [{"code": "NOT_FOUND"}]})),
    }
}

#[test]
fn docker_hub_says_how_many_pulls_are_left() {
    let service = Service::new(hub);
    let world = World::new(Lab::empty())
        .service("registry-1.docker.io", &service)
        .service("auth.docker.io", &service);
    let proxy = world.proxy();
    world
        .run(&proxy, ["ping", "docker.io"])
        .stdout_like(
            "registry:  docker.io\nkind:      Docker Hub, by its name\n\
             login:     bearer, https://auth.docker.io/token, service registry.docker.io\n\
             you:       nobody in particular\n\
             protocol:  HTTP/[..], TLS\n...\n\
             limit:     76 of 100 left in 21600 s, counted for 192.0.2.1\n...\n",
        )
        .code(0);
    let ran = world.run(&proxy, ["ping", "--json", "docker.io"]);
    let document = ran.any_stdout().code(0).json();
    let limit = serde_json::json!({
        "limit": 100, "remaining": 76, "window_seconds": 21600, "reset": null,
        "source": "192.0.2.1",
    });
    assert_eq!(document["rate_limit"], limit);
    let asked = service.asked();
    assert!(
        asked
            .iter()
            .all(|asked| !asked.target.contains("/manifests/") || asked.method == "HEAD")
    );
}
