//! When helpers are asked, how, and how often.

use super::{DIGEST, KEEP, answering, asked, basic, config, install, install_at, tokens};
use crate::lab::{Fault, Image, Lab};
use crossdock::server::Anonymous;
use serde_json::json;
use std::time::Duration;

#[test]
fn a_helper_s_credential_is_used_and_said_to_be() {
    for lab in [basic(), tokens(Anonymous::Nothing)] {
        for names in [
            json!({"credsStore": "keep"}),
            json!({"credsStore": "keep", "auths": {"dst.lab": {}}}),
            json!({"credHelpers": {"dst.lab": "keep"}}),
            json!({"credHelpers": {"dst.lab": "keep"}, "credsStore": "gone", "auths": {"dst.lab": {"auth": "YW5uOnBlYXI="}}}),
        ] {
            config(&lab, &names);
            install(&lab, "keep", &answering("ann", "apple"));
            lab.run([&DIGEST[..], &["-v"]].concat())
                .any_stdout()
                .stderr_has("dst.lab/app: the credential from credential helper `keep` of ~/.docker/config.json (dst.lab)")
                .code(0);
        }
    }
}

#[test]
fn nobody_is_asked_for_what_everybody_may_have() {
    let lab = Lab::empty().open("dst");
    lab.push("dst.lab/app:v1", &Image::small(1));
    config(
        &lab,
        &json!({"credsStore": "keep", "auths": {"dst.lab": {}}}),
    );
    install(&lab, "keep", KEEP);
    lab.run(DIGEST).any_stdout().code(0);
    assert!(asked(&lab).is_empty());
}

/// Whether one credential is good for both repositories is no question where none is needed.
#[test]
fn a_copy_within_a_registry_that_asks_nobody_asks_no_helper() {
    let lab = Lab::empty().open("dst");
    lab.push("dst.lab/app:v1", &Image::small(1));
    config(
        &lab,
        &json!({"credsStore": "keep", "credHelpers": {"dst.lab/other": "keep"}}),
    );
    install(&lab, "keep", KEEP);
    lab.run(["copy", "-q", "dst.lab/app:v1", "dst.lab/other:v1"])
        .any_stdout()
        .code(0);
    assert!(asked(&lab).is_empty());
    assert!(
        lab.requests("dst")
            .all()
            .iter()
            .any(|seen| seen.query.contains("mount=")),
        "{}",
        lab.requests("dst")
    );
}

/// Whose password it is that is not accepted, and so what is to be mended.
#[test]
fn a_password_that_is_not_accepted_is_said_to_be_and_where_it_is_from() {
    let lab = basic();
    let told = |origin: &str, hint: &str| {
        format!("dst.lab does not accept the password from {origin}[..]\nhint: {hint}\n")
    };
    let again = "log in again with `crossdock login dst.lab`";
    config(&lab, &json!({"auths": {"dst.lab": {"auth": "eDp5"}}}));
    let wrong = lab.addressed(r#"{"auths": {"dst.lab": {"auth": "eDp5"}}}"#);
    let refused = |run: crate::lab::Run, origin: &str, hint: &str| {
        run.stderr_like(format!("error: [..]{}", told(origin, hint)))
            .code(4);
    };
    refused(lab.run(DIGEST), "~/.docker/config.json (dst.lab)", again);
    refused(
        lab.run(DIGEST).env("DOCKER_AUTH_CONFIG", wrong),
        "`DOCKER_AUTH_CONFIG` (dst.lab)",
        "mend the credential that the variable DOCKER_AUTH_CONFIG brings, or unset it",
    );
    let variables = lab
        .run(DIGEST)
        .env("CROSSDOCK_AUTH_1_HOST", "dst.lab")
        .env("CROSSDOCK_AUTH_1_USERNAME", "ann")
        .env("CROSSDOCK_AUTH_1_PASSWORD", "pear");
    refused(
        variables,
        "CROSSDOCK_AUTH_1_HOST (dst.lab)",
        "mend the credential that the variable CROSSDOCK_AUTH_1_HOST brings, or unset it",
    );
    install(&lab, "keep", &answering("ann", "pear"));
    config(&lab, &json!({"credsStore": "keep"}));
    let helper = "credential helper `keep` of ~/.docker/config.json (dst.lab)";
    refused(lab.run(DIGEST), helper, again);
}

#[test]
fn a_helper_is_asked_once_however_many_want_to_know() {
    for lab in [basic(), tokens(Anonymous::Nothing)] {
        let lab = lab.open("src");
        config(&lab, &json!({"credsStore": "slow"}));
        let slow = format!("sleep 1\n{}", answering("ann", "apple"));
        install(&lab, "slow", &slow);
        lab.push("src.lab/team/app:v1", &Image::sized(3, &[2000; 40]));
        lab.run(["copy", "-q", "src.lab/team/app:v1", "dst.lab/team/app:v1"])
            .any_stdout()
            .code(0);
        assert_eq!(asked(&lab), ["get"]);
    }
}

/// The protocol: the server on stdin and nothing else, not even a line break.
#[test]
fn what_a_helper_is_told() {
    for (names, told) in [
        (json!({"credsStore": "echo"}), "dst.lab"),
        (
            json!({"credsStore": "echo", "auths": {"https://dst.lab/v2/": {}}}),
            "https://dst.lab/v2/",
        ),
        (
            json!({"credHelpers": {"dst.lab/app": "echo"}}),
            "dst.lab/app",
        ),
    ] {
        let lab = basic();
        config(&lab, &names);
        let script = format!(
            "cat > \"$HOME/told\"; echo \"$#$1\" > \"$HOME/how\"\n{}",
            answering("ann", "apple")
        );
        install(&lab, "echo", &script);
        lab.run(DIGEST).any_stdout().code(0);
        assert_eq!(lab.home.read("home/told").unwrap(), lab.addressed(told));
        assert_eq!(lab.home.read("home/how").unwrap(), "1get\n");
    }
}

#[test]
fn a_helper_for_another_registry_is_not_asked() {
    let lab = basic();
    config(
        &lab,
        &json!({"credHelpers": {"other.example": "keep", "dst.lab/team": "keep"}}),
    );
    install(&lab, "keep", KEEP);
    lab.run(DIGEST).any_stderr().code(4);
    assert!(asked(&lab).is_empty());
}

/// An identity token is traded, not sent.
#[test]
fn the_user_name_token_means_an_identity_token() {
    let lab = tokens(Anonymous::Nothing);
    config(&lab, &json!({"credsStore": "identity"}));
    install(
        &lab,
        "identity",
        &answering("<token>", "not-a-token-of-this-service"),
    );
    lab.run(DIGEST).any_stderr().code(4);
    let requests = lab.requests("dst");
    assert_eq!(
        (
            requests.count("GET", "token"),
            requests.count("POST", "token")
        ),
        (0, 1)
    );
}

#[test]
fn a_helper_that_is_not_installed_is_noted_and_the_next_place_is_asked() {
    let lab = basic();
    let note = "note: ~/.docker/config.json names the credential helper `desktop`, which is not installed; going on without it\n";
    config(
        &lab,
        &json!({"credsStore": "desktop", "auths": {"dst.lab": {}}}),
    );
    lab.run(DIGEST)
        .stderr_like(format!(
            "{note}error: [..]\nhint: log in with `crossdock login dst.lab`\n"
        ))
        .code(4);
    config(
        &lab,
        &json!({"credsStore": "desktop", "auths": {"dst.lab": {"auth": "YW5uOmFwcGxl"}}}),
    );
    lab.run(["digest", "dst.lab/app:v1", "dst.lab/app:v2"])
        .any_stdout()
        .stderr(note)
        .code(0);
}

#[test]
fn a_helper_that_has_nothing_leaves_it_to_the_next_place() {
    let lab = basic();
    install(&lab, "keep", KEEP);
    let auth = lab.addressed(r#"{"auths": {"dst.lab": {"auth": "YW5uOmFwcGxl"}}}"#);
    lab.home.write("config/containers/auth.json", auth);
    config(
        &lab,
        &json!({"credsStore": "keep", "auths": {"dst.lab": {}}}),
    );
    lab.run(DIGEST).any_stdout().code(0);
    assert_eq!(asked(&lab), ["get"]);
}

/// CVE-2025-15558 and its kind: what is to be run is looked for where the user's programs are.
#[test]
fn only_absolute_folders_of_path_are_searched() {
    let lab = basic();
    config(&lab, &json!({"credsStore": "found"}));
    let script = "echo '{\"Username\":\"ann\",\"Secret\":\"apple\"}'\n";
    for place in ["docker-credential-found", "bin/docker-credential-found"] {
        install_at(&lab.home.path("work").join(place), script);
    }
    let path = |path: &str| lab.run(DIGEST).env("PATH", path.to_owned());
    for relative in ["", ".", ":", "bin", "./bin", "bin:.:"] {
        path(relative).stderr_has("which is not installed").code(4);
    }
    let absolute = lab.home.path("work/bin").display().to_string();
    path(&format!("none:.:{absolute}")).any_stdout().code(0);
    // A file that cannot be run is none.
    std::fs::write(lab.home.path("home/docker-credential-found"), script).unwrap();
    let first = lab.home.path("home").display().to_string();
    path(&format!("{first}:{absolute}")).any_stdout().code(0);
    path(&first).stderr_has("which is not installed").code(4);
}

#[test]
fn a_helper_sees_the_environment_without_crossdock_s_own_secrets() {
    let lab = basic();
    config(&lab, &json!({"credsStore": "env"}));
    let script = format!("env > \"$HOME/env\"\n{}", answering("ann", "apple"));
    install(&lab, "env", &script);
    lab.run(DIGEST)
        .env("CROSSDOCK_AUTH_1_HOST", "other.example")
        .env("CROSSDOCK_AUTH_1_USERNAME", "u")
        .env("CROSSDOCK_AUTH_1_PASSWORD", "s3cret")
        .env("CROSSDOCK_REGISTRY", "another.example")
        .env("CROSSDOCK_TOKEN", "s3cret")
        .env("AWS_PROFILE", "prod")
        .any_stdout()
        .code(0);
    let seen = lab.home.read("home/env").unwrap();
    assert!(
        seen.contains("AWS_PROFILE=prod\n") && seen.contains("HOME="),
        "{seen}"
    );
    assert!(
        !seen.contains("CROSSDOCK") && !seen.contains("s3cret"),
        "{seen}"
    );
}

/// First this credential, from then on that one.
fn changing() -> String {
    let [first, then] =
        [("ann", "apple"), ("bob", "banana")].map(|(user, secret)| answering(user, secret));
    format!("if [ ! -f \"$HOME/asked\" ]; then\n{first}\nelse\n{then}\nfi\n")
}

/// ECR's passwords live for twelve hours, and some runs longer.
#[test]
fn a_credential_that_was_good_once_is_asked_for_anew() {
    let lab = basic();
    let refuse = Fault::on("GET", "/blobs/")
        .with_header("authorization")
        .times(1);
    let challenge = [("www-authenticate", "Basic realm=\"dst\"")];
    lab.fault("dst", refuse.answer(401, &challenge, ""));
    config(&lab, &json!({"credsStore": "changing"}));
    install(&lab, "changing", &changing());
    lab.run(["inspect", "dst.lab/app:v1"]).any_stdout().code(0);
    assert_eq!(asked(&lab), ["get", "get"]);
}

/// ECR says 403 then, in these words.
#[test]
fn a_credential_that_is_said_to_have_expired_is_asked_for_anew() {
    let expired = "Your authorization token has expired. Reauthenticate and try again.";
    for (method, part) in [("GET", "/blobs/"), ("PUT", "/blobs/uploads/")] {
        let lab = basic().open("src");
        lab.push("src.lab/other:v1", &Image::sized(5, &[2000]));
        let refuse = Fault::on(method, part).with_header("authorization");
        lab.fault("dst", refuse.refusal(403, "DENIED", expired));
        config(&lab, &json!({"credHelpers": {"dst.lab": "changing"}}));
        install(&lab, "changing", &changing());
        let run = match method {
            "GET" => lab.run(["inspect", "dst.lab/app:v1"]),
            _ => lab.run(["copy", "-q", "src.lab/other:v1", "dst.lab/other:v1"]),
        };
        run.any_stdout().code(0);
        assert_eq!(asked(&lab), ["get", "get"], "{method}");
    }
}

#[test]
fn a_credential_that_bought_a_token_once_is_asked_for_anew() {
    let lab = tokens(Anonymous::Nothing);
    let expire = |registry: &crossdock::server::Registry| registry.expire_tokens();
    lab.fault("dst", Fault::on("*", "/blobs/").times(1).first(expire));
    lab.fault(
        "dst",
        Fault::on("GET", "/token")
            .after(1)
            .times(1)
            .answer(401, &[], ""),
    );
    config(&lab, &json!({"credsStore": "changing"}));
    install(&lab, "changing", &changing());
    lab.run(["inspect", "dst.lab/app:v1"]).any_stdout().code(0);
    assert_eq!(asked(&lab), ["get", "get"]);
}

#[test]
fn a_credential_that_was_never_good_is_not() {
    for lab in [basic(), tokens(Anonymous::Nothing)] {
        config(&lab, &json!({"credsStore": "wrong"}));
        install(&lab, "wrong", &answering("ann", "pear"));
        lab.run([
            "digest",
            "dst.lab/app:v1",
            "dst.lab/app:v2",
            "dst.lab/app:v3",
        ])
        .any_stderr()
        .code(4);
        assert_eq!(asked(&lab), ["get"]);
    }
}

/// What ends a run ends its helpers, and what those have started.
#[cfg(target_os = "linux")]
#[test]
fn whoever_ends_leaves_no_helper_behind() {
    for (signal, code) in [(None, 7), (Some("INT"), 130), (Some("TERM"), 143)] {
        let lab = basic();
        config(&lab, &json!({"credsStore": "hanging"}));
        install(
            &lab,
            "hanging",
            "sleep 300 &\necho $$ $! > \"$HOME/new\"; mv \"$HOME/new\" \"$HOME/ids\"; wait\n",
        );
        let deadline = if signal.is_none() { "3s" } else { "1m" };
        let running = lab
            .run([&DIGEST[..], &["--deadline", deadline]].concat())
            .any_stderr()
            .start();
        until(|| lab.home.read("home/ids").is_some());
        if let Some(signal) = signal {
            running.signal(signal);
        }
        running.code(code);
        let ids = lab.home.read("home/ids").unwrap();
        let ids: Vec<&str> = ids.split_whitespace().collect();
        assert_eq!(ids.len(), 2);
        until(|| !ids.iter().any(|id| is_running(id)));
    }
}

#[cfg(target_os = "linux")]
fn is_running(id: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, state)| state.to_owned());
    state.is_some_and(|state| !state.starts_with(['Z', 'X']))
}

#[cfg(target_os = "linux")]
#[track_caller]
fn until(done: impl Fn() -> bool) {
    for _ in 0..600 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("not after 30 s");
}
