//! `login` with somebody at the keyboard: a pseudo-terminal of util-linux's `script`.

use super::{FILE, basic};
use crate::lab::{Lab, Run};
use crate::secrets::assert_clean;
use std::time::Duration;

/// Types each line once what stands before it is asked for. All that the terminal shows is on
/// stdout. `command` is run there.
fn typing(lab: &Lab, command: &str, lines: &[(&str, &str)]) -> Run {
    let mut typing = String::new();
    for (asked, line) in lines {
        // Once it is asked for, the terminal may still be told to hide what is typed.
        let wait = format!("until grep -qF '{asked}' shown; do sleep 0.02; done; sleep 0.2\n");
        typing.push_str(&wait);
        typing.push_str("printf '");
        typing.push_str(line);
        typing.push_str("' >&3\n");
    }
    let script = format!(
        "mkfifo keys && : > shown\n\
         script --quiet --flush --return --command '{command}' /dev/null < keys > shown 2>&1 &\n\
         exec 3> keys; rm keys\n{typing}wait $!; code=$?\ncat shown; exit $code\n"
    );
    lab.shell(&script)
        .env("TERM", "dumb")
        .patience(Duration::from_secs(30))
}

#[test]
fn what_is_typed_for_a_password_is_not_shown() {
    let lab = basic();
    let login = lab.addressed("crossdock login dst.lab");
    let typed = [
        ("User name for ", "ann\\r"),
        ("Password or token of ann for ", "apple\\r"),
    ];
    let ran = typing(&lab, &login, &typed)
        .stdout_like("User name for dst.lab: ann\nPassword or token of ann for dst.lab: \nlogged in to dst.lab as ann; stored in ~/.docker/config.json\n...\n")
        .any_stderr()
        .code(0);
    assert!(!ran.stdout.contains("apple"), "{ran}");
    let stored = lab.home.read(FILE).unwrap();
    assert!(stored.contains("YW5uOmFwcGxl"), "{stored}");
}

#[test]
fn a_password_that_is_wrong_is_neither_shown_nor_stored() {
    let lab = basic();
    let login = lab.addressed("crossdock login -u ann dst.lab");
    let typed = [("Password or token of ann for ", "CANARY-pear\\r")];
    let ran = typing(&lab, &login, &typed)
        .any_stdout()
        .any_stderr()
        .code(4);
    assert!(ran.stdout.contains("is the password right?"), "{ran}");
    assert_clean(&ran, &lab, &[]);
    assert_eq!(lab.home.read(FILE), None);
}

/// Whoever gives up at the prompt gets the terminal back as it was.
#[test]
fn ctrl_c_at_the_prompt_ends_it_and_shows_again_what_is_typed() {
    let lab = basic();
    let login = lab.addressed(
        "stty -a > before; crossdock login -u ann dst.lab; echo $? > code; stty -a > after",
    );
    let typed = [("Password or token of ann for ", "app\\003")];
    typing(&lab, &login, &typed).any_stdout().any_stderr().run();
    let read = |name: &str| lab.home.read(&format!("work/{name}"));
    assert_eq!(read("code").as_deref(), Some("130\n"));
    assert!(read("before").unwrap().contains(" echo "));
    assert_eq!(read("before"), read("after"));
    assert_eq!(lab.home.read(FILE), None);
}

/// What the machine is goes before what somebody could type.
#[test]
fn nobody_is_asked_at_the_terminal_where_the_machine_is_somebody() {
    let lab = basic();
    let login = lab.addressed("crossdock login dst.lab");
    let address = lab.address("dst").to_owned();
    let ran = typing(&lab, &login, &[])
        .env("CI_REGISTRY", address)
        .env("CI_REGISTRY_USER", "ann")
        .env("CI_REGISTRY_PASSWORD", "apple")
        .any_stdout()
        .any_stderr()
        .code(0);
    let told = "logged in as the variable CI_REGISTRY_PASSWORD; nothing needs to be stored";
    assert!(ran.stdout.contains(told), "{ran}");
    assert!(!ran.stdout.contains("User name"), "{ran}");
    assert_eq!(lab.home.read(FILE), None);
}
