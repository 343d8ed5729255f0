//! `ping`: what a registry is, who somebody is there, what it can do and what he may do.

mod kinds;
mod odd;
mod rights;
mod writing;

use crate::lab::{Fault, Image, Lab};
use crossdock::server::{Actions, Anonymous, Options, User};
use http::header::{DATE, HeaderValue};
use serde_json::json;

/// A registry that wants a token, and a user who is logged in.
fn guarded(users: Vec<User>, anonymous: Anonymous) -> Lab {
    let lab = Lab::empty().registry("src", |address| Options {
        access: crate::lab::tokens(address, "lab.example.com", users, anonymous),
        ..Options::default()
    });
    lab.docker_login(&[("src.lab", "ann:apple-pie")]);
    lab
}

#[test]
fn one_screen_says_it_all() {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &Image::small(1));
    lab.run(["ping", "src.lab", "--repo", "team/app"])
        .stdout_like(
            "registry:  src.lab\n\
             kind:      CNCF distribution or something built on it, by the header `docker-distribution-api-version`\n\
             login:     not asked for\n\
             you:       nobody: it does not ask\n\
             protocol:  HTTP/1.1, without TLS\n\
             latency:   [..] ms\n\
             clock:     as this machine's\n\
             \n\
             what it can do:\n\
             \x20 list repositories:   yes\n\
             \x20 list tags in pages:  unknown: there is no second page\n\
             \x20 list referrers:      yes\n\
             \x20 confirm a subject:   not asked: `--write REPO` tries it out\n\
             \x20 upload in one:       not asked: `--write REPO` tries it out\n\
             \x20 upload in chunks:    not asked: `--write REPO` tries it out\n\
             \x20 mount a blob:        not asked: `--write REPO` tries it out\n\
             \x20 delete by tag:       not asked: `--write REPO` tries it out\n\
             \x20 delete by digest:    not asked: `--write REPO` tries it out\n\
             \n\
             what you may do with team/app:\n\
             \x20 pull:    yes\n\
             \x20 push:    not asked: only seen by doing it: nobody is asked to log in\n\
             \x20 delete:  not asked: only seen by doing it: nobody is asked to log in\n",
        )
        .code(0);
}

/// What only asks is never a write, and never a read that a registry would count as a pull.
#[test]
fn nothing_is_written_and_nothing_is_pulled() {
    let lab = guarded(vec![User::new("ann", "apple-pie")], Anonymous::Nothing);
    lab.push("src.lab/app:v1", &Image::small(1));
    lab.run(["ping", "src.lab", "--repo", "app"])
        .any_stdout()
        .code(0);
    let asked = lab.requests("src");
    let mut all = asked.all().iter();
    assert!(
        all.all(|asked| ["GET", "HEAD"].contains(&asked.method.as_str())),
        "{asked}"
    );
    assert_eq!(asked.count("GET", "manifests"), 0, "{asked}");
    assert_eq!(lab.node("src").registry.upload_count(), 0);
}

#[test]
fn in_json_it_is_one_document() {
    let lab = guarded(vec![User::new("ann", "apple-pie")], Anonymous::Nothing);
    let ran = lab.run(["ping", "--json", "src.lab"]).any_stdout().code(0);
    let mut document = ran.json();
    assert!(document["latency_ms"].take().is_number(), "{ran}");
    let not_asked = |option: &str| {
        let does = if option == "--repo" {
            "asks for it"
        } else {
            "tries it out"
        };
        json!({"answer": "not_asked", "by": null, "detail": format!("`{option} REPO` {does}")})
    };
    let expected = json!({
        "host": "src.lab",
        "kind": null,
        "recognised_by": "answer",
        "sign": "the header `docker-distribution-api-version`",
        "resembles_distribution": true,
        "version": null,
        "login": {
            "scheme": "bearer",
            "realm": "http://src.lab/token",
            "service": "lab.example.com",
        },
        "you": {
            "let_in": true,
            "asked": true,
            "user": "ann",
            "origin": "~/.docker/config.json (src.lab)",
            "problem": null,
        },
        "http": "HTTP/1.1",
        "tls": false,
        "latency_ms": null,
        "clock_ahead_seconds": 0,
        "mirror": null,
        "rate_limit": null,
        "abilities": {
            "catalog": {"answer": "yes", "by": "asked", "detail": null},
            "tag_pages": not_asked("--repo"),
            "referrers": not_asked("--repo"),
            "subject": not_asked("--write"),
            "single_upload": not_asked("--write"),
            "chunked_upload": not_asked("--write"),
            "mount": not_asked("--write"),
            "delete_by_tag": not_asked("--write"),
            "delete_by_digest": not_asked("--write"),
        },
        "repository": null,
        "written": null,
    });
    assert_eq!(document, expected, "{ran}");
}

#[test]
fn who_is_not_let_in_is_told_what_is_known() {
    let lab = guarded(vec![User::new("ann", "another")], Anonymous::Nothing);
    lab.run(["ping", "src.lab", "-vv"])
        .stdout_like("registry:  src.lab\n...\nyou:       not let in: [..]\n...\n")
        .stderr_has("cannot log in to src.lab")
        .code(4);
    let ran = lab
        .run(["ping", "--json", "src.lab", "-vv"])
        .any_stdout()
        .any_stderr()
        .code(4);
    let document = ran.json();
    assert_eq!(document["you"]["let_in"], false);
    assert_eq!(document["abilities"], json!(null));
    assert_eq!(document["login"]["scheme"], "bearer");
    assert!(!ran.to_string().contains("apple-pie"), "{ran}");
    assert!(!ran.to_string().contains("YW5uOmFwcGxlLXBpZQ"), "{ran}");
}

#[test]
fn nobody_in_particular_may_be_let_in() {
    let lab = guarded(vec![User::new("root", "x")], Anonymous::Pull);
    lab.docker_login(&[]);
    lab.push("src.lab/app:v1", &Image::small(1));
    lab.run(["ping", "src.lab", "--repo", "src.lab/app"])
        .stdout_like("...\nyou:       nobody in particular\n...\n  pull:    yes\n...\n")
        .code(0);
}

#[test]
fn a_clock_that_is_wrong_is_told() {
    for (date, told) in [
        (
            "Fri, 20 Nov 1998 12:00:00 GMT",
            "[..] s behind this machine's",
        ),
        (
            "Fri, 20 Nov 2099 12:00:00 GMT",
            "[..] s ahead of this machine's",
        ),
        ("yesterday", "not told"),
    ] {
        let lab = Lab::new();
        let fault = Fault::on("GET", "/v2/").always().change(move |answer| {
            let headers = answer.headers_mut();
            headers.insert(DATE, HeaderValue::from_static(date));
        });
        lab.fault("src", fault);
        lab.run(["ping", "src.lab"])
            .stdout_like(format!("...\nclock:     {told}\n...\n"))
            .code(0);
    }
}

/// A slow first answer, in which the way is opened, is not taken for what it usually is.
#[test]
fn the_latency_is_the_median_of_three() {
    let lab = Lab::new();
    let slow = std::time::Duration::from_millis(900);
    lab.fault("src", Fault::on("GET", "/v2/").exactly().delay(slow));
    let ran = lab.run(["ping", "--json", "src.lab"]).any_stdout().code(0);
    let latency = ran.json()["latency_ms"].as_f64().unwrap();
    assert!(latency < 800.0, "{latency}");
    let asked = lab.requests("src");
    let greetings = asked.all().iter().filter(|asked| asked.path == "/v2/");
    assert_eq!(greetings.count(), 3, "{asked}");
}

/// Whoever is out of patience is asked no more than must be.
#[test]
fn who_says_too_often_is_not_measured() {
    let lab = Lab::new();
    let tired = Fault::on("GET", "/v2/").exactly().always();
    lab.fault("src", tired.refusal(429, "TOOMANYREQUESTS", "later"));
    let ran = lab.run(["ping", "--retries", "0", "src.lab"]).any_stdout();
    let ran = ran.any_stderr().run();
    assert_ne!(ran.code, 0, "{ran}");
    let asked = lab.requests("src").len();
    assert!(asked <= 2, "{asked}");
}

/// A user who may only read may ask all the same.
#[test]
fn few_rights_are_enough_to_ask() {
    let reader = User::new("ann", "apple-pie").only("team", Actions::PULL);
    let lab = guarded(vec![User::new("root", "x"), reader], Anonymous::Nothing);
    lab.push("src.lab/team/app:v1", &Image::small(1));
    lab.run(["ping", "src.lab", "--repo", "team/app"])
        .stdout_like("...\n  list repositories:   no: [..]\n...\n  pull:    yes\n...\n")
        .code(0);
}
