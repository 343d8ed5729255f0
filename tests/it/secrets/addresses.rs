//! NET-06: where a registry may not send its clients, what is said then, and that the line which
//! is printed helps.
//!
//! A host that is reached through a proxy counts as one in public, and this machine never is.

use super::token_service;
use crate::lab::{Fault, Image, Lab, Ran, Run};
use crossdock::server::Options;

/// A registry in public, as far as the binary can tell: `registry.example` is `proxy`.
fn public() -> Lab {
    let lab = Lab::empty().open("proxy").open("inside");
    lab.push("proxy.lab/app:v1", &Image::small(1));
    lab.push("inside.lab/app:v1", &Image::small(1));
    lab
}

fn through_proxy(lab: &Lab, args: &[&str]) -> Run {
    let plain = ["--plain-http=registry.example", "--retries", "0"];
    lab.run([args, &plain].concat())
        .env("HTTP_PROXY", "http://proxy.lab")
}

/// The line that a hint says to put into the settings.
fn line(ran: &Ran) -> String {
    let hint = ran.stderr.lines().find(|line| line.starts_with("hint: "));
    let hint = hint.unwrap_or_else(|| panic!("no hint in {ran}"));
    assert!(
        hint.contains("put this into your own crossdock.yaml"),
        "{ran}"
    );
    let line = hint.split('`').nth(1);
    line.unwrap_or_else(|| panic!("no line in {ran}"))
        .to_owned()
}

#[test]
fn a_registry_in_public_names_no_private_place_until_it_is_allowed() {
    let lab = public();
    let inside = lab.addressed("http://inside.lab/v2/app/manifests/v1");
    let read = Fault::on("HEAD", "/manifests/").always();
    lab.fault("proxy", read.redirect(&inside));
    let digest = ["digest", "registry.example/app:v1"];
    let ran = through_proxy(&lab, &digest)
        .stderr_has("registry.example may not send its clients to inside.lab")
        .stderr_has("is a loopback address")
        .code(8);
    assert_eq!(lab.requests("inside").len(), 0);
    assert_eq!(
        line(&ran),
        "registries: {\"registry.example\": {allow_private: true}}"
    );
    lab.home.user_settings(&lab.addressed(&line(&ran)));
    through_proxy(&lab, &digest)
        .stdout(format!("{}\n", Image::small(1).digest()))
        .code(0);
    assert_eq!(lab.requests("inside").len(), 1);
}

/// The same of a blob, whoever reads it. It is not asked for once more: nothing came that could
/// have been spoilt.
#[test]
fn a_registry_in_public_keeps_no_blobs_at_a_private_place_until_it_is_allowed() {
    let lab = public().open("dst");
    let blobs = Fault::on("GET", "/blobs/").always();
    lab.fault("proxy", blobs.moved_to(&lab.addressed("http://inside.lab")));
    let commands = [
        &["copy", "registry.example/app:v1", "dst.lab/app:v1"][..],
        &[
            "copy",
            "registry.example/app:v1",
            "dst.lab/a:1",
            "dst.lab/b:1",
        ],
        &["check", "registry.example/app:v1"],
    ];
    let expected = "registries: {\"registry.example\": {allow_private: true}}";
    for command in commands {
        let ran = through_proxy(&lab, command)
            .any_stdout()
            .stderr_has("registry.example may not send its clients to inside.lab")
            .code(8);
        assert_eq!(line(&ran), expected, "{ran}");
        assert!(!ran.stderr.contains("once more"), "{ran}");
        assert_eq!(lab.requests("inside").len(), 0);
    }
    lab.home.user_settings(expected);
    for command in commands {
        through_proxy(&lab, command)
            .any_stdout()
            .any_stderr()
            .code(0);
    }
}

#[test]
fn a_registry_in_public_names_no_private_token_service_until_it_is_allowed() {
    let lab = public();
    let challenge = lab.addressed("Bearer realm=\"http://inside.lab/token\"");
    let asks = || Fault::on("HEAD", "/manifests/").always();
    let headers = [("www-authenticate", challenge.as_str())];
    lab.fault("proxy", asks().with_header("authorization"));
    lab.fault("proxy", asks().answer(401, &headers, ""));
    let reply = r#"{"token":"for-everybody"}"#;
    let json = [("content-type", "application/json")];
    lab.fault(
        "inside",
        Fault::on("GET", "/token")
            .always()
            .answer(200, &json, reply),
    );
    let digest = ["digest", "registry.example/app:v1"];
    let ran = through_proxy(&lab, &digest)
        .stderr_has("registry.example may not send its clients to inside.lab")
        .code(4);
    assert_eq!(lab.requests("inside").len(), 0);
    lab.home.user_settings(&lab.addressed(&line(&ran)));
    through_proxy(&lab, &digest).any_stdout().code(0);
    assert_eq!(lab.requests("inside").len(), 1);
}

#[test]
fn a_registry_inside_names_private_places_and_no_metadata_service() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    lab.push("dst.lab/app:v1", &image);
    let to = |place: &str| lab.addressed(&format!("http://{place}/v2/app/manifests/v1"));
    let digest = ["digest", "src.lab/app:v1"];
    lab.fault("src", Fault::on("HEAD", "/").redirect(&to("dst.lab")));
    lab.run(digest)
        .stdout(format!("{}\n", image.digest()))
        .code(0);
    for place in [
        "169.254.169.254",
        "2852039166",
        "0.0.0.0",
        "100.100.100.200",
        "[fd00:ec2::254]",
        "[fd00:ec2::23]",
        "[::ffff:a9fe:a9fe]",
        "[::ffff:0:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
    ] {
        lab.heal();
        lab.fault("src", Fault::on("HEAD", "/").always().redirect(&to(place)));
        let hint = "hint: no setting allows that: ask whoever runs src.lab";
        lab.run(digest)
            .stderr_has("src.lab may not send its clients to")
            .stderr_has(hint)
            .code(8);
        lab.heal();
        let challenge = format!("Bearer realm=\"{}\"", to(place));
        let headers = [("www-authenticate", challenge.as_str())];
        lab.fault(
            "src",
            Fault::on("HEAD", "/").always().answer(401, &headers, ""),
        );
        lab.run(digest).stderr_has(hint).code(4);
        lab.heal();
        let blobs = Fault::on("GET", "/blobs/").always();
        lab.fault("src", blobs.redirect(&to(place)));
        lab.run(["copy", "src.lab/app:v1", "dst.lab/copied:v1"])
            .stderr_has("src.lab may not send its clients to")
            .stderr_has(hint)
            .code(8);
    }
}

/// A token service elsewhere whose tokens the registry takes.
fn with_single_sign_on(realm: &str) -> Lab {
    let lab = Lab::empty().registry("sso", |address| Options {
        access: token_service(address, "apple"),
        ..Options::default()
    });
    let realm = lab.addressed(realm);
    let lab = lab.registry("dst", |_| Options::default());
    lab.push("dst.lab/app:v1", &Image::small(1));
    let asks = Fault::on("HEAD", "/manifests/").always();
    lab.fault("dst", asks.with_header("authorization"));
    let challenge = format!("Bearer realm=\"{realm}\",service=\"dst\"");
    let asks = Fault::on("HEAD", "/manifests/").always();
    let headers = [("www-authenticate", challenge.as_str())];
    lab.fault("dst", asks.answer(401, &headers, ""));
    lab
}

/// NET-04, and the line that its refusal prints.
#[test]
fn a_token_service_elsewhere_gets_the_credential_once_the_line_is_there() {
    for (realm, named) in [
        ("http://sso.lab/token", "sso.lab"),
        ("HTTP://SSO.lab/token?x=1", "sso.lab"),
    ] {
        let lab = with_single_sign_on(&realm.replace("SSO", "sso"));
        lab.docker_login(&[("dst.lab", "ann:apple")]);
        let digest = ["digest", "dst.lab/app:v1"];
        let ran = lab.run(digest).stderr_has("sso.lab").code(4);
        assert_eq!(lab.requests("sso").len(), 0);
        let expected = format!("registries: {{\"dst.lab\": {{token_realm: [\"{named}\"]}}}}");
        assert_eq!(line(&ran), expected);
        lab.home.user_settings(&lab.addressed(&line(&ran)));
        lab.run(digest).any_stdout().code(0);
        let asked = lab.requests("sso");
        assert!(
            asked
                .all()
                .iter()
                .all(|seen| seen.scheme() == Some("Basic"))
        );
        assert_eq!(asked.count("GET", "token"), 1);
    }
}

/// What no settings file can name is not proposed for one.
#[test]
fn a_line_that_could_not_help_is_not_printed() {
    for realm in [
        "http://sso.example./token",
        "http://s_s_o.example/token",
        "http://a,b.example/token",
        "http://a\"]b.example/token",
    ] {
        let lab = with_single_sign_on(&realm.replace('"', "\\\""));
        lab.docker_login(&[("dst.lab", "ann:apple")]);
        let ran = lab.run(["digest", "dst.lab/app:v1"]).any_stderr().run();
        assert!(matches!(ran.code, 4 | 8), "{ran}");
        assert!(!ran.stderr.contains("token_realm:"), "{ran}");
    }
}

/// Without a credential there is nothing to keep back.
#[test]
fn a_token_service_elsewhere_is_asked_by_nobody_in_particular() {
    let lab = with_single_sign_on("http://sso.lab/token");
    let reply = r#"{"token":"for-everybody"}"#;
    let json = [("content-type", "application/json")];
    lab.fault("sso", Fault::on("GET", "/token").answer(200, &json, reply));
    lab.run(["digest", "dst.lab/app:v1"]).any_stdout().code(0);
    let asked = lab.requests("sso");
    assert_eq!((asked.len(), asked.all()[0].scheme()), (1, None));
}
