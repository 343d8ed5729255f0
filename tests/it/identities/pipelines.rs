//! The tokens that pipelines give to their jobs.

use super::{github, user};
use crate::lab::{Image, Lab, Requests, Run};
use crate::secrets::assert_clean;
use crossdock::server::{Access, Anonymous, Options, User};

const TOKEN: &str = "CANARY-github";
const DIGEST: [&str; 2] = ["digest", "ghcr.io/acme/api:v1"];

/// A run in a job of GitHub's.
fn job(run: Run) -> Run {
    run.env("GITHUB_ACTIONS", "true")
        .env("GITHUB_SERVER_URL", "https://github.com")
        .env("GITHUB_ACTOR", "octocat")
        .env("GITHUB_TOKEN", TOKEN)
}

fn users(requests: &Requests) -> Vec<Option<String>> {
    requests.of("GET", "token").map(user).collect()
}

#[test]
fn a_job_of_github_needs_no_login() {
    let world = github(TOKEN, Anonymous::Nothing);
    let proxy = world.proxy();
    let run = world.run(&proxy, [&DIGEST[..], &["-vv"]].concat());
    let ran = job(run)
        .any_stdout()
        .stderr_has("ghcr.io: the credential from the variable GITHUB_TOKEN\n")
        .stderr_has("authorization ***")
        .code(0);
    assert_clean(&ran, &world.lab, &[]);
    let requests = world.lab.requests("hub");
    assert_eq!(requests.to_string(), "GET token 1, HEAD manifests 2");
    assert_eq!(users(&requests), [Some("octocat".to_owned())]);
    let run = world.run(&proxy, ["tag", "-q", "ghcr.io/acme/api:v1", "v2"]);
    job(run).any_stdout().code(0);
    assert!(world.lab.digest("hub.lab/acme/api:v2").is_some());
}

/// Elsewhere such a variable may be meant for anything, and is for what needs somebody.
#[test]
fn outside_of_a_job_the_token_is_for_what_nobody_may() {
    for (anonymous, asked) in [
        (Anonymous::Pull, vec![None]),
        (Anonymous::Nothing, vec![None, Some("octocat".to_owned())]),
    ] {
        let world = github(TOKEN, anonymous);
        let proxy = world.proxy();
        let run = world.run(&proxy, DIGEST);
        let run = run.env("GH_TOKEN", TOKEN).env("GITHUB_ACTOR", "octocat");
        run.any_stdout().code(0);
        assert_eq!(users(&world.lab.requests("hub")), asked);
    }
}

#[test]
fn a_token_that_is_refused_stops_only_what_needs_one() {
    let world = github("another", Anonymous::Pull);
    let proxy = world.proxy();
    let reading = ["digest", "ghcr.io/acme/api:v1", "ghcr.io/acme/api:v1"];
    let ran = job(world.run(&proxy, reading))
        .any_stdout()
        .stderr_like(
            "warning: ghcr.io: refuses the variable GITHUB_TOKEN: ghcr.io gives no token (401)[..]; asking as nobody\n",
        )
        .code(0);
    assert_clean(&ran, &world.lab, &[]);
    let run = world.run(&proxy, ["tag", "ghcr.io/acme/api:v1", "v2"]);
    let ran = job(run).stderr_has("ghcr.io gives no token (401)").code(4);
    assert_clean(&ran, &world.lab, &[]);
    assert_eq!(world.lab.digest("hub.lab/acme/api:v2"), None);
    let world = github("another", Anonymous::Nothing);
    let proxy = world.proxy();
    job(world.run(&proxy, DIGEST))
        .stderr_has("ghcr.io refuses the variable GITHUB_TOKEN: ghcr.io gives no token (401)")
        .stderr_has("hint: ")
        .code(4);
}

#[test]
fn a_job_of_gitlab_needs_no_login_and_tells_nobody_else() {
    let users = || vec![User::new("gitlab-ci-token", "CANARY-job")];
    let wanting = |_: &str| Options {
        access: Access::Basic { users: users() },
        ..Options::default()
    };
    let lab = Lab::empty()
        .registry("own", wanting)
        .registry("other", wanting);
    for place in ["own.lab/app:v1", "other.lab/app:v1"] {
        lab.push(place, &Image::small(1));
    }
    let job = |args: &[&str]| {
        lab.run(args.iter().copied())
            .env("CI_REGISTRY", "own.lab")
            .env("CI_JOB_TOKEN", "CANARY-job")
    };
    let ran = job(&["copy", "-vv", "own.lab/app:v1", "own.lab/app:v2"])
        .any_stdout()
        .stderr_has("own.lab: the credential from the variable CI_JOB_TOKEN\n")
        .code(0);
    assert_clean(&ran, &lab, &[]);
    job(&["digest", "other.lab/app:v1"]).any_stderr().code(4);
    for seen in lab.requests("other").all() {
        assert_eq!(seen.header("authorization"), "");
    }
}
