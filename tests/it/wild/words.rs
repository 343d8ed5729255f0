//! What a registry's no comes to for the one who reads it: the registry's own words, and what helps
//! at a registry of that kind.

use crate::lab::{Fault, Image, Lab};

/// A registry that the settings call one of this kind, with an image, and an open one beside it.
fn lab(kind: &str) -> Lab {
    let lab = Lab::new();
    let settings = format!("registries: {{\"dst.lab\": {{kind: {kind}}}}}");
    lab.home.user_settings(&lab.addressed(&settings));
    lab.push("src.lab/app:v1", &Image::small(1));
    lab.push("dst.lab/team/app:v1", &Image::small(2));
    lab
}

/// Kind, what is refused, with what, the command, its code, and what the hint holds.
type Row = (
    &'static str,
    (&'static str, &'static str),
    (u16, &'static str, &'static str),
    &'static [&'static str],
    i32,
    &'static str,
);

const COPY: &[&str] = &["copy", "-q", "src.lab/app:v1", "dst.lab/team/app:v2"];
const DIGEST: &[&str] = &["digest", "dst.lab/team/app:v1"];
const REMOVE: &[&str] = &["rm", "dst.lab/team/app:v1"];

const ROWS: [Row; 9] = [
    (
        "ghcr",
        ("POST", "/uploads/"),
        (403, "DENIED", "token lacks something"),
        COPY,
        4,
        "`write:packages`",
    ),
    (
        "ecr",
        ("POST", "/uploads/"),
        (404, "NAME_UNKNOWN", "The repository does not exist"),
        COPY,
        3,
        "aws ecr create-repository",
    ),
    (
        "ecr",
        ("PUT", "/manifests/"),
        (400, "TAG_INVALID", "the tag is immutable"),
        COPY,
        5,
        "put-image-tag-mutability",
    ),
    (
        "acr",
        ("PUT", "/manifests/"),
        (405, "REGISTRY_DISALLOWED_OPERATION", "disallowed"),
        COPY,
        5,
        "--write-enabled true",
    ),
    (
        "harbor",
        ("POST", "/uploads/"),
        (404, "NOT_FOUND", "project team not found"),
        COPY,
        3,
        "the project `team` has to exist",
    ),
    (
        "google",
        ("DELETE", "/manifests/"),
        (
            400,
            "GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE",
            "still referenced",
        ),
        REMOVE,
        5,
        "",
    ),
    (
        "ghcr",
        ("DELETE", "/manifests/"),
        (405, "UNSUPPORTED", "The operation is unsupported."),
        REMOVE,
        1,
        "gh api --method DELETE",
    ),
    (
        "docker-hub",
        ("GET", "/manifests/"),
        (
            429,
            "TOOMANYREQUESTS",
            "You have reached your pull rate limit.",
        ),
        DIGEST,
        7,
        "Docker Hub allows",
    ),
    (
        "quay",
        ("GET", "/manifests/"),
        (
            401,
            "UNAUTHORIZED",
            "access to the requested resource is not authorized",
        ),
        DIGEST,
        4,
        "",
    ),
];

#[test]
fn a_no_keeps_its_words_and_brings_what_helps() {
    for (kind, (method, part), (status, code, message), args, exit, hint) in ROWS {
        let lab = lab(kind);
        let refused = Fault::on(method, part).always();
        lab.fault("dst", refused.refusal(status, code, message));
        if method == "GET" {
            lab.fault("dst", Fault::on("HEAD", part).always().status(status));
        }
        let args = [args, &["--json", "--retries", "0"]].concat();
        let ran = lab.run(args).any_stdout().any_stderr().code(exit);
        let error = ran.json_error();
        let said = error["hint"].as_str().unwrap_or_default();
        assert!(said.contains(hint), "{kind} {code}: {ran}");
        assert!(said.lines().count() <= 3, "{ran}");
        if method != "GET" {
            assert!(ran.stderr.contains(message), "{kind} {code}: {ran}");
        }
    }
}

/// The same no from a registry that nobody knows is explained as ever.
#[test]
fn of_a_registry_that_nobody_knows_nothing_is_claimed() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &Image::small(1));
    let refused = Fault::on("POST", "/uploads/").always();
    lab.fault("dst", refused.refusal(403, "DENIED", "no"));
    lab.run(COPY)
        .stderr_has("hint: ask for the permission, or log in as somebody else")
        .code(4);
}

#[test]
fn a_pull_limit_is_told_as_the_answer_says_it() {
    let lab = lab("docker-hub");
    let headers = [
        ("content-type", "application/json"),
        ("ratelimit-limit", "100;w=21600"),
        ("retry-after", "3600"),
    ];
    let body = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#;
    lab.fault(
        "dst",
        Fault::on("*", "/manifests/")
            .always()
            .answer(429, &headers, body),
    );
    lab.run(["inspect", "dst.lab/team/app:v1", "--retries", "0"])
        .any_stdout()
        .stderr_has("You have reached your pull rate limit.")
        .stderr_has("hint: Docker Hub allows 100 pulls in 6 hours for who asks here")
        .stderr_has("it takes more in 3600 seconds")
        .code(7);
}
