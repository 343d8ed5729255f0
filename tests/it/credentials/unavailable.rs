//! A keyring that is locked, gone, or silent: nobody is asked to do anything about it, and nobody
//! waits for it.

use super::desktop::Desktop;
use super::keyring::{STORED, logged_in, login, record, run};
use super::{DIGEST, basic, tokens};
use crate::lab::{Fault, Run};
use crossdock::server::Anonymous;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Nobody is asked to unlock anything, by nobody.
#[test]
fn a_locked_keyring_stays_locked() {
    let (lab, mut desktop) = logged_in();
    desktop.lock();
    desktop.listen();
    lab.heal();
    login(&lab, &desktop)
        .stderr(
            "error: the keyring cannot be used: it is locked\n\
             hint: unlock it, or choose another place: `--store file`, or `--store helper:NAME`\n",
        )
        .code(9);
    assert_eq!(lab.requests("dst").len(), 0);
    run(&lab, &desktop, &DIGEST)
        .stderr_has("error: cannot read dst.lab/app:v1: cannot read the credentials: the keyring cannot be used: it is locked\n")
        .stderr_has("hint: unlock the keyring, or store the credential elsewhere: `crossdock login dst.lab --store file`\n")
        .code(4);
    run(&lab, &desktop, &["logout", "dst.lab"])
        .stderr("error: the keyring cannot be used: it is locked\n\
             hint: unlock the keyring, or remove the item `crossdock dst.lab` with its own program\n")
        .code(9);
    // Still there, and still known.
    assert!(record(&lab)["registries"][lab.address("dst")].is_object());
    run(&lab, &desktop, &["login", "--list"])
        .stdout_like("REGISTRY[..]\ndst.lab[..]keyring[..]\n")
        .code(0);
    let heard = desktop.heard();
    assert!(heard.contains("member=SearchItems"), "{heard}");
    for word in ["member=Unlock", "member=Prompt", "Prompter"] {
        assert!(!heard.contains(word), "{heard}");
    }
}

/// The registry takes its time, and somebody locks the keyring meanwhile.
#[test]
fn what_could_not_be_stored_after_all_is_not_written_down() {
    let lab = basic();
    let desktop = Arc::new(Desktop::unlocked(&lab.home));
    let locking = Arc::clone(&desktop);
    lab.fault(
        "dst",
        Fault::on("GET", "/v2/").first(move |_| locking.lock()),
    );
    login(&lab, &desktop)
        .stderr(
            "error: the credential was accepted, and not stored: the keyring cannot be used: it is locked\n\
             hint: choose another place, such as `--store file`\n",
        )
        .code(9);
    assert_eq!(record(&lab), json!({"registries": {}}));
}

/// What everybody may read is read, and nothing is written as nobody.
#[test]
fn what_needs_no_credential_needs_no_keyring() {
    let lab = tokens(Anonymous::Pull);
    let desktop = Desktop::unlocked(&lab.home);
    login(&lab, &desktop).stderr(STORED).code(0);
    desktop.lock();
    run(&lab, &desktop, &DIGEST)
        .any_stdout()
        .stderr_has("warning: ")
        .stderr_has("the keyring cannot be used: it is locked; asking as nobody")
        .code(0);
    run(&lab, &desktop, &["tag", "dst.lab/app:v1", "v9"])
        .stderr_has("the keyring cannot be used: it is locked")
        .code(4);
    assert_eq!(lab.digest("dst.lab/app:v9"), None);
}

#[test]
fn no_keyring_is_no_place_to_store_in() {
    let lab = basic();
    let desktop = Desktop::bare(&lab.home);
    let refused = |run: Run, why: &str| {
        run.stderr_has(format!("error: the keyring cannot be used: {why}"))
            .stderr_has("choose another place: `--store file`")
            .code(9);
    };
    refused(
        login(&lab, &desktop),
        "nothing on the session bus keeps secrets\n",
    );
    let elsewhere = |address: &str| login(&lab, &desktop).env("DBUS_SESSION_BUS_ADDRESS", address);
    for address in [
        "",
        "disabled:",
        "tcp:host=127.0.0.1,port=1",
        "unixexec:path=/bin/true",
    ] {
        refused(elsewhere(address), "there is no session bus\n");
    }
    let gone = format!("unix:path={}", lab.home.path("run/gone").display());
    refused(elsewhere(&gone), "the session bus cannot be reached: ");
    assert_eq!(lab.requests("dst").len(), 0);
    assert_eq!(record(&lab), json!(null));
}

/// A session without the variable has its bus in the usual place.
#[test]
fn the_bus_is_found_where_it_is_usually() {
    let (lab, desktop) = logged_in();
    std::os::unix::fs::symlink("session", lab.home.path("run/bus")).unwrap();
    lab.run(DIGEST).any_stdout().code(0);
    drop(desktop);
    lab.run(DIGEST)
        .stderr_has("the keyring cannot be used: the session bus cannot be reached: ")
        .code(4);
}

/// Whatever answers there, nobody waits for it for long, and once is enough.
#[test]
fn a_bus_that_never_answers_is_given_up() {
    let (lab, desktop) = logged_in();
    drop(desktop);
    let socket = lab.home.path("run/silent");
    let silent_bus = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let address = format!("unix:path={}", socket.display());
    let silent = |args: &[&str]| {
        lab.run(args.iter().copied())
            .env("DBUS_SESSION_BUS_ADDRESS", &address)
    };
    let ran = silent(&[
        "digest",
        "dst.lab/app:v1",
        "dst.lab/app:v2",
        "dst.lab/app:v3",
    ])
    .stderr_has("the keyring cannot be used: it did not answer within 10 s\n")
    .code(4);
    assert!(ran.elapsed > Duration::from_secs(9), "{ran}");
    silent_bus.set_nonblocking(true).unwrap();
    let came = std::iter::from_fn(|| silent_bus.accept().ok()).count();
    assert_eq!(came, 1, "one conversation for three questions");
}
