//! Where `login` puts a credential, and that it is found there.

use super::{FILE, KEEP, LOGIN, asked, basic, config, install, stored};
use serde_json::json;

pub(super) const KEPT: &str = "home/kept";

/// What the helper that keeps everything has.
pub(super) fn kept(lab: &crate::lab::Lab) -> Vec<String> {
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

/// What the file has is not used while it names a helper: then nothing is stored there, and nothing
/// is asked.
#[test]
fn a_login_into_a_file_that_names_a_helper_is_refused_before_anything_is_asked() {
    for names in [
        json!({"credsStore": "keep"}),
        json!({"credHelpers": {"https://dst.lab": "keep"}, "credsStore": "other"}),
    ] {
        let lab = basic();
        config(&lab, &names);
        install(&lab, "keep", KEEP);
        let before = lab.home.read(FILE);
        lab.run([&LOGIN[..], &["--store", "file"]].concat())
            .stdin("apple")
            .stderr(
                "error: ~/.docker/config.json names the credential helper `keep` for dst.lab, which is asked before the file\n\
                 hint: choose `--store helper:keep`, take it out of ~/.docker/config.json, or name another file by the variable `REGISTRY_AUTH_FILE`\n",
            )
            .code(2);
        assert_eq!((lab.home.read(FILE), asked(&lab).len()), (before, 0));
        assert_eq!(lab.requests("dst").len(), 0);
        // Each of the ways that the hint names leads to a credential that is used.
        lab.run([&LOGIN[..], &["--store", "file"]].concat())
            .env("REGISTRY_AUTH_FILE", "ci.json")
            .stdin("apple")
            .any_stderr()
            .code(0);
        lab.run(super::DIGEST)
            .env("REGISTRY_AUTH_FILE", "ci.json")
            .any_stdout()
            .code(0);
        lab.run([&LOGIN[..], &["--store", "helper:keep"]].concat())
            .stdin("apple")
            .any_stderr()
            .code(0);
        lab.run(super::DIGEST).any_stdout().code(0);
    }
}

#[test]
fn a_login_into_a_file_whose_helper_is_not_installed_is_used() {
    let lab = basic();
    config(&lab, &json!({"credsStore": "gone"}));
    lab.run([&LOGIN[..], &["--store", "file"]].concat())
        .stdin("apple")
        .stderr(
            "warning: ~/.docker/config.json names the credential helper `gone` for dst.lab, which is asked first once it is installed\n\
             logged in to dst.lab as ann; stored in ~/.docker/config.json\n",
        )
        .code(0);
    lab.run(super::DIGEST)
        .any_stdout()
        .stderr_has("note: ~/.docker/config.json names the credential helper `gone`")
        .code(0);
}

/// What cannot be written is said before anybody is asked.
#[test]
fn a_login_looks_at_the_file_first() {
    let lab = basic();
    lab.home.write(FILE, "{");
    install(&lab, "keep", KEEP);
    for place in ["auto", "file", "helper:keep"] {
        lab.run([&LOGIN[..], &["--store", place]].concat())
            .stdin("apple")
            .stderr_has("error: ~/.docker/config.json: EOF while parsing")
            .code(2);
    }
    assert_eq!((lab.requests("dst").len(), asked(&lab).len()), (0, 0));
}

#[test]
fn a_login_says_which_variable_goes_over_it() {
    let lab = basic();
    let docker =
        lab.addressed(r#"{"auths": {"dst.lab": {"auth": "eDp5"}, "b.example": {"auth": "eDp5"}}}"#);
    lab.run(LOGIN)
        .env("CROSSDOCK_REGISTRY", "dst.lab")
        .env("CROSSDOCK_USERNAME", "bob")
        .env("CROSSDOCK_PASSWORD", "banana")
        .env("DOCKER_AUTH_CONFIG", docker)
        .stdin("apple")
        .stderr(
            "warning: the variable CROSSDOCK_REGISTRY holds a credential for dst.lab, which is used instead of the one that was stored\n\
             warning: the variable DOCKER_AUTH_CONFIG holds a credential for dst.lab, which is used instead of the one that was stored\n\
             logged in to dst.lab as ann; stored in ~/.docker/config.json\n",
        )
        .code(0);
}

/// Nobody would find it in the first one again, not even a logout.
#[test]
fn a_login_into_another_helper_leaves_nothing_in_the_one_before() {
    let lab = basic();
    install(&lab, "first", KEEP);
    install(&lab, "second", &KEEP.replace("kept", "second"));
    install(&lab, "stubborn", "echo 'not implemented' >&2; exit 1\n");
    let login = |name: &str| {
        let place = format!("helper:{name}");
        lab.run([&LOGIN[..], &["--store", &place]].concat())
            .stdin("apple")
    };
    login("first").any_stderr().code(0);
    assert_eq!(kept(&lab).len(), 1);
    login("second")
        .stderr(
            "removed the credential for dst.lab from the credential helper `first`\n\
             logged in to dst.lab as ann; stored by the credential helper `second`, which ~/.docker/config.json now names for dst.lab\n",
        )
        .code(0);
    assert_eq!(kept(&lab), Vec::<String>::new());
    lab.run(super::DIGEST).any_stdout().code(0);
    config(&lab, &json!({"credHelpers": {"dst.lab": "stubborn"}}));
    login("second")
        .stderr_has("note: the credential helper `stubborn` may still have a credential for dst.lab: credential helper `stubborn` failed: exit code 1: not implemented\n")
        .code(0);
}

/// A broken entry is its own registry's affair.
#[test]
fn an_entry_that_is_broken_is_named_and_in_nobody_else_s_way() {
    let lab = basic();
    let broken = json!({"auths": {"b.example": {"auth": 5}, "dst.lab": {"auth": "YW5uOmFwcGxl"}}});
    config(&lab, &broken);
    lab.run(["login", "--list"])
        .any_stdout()
        .stderr("note: ~/.docker/config.json (b.example): `auth` is not a string\n")
        .code(0);
    lab.run(["digest", "b.example/app:v1", "--retries", "0"])
        .any_stderr()
        .run();
    lab.run(["logout", "dst.lab"])
        .stderr("removed the credential for dst.lab from ~/.docker/config.json\n")
        .code(0);
    lab.run(LOGIN).stdin("apple").any_stderr().code(0);
    assert_eq!(stored(&lab)["auths"]["b.example"], json!({"auth": 5}));
    lab.run(["logout", "b.example"])
        .stderr("removed the credential for b.example from ~/.docker/config.json\n")
        .code(0);
    assert_eq!(stored(&lab)["auths"].get("b.example"), None);
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
