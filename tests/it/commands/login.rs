//! `login` and `logout`.

use crate::lab::{Image, Lab};
use crossdock::server::{Access, Actions, Anonymous, Options, User};
use serde_json::{Value, json};
use std::time::Duration;

const FILE: &str = "home/.docker/config.json";

fn with_access(access: impl Fn(&str) -> Access) -> Lab {
    Lab::empty().registry("src", |address| Options {
        access: access(address),
        ..Options::default()
    })
}

fn users() -> Vec<User> {
    vec![
        User::new("ann", "apple"),
        User::new("bob", "banana").only("", Actions::PULL),
    ]
}

fn basic() -> Lab {
    with_access(|_| Access::Basic { users: users() })
}

fn tokens() -> Lab {
    with_access(|address| crate::lab::tokens(address, "src", users(), Anonymous::Nothing))
}

fn stored(lab: &Lab) -> Value {
    let text = lab.home.read(FILE).unwrap_or_else(|| "null".to_owned());
    serde_json::from_str(&text).unwrap()
}

const LOGIN: [&str; 5] = ["login", "src.lab", "-u", "ann", "--password-stdin"];

#[test]
fn a_credential_is_checked_stored_used_and_forgotten() {
    for lab in [basic(), tokens()] {
        lab.push("src.lab/app:v1", &Image::small(1));
        lab.run(["digest", "src.lab/app:v1"])
            .stderr_like("error: [..]\nhint: log in with `crossdock login src.lab`\n")
            .code(4);
        lab.run(LOGIN)
            .stdin("apple\n")
            .stderr_like("logged in to src.lab as ann; [..]\n")
            .code(0);
        let expected = json!({"auths": {lab.address("src"): {"auth": "YW5uOmFwcGxl"}}});
        assert_eq!(stored(&lab), expected);
        lab.run(["digest", "src.lab/app:v1"]).any_stdout().code(0);
        lab.run(["logout", "src.lab"])
            .stderr_like("removed [..]\n")
            .code(0);
        assert_eq!(
            stored(&lab)["auths"]
                .as_object()
                .map_or(0, serde_json::Map::len),
            0
        );
        lab.run(["digest", "src.lab/app:v1"]).any_stderr().code(4);
        lab.run(["logout", "src.lab"])
            .stderr("warning: no credential for src.lab is stored\n")
            .code(0);
    }
}

#[test]
fn a_wrong_password_is_not_stored() {
    for lab in [basic(), tokens()] {
        lab.run(LOGIN)
            .stdin("pear")
            .stderr_like("error: [..]\nhint: is the password right?[..]nothing was stored\n")
            .code(4);
        assert_eq!(lab.home.read(FILE), None);
    }
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_what_is_stored() {
    use std::os::unix::fs::PermissionsExt as _;
    let lab = basic();
    lab.run(LOGIN).stdin("apple").any_stderr().code(0);
    let mode = std::fs::metadata(lab.home.path(FILE))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_else_is_in_the_file_stays() {
    let lab = basic();
    let others = json!({"auths": {"z.example": {"auth": "eDp5"}}, "psFormat": "table", "a": [1]});
    lab.home.docker_config(&others);
    lab.run(LOGIN).stdin("apple").any_stderr().code(0);
    let mut expected = others.clone();
    expected["auths"][lab.address("src")] = json!({"auth": "YW5uOmFwcGxl"});
    assert_eq!(stored(&lab), expected);
    lab.run(["logout", "src.lab"]).any_stderr().code(0);
    assert_eq!(stored(&lab), others);
}

#[test]
fn a_registry_that_asks_nobody_verifies_nothing() {
    let lab = Lab::empty().open("src");
    lab.run(LOGIN)
        .stdin("apple")
        .stderr_like("warning: src.lab asks nobody[..]not verified\nlogged in to src.lab[..]\n")
        .code(0);
}

#[test]
fn a_url_is_accepted_for_a_host() {
    for typed in ["https://src.lab", "https://src.lab/", "http://src.lab/v2/"] {
        let lab = basic();
        lab.run(["login", typed, "-u", "ann", "--password-stdin"])
            .stdin("apple")
            .any_stderr()
            .code(0);
        assert!(
            stored(&lab)["auths"].get(lab.address("src")).is_some(),
            "{typed}"
        );
    }
}

#[test]
fn a_password_on_the_command_line_is_refused_and_not_repeated() {
    let lab = basic();
    for secret in [
        &["-p", "apple-canary"][..],
        &["--password", "apple-canary"],
        &["-papple-canary"],
    ] {
        let typed = [&["login", "src.lab", "-u", "ann"], secret].concat();
        let ran = lab
            .run(typed)
            .stderr_has("hint: ")
            .stderr_has("--password-stdin")
            .code(2);
        assert!(!ran.stderr.contains("canary"), "{ran}");
    }
    assert_eq!(lab.requests("src").len(), 0);
}

#[test]
fn without_a_terminal_everything_must_be_given() {
    let lab = basic();
    lab.run(["login", "src.lab"]).stderr_has("-u USER").code(2);
    lab.run(["login", "src.lab", "-u", "ann"])
        .stderr_has("--password-stdin")
        .code(2);
    lab.run(["login", "src.lab", "--password-stdin"])
        .stdin("apple")
        .stderr_has("-u USER")
        .code(2);
    lab.run(LOGIN).stdin("").any_stderr().code(2);
    lab.run(["login", "src.lab", "-u", "a:b", "--password-stdin"])
        .stdin("apple")
        .any_stderr()
        .code(2);
    assert_eq!(lab.requests("src").len(), 0);
}

#[test]
fn old_habits_are_understood() {
    let lab = basic();
    let typed = ["auth", "login", "src.lab", "-u", "ann", "--password-stdin"];
    lab.run(typed).stdin("apple").any_stderr().code(0);
    lab.run(["auth", "logout", "src.lab"]).any_stderr().code(0);
}

/// Reading is allowed and writing is not: that is no question of logging in again.
#[test]
fn who_may_not_write_is_told_so() {
    for lab in [basic().open("from"), tokens().open("from")] {
        lab.push("from.lab/app:v1", &Image::small(1));
        lab.docker_login(&[("src.lab", "bob:banana")]);
        lab.run(["copy", "-q", "from.lab/app:v1", "src.lab/app:v1"])
            .stderr_has("hint: ")
            .code(4);
        assert_eq!(lab.digest("src.lab/app:v1"), None);
    }
}

/// A pipe that nothing comes through, and that never ends.
#[cfg(unix)]
const WAITING: &str = "mkfifo pipe && exec 3<>pipe && exec crossdock login src.lab -u ann \
                       --password-stdin --deadline";

#[test]
#[cfg(unix)]
fn a_password_that_does_not_come_is_waited_for_until_the_deadline() {
    let lab = basic();
    let ran = lab
        .shell(&format!("{WAITING} 300ms <&3"))
        .patience(Duration::from_secs(10))
        .stderr_has("error: not done after 0.3 s")
        .code(7);
    assert!(ran.elapsed < Duration::from_secs(5), "{ran}");
}

#[test]
#[cfg(unix)]
fn a_signal_ends_the_wait_for_a_password() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let lab = basic();
        let running = lab
            .shell(&format!("{WAITING} 1m <&3"))
            .patience(Duration::from_secs(10))
            .any_stderr()
            .start();
        std::thread::sleep(Duration::from_secs(1));
        running.signal(signal);
        running.code(code);
    }
}
