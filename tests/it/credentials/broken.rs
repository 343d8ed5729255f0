//! Helpers that are there and of no use: who only reads is nobody then, and never somebody else.

use super::{DIGEST, FILE, LOGIN, asked, basic, config, install, tokens};
use crate::lab::Lab;
use crossdock::server::Anonymous;
use serde_json::json;

/// What a helper does, and what is said about it.
const BROKEN: [(&str, &str); 13] = [
    ("exit 1", "exit code 1"),
    ("echo locked; exit 2", "exit code 2: locked"),
    (
        "printf 'a\\033[2Jb\\n' >&2; exit 1",
        "exit code 1: a\\u{1b}[2Jb",
    ),
    (
        "echo error: credentials not found in native keychain; exit 1",
        "exit code 1: error: credentials",
    ),
    ("kill -9 $$", "ended by signal 9"),
    (
        "exit 0",
        "its answer is not JSON that can be read in one way",
    ),
    (
        "echo CANARY",
        "its answer is not JSON that can be read in one way",
    ),
    (
        "echo '{\"Username\":\"ann\",\"Secret\":\"CANARY\",\"Secret\":\"CANARY\"}'",
        "its answer is not JSON that can be read in one way",
    ),
    ("echo '[\"CANARY\"]'", "its answer is not a JSON object"),
    (
        "printf %s '{\"Username\":\"a\\rb\",\"Secret\":\"CANARY\"}'",
        "in its answer the user name contains a control character",
    ),
    (
        "echo '{\"Username\":\"ann\",\"Secret\":\"CANARY\"}'; exit 1",
        "exit code 1",
    ),
    (
        "echo 'got {\"Username\":\"ann\",\"Secret\":\"CANARY\"} and failed'; exit 1",
        "exit code 1: (not shown: it holds a secret)",
    ),
    (
        "head -c 10485760 /dev/zero | tr '\\0' C",
        "it printed more than 64 KiB",
    ),
];

fn with_broken(lab: &Lab, deed: &str) {
    install(
        lab,
        "broken",
        &format!("echo \"$1\" >> \"$HOME/asked\"\n{deed}\n"),
    );
    config(
        lab,
        &json!({"credsStore": "broken", "auths": {"dst.lab": {"auth": "YW5uOmFwcGxl"}}}),
    );
    let other = lab.addressed(r#"{"auths": {"dst.lab": {"auth": "YW5uOmFwcGxl"}}}"#);
    lab.home.write("config/containers/auth.json", other);
}

/// The registry wants a login: the helper is to blame, and no other credential is tried.
#[test]
fn a_no_to_nobody_says_how_the_helper_failed() {
    for lab in [basic(), tokens(Anonymous::Nothing)] {
        for (deed, told) in BROKEN {
            lab.heal();
            with_broken(&lab, deed);
            let ran = lab
                .run(DIGEST)
                .stderr_has("error: ")
                .stderr_has(format!("credential helper `broken` failed: {told}"))
                .stderr_has("\nhint: mend `docker-credential-broken`")
                .code(4);
            assert!(
                !ran.stderr.contains("CANARY") && !ran.stderr.contains('\u{1b}'),
                "{ran}"
            );
            assert!(
                lab.requests("dst")
                    .all()
                    .iter()
                    .all(|seen| seen.scheme().is_none())
            );
        }
        assert_eq!(asked(&lab).len(), BROKEN.len());
    }
}

/// Everybody may read: that it is done as nobody is said.
#[test]
fn what_everybody_may_read_is_read_with_a_warning() {
    let lab = tokens(Anonymous::Pull);
    with_broken(&lab, "echo locked; exit 1");
    lab.run(["digest", "dst.lab/app:v1", "dst.lab/app:v2"])
        .any_stdout()
        .stderr("warning: dst.lab: credential helper `broken` failed: exit code 1: locked; asking as nobody\n")
        .code(0);
    assert_eq!(asked(&lab), ["get"]);
}

/// Nobody may write here; elsewhere everybody may, and would not know who did.
#[test]
fn nothing_is_written_as_nobody() {
    let lab = tokens(Anonymous::Pull).open("src");
    lab.push("src.lab/app:v1", &crate::lab::Image::small(2));
    with_broken(&lab, "exit 1");
    for command in [
        &["copy", "-q", "src.lab/app:v1", "dst.lab/new:v1"][..],
        &["tag", "-q", "dst.lab/app:v1", "v9"],
        &["rm", "-q", "dst.lab/app:v1"],
    ] {
        lab.run(command)
            .stderr_has("credential helper `broken` failed: exit code 1")
            .code(4);
    }
    let requests = lab.requests("dst");
    // What is asked without a token is only how to get one.
    let reads = |seen: &crate::lab::Seen| ["GET", "HEAD"].contains(&seen.method.as_str());
    let nobodys = |seen: &crate::lab::Seen| reads(seen) || seen.scheme().is_none();
    assert!(requests.all().iter().all(nobodys), "{requests}");
    assert_eq!(lab.digest("dst.lab/new:v1"), None);
    assert_eq!(lab.digest("dst.lab/app:v9"), None);
    assert!(lab.digest("dst.lab/app:v1").is_some());
}

/// The token service gives a token to everybody, and the registry refuses it.
#[test]
fn a_refusal_of_an_anonymous_token_is_the_helper_s_failure_too() {
    let lab = tokens(Anonymous::Pull);
    with_broken(&lab, "exit 1");
    let refused = crate::lab::Fault::on("*", "/manifests/")
        .with_header("authorization")
        .always();
    lab.fault("dst", refused.refusal(403, "DENIED", "private"));
    lab.run(DIGEST)
        .stderr_has("error: ")
        .stderr_has("credential helper `broken` failed: exit code 1\n")
        .code(4);
}

/// The longest test: nobody waits longer for a helper than this.
#[test]
fn a_helper_that_hangs_is_given_up() {
    let lab = tokens(Anonymous::Pull);
    with_broken(&lab, "exec sleep 300");
    let ran = lab
        .run(["digest", "dst.lab/app:v1", "dst.lab/app:v2"])
        .patience(std::time::Duration::from_mins(2))
        .any_stdout()
        .stderr_has(
            "credential helper `broken` failed: it did not answer within 30 s; asking as nobody",
        )
        .code(0);
    assert!(ran.elapsed.as_secs() >= 30, "{ran}");
    assert_eq!(asked(&lab), ["get"]);
}

/// Something that a helper starts may live on, and hold on to the pipes.
#[test]
fn a_helper_that_leaves_something_running_has_answered() {
    let lab = basic();
    let script =
        "sleep 300 & echo $! > \"$HOME/id\"\necho '{\"Username\":\"ann\",\"Secret\":\"apple\"}'\n";
    install(&lab, "leaving", script);
    config(&lab, &json!({"credsStore": "leaving"}));
    let ran = lab.run(DIGEST).any_stdout().code(0);
    assert!(ran.elapsed.as_secs() < 20, "{ran}");
    let id = lab.home.read("home/id").unwrap();
    let ended = std::process::Command::new("kill").arg(id.trim()).status();
    assert!(ended.unwrap().success());
}

/// What a helper says while it works is shown, without what it says in confidence.
#[test]
fn what_a_helper_says_besides_is_noted() {
    let lab = basic();
    let script = "echo 'the key apple expires soon' >&2\necho '{\"Username\":\"ann\",\"Secret\":\"apple\"}'\n";
    install(&lab, "talking", script);
    config(&lab, &json!({"credsStore": "talking"}));
    lab.run(DIGEST)
        .any_stdout()
        .stderr("note: credential helper `talking`: the key *** expires soon\n")
        .code(0);
}

/// CVE-2021-41092: a login goes nowhere else than where it was meant to go.
#[test]
fn a_login_into_a_helper_that_is_not_there_asks_and_stores_nothing() {
    let lab = basic();
    let names = json!({"credsStore": "desktop", "auths": {"dst.lab": {}}});
    config(&lab, &names);
    let before = lab.home.read(FILE);
    for more in [&[][..], &["--store", "auto"], &["--store", "helper:gone"]] {
        lab.run([&LOGIN[..], more].concat())
            .stdin("apple")
            .stderr_like(
                "error: the credential helper `[..]` is not installed\nhint: [..]`--store file`\n",
            )
            .code(2);
    }
    assert_eq!(lab.requests("dst").len(), 0);
    assert_eq!(lab.home.read(FILE), before);
    for wrong in ["helper:", "helper:../x", "helper:a b", "keychain", ""] {
        lab.run([&LOGIN[..], &["--store", wrong]].concat())
            .stdin("apple")
            .any_stderr()
            .code(2);
    }
}

#[test]
fn a_login_into_a_helper_that_breaks_is_stored_nowhere() {
    let lab = basic();
    config(&lab, &json!({"credsStore": "broken"}));
    let before = lab.home.read(FILE);
    install(
        &lab,
        "broken",
        "cat; echo the keyring is locked >&2; exit 1\n",
    );
    let ran = lab.run(LOGIN)
        .stdin("apple")
        .stderr_has("error: the credential was accepted, and not stored: credential helper `broken` failed: exit code 1: ")
        .stderr_has("(not shown: it holds a secret); the keyring is locked")
        .stderr_has("hint: mend `docker-credential-broken`, or take `broken` out of ~/.docker/config.json and log in again\n")
        .code(9);
    assert!(!ran.stderr.contains("apple"), "{ran}");
    assert_eq!(lab.home.read(FILE), before);
    // What the hint says leads somewhere.
    config(&lab, &json!({}));
    lab.run(LOGIN).stdin("apple").any_stderr().code(0);
    lab.run(DIGEST).any_stdout().code(0);
}
