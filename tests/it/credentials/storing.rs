//! Where `login` puts a credential, and that `logout` finds it there.

use super::{FILE, KEEP, LOGIN, asked, basic, config, install, stored};
use serde_json::json;

const KEPT: &str = "home/kept";

/// What the helper that keeps everything has.
fn kept(lab: &crate::lab::Lab) -> Vec<String> {
    let files = lab.home.files().into_iter();
    let kept = files.filter(|(path, _)| path.starts_with(lab.home.path(KEPT)));
    let texts = kept.map(|(_, content)| String::from_utf8(content).unwrap());
    texts.collect()
}

#[test]
fn a_login_goes_to_the_helper_that_the_file_names_and_a_logout_too() {
    for names in [
        json!({"credsStore": "keep"}),
        json!({"credHelpers": {"dst.lab": "keep"}, "credsStore": "desktop"}),
        json!({"credsStore": "keep", "auths": {"https://dst.lab/v1/": {"auth": "eDp5"}, "other.example": {}}}),
    ] {
        let lab = basic();
        config(&lab, &names);
        install(&lab, "keep", KEEP);
        lab.run(LOGIN).stdin("ap\"ple").any_stderr().code(4);
        assert_eq!(kept(&lab), Vec::<String>::new());
        lab.run(LOGIN)
            .stdin("apple")
            .stderr("logged in to dst.lab as ann; stored by the credential helper `keep`\n")
            .code(0);
        let address = lab.address("dst");
        let entry = json!({"ServerURL": address, "Username": "ann", "Secret": "apple"});
        assert_eq!(kept(&lab), [entry.to_string()]);
        // As docker has it: an entry that says nothing.
        assert_eq!(stored(&lab)["auths"][address], json!({}));
        assert_eq!(stored(&lab)["credsStore"], names["credsStore"]);
        lab.run(super::DIGEST).any_stdout().code(0);
        lab.run(["logout", "dst.lab"])
            .stderr("removed the credential for dst.lab from the credential helper `keep`\n")
            .code(0);
        assert_eq!(kept(&lab), Vec::<String>::new());
        assert_eq!(stored(&lab)["auths"].get(address), None);
        lab.run(["logout", "dst.lab"])
            .stderr("warning: no credential for dst.lab is stored\n")
            .code(0);
    }
}

#[test]
fn a_helper_that_was_chosen_is_named_in_the_file_so_that_it_is_found() {
    let lab = basic();
    let before = json!({"auths": {"dst.lab": {"auth": "eDp5"}}, "credsStore": "desktop", "z": [1]});
    config(&lab, &before);
    install(&lab, "keep", KEEP);
    lab.run([&LOGIN[..], &["--store", "helper:keep"]].concat())
        .stdin("apple")
        .stderr("logged in to dst.lab as ann; stored by the credential helper `keep`, which ~/.docker/config.json now names for dst.lab\n")
        .code(0);
    let expected = r#"{"auths":{"dst.lab":{}},"credsStore":"desktop","z":[1],"credHelpers":{"dst.lab":"keep"}}"#;
    assert_eq!(stored(&lab).to_string(), lab.addressed(expected));
    lab.run(super::DIGEST).any_stdout().code(0);
    // From now on it is the one that is named.
    lab.run(LOGIN)
        .stdin("apple")
        .stderr_has("stored by the credential helper `keep`\n")
        .code(0);
}

/// Docker Hub's name at docker's helpers is one of its own.
#[test]
fn docker_hub_is_called_what_docker_calls_it() {
    let lab = basic();
    config(&lab, &json!({"credsStore": "keep"}));
    install(
        &lab,
        "keep",
        &format!("echo >> \"$HOME/said\"; tee -a \"$HOME/said\" | (\n{KEEP}\n)"),
    );
    lab.run(["logout"])
        .stderr_has("no credential for docker.io")
        .code(0);
    assert_eq!(
        lab.home.read("home/said").unwrap(),
        "\nhttps://index.docker.io/v1/"
    );
}

/// One place that fails is no reason to leave the others as they are.
#[test]
fn a_logout_goes_through_every_place() {
    let lab = basic();
    install(&lab, "keep", KEEP);
    install(&lab, "broken", "echo locked; exit 1\n");
    lab.home.write(
        "work/ci.json",
        lab.addressed(r#"{"auths": {"dst.lab": {}}, "credsStore": "broken"}"#),
    );
    config(
        &lab,
        &json!({"credsStore": "gone", "auths": {"dst.lab": {"auth": "eDp5"}, "dst.lab/team": {"auth": "eDp5"}}}),
    );
    let auth = lab.addressed(r#"{"auths": {"dst.lab": {"auth": "eDp5"}}}"#);
    lab.home.write("config/containers/auth.json", auth);
    lab.run(["logout", "dst.lab"])
        .env("REGISTRY_AUTH_FILE", "ci.json")
        .stderr_like("removed the credential for dst.lab from ~/.docker/config.json\n\
                 note: ~/.docker/config.json names the credential helper `gone` for dst.lab, which is not installed\n\
                 note: the credential for dst.lab/team stays in ~/.docker/config.json\n\
                 removed the credential for dst.lab from [..]auth.json\n\
                 error: credential helper `broken` failed: exit code 1: locked\n")
        .code(9);
    assert_eq!(
        stored(&lab)["auths"],
        serde_json::from_str::<serde_json::Value>(
            &lab.addressed(r#"{"dst.lab/team": {"auth": "eDp5"}}"#)
        )
        .unwrap()
    );
    // The way to what is still there stays.
    assert!(
        lab.home
            .read("work/ci.json")
            .unwrap()
            .contains(lab.address("dst"))
    );
}

#[test]
fn a_logout_says_what_it_cannot_forget() {
    let lab = basic();
    let docker = lab.addressed(r#"{"auths": {"dst.lab": {"auth": "YW5uOmFwcGxl"}}}"#);
    lab.run(["logout", "dst.lab"])
        .env("CROSSDOCK_REGISTRY", "dst.lab")
        .env("CROSSDOCK_USERNAME", "ann")
        .env("CROSSDOCK_PASSWORD", "apple")
        .env("DOCKER_AUTH_CONFIG", docker)
        .stderr(
            "warning: the variable CROSSDOCK_REGISTRY holds a credential for dst.lab, which is still used\n\
             warning: the variable DOCKER_AUTH_CONFIG holds a credential for dst.lab, which is still used\n",
        )
        .code(0);
}

/// The file is one that docker reads, and a login with a file is no business of a helper's.
#[test]
fn a_login_into_the_file_asks_no_helper() {
    let lab = basic();
    config(&lab, &json!({"credHelpers": {"other.example": "keep"}}));
    install(&lab, "keep", KEEP);
    lab.run([&LOGIN[..], &["--store", "file"]].concat())
        .stdin("apple")
        .stderr("logged in to dst.lab as ann; stored in ~/.docker/config.json\n")
        .code(0);
    lab.run(LOGIN).stdin("apple").any_stderr().code(0);
    assert!(asked(&lab).is_empty());
}

#[test]
fn a_login_says_who_could_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let lab = basic();
    config(
        &lab,
        &json!({"auths": {"dst.lab": {"auth": "YW5uOmFwcGxl"}}}),
    );
    let path = lab.home.path(FILE);
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    for (before, after, warning) in [
        (
            0o644,
            0o600,
            "warning: others could read ~/.docker/config.json until now\n",
        ),
        (0o600, 0o600, ""),
        (0o400, 0o400, ""),
    ] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(before)).unwrap();
        // Who only reads says nothing of it.
        lab.run(super::DIGEST).any_stdout().code(0);
        lab.run(LOGIN)
            .stdin("apple")
            .stderr_like(format!("{warning}logged in[..]\n"))
            .code(0);
        assert_eq!(mode(), after);
    }
    // Only root can give a file away, and log in for somebody else.
    let given = std::process::Command::new("chown")
        .arg("12345")
        .arg(&path)
        .output();
    if given.is_ok_and(|given| given.status.success()) {
        lab.run(LOGIN)
            .stdin("apple")
            .stderr_like("warning: ~/.docker/config.json belongs to another user\nlogged in[..]\n")
            .code(0);
    }
}

#[test]
fn a_link_stays_one_and_its_target_changes() {
    let lab = basic();
    let target = lab
        .home
        .write("home/dotfiles/docker.json", "{\"psFormat\": \"table\"}");
    std::fs::create_dir(lab.home.path("home/.docker")).unwrap();
    std::os::unix::fs::symlink("../dotfiles/docker.json", lab.home.path(FILE)).unwrap();
    lab.run(LOGIN).stdin("apple").any_stderr().code(0);
    assert!(
        lab.home
            .path(FILE)
            .symlink_metadata()
            .unwrap()
            .file_type()
            .is_symlink()
    );
    let text = std::fs::read_to_string(target).unwrap();
    assert!(
        text.contains("psFormat") && text.contains(lab.address("dst")),
        "{text}"
    );
}
