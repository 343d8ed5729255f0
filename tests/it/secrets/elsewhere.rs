//! Wherever a registry sends its clients, no secret goes along.

use super::{LOUD, assert_clean, token, token_service};
use crate::lab::{Fault, Image, Lab, Seen};
use crossdock::server::{Access, Options, User};

/// A lab whose destination sends blobs' readers to a storage host with a signature in the query.
fn with_storage(redirected: &str) -> Lab {
    let lab = Lab::empty()
        .open("to")
        .open("storage")
        .registry("dst", |_| Options {
            access: Access::Basic {
                users: vec![User::new("ann", "apple")],
            },
            ..Options::default()
        });
    lab.docker_login(&[("dst.lab", "ann:apple"), ("to.lab", "bob:banana")]);
    let image = Image::small(1);
    lab.push("dst.lab/app:v1", &image);
    lab.push("storage.lab/app:v1", &image);
    for part in image.blobs.iter().chain(&image.manifests) {
        let target = lab.addressed(&format!(
            "http://storage.lab/v2/app/{redirected}/{}?X-Amz-Signature={}&sig={}",
            part.digest,
            token("presigned"),
            token("sig"),
        ));
        let path = format!("/{redirected}/{}", part.digest);
        lab.fault(
            "dst",
            Fault::on("GET", &path)
                .with_header("authorization")
                .always()
                .redirect(&target),
        );
    }
    lab
}

#[test]
fn a_storage_host_gets_no_secret_and_its_signature_is_not_shown() {
    for redirected in ["blobs", "manifests"] {
        for loud in LOUD {
            let lab = with_storage(redirected);
            let file = [lab.home.path("home/.docker/config.json")];
            let copy = ["copy", "dst.lab/app:v1", "to.lab/app:v1"];
            let ran = lab
                .run([&copy[..], loud].concat())
                .any_stdout()
                .any_stderr()
                .code(0);
            assert_clean(&ran, &lab, &file);
            let seen = lab.requests("storage");
            assert!(seen.len() > 0, "nobody was redirected");
            assert_no_secret(seen.all());
            lab.fault("storage", Fault::on("*", "/v2/").always().status(403));
            let ran = lab
                .run([&["copy", "dst.lab/app:v1", "to.lab/app:v2"], loud].concat())
                .run();
            assert_clean(&ran, &lab, &file);
        }
    }
}

#[track_caller]
fn assert_no_secret(seen: &[Seen]) {
    for seen in seen {
        for name in ["authorization", "proxy-authorization", "cookie", "referer"] {
            assert_eq!(
                seen.header(name),
                "",
                "{name} of {} {}",
                seen.method,
                seen.path
            );
        }
    }
}

/// NET-01, NET-02: a storage host that asks for a login as if it were the registry.
#[test]
fn a_storage_host_that_asks_for_a_login_gets_none() {
    for challenge in [
        "Basic realm=\"x\"",
        "Bearer realm=\"http://storage.lab/token\",service=\"x\"",
    ] {
        let lab = with_storage("blobs");
        let challenge = lab.addressed(challenge);
        let asks = Fault::on("GET", "/v2/").always();
        lab.fault(
            "storage",
            asks.answer(401, &[("www-authenticate", &challenge)], ""),
        );
        lab.run(["copy", "dst.lab/app:v1", "to.lab/app:v1"])
            .any_stderr()
            .code(4);
        assert_no_secret(lab.requests("storage").all());
    }
}

/// NET-04: another port is another origin.
#[test]
fn a_token_service_elsewhere_gets_no_secret_unless_it_is_named() {
    let lab = Lab::empty().open("src").registry("sso", |address| Options {
        access: token_service(address, "apple"),
        ..Options::default()
    });
    let realm = lab.address("sso").to_owned();
    let lab = lab.registry("dst", |_| Options {
        access: token_service(&realm, "apple"),
        ..Options::default()
    });
    lab.docker_login(&[("dst.lab", "ann:apple"), ("sso.lab", "eve:elsewhere")]);
    for command in [
        &["digest", "dst.lab/app:v1"][..],
        &["ls", "dst.lab/app"],
        &["copy", "src.lab/app:v1", "dst.lab/app:v1"],
    ] {
        lab.push("src.lab/app:v1", &Image::small(1));
        lab.run(command)
            .stderr_has("sso.lab")
            .stderr_has("token_realm: [\"sso.lab\"]")
            .code(4);
    }
    assert_no_secret(lab.requests("sso").all());
    let named = lab.addressed("registries:\n  \"dst.lab\":\n    token_realm: [\"sso.lab\"]\n");
    let file = lab.home.write("named/crossdock.yaml", named);
    let file = file.to_str().unwrap();
    // The tokens of one are none at the other: what counts is who is asked with what.
    lab.run(["digest", "--config-file", file, "dst.lab/app:v1"])
        .any_stderr()
        .code(4);
    let asked = lab.requests("sso");
    assert!(
        asked
            .all()
            .iter()
            .any(|seen| seen.scheme() == Some("Basic")),
        "{asked}"
    );
}

/// NET-03: an upload's place is the registry's own.
#[test]
fn an_upload_that_is_sent_elsewhere_takes_no_secret_along() {
    let lab = with_storage("blobs").open("src");
    lab.push("src.lab/app:v9", &Image::small(9));
    let place = lab.addressed("http://storage.lab/v2/app/blobs/uploads/1?_state=0");
    lab.fault(
        "dst",
        Fault::on("POST", "/uploads/")
            .with_header("authorization")
            .always()
            .answer(202, &[("location", &place)], ""),
    );
    lab.run(["copy", "src.lab/app:v9", "dst.lab/app:v9"])
        .any_stderr()
        .code(8);
    assert_no_secret(lab.requests("storage").all());
    assert_eq!(lab.digest("dst.lab/app:v9"), None);
}

/// NET-07.
#[test]
fn a_list_that_goes_on_elsewhere_takes_no_secret_along() {
    let lab = with_storage("blobs");
    let link = lab.addressed("<http://storage.lab/v2/app/tags/list?last=v0>; rel=\"next\"");
    let headers = [
        ("link", link.as_str()),
        ("content-type", "application/json"),
    ];
    let page = Fault::on("GET", "/tags/list").with_header("authorization");
    lab.fault(
        "dst",
        page.answer(200, &headers, r#"{"name":"app","tags":["v0"]}"#),
    );
    lab.run(["ls", "dst.lab/app"])
        .stdout("v0\nv1\n")
        .any_stderr()
        .code(0);
    assert_eq!(lab.requests("storage").len(), 0);
}
