//! What somebody may do with a repository, without doing it.

use super::guarded;
use crate::lab::{Fault, Image, Lab};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crossdock::server::{Access, Anonymous, Options, User};
use serde_json::{Value, json};

fn rights(lab: &Lab, code: i32) -> Value {
    let run = lab.run(["ping", "--json", "src.lab", "--repo", "team/app"]);
    let ran = run.any_stdout().any_stderr().code(code);
    let document = ran.json();
    let right = |name: &str| document["repository"][name]["answer"].clone();
    json!([right("pull"), right("push"), right("delete")])
}

#[test]
fn a_token_that_says_what_it_is_good_for_is_believed() {
    for (actions, push, delete) in [
        (&["pull"][..], "no", "no"),
        (&["pull", "push"], "yes", "no"),
        (&["pull", "push", "delete"], "yes", "yes"),
        (&["*"], "yes", "yes"),
    ] {
        let lab = guarded(vec![User::new("ann", "apple-pie")], Anonymous::Nothing);
        lab.push("src.lab/team/app:v1", &Image::small(1));
        let access = json!([{"type": "repository", "name": "team/app", "actions": actions}]);
        let claims = json!({"access": access}).to_string();
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let reply = json!({"token": token}).to_string();
        for part in ["push", "delete"] {
            let fault = Fault::on("GET", part).always();
            let headers = [("content-type", "application/json")];
            lab.fault("src", fault.answer(200, &headers, &reply));
        }
        assert_eq!(rights(&lab, 0), json!(["yes", push, delete]), "{actions:?}");
    }
}

/// Some token services know no right to delete, or give it only together with that to push; and
/// where nothing can be deleted by the API, nobody is asked.
#[test]
fn a_right_to_delete_is_asked_for_as_its_kind_knows_it() {
    for (kind, delete, asked) in [
        ("quay", "unknown", ""),
        ("ghcr", "no", ""),
        ("harbor", "unknown", "push"),
        ("distribution", "unknown", "alone"),
    ] {
        let lab = guarded(vec![User::new("ann", "apple-pie")], Anonymous::Nothing);
        lab.push("src.lab/team/app:v1", &Image::small(1));
        lab.home.user_settings(
            &lab.addressed(&format!("registries: {{\"src.lab\": {{kind: {kind}}}}}\n")),
        );
        assert_eq!(rights(&lab, 0), json!(["yes", "unknown", delete]), "{kind}");
        let requests = lab.requests("src");
        let mut deleting = requests
            .all()
            .iter()
            .filter(|seen| seen.query.contains("delete"));
        let form = deleting.next().map_or("", |seen| {
            if seen.query.contains("push") {
                "push"
            } else {
                "alone"
            }
        });
        assert_eq!(form, asked, "{kind}: {requests}");
    }
}

/// A token service may give less than was asked for, and not say so.
#[test]
fn one_that_does_not_say_proves_nothing() {
    let lab = guarded(vec![User::new("ann", "apple-pie")], Anonymous::Nothing);
    lab.push("src.lab/team/app:v1", &Image::small(1));
    assert_eq!(rights(&lab, 0), json!(["yes", "unknown", "unknown"]));
}

#[test]
fn a_token_service_that_refuses_says_no() {
    let lab = guarded(vec![User::new("ann", "apple-pie")], Anonymous::Nothing);
    lab.push("src.lab/team/app:v1", &Image::small(1));
    for part in ["push", "delete"] {
        let fault = Fault::on("GET", part).always();
        lab.fault("src", fault.refusal(403, "DENIED", "not you"));
    }
    assert_eq!(rights(&lab, 0), json!(["yes", "no", "no"]));
}

#[test]
fn with_a_password_only_writing_shows_it() {
    let users = vec![User::new("ann", "apple-pie")];
    let lab = Lab::empty().registry("src", |_| Options {
        access: Access::Basic { users },
        ..Options::default()
    });
    lab.docker_login(&[("src.lab", "ann:apple-pie")]);
    lab.push("src.lab/team/app:v1", &Image::small(1));
    assert_eq!(rights(&lab, 0), json!(["yes", "not_asked", "not_asked"]));
}

#[test]
fn what_may_not_be_read_ends_with_its_code() {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &Image::small(1));
    lab.fault(
        "src",
        Fault::on("HEAD", "/manifests/")
            .always()
            .refusal(403, "DENIED", ""),
    );
    assert_eq!(rights(&lab, 4)[0], "no");
}

#[test]
fn what_is_not_there_is_not_said_to_be_forbidden() {
    let lab = Lab::new();
    assert_eq!(rights(&lab, 0)[0], "unknown");
}
