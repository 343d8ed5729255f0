//! Whose credential goes where.

use super::{APP, COPY, DST, ONE, copied, image_at, mirrored};
use crate::lab::{Lab, tokens};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossdock::server::{Access, Anonymous, Options, User};

/// A registry and a mirror that both want a login, by tokens or without.
fn lab(by_tokens: bool) -> Lab {
    let access = |user: &'static str, secret: &'static str| {
        move |address: &str| {
            let users = vec![User::new(user, secret)];
            let access = if by_tokens {
                tokens(address, user, users, Anonymous::Nothing)
            } else {
                Access::Basic { users }
            };
            Options {
                access,
                ..Options::default()
            }
        }
    };
    let lab = Lab::empty()
        .open("dst")
        .open("two")
        .registry("src", access("ann", "apple"))
        .registry("one", access("bob", "banana"));
    mirrored(&lab);
    lab
}

#[track_caller]
fn assert_never_saw(lab: &Lab, name: &str, pair: &str) {
    let (user, secret) = pair.split_once(':').unwrap();
    let encoded = STANDARD.encode(pair);
    for seen in lab.requests(name).all() {
        let told = seen.told();
        for secret in [user, secret, &encoded] {
            assert!(!told.contains(secret), "{name} saw {secret}: {told}");
        }
    }
}

#[test]
fn each_gets_its_own_credential() {
    for by_tokens in [false, true] {
        let lab = lab(by_tokens);
        lab.docker_login(&[("src.lab", "ann:apple"), ("one.lab", "bob:banana")]);
        let image = image_at(&lab, &[APP, ONE]);
        lab.run(COPY).stdout(copied(&image)).code(0);
        lab.assert_holds(DST, &image);
        assert_eq!(lab.requests("src").len(), 0);
        assert_never_saw(&lab, "one", "ann:apple");
        lab.heal();
        // What is not at the mirror comes from the registry, which sees nothing of the mirror's.
        lab.push("src.lab/team/app:v2", &crate::lab::Image::small(9));
        lab.run(["copy", "-q", "src.lab/team/app:v2", "dst.lab/app:v2"])
            .any_stdout()
            .code(0);
        assert_never_saw(&lab, "src", "bob:banana");
        assert_never_saw(&lab, "one", "ann:apple");
    }
}

#[test]
fn a_mirror_that_nobody_logged_in_to_gets_nothing_and_is_passed_over() {
    for by_tokens in [false, true] {
        let lab = lab(by_tokens);
        lab.docker_login(&[("src.lab", "ann:apple")]);
        let image = image_at(&lab, &[APP, ONE]);
        lab.run(COPY).stdout(copied(&image)).code(0);
        lab.assert_holds(DST, &image);
        let one = lab.requests("one");
        let base = one.all().iter().filter(|seen| seen.kind() != "token");
        assert!(
            base.clone()
                .all(|seen| seen.header("authorization").is_empty())
        );
        assert_never_saw(&lab, "one", "ann:apple");
    }
}
