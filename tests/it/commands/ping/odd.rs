//! Places that are no registry, or answer oddly, or not at all.

use crate::lab::{Fault, Lab};

#[test]
fn what_is_no_registry_is_called_so() {
    for fault in [
        Fault::on("GET", "/v2/").html(),
        Fault::on("GET", "/v2/").answer(404, &[("content-type", "text/html")], "<html>gone</html>"),
        Fault::on("GET", "/v2/").status(404),
        Fault::on("GET", "/v2/").status(400),
    ] {
        let lab = Lab::new();
        lab.fault("src", fault.always());
        lab.run(["ping", "src.lab"])
            .stderr_has("src.lab is no registry")
            .code(8);
    }
}

#[test]
fn how_it_ends_says_what_to_do() {
    for (status, code) in [(403, 4), (500, 7), (503, 7), (429, 7)] {
        let lab = Lab::new();
        lab.fault("src", Fault::on("GET", "/v2/").always().status(status));
        lab.run(["ping", "src.lab", "--retries", "0"])
            .any_stdout()
            .stderr_has(status.to_string())
            .code(code);
    }
    let lab = Lab::empty();
    lab.run(["ping", "127.0.0.1:1", "--retries", "0"])
        .stderr_has("hint: is a registry running at 127.0.0.1:1?")
        .code(7);
    lab.run(["ping", "a b"]).any_stderr().code(2);
}

/// Not every registry answers at the root of its API.
#[test]
fn a_repository_that_answers_makes_a_registry() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &crate::lab::Image::small(1));
    lab.fault(
        "src",
        Fault::on("GET", "/v2/").exactly().always().status(404),
    );
    lab.run(["ping", "src.lab", "--repo", "app"])
        .stdout_like("...\n  pull:    yes\n...\n")
        .code(0);
}

#[test]
fn what_it_does_not_do_and_what_makes_no_sense_is_told_apart() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &crate::lab::Image::small(1));
    let json = [("content-type", "application/json")];
    for (part, status, body) in [
        ("_catalog", 200, r#"{"repositories":7}"#),
        ("/referrers/", 200, r#"{"manifests":[]}"#),
        ("/tags/list", 200, r#"{"tags":["v1","v2"]}"#),
    ] {
        lab.fault("src", Fault::on("GET", part).answer(status, &json, body));
    }
    let ran = lab.run(["ping", "--json", "src.lab", "--repo", "app"]);
    let document = ran.any_stdout().code(0).json();
    let own = &document["abilities"];
    assert_eq!(own["catalog"]["answer"], "unknown");
    assert_eq!(own["referrers"]["answer"], "no");
    assert_eq!(own["tag_pages"]["answer"], "no");
}

/// Names and texts from outside act on no terminal.
#[test]
fn what_it_says_is_escaped() {
    let lab = Lab::new();
    lab.fault(
        "src",
        Fault::on("GET", "_catalog")
            .always()
            .refusal(403, "DENIED", "\u{1b}[2Jgone\u{202e}"),
    );
    let ran = lab.run(["ping", "src.lab"]).any_stdout().code(0);
    assert!(ran.stdout.contains("gone"), "{ran}");
    let acts = |c: char| c == '\u{1b}' || c == '\u{202e}';
    assert!(!ran.stdout.contains(acts), "{ran}");
}

/// What a registry gives out with its realm is not for everybody's eyes.
#[test]
fn a_password_in_a_realm_is_not_shown() {
    let lab = Lab::new();
    let realm = "Bearer realm=\"https://ann:plum-cake@auth.example.com/token\",service=\"x\"";
    lab.fault(
        "src",
        Fault::on("GET", "/v2/")
            .always()
            .answer(401, &[("www-authenticate", realm)], ""),
    );
    for json in [&["ping", "src.lab"][..], &["ping", "--json", "src.lab"]] {
        let ran = lab.run(json).run();
        assert!(!ran.to_string().contains("plum-cake"), "{ran}");
    }
}
