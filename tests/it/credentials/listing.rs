//! `login --list`.

use super::{KEEP, basic, config, install};
use crate::lab::{Lab, Run};
use serde_json::{Value, json};

/// A credential in every place there is.
fn everywhere(lab: &Lab) {
    install(lab, "keep", KEEP);
    install(lab, "broken", "echo 'not implemented'; exit 1\n");
    for (server, user) in [
        ("https://index.docker.io/v1/", "hub-user"),
        ("https://index.docker.io/v1/access-token", "hub-user"),
        ("kept.example", "<token>"),
        ("file.example", "elsewhere"),
        ("odd\\u001b.example", "nobody"),
    ] {
        let entry = format!(r#"{{"ServerURL":"{server}","Username":"{user}","Secret":"CANARY"}}"#);
        lab.home.write(
            &format!("home/kept/{}", server.replace(['/', ':'], "_")),
            entry,
        );
    }
    config(
        lab,
        &json!({
            "auths": {
                "https://index.docker.io/v1/": {},
                "file.example/team": {"auth": "YW5uOkNBTkFSWQ=="},
                "file.example": {"identitytoken": "CANARY"},
                "wrong.example": {"auth": "!!!"},
            },
            "credsStore": "keep",
            "credHelpers": {"file.example": "broken", "other.example": "gone"},
        }),
    );
    lab.home.write("config/containers/auth.json", "{");
}

fn listed(lab: &Lab, more: &[&str]) -> Run {
    lab.run([&["login", "--list"], more].concat())
        .env("CROSSDOCK_AUTH_1_HOST", "https://variable.example:443/v2/")
        .env("CROSSDOCK_AUTH_1_USERNAME", "ci")
        .env("CROSSDOCK_AUTH_1_PASSWORD", "CANARY")
        .env(
            "DOCKER_AUTH_CONFIG",
            r#"{"auths": {"docker.example": {"username": "u", "password": "CANARY"}}}"#,
        )
}

#[test]
fn every_place_and_registry_is_listed_and_no_secret() {
    let lab = basic();
    everywhere(&lab);
    let ran = listed(&lab, &[])
        .stdout(
            "REGISTRY           USER      FROM\n\
             variable.example   ci        variable CROSSDOCK_AUTH_1_HOST\n\
             docker.example     u         variable DOCKER_AUTH_CONFIG\n\
             docker.io          hub-user  helper keep\n\
             kept.example       (token)   helper keep\n\
             file.example/team  ann       file ~/.docker/config.json\n\
             file.example       (token)   file ~/.docker/config.json\n",
        )
        .stderr_like(
            "note: [..]auth.json: EOF while parsing[..]\n\
             note: credential helper `broken` failed: exit code 1: not implemented\n\
             note: credential helper `gone` failed: `docker-credential-gone` is in no folder of PATH\n\
             note: ~/.docker/config.json (wrong.example): `auth` is not base64\n",
        )
        .code(0);
    assert!(!format!("{ran}").contains("CANARY"));
    assert_eq!(lab.requests("dst").len(), 0);
}

/// It answers every question with a credential, as one does that does not look at what it is asked.
#[test]
fn a_credential_is_not_taken_for_a_list() {
    let lab = basic();
    config(&lab, &json!({"credsStore": "deaf"}));
    for answer in [
        r#"{"ServerURL":"a.example","Username":"CANARY","Secret":"CANARY"}"#,
        r#"{"a.example":"CANARY","secret":"CANARY"}"#,
    ] {
        install(&lab, "deaf", &format!("cat > /dev/null; echo '{answer}'\n"));
        for more in [&[][..], &["--json"], &["-vv"]] {
            let ran = lab
                .run([&["login", "--list"], more].concat())
                .any_stdout()
                .stderr_has("credential helper `deaf` failed: its answer is a credential and no list of servers")
                .code(0);
            assert!(!format!("{ran}").contains("CANARY"));
        }
    }
    install(
        &lab,
        "deaf",
        "echo '{\"Password\":\"CANARY\",\"a.example\":\"ann\"}'\n",
    );
    let ran = lab
        .run(["login", "--list"])
        .stdout("REGISTRY   USER  FROM\na.example  ann   helper deaf\n")
        .code(0);
    assert!(!format!("{ran}").contains("CANARY"));
}

#[test]
fn the_list_is_one_document_for_programs() {
    let lab = basic();
    everywhere(&lab);
    let ran = listed(&lab, &["--json"]).any_stdout().any_stderr().code(0);
    let rows: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(rows.len(), 6);
    assert_eq!(
        rows[0],
        json!({"registry": "variable.example", "username": "ci", "token": false, "place": "variable", "name": "CROSSDOCK_AUTH_1_HOST"})
    );
    assert_eq!(
        rows[3],
        json!({"registry": "kept.example", "username": null, "token": true, "place": "helper", "name": "keep"})
    );
    let none = basic()
        .run(["login", "--list", "--json"])
        .any_stdout()
        .code(0);
    assert_eq!(none.stdout.split_whitespace().collect::<String>(), "[]");
}

#[test]
fn an_empty_list_is_said_to_be() {
    let lab = basic();
    lab.run(["login", "--list"])
        .stderr("warning: no credential is stored\n")
        .code(0);
    lab.run(["login", "--list", "dst.lab"])
        .stderr(
            "error: `--list` shows every registry, and not one alone\n\
             hint: leave the host out: `crossdock login --list`\n",
        )
        .code(2);
    for more in [&["-u", "ann"][..], &["--store", "file"]] {
        lab.run([&["login", "--list"], more].concat())
            .any_stderr()
            .code(2);
    }
}
