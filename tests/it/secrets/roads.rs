//! Passwords, by every road that they can come by.

use super::{COMMANDS, LOUD, assert_clean, guarded, password, token};
use crate::lab::{Fault, Lab, Run, Seen};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::path::PathBuf;

/// A road that a secret comes by: what it sets up, and what it adds to a run.
struct Road {
    name: &'static str,
    password: String,
    prepare: fn(&Lab, &str) -> Vec<PathBuf>,
    run: fn(Run, &str) -> Run,
}

fn roads() -> Vec<Road> {
    let nothing: fn(&Lab, &str) -> Vec<PathBuf> = |_, _| Vec::new();
    let road = |name, prepare, run| Road {
        name,
        password: password(name),
        prepare,
        run,
    };
    let mut roads = vec![
        road("numbered", nothing, |run, secret| {
            run.env("CROSSDOCK_AUTH_1_HOST", "dst.lab")
                .env("CROSSDOCK_AUTH_1_USERNAME", "ann")
                .env("CROSSDOCK_AUTH_1_PASSWORD", secret)
        }),
        road("single", nothing, |run, secret| {
            run.env("CROSSDOCK_REGISTRY", "dst.lab")
                .env("CROSSDOCK_USERNAME", "ann")
                .env("CROSSDOCK_PASSWORD", secret)
        }),
        road("docker-variable", nothing, |run, secret| {
            let auth = STANDARD.encode(format!("ann:{secret}"));
            let config = json!({"auths": {"dst.lab": {"auth": auth}}});
            run.env("DOCKER_AUTH_CONFIG", config.to_string())
        }),
        road(
            "file",
            |lab, secret| {
                let auth = STANDARD.encode(format!("ann:{secret}"));
                let config = json!({"auths": {lab.address("dst"): {"auth": auth}}});
                vec![lab.home.docker_config(&config)]
            },
            |run, _| run,
        ),
        road(
            "plain-file",
            |lab, secret| {
                let entry = json!({"username": "ann", "password": secret});
                vec![
                    lab.home
                        .docker_config(&json!({"auths": {lab.address("dst"): entry}})),
                ]
            },
            |run, _| run,
        ),
    ];
    #[cfg(unix)]
    roads.push(road("helper", with_helper, |run, _| run));
    roads
}

/// A credential helper that talks too much.
#[cfg(unix)]
fn with_helper(lab: &Lab, secret: &str) -> Vec<PathBuf> {
    let answer = json!({"ServerURL": "x", "Username": "ann", "Secret": secret});
    let kept = lab.home.write("home/answer", answer.to_string());
    let password = lab.home.write("home/password", secret);
    let script = "cat \"$HOME/answer\"; cat \"$HOME/password\" \"$HOME/answer\" >&2\n";
    crate::credentials::install(lab, "talking", script);
    lab.home
        .docker_config(&json!({"auths": {lab.address("dst"): {}}, "credsStore": "talking"}));
    vec![kept, password]
}

/// What goes wrong at the registry, besides nothing.
fn troubles() -> Vec<Option<fn() -> Fault>> {
    vec![
        None,
        Some(|| {
            Fault::on("*", "/v2/")
                .always()
                .refusal(403, "DENIED", "not you")
        }),
        Some(|| Fault::on("*", "/v2/app").always().status(500)),
        Some(|| Fault::on("*", "/v2/app").always().lose_answer()),
        Some(|| Fault::on("*", "/v2/app").always().answer(401, &[], "")),
        Some(|| Fault::on("*", "/token").always().status(500)),
        Some(|| Fault::on("*", "/token").always().html()),
    ]
}

fn every_command_is_silent_about(road: &Road, tokens: bool) {
    let lab = guarded(&road.password, tokens);
    let but = (road.prepare)(&lab, &road.password);
    for trouble in troubles() {
        for command in COMMANDS {
            for loud in LOUD {
                lab.heal();
                if let Some(trouble) = trouble {
                    lab.fault("dst", trouble());
                }
                let run = (road.run)(lab.run([command, loud].concat()), &road.password);
                let ran = run.run();
                assert_clean(&ran, &lab, &but);
                assert!(
                    trouble.is_some() || ran.code == 0 || command[0] == "digest",
                    "{ran}"
                );
            }
        }
    }
    for loud in LOUD {
        let list = lab.run([&["login", "--list"], loud].concat());
        let ran = (road.run)(list, &road.password).run();
        assert_clean(&ran, &lab, &but);
        assert_eq!(ran.code, 0, "{ran}");
    }
    assert!(
        lab.requests("src")
            .all()
            .iter()
            .all(|seen| seen.scheme().is_none())
    );
    let sent = |seen: &Seen| seen.scheme().is_some();
    lab.heal();
    (road.run)(lab.run(COMMANDS[4]), &road.password)
        .any_stdout()
        .any_stderr()
        .code(0);
    assert!(
        lab.requests("dst").all().iter().any(sent),
        "{}: it was used",
        road.name
    );
}

#[test]
fn a_password_stays_secret_on_every_road() {
    std::thread::scope(|scope| {
        for road in roads() {
            scope.spawn(move || every_command_is_silent_about(&road, false));
        }
    });
}

#[test]
fn a_password_that_is_traded_for_a_token_stays_secret_on_every_road() {
    std::thread::scope(|scope| {
        for road in roads() {
            scope.spawn(move || every_command_is_silent_about(&road, true));
        }
    });
}

#[test]
fn a_wrong_password_is_not_shown_either() {
    for tokens in [false, true] {
        for road in roads() {
            let lab = guarded("another", tokens);
            let but = (road.prepare)(&lab, &road.password);
            for (command, loud) in COMMANDS.iter().zip(LOUD.iter().cycle()) {
                let run = (road.run)(lab.run([*command, *loud].concat()), &road.password);
                let ran = run.run();
                assert_eq!(ran.code, 4, "{ran}");
                assert_clean(&ran, &lab, &but);
            }
        }
    }
}

/// What a helper is told is its own affair; what it makes of that is not shown.
#[cfg(unix)]
#[test]
fn a_login_into_a_helper_shows_nothing_of_what_was_piped_in() {
    for (end, code) in [("exit 0", 0), ("exit 1", 9)] {
        for secret in [password("stdin"), token("stdin")] {
            let lab = guarded(&secret, false);
            let script = format!("tee \"$HOME/told\"; cat \"$HOME/told\" >&2; {end}\n");
            crate::credentials::install(&lab, "echoing", &script);
            lab.home.docker_config(&json!({"credsStore": "echoing"}));
            for loud in LOUD {
                let login = ["login", "dst.lab", "-u", "ann", "--password-stdin"];
                let run = lab.run([&login[..], loud].concat()).stdin(&secret);
                let ran = run.any_stderr().code(code);
                assert_clean(&ran, &lab, &[lab.home.path("home/told")]);
            }
        }
    }
}

#[test]
fn a_login_shows_nothing_of_what_was_piped_in() {
    for tokens in [false, true] {
        for secret in [password("stdin"), token("stdin")] {
            let lab = guarded(&secret, tokens);
            let file = lab.home.path("home/.docker/config.json");
            let login = ["login", "dst.lab", "-u", "ann", "--password-stdin"];
            for loud in LOUD {
                let wrong = format!("{secret}x");
                let ran = lab
                    .run([&login[..], loud].concat())
                    .stdin(wrong)
                    .any_stderr()
                    .code(4);
                assert_clean(&ran, &lab, &[]);
                let ran = lab
                    .run([&login[..], loud].concat())
                    .stdin(&secret)
                    .any_stderr()
                    .code(0);
                assert_clean(&ran, &lab, std::slice::from_ref(&file));
                let ran = lab
                    .run([&["logout", "dst.lab"], loud].concat())
                    .any_stderr()
                    .code(0);
                assert_clean(&ran, &lab, &[]);
            }
        }
    }
}
