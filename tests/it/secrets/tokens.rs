//! Tokens, those who give them, and proxies.

use super::{CANARY, COMMANDS, LOUD, assert_clean, guarded, token};
use crate::lab::{Fault, Image, Lab};
use serde_json::json;

#[test]
fn identity_and_registry_tokens_stay_secret() {
    for kind in ["identitytoken", "registrytoken"] {
        let lab = guarded("another", true);
        let entry = json!({kind: token(kind)});
        let auths = json!({"auths": {lab.address("dst"): entry}});
        let but = [lab.home.docker_config(&auths)];
        for command in COMMANDS {
            for loud in LOUD {
                let ran = lab.run([command, loud].concat()).run();
                assert_eq!(ran.code, 4, "{ran}");
                assert_clean(&ran, &lab, &but);
            }
        }
        let seen = lab.requests("dst");
        let sent = seen
            .all()
            .iter()
            .any(|seen| seen.header("authorization").contains(CANARY) || seen.kind() == "token");
        assert!(sent, "{kind} was used: {seen}");
    }
}

#[test]
fn a_token_from_the_environment_stays_secret() {
    let lab = guarded("another", true);
    for command in COMMANDS {
        for loud in LOUD {
            let run = lab.run([command, loud].concat());
            let run = run
                .env("CROSSDOCK_REGISTRY", "dst.lab")
                .env("CROSSDOCK_TOKEN", token("variable"));
            let ran = run.run();
            assert_eq!(ran.code, 4, "{ran}");
            assert_clean(&ran, &lab, &[]);
        }
    }
}

#[test]
fn what_a_token_service_replies_stays_secret() {
    let reply = json!({
        "token": token("reply"), "access_token": token("access"), "refresh_token": token("refresh"),
        "Token": token("case"), "expires_in": 300,
    });
    let lab = guarded("apple", true);
    lab.docker_login(&[("dst.lab", "ann:apple")]);
    for body in [
        reply.to_string(),
        format!("[{reply}]"),
        format!("{reply}}}"),
        token("text"),
    ] {
        for command in COMMANDS {
            for loud in LOUD {
                lab.heal();
                let headers = [("content-type", "application/json")];
                lab.fault(
                    "dst",
                    Fault::on("*", "/token")
                        .always()
                        .answer(200, &headers, &body),
                );
                let ran = lab.run([command, loud].concat()).run();
                assert_ne!(ran.code, 0, "{ran}");
                assert_clean(&ran, &lab, &[]);
            }
        }
    }
}

/// This machine is never reached through a proxy: a made-up host is.
#[test]
fn a_proxy_s_password_stays_secret() {
    let lab = Lab::empty().open("proxy").open("src");
    lab.push("proxy.lab/app:v1", &Image::small(1));
    let proxy = |name: &str| format!("http://ann:{}@{name}", token("proxy"));
    for (command, code) in [
        (&["digest", "registry.example/app:v1"][..], 0),
        (&["digest", "registry.example/app:none"], 3),
        (&["copy", "registry.example/app:v1", "src.lab/app:v1"], 0),
        (&["ls", "registry.example/app"], 0),
    ] {
        for loud in LOUD {
            let plain: &[&str] = &["--plain-http=registry.example"];
            let typed = [command, plain, loud].concat();
            let run = lab.run(&typed).env("HTTP_PROXY", proxy("proxy.lab"));
            let ran = run.run();
            assert_eq!(ran.code, code, "{ran}");
            assert_clean(&ran, &lab, &[]);
            let broken = lab
                .run(&typed)
                .env("HTTP_PROXY", proxy("127.0.0.1:1"))
                .run();
            assert_eq!(broken.code, 7, "{broken}");
            assert_clean(&broken, &lab, &[]);
        }
    }
    let wrong = format!("http://ann:{}@[", token("proxy"));
    let ran = lab
        .run(["digest", "registry.example/app:v1", "-vv"])
        .env("HTTPS_PROXY", wrong)
        .run();
    assert_ne!(ran.code, 0, "{ran}");
    assert_clean(&ran, &lab, &[]);
    assert!(
        lab.requests("src")
            .all()
            .iter()
            .all(|seen| seen.header("proxy-authorization").is_empty())
    );
}
