//! A registry behind TLS and HTTP/2 whose certificate is of an authority that nobody knows.

use super::distribution::Distribution;
use super::layout::Image;
use super::user::User;
use super::{images, skopeo};

const NAME: &str = "team/app:v1";

fn secured() -> (Distribution, Distribution, Image, User) {
    let (from, to) = (Distribution::open(), Distribution::tls("bob", "behind-tls"));
    let image = images::layered(40, 128 * 1024);
    skopeo::push(&image, &from, NAME);
    let user = User::of(&[&to]);
    (from, to, image, user)
}

#[test]
fn a_copy_there_and_back_with_the_authority_on_the_command_line() {
    let (from, to, image, user) = secured();
    let authority = to.authority().display().to_string();
    let copies = |here: &str, there: &str| {
        let run = user.runs([
            "copy",
            "--progress=none",
            "--ca-cert",
            &authority,
            here,
            there,
        ]);
        run.stdout(format!("{there}@{}\n", image.digest())).code(0);
    };
    copies(&from.image(NAME), &to.image(NAME));
    assert_eq!(skopeo::digest(&to, NAME), image.digest());
    skopeo::pull(&to, NAME);
    copies(&to.image(NAME), &from.image("back/app:v1"));
    skopeo::pull(&from, "back/app:v1");
}

#[test]
fn the_settings_name_the_authority_of_one_host() {
    let (_, to, _, user) = secured();
    let authority = serde_json::json!(to.authority());
    user.home.user_settings(&format!(
        "registries: {{\"{}\": {{ca: {authority}}}}}\n",
        to.host()
    ));
    // Nothing was pushed: who is let in is told so.
    user.runs(["digest", &to.image(NAME)]).any_stderr().code(3);
}

/// Not a word goes to a registry that cannot show who it is, and none without TLS.
#[test]
fn an_unknown_authority_ends_the_copy() {
    let (from, to, _, user) = secured();
    let insecure = format!("--insecure={}", to.host());
    let run = user.runs(["copy", "--retries=2", &from.image(NAME), &to.image(NAME)]);
    let run = run
        .stderr_has("certificate")
        .stderr_has("--ca-cert FILE")
        .stderr_has(&insecure);
    run.code(1);
    assert!(!to.has_answered());
}

#[test]
fn one_host_may_be_named_as_not_to_be_verified() {
    let (from, to, image, user) = secured();
    let (here, there) = (from.image(NAME), to.image(NAME));
    let insecure = format!("--insecure={}", to.host());
    let run = user.runs(["copy", "--progress=none", &insecure, &here, &there]);
    run.stdout(format!("{there}@{}\n", image.digest()))
        .any_stderr()
        .code(0);
    skopeo::pull(&to, NAME);
}
