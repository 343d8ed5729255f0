//! `login` without a user and a password.

use super::github;
use crate::lab::Lab;
use crate::secrets::assert_clean;
use crossdock::server::Anonymous;

const FILE: &str = "home/.docker/config.json";

#[test]
fn what_the_machine_is_is_said_and_checked_and_not_stored() {
    let world = github("CANARY-github", Anonymous::Nothing);
    let proxy = world.proxy();
    let login = || {
        let run = world.run(&proxy, ["login", "ghcr.io"]);
        run.env("GITHUB_ACTOR", "octocat")
    };
    let ran = login()
        .env("GITHUB_TOKEN", "CANARY-github")
        .stderr("ghcr.io: logged in as the variable GITHUB_TOKEN; nothing needs to be stored\n")
        .code(0);
    assert_clean(&ran, &world.lab, &[]);
    let ran = login()
        .env("GITHUB_TOKEN", "CANARY-another")
        .stderr_like(
            "error: the variable GITHUB_TOKEN is of no use at ghcr.io: cannot log in to ghcr.io: ghcr.io gives no token (401)[..]\n\
             hint: give it a credential of another kind: `crossdock login ghcr.io -u USER --password-stdin`\n",
        )
        .code(4);
    assert_clean(&ran, &world.lab, &[]);
    assert_eq!(world.lab.home.read(FILE), None);
}

#[test]
fn a_machine_that_is_nobody_is_told_what_was_looked_for() {
    let lab = Lab::empty();
    lab.run(["login", "ghcr.io"])
        .stderr_like(
            "error: this machine has no identity for GitHub Container Registry; looked for `GITHUB_TOKEN`, `GH_TOKEN`\n\
             hint: [..] -u USER --password-stdin`\n",
        )
        .code(4);
    let account = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    lab.run(["login", account])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stderr_has("this machine has no identity for Amazon ECR; looked for `AWS_ACCESS_KEY_ID`, ")
        .code(4);
}

#[test]
fn an_identity_that_is_broken_is_an_error_with_its_reason() {
    Lab::empty()
        .run(["login", "ghcr.io"])
        .env("GITHUB_TOKEN", "CANARY-github")
        .env("GITHUB_ACTOR", "a:b")
        .stderr_has("error: cannot log in to ghcr.io: this machine's identity for GitHub Container Registry cannot be used: the variable GITHUB_ACTOR: the user name contains a colon\n")
        .code(4);
}

/// It would say that somebody is logged in as who is never asked.
#[test]
fn a_credential_that_was_given_is_said_to_go_first() {
    let lab = Lab::empty();
    let ran = lab
        .run(["login", "ghcr.io"])
        .env("GITHUB_TOKEN", "CANARY-github")
        .env("CROSSDOCK_REGISTRY", "ghcr.io")
        .env("CROSSDOCK_USERNAME", "octocat")
        .env("CROSSDOCK_PASSWORD", "CANARY-given")
        .stderr_like(
            "error: no user name, and no terminal to ask for one\n\
             hint: the credential from [..]CROSSDOCK_[..] goes before this machine's identity: take it away, or name the user of another with `-u USER`\n",
        )
        .code(2);
    assert_clean(&ran, &lab, &[]);
}

/// Whoever brings a user or a password means that.
#[test]
fn a_user_that_is_named_goes_before_what_the_machine_is() {
    let world = github("CANARY-github", Anonymous::Nothing);
    let proxy = world.proxy();
    let typed = ["login", "ghcr.io", "-u", "octocat", "--password-stdin"];
    world
        .run(&proxy, typed)
        .env("GITHUB_TOKEN", "CANARY-another")
        .stdin("CANARY-github")
        .stderr_has("logged in to ghcr.io as octocat; stored in ")
        .code(0);
}
