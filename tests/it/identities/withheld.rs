//! An identity that is not given to a place where others could take it.

use super::github;
use crate::clouds::world::World;
use crate::lab::{Image, Run};
use crossdock::server::Anonymous;

/// A job of GitHub's that reaches its registry over TLS that it does not verify.
fn in_job(run: Run) -> Run {
    run.env("GITHUB_ACTIONS", "true")
        .env("GITHUB_ACTOR", "octocat")
        .env("GITHUB_TOKEN", "t0ken")
}

fn asked_with_a_password(world: &World) -> bool {
    let requests = world.lab.requests("hub");
    requests
        .all()
        .iter()
        .any(|seen| super::user(seen).is_some())
}

#[test]
fn a_read_says_which_identity_it_does_without_and_why() {
    let world = github("t0ken", Anonymous::Pull);
    let proxy = world.proxy();
    let ran = in_job(world.run(&proxy, ["digest", "--insecure=ghcr.io", "ghcr.io/acme/api:v1"]))
        .stdout(format!("{}\n", Image::small(1).digest()))
        .stderr_has("the variable GITHUB_TOKEN is not given to ghcr.io: ghcr.io is reached over TLS that is not verified")
        .stderr_has("`crossdock login ghcr.io -u USER`")
        .code(0);
    assert_eq!(ran.stderr.matches("is not given").count(), 1, "{ran}");
    assert!(!asked_with_a_password(&world));
}

#[test]
fn a_write_and_a_login_that_need_one_say_why_there_is_none() {
    let world = github("t0ken", Anonymous::Pull);
    let proxy = world.proxy();
    let run = in_job(world.run(
        &proxy,
        ["tag", "--insecure=ghcr.io", "ghcr.io/acme/api:v1", "v3"],
    ));
    run.any_stdout()
        .stderr_has("the variable GITHUB_TOKEN is not given to ghcr.io")
        .stderr_has("reach the place over TLS that is verified")
        .code(4);
    let run = in_job(world.run(&proxy, ["login", "--insecure=ghcr.io", "ghcr.io"]));
    run.stderr_has("the variable GITHUB_TOKEN is not given to ghcr.io")
        .code(4);
    assert!(!asked_with_a_password(&world));
}
