//! Tokens that expire, and rights that are missing.

use super::{Bench, SIZE};
use crate::lab::{Fault, Image, Lab};
use crossdock::server::{Access, Anonymous, Options, TokenService, User};
use std::time::Duration;

/// A registry with tokens that last until the test says otherwise, and who may use it.
fn with_tokens(layer: usize) -> Bench {
    let options = |address: &str| Options {
        access: Access::Token(TokenService {
            realm: format!("http://{address}/token"),
            service: "dst".to_owned(),
            users: vec![User::new("ann", "apple")],
            lifetime: Duration::from_secs(300),
            anonymous: Anonymous::Nothing,
            oauth2: true,
        }),
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
        assert!(ran.elapsed < Duration::from_secs(2), "{ran}");
        bench.fails(&[], 4);
    }
}
