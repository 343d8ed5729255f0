//! Tokens that expire, and rights that are missing.

use super::{Bench, SIZE};
use crate::lab::{Fault, Image, Lab};
use crossdock::server::{Access, Actions, Anonymous, Options, User};
use std::time::Duration;

/// A registry with tokens that last until the test says otherwise, and who may use it.
fn with_tokens(layer: usize) -> Bench {
    let options = |address: &str| Options {
        access: crate::lab::tokens(
            address,
            "dst",
            vec![User::new("ann", "apple")],
            Anonymous::Nothing,
        ),
        ..Options::default()
    };
    let lab = Lab::empty().open("src").registry("dst", options);
    lab.docker_login(&[("dst.lab", "ann:apple")]);
    Bench::on(lab, Image::sized(2, &[layer, 10]))
}

#[test]
fn f22_the_token_expires_before_the_only_request() {
    let expire = |registry: &crossdock::server::Registry| registry.expire_tokens();
    let bench = with_tokens(SIZE).fault("dst", Fault::on("PUT", "/uploads/").first(expire));
    bench.succeeds(&[]);
    let requests = bench.lab.requests("dst");
    let tokens = requests.count("GET", "token") + requests.count("POST", "token");
    assert!(tokens <= 3, "{requests}");
}

/// However many blobs are on their way: whoever finds the token expired waits for one new one.
#[test]
fn f22_the_token_expires_while_many_blobs_are_on_their_way() {
    let bench = with_tokens(1000);
    bench
        .lab
        .push("src.lab/team/app:v1", &Image::sized(3, &[2000; 60]));
    for after in [0, 20, 40] {
        let expire = |registry: &crossdock::server::Registry| registry.expire_tokens();
        bench.lab.heal();
        let fault = Fault::on("PUT", "/uploads/").after(after).first(expire);
        bench.lab.fault("dst", fault);
        let to = format!("dst.lab/many/app{after}:v1");
        bench
            .lab
            .run(["copy", "-q", "src.lab/team/app:v1", &to])
            .any_stdout()
            .code(0);
        let requests = bench.lab.requests("dst");
        assert!(requests.count("GET", "token") <= 3, "{requests}");
    }
}

#[test]
fn f22_the_token_expires_in_the_middle_of_chunks() {
    let expire = |registry: &crossdock::server::Registry| registry.expire_tokens();
    for method in ["PATCH", "PUT"] {
        let fault = Fault::on(method, "/uploads/").after(1).first(expire);
        let bench = with_tokens(SIZE)
            .fault("dst", Fault::on("PUT", "/uploads/").status(413))
            .fault("dst", fault);
        bench.succeeds(&["-j", "1"]);
    }
}

#[test]
fn f22_the_token_expires_before_the_manifest() {
    let expire = |registry: &crossdock::server::Registry| registry.expire_tokens();
    with_tokens(SIZE)
        .fault("dst", Fault::on("PUT", "/manifests/").first(expire))
        .succeeds(&[]);
}

#[test]
fn f23_a_token_that_is_never_good_enough() {
    for part in ["/uploads/", "/manifests/"] {
        let bench = with_tokens(1000);
        let expire = |registry: &crossdock::server::Registry| registry.expire_tokens();
        let bench = bench.fault("dst", Fault::on("PUT", part).always().first(expire));
        let ran = bench.copy(&["-j", "1"]).any_stderr().code(4);
        assert!(ran.stderr.contains("hint: "), "{ran}");
        let requests = bench.lab.requests("dst");
        let sent = requests.count("PUT", part.trim_matches('/'));
        assert_eq!(sent, 2, "once more with a new token: {requests}");
        bench.fails(&["-j", "1"], 4);
    }
}

/// Neither has an end by itself: tokens expire, and the upload begins anew.
#[test]
fn f23_a_token_that_is_never_good_enough_for_a_registry_that_cannot_count() {
    let bench = with_tokens(1000);
    let expire = |registry: &crossdock::server::Registry| registry.expire_tokens();
    let more = Fault::on("GET", "/uploads/").always();
    let bench = bench
        .fault("dst", Fault::on("PUT", "/uploads/").always().first(expire))
        .fault("dst", more.says("range", &[("range", "0-99999999")]));
    bench.fails(&["-j", "1", "--retries", "2"], 7);
}

#[test]
fn f24_denied_is_final() {
    for (method, part) in [
        ("POST", "/uploads/"),
        ("PUT", "/uploads/"),
        ("PUT", "/manifests/"),
    ] {
        let denied = Fault::on(method, part).always();
        let denied = denied.refusal(403, "DENIED", "token lacks write:packages");
        let bench = Bench::on(Lab::new(), Image::of(2, vec![])).fault("dst", denied);
        let ran = bench
            .copy(&[])
            .stderr_has("token lacks write:packages")
            .code(4);
        assert!(ran.elapsed < Duration::from_secs(6), "{ran}");
        bench.fails(&[], 4);
    }
}

/// A token for two repositories at once is more than some services give. That is no reason to
/// fail: it is the mount that is done without.
#[test]
fn f37_a_right_to_mount_that_is_refused_becomes_an_upload() {
    for status in [400, 401, 403] {
        let bench = with_tokens(1000);
        let image = Image::sized(3, &[100_000]);
        bench.lab.push("dst.lab/dev/app:v1", &image);
        let both = Fault::on("GET", "push&scope=repository%3Adev").always();
        bench
            .lab
            .fault("dst", both.refusal(status, "DENIED", "one at a time"));
        bench
            .lab
            .run(["copy", "-q", "dst.lab/dev/app:v1", "dst.lab/prod/app:v1"])
            .stdout(format!("dst.lab/prod/app:v1@{}\n", image.digest()))
            .code(0);
        bench.lab.assert_holds("dst.lab/prod/app:v1", &image);
        let requests = bench.lab.requests("dst");
        assert_eq!(requests.uploaded(), image.blob_bytes(), "{requests}");
        assert!(
            requests
                .of("GET", "token")
                .any(|seen| seen.status == status),
            "{requests}"
        );
    }
}

/// Two repositories of one registry with a credential each: what one may read, the other need
/// not, so that nothing is mounted.
#[test]
fn other_credentials_no_mount() {
    let access = Access::Basic {
        users: vec![
            User::new("dev", "d").only("dev", Actions::ALL),
            User::new("prod", "p").only("prod", Actions::ALL),
        ],
    };
    let lab = Lab::empty().registry("dst", |_| Options {
        access,
        ..Options::default()
    });
    lab.docker_login(&[("dst.lab/dev", "dev:d"), ("dst.lab/prod", "prod:p")]);
    let image = Image::small(1);
    lab.push("dst.lab/dev/app:v1", &image);
    lab.run(["copy", "-q", "dst.lab/dev/app:v1", "dst.lab/prod/app:v1"])
        .stdout(format!("dst.lab/prod/app:v1@{}\n", image.digest()))
        .code(0);
    assert_eq!(lab.requests("dst").uploaded(), image.blob_bytes());
    assert_eq!(lab.node("dst").registry.tags("prod/app").len(), 1);
}
