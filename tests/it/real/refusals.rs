//! What registries that allow less than others say, and what crossdock makes of it.

use super::distribution::Distribution;
use super::user::User;
use super::{images, skopeo};

const NAME: &str = "team/app:v1";

#[test]
fn a_registry_that_takes_nothing() {
    let (from, to) = (Distribution::open(), Distribution::read_only());
    skopeo::push(&images::small("any"), &from, NAME);
    let user = User::nobody();
    let run = user.runs(["copy", &from.image(NAME), &to.image(NAME)]);
    let cannot = format!("error: cannot write to {}", to.image("team/app"));
    run.stderr_has(cannot).stderr_has("(405)").code(1);
}

#[test]
fn a_registry_that_removes_nothing() {
    let registry = Distribution::without_removal();
    let image = images::small("any");
    skopeo::push(&image, &registry, NAME);
    let user = User::nobody();
    let pinned = registry.image(&format!("team/app@{}", image.digest()));
    for args in [
        vec!["rm", &registry.image(NAME)],
        vec!["rm", "--force", &pinned],
    ] {
        user.runs(args)
            .stderr_has("error: ")
            .stderr_has("hint: ")
            .stderr_has("switched off")
            .code(1);
    }
    assert_eq!(skopeo::digest(&registry, NAME), image.digest());
}

#[test]
fn a_repository_that_is_not_there() {
    let registry = Distribution::open();
    let user = User::nobody();
    user.runs(["digest", &registry.image(NAME)])
        .stderr_has("MANIFEST_UNKNOWN")
        .code(3);
    user.runs(["ls", &registry.image("team/app")])
        .stderr_has("NAME_UNKNOWN")
        .code(3);
    user.runs(["rm", &registry.image(NAME)])
        .stderr_has("error: ")
        .code(3);
    let copy = user.runs([
        "copy",
        &registry.image(NAME),
        &registry.image("other/app:v1"),
    ]);
    copy.stderr_has("error: ").code(3);
}
