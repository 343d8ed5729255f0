//! The keyring: GNOME's, on a session bus of the test's own. Its other client is `secret-tool`.

use super::desktop::Desktop;
use super::{DIGEST, FILE, LOGIN, basic, config, users};
use crate::lab::{Lab, Run};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;

const RECORD: &str = "state/crossdock/keyring.json";
pub(super) const STORED: &str = "logged in to dst.lab as ann; stored in the keyring\n";

/// A run that sees the session's bus.
pub(super) fn run(lab: &Lab, at: &Desktop, args: &[&str]) -> Run {
    let run = lab.run(args.iter().copied());
    run.env("DBUS_SESSION_BUS_ADDRESS", at.address())
}

pub(super) fn login(lab: &Lab, at: &Desktop) -> Run {
    let args = [&LOGIN[..], &["--store", "keyring"]].concat();
    run(lab, at, &args).stdin("apple")
}

/// A lab whose user is logged in by way of the keyring.
pub(super) fn logged_in() -> (Lab, Desktop) {
    let lab = basic();
    let desktop = Desktop::unlocked(&lab.home);
    login(&lab, &desktop).stderr(STORED).code(0);
    (lab, desktop)
}

pub(super) fn record(lab: &Lab) -> serde_json::Value {
    let text = lab.home.read(RECORD).unwrap_or_else(|| "null".to_owned());
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_login_into_the_keyring_counts_until_the_logout() {
    let (lab, desktop) = logged_in();
    let address = lab.address("dst");
    let attributes = ["service", "crossdock", "server", address, "username", "ann"];
    assert_eq!(desktop.lookup(&attributes), "apple");
    assert_eq!(
        record(&lab),
        json!({"registries": {address: {"username": "ann"}}})
    );
    let mode = lab
        .home
        .path(RECORD)
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(lab.home.read(FILE), None);
    for (path, content) in lab.home.files() {
        let holds = content.windows(5).any(|bytes| bytes == b"apple");
        assert!(!holds, "{}", path.display());
    }

    run(&lab, &desktop, &["-v", DIGEST[0], DIGEST[1]])
        .any_stdout()
        .stderr_has("the credential from the keyring (dst.lab)")
        .code(0);
    run(&lab, &desktop, &["login", "--list"])
        .stdout_like("REGISTRY[..]\ndst.lab[..]ann   keyring Secret Service\n")
        .code(0);
    let listed = run(&lab, &desktop, &["login", "--list", "--json"]);
    let listed: serde_json::Value =
        serde_json::from_str(&listed.any_stdout().code(0).stdout).unwrap();
    let row = json!([{"registry": "dst.lab", "username": "ann", "token": false, "place": "keyring", "name": "Secret Service"}]);
    assert_eq!(listed, row);

    run(&lab, &desktop, &["logout", "dst.lab"])
        .stderr("removed the credential for dst.lab from the keyring\n")
        .code(0);
    assert_eq!(desktop.lookup(&attributes), "");
    assert_eq!(record(&lab), json!({"registries": {}}));
    run(&lab, &desktop, &DIGEST).any_stderr().code(4);
    run(&lab, &desktop, &["logout", "dst.lab"])
        .stderr("warning: no credential for dst.lab is stored\n")
        .code(0);
}

/// One registry has one credential there, whoever's it is.
#[test]
fn a_second_login_takes_the_place_of_the_first() {
    let (lab, desktop) = logged_in();
    let args = [
        "login",
        "dst.lab",
        "-u",
        "bob",
        "--password-stdin",
        "--store",
        "keyring",
    ];
    run(&lab, &desktop, &args)
        .stdin("banana")
        .any_stderr()
        .code(0);
    let server = ["service", "crossdock", "server", lab.address("dst")];
    assert_eq!(
        desktop.lookup(&[&server[..], &["username", "ann"]].concat()),
        ""
    );
    assert_eq!(desktop.lookup(&server), "banana");
    run(&lab, &desktop, &["-v", DIGEST[0], DIGEST[1]])
        .any_stdout()
        .any_stderr()
        .code(0);
}

/// A wrong password is stored nowhere, and written down nowhere.
#[test]
fn what_the_registry_does_not_accept_is_not_stored() {
    let lab = basic();
    let desktop = Desktop::unlocked(&lab.home);
    login(&lab, &desktop).stdin("pear").any_stderr().code(4);
    assert_eq!(desktop.lookup(&["service", "crossdock"]), "");
    assert_eq!(record(&lab), json!(null));
}

/// `auto` is what docker would do, and that is no keyring of ours.
#[test]
fn a_login_that_does_not_name_the_keyring_leaves_it_alone() {
    let lab = basic();
    let mut desktop = Desktop::unlocked(&lab.home);
    desktop.listen();
    run(&lab, &desktop, &LOGIN)
        .stdin("apple")
        .stderr("logged in to dst.lab as ann; stored in ~/.docker/config.json\n")
        .code(0);
    run(&lab, &desktop, &DIGEST).any_stdout().code(0);
    run(&lab, &desktop, &["login", "--list"])
        .any_stdout()
        .code(0);
    run(&lab, &desktop, &["logout", "dst.lab"])
        .any_stderr()
        .code(0);
    run(&lab, &desktop, &DIGEST).any_stderr().code(4);
    // Whoever listens to what was said comes to the bus, too.
    let came = || desktop.heard().matches("member=Hello").count();
    assert_eq!(came(), 1, "{}", desktop.heard());
    assert_eq!(record(&lab), json!(null));
    login(&lab, &desktop).any_stderr().code(0);
    assert!(came() > 3);
}

#[test]
fn a_file_that_is_asked_first_is_told() {
    let lab = basic();
    let desktop = Desktop::unlocked(&lab.home);
    config(
        &lab,
        &json!({"auths": {"dst.lab": {"auth": "YW5uOmFwcGxl"}}}),
    );
    login(&lab, &desktop)
        .stderr(format!(
            "warning: ~/.docker/config.json has a credential for dst.lab, or names a credential helper, which is asked first\n{STORED}"
        ))
        .code(0);
    run(&lab, &desktop, &["login", "--list"])
        .stdout_like("REGISTRY[..]\ndst.lab[..]file[..]\ndst.lab[..]keyring[..]\n")
        .code(0);
    run(&lab, &desktop, &["logout", "dst.lab"])
        .stderr(
            "removed the credential for dst.lab from ~/.docker/config.json\n\
             removed the credential for dst.lab from the keyring\n",
        )
        .code(0);
}

/// After every file, and before what the machine is by itself.
#[test]
fn the_keyring_has_its_place_among_the_others() {
    let (lab, desktop) = logged_in();
    let is_from = |origin: &str| {
        run(&lab, &desktop, &["-v", DIGEST[0], DIGEST[1]])
            .env("CI_REGISTRY", "dst.lab")
            .env("CI_REGISTRY_USER", "ann")
            .env("CI_REGISTRY_PASSWORD", "apple")
            .any_stdout()
            .stderr_has("the credential from ")
            .stderr_has(origin)
            .code(0);
    };
    is_from("the keyring (dst.lab)");
    let file = lab.addressed(r#"{"auths": {"dst.lab": {"auth": "YW5uOmFwcGxl"}}}"#);
    let file = lab.home.write("config/containers/auth.json", file);
    is_from("config/containers/auth.json (dst.lab)");
    std::fs::remove_file(file).unwrap();
    run(&lab, &desktop, &["logout", "dst.lab"])
        .any_stderr()
        .code(0);
    is_from("the variable CI_REGISTRY_PASSWORD");
}

/// Somebody else may tidy up.
#[test]
fn an_item_that_is_gone_is_no_credential() {
    let (lab, desktop) = logged_in();
    desktop.clear(&["service", "crossdock"]);
    run(&lab, &desktop, &DIGEST)
        .stderr_has(
            "note: the keyring no longer has the credential for dst.lab; going on without it\n",
        )
        .stderr_has("crossdock login dst.lab")
        .code(4);
    run(&lab, &desktop, &["logout", "dst.lab"])
        .stderr("note: the keyring no longer had the credential for dst.lab\n")
        .code(0);
    assert_eq!(record(&lab), json!({"registries": {}}));
}

/// The record is somebody's file like any other.
#[test]
fn a_record_that_is_not_understood_is_left_alone() {
    let lab = basic();
    let desktop = Desktop::unlocked(&lab.home);
    for content in [
        "",
        "[]",
        r#"{"registries": []}"#,
        r#"{"registries": {"dst.lab": {}}}"#,
    ] {
        lab.home.write(RECORD, content);
        login(&lab, &desktop).stderr_has("keyring.json: ").code(2);
        run(&lab, &desktop, &DIGEST)
            .stderr_has("keyring.json: ")
            .code(2);
        run(&lab, &desktop, &["login", "--list"])
            .stderr_has("keyring.json: ")
            .code(0);
        run(&lab, &desktop, &["logout", "dst.lab"])
            .any_stderr()
            .code(2);
        assert_eq!(lab.home.read(RECORD).unwrap(), content);
    }
    assert_eq!(desktop.lookup(&["service", "crossdock"]), "");
    lab.home.write(
        RECORD,
        r#"{"more": 1, "registries": {"other.example": {"username": "x", "more": 2}}}"#,
    );
    login(&lab, &desktop).stderr(STORED).code(0);
    let address = lab.address("dst");
    let kept = json!({"more": 1, "registries": {"other.example": {"username": "x", "more": 2}, address: {"username": "ann"}}});
    assert_eq!(record(&lab), kept);
}

/// Of logins side by side each is kept.
#[test]
fn logins_side_by_side_are_all_written_down() {
    let names: Vec<String> = (0..12).map(|n| format!("r{n}")).collect();
    let lab = names.iter().fold(Lab::empty(), |lab, name| {
        lab.registry(name, |_| crossdock::server::Options {
            access: crossdock::server::Access::Basic { users: users() },
            ..crossdock::server::Options::default()
        })
    });
    let desktop = Desktop::unlocked(&lab.home);
    let running: Vec<_> = names
        .iter()
        .map(|name| {
            let host = format!("{name}.lab");
            let args = [
                "login",
                &host,
                "-u",
                "ann",
                "--password-stdin",
                "--store",
                "keyring",
            ];
            run(&lab, &desktop, &args)
                .stdin("apple")
                .any_stderr()
                .start()
        })
        .collect();
    for running in running {
        running.code(0);
    }
    let record = record(&lab);
    assert_eq!(record["registries"].as_object().unwrap().len(), names.len());
    for name in &names {
        let server = ["service", "crossdock", "server", lab.address(name)];
        assert_eq!(desktop.lookup(&server), "apple");
    }
}

/// Whatever becomes of it, and however much is told.
#[test]
fn what_the_keyring_hands_out_is_never_shown() {
    let (lab, desktop) = logged_in();
    let commands: [&[&str]; 6] = [
        &DIGEST,
        &["ls", "dst.lab/app"],
        &["inspect", "dst.lab/app:v1"],
        &["tag", "dst.lab/app:v1", "v9"],
        &["login", "--list"],
        &["logout", "dst.lab"],
    ];
    let states: [fn(&Desktop); 3] = [
        |_| (),
        |desktop| desktop.clear(&["service", "crossdock"]),
        Desktop::lock,
    ];
    for state in states {
        for loud in [&[][..], &["-vv"], &["--json"]] {
            for command in commands {
                if command[0] != "logout" {
                    login(&lab, &desktop).any_stderr().run();
                    state(&desktop);
                }
                let ran = run(&lab, &desktop, &[command, loud].concat()).run();
                for secret in ["apple", "YW5uOmFwcGxl"] {
                    assert!(!format!("{ran}").contains(secret), "{ran}");
                }
            }
        }
    }
}
