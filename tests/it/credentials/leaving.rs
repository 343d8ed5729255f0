//! `logout`: every place is gone through, and nothing else is touched.

use super::storing::{KEPT, kept};
use super::{FILE, KEEP, basic, config, install, stored};
use serde_json::json;

/// Docker Hub's name at docker's helpers is one of its own.
#[test]
fn docker_hub_is_called_what_docker_calls_it() {
    let lab = basic();
    config(&lab, &json!({"credsStore": "keep"}));
    install(
        &lab,
        "keep",
        &format!("echo >> \"$HOME/said\"; tee -a \"$HOME/said\" | (\n{KEEP}\n)"),
    );
    lab.run(["logout"])
        .stderr_has("no credential for docker.io")
        .code(0);
    assert_eq!(
        lab.home.read("home/said").unwrap(),
        "\nhttps://index.docker.io/v1/\nhttps://index.docker.io/v1/access-token\nhttps://index.docker.io/v1/refresh-token"
    );
}

/// One place that fails is no reason to leave the others as they are.
#[test]
fn a_logout_goes_through_every_place() {
    let lab = basic();
    install(&lab, "keep", KEEP);
    install(&lab, "broken", "echo locked; exit 1\n");
    lab.home.write(
        "work/ci.json",
        lab.addressed(r#"{"auths": {"dst.lab": {}}, "credsStore": "broken"}"#),
    );
    config(
        &lab,
        &json!({"credsStore": "gone", "auths": {"dst.lab": {"auth": "eDp5"}, "dst.lab/team": {"auth": "eDp5"}}}),
    );
    let auth = lab.addressed(r#"{"auths": {"dst.lab": {"auth": "eDp5"}}}"#);
    lab.home.write("config/containers/auth.json", auth);
    lab.run(["logout", "dst.lab"])
        .env("REGISTRY_AUTH_FILE", "ci.json")
        .stderr_like("removed the credential for dst.lab from ~/.docker/config.json\n\
                 note: ~/.docker/config.json names the credential helper `gone` for dst.lab, which is not installed\n\
                 note: the credential for dst.lab/team stays in ~/.docker/config.json\n\
                 removed the credential for dst.lab from [..]auth.json\n\
                 error: credential helper `broken` failed: exit code 1: locked\n")
        .code(9);
    assert_eq!(
        stored(&lab)["auths"],
        serde_json::from_str::<serde_json::Value>(
            &lab.addressed(r#"{"dst.lab/team": {"auth": "eDp5"}}"#)
        )
        .unwrap()
    );
    // The way to what is still there stays.
    assert!(
        lab.home
            .read("work/ci.json")
            .unwrap()
            .contains(lab.address("dst"))
    );
}

#[test]
fn a_logout_says_what_it_cannot_forget() {
    let lab = basic();
    let docker = lab.addressed(r#"{"auths": {"dst.lab": {"auth": "YW5uOmFwcGxl"}}}"#);
    lab.run(["logout", "dst.lab"])
        .env("CROSSDOCK_REGISTRY", "dst.lab")
        .env("CROSSDOCK_USERNAME", "ann")
        .env("CROSSDOCK_PASSWORD", "apple")
        .env("DOCKER_AUTH_CONFIG", docker)
        .stderr(
            "warning: the variable CROSSDOCK_REGISTRY holds a credential for dst.lab, which is still used\n\
             warning: the variable DOCKER_AUTH_CONFIG holds a credential for dst.lab, which is still used\n",
        )
        .code(0);
}

/// Docker keeps tokens of its own beside Docker Hub's credential.
#[test]
fn a_logout_from_docker_hub_takes_docker_s_tokens_along() {
    let lab = basic();
    install(&lab, "keep", KEEP);
    let hub = "https://index.docker.io/v1/";
    for name in ["", "access-token", "refresh-token"] {
        let entry =
            json!({"ServerURL": format!("{hub}{name}"), "Username": "ann", "Secret": "apple"});
        let file = format!("{hub}{name}").replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        lab.home.write(&format!("{KEPT}/{file}"), entry.to_string());
    }
    config(
        &lab,
        &json!({"credsStore": "keep", "auths": {
            hub: {}, format!("{hub}refresh-token"): {"auth": "eDp5"}, "docker.io/team": {"auth": "eDp5"},
        }}),
    );
    lab.run(["logout", "docker.io"])
        .stderr(
            "removed the credential for docker.io from the credential helper `keep`\n\
             removed the credential for docker.io from ~/.docker/config.json\n\
             note: the credential for docker.io/team stays in ~/.docker/config.json\n",
        )
        .code(0);
    assert_eq!(kept(&lab), Vec::<String>::new());
    assert_eq!(
        stored(&lab)["auths"],
        json!({"docker.io/team": {"auth": "eDp5"}})
    );
}

/// No lock can be had, as in a folder that is for reading only.
#[test]
fn a_logout_that_has_nothing_to_remove_writes_nothing() {
    let lab = basic();
    config(
        &lab,
        &json!({"auths": {"dst.lab": {"auth": "YW5uOmFwcGxl"}}}),
    );
    std::fs::create_dir(lab.home.path(&format!("{FILE}.lock"))).unwrap();
    lab.run(["logout", "other.example"])
        .stderr("warning: no credential for other.example is stored\n")
        .code(0);
    lab.run(["logout", "dst.lab"]).any_stderr().code(9);
}
