//! What is said against which no.

#![allow(clippy::unwrap_used)]

use super::{Cause, No, cause};
use crate::oci::reference::{Host, RepositoryName};
use crate::store::{Kind as Class, Refusal, Wanted};
use crate::vendor::{Kind, Kind as K};

use Wanted::{Login, Read, Remove, Write};

const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

fn refusal(status: u16, code: &str, words: &str) -> Refusal {
    Refusal {
        status,
        codes: vec![code.to_owned()],
        words: words.to_owned(),
        wait: None,
        limit: None,
    }
}

fn class(status: u16, refusal: &Refusal) -> Class {
    let is_rule = refusal.says("immutable") || refusal.has("REGISTRY_DISALLOWED_OPERATION");
    match status {
        _ if is_rule => Class::Refused,
        401 => Class::Unauthenticated,
        403 => Class::Denied,
        404 => Class::NotFound,
        409 | 412 => Class::Refused,
        _ => Class::Other,
    }
}

fn said(kind: Kind, host: &str, wanted: Wanted, refusal: &Refusal) -> Option<String> {
    let (host, name): (Host, RepositoryName) =
        (host.parse().unwrap(), "team/prod/api".parse().unwrap());
    let no = No {
        kind,
        wanted,
        cause: cause(class(refusal.status, refusal), wanted, refusal),
        refusal,
        host: &host,
        repository: Some(&name),
    };
    no.advice()
}

/// The row: kind, host, what was wanted, the answer, and what the hint has to hold.
type Row = (
    Kind,
    &'static str,
    Wanted,
    (u16, &'static str, &'static str),
    &'static str,
);

const ROWS: [Row; 33] = [
    (
        K::DockerHub,
        "docker.io",
        Read,
        (401, "UNAUTHORIZED", ""),
        "does not tell which",
    ),
    (
        K::DockerHub,
        "docker.io",
        Write,
        (401, "UNAUTHORIZED", ""),
        "`Read & Write`",
    ),
    (
        K::DockerHub,
        "docker.io",
        Remove,
        (405, "UNSUPPORTED", ""),
        "its own API",
    ),
    (
        K::DockerHub,
        "docker.io",
        Write,
        (403, "DENIED", "tag is immutable"),
        "another tag",
    ),
    (
        K::DockerHub,
        "docker.io",
        Read,
        (429, "TOOMANYREQUESTS", ""),
        "100 pulls in 6 hours",
    ),
    (
        K::Ecr,
        ECR,
        Write,
        (404, "NAME_UNKNOWN", ""),
        "aws ecr create-repository --region eu-west-1 --repository-name team/prod/api`",
    ),
    (
        K::Ecr,
        ECR,
        Read,
        (403, "DENIED", ""),
        "`ecr:BatchCheckLayerAvailability`",
    ),
    (
        K::Ecr,
        ECR,
        Write,
        (
            403,
            "DENIED",
            "User: arn:aws:iam::1:user/x is not authorized to perform: ecr:InitiateLayerUpload on resource: arn:aws:ecr:eu-west-1:1:repository/r",
        ),
        "allow `ecr:InitiateLayerUpload`",
    ),
    (
        K::Ecr,
        ECR,
        Read,
        (
            403,
            "DENIED",
            "Your authorization token has expired. Reauthenticate and try again.",
        ),
        "twelve hours",
    ),
    (
        K::Ecr,
        ECR,
        Write,
        (
            400,
            "TAG_INVALID",
            "cannot be overwritten because the repository is immutable",
        ),
        "put-image-tag-mutability",
    ),
    (
        K::EcrPublic,
        "public.ecr.aws",
        Write,
        (404, "NAME_UNKNOWN", ""),
        "--region us-east-1 --repository-name prod/api`",
    ),
    (
        K::Google,
        "europe-west1-docker.pkg.dev",
        Write,
        (403, "DENIED", "(or it may not exist)"),
        "create prod --project team --location europe-west1 --repository-format docker`",
    ),
    (
        K::Google,
        "europe-west1-docker.pkg.dev",
        Remove,
        (403, "DENIED", ""),
        "`roles/artifactregistry.repoAdmin`",
    ),
    (
        K::Google,
        "eu.gcr.io",
        Read,
        (403, "DENIED", ""),
        "`roles/artifactregistry.reader`",
    ),
    (
        K::Acr,
        "acme.azurecr.io",
        Write,
        (401, "UNAUTHORIZED", ""),
        "`AcrPush`",
    ),
    (
        K::Acr,
        "acme.azurecr.io",
        Write,
        (405, "REGISTRY_DISALLOWED_OPERATION", ""),
        "--name acme --image team/prod/api:TAG --write-enabled true",
    ),
    (
        K::Ghcr,
        "ghcr.io",
        Write,
        (403, "DENIED", "permission_denied"),
        "`write:packages`",
    ),
    (
        K::Ghcr,
        "ghcr.io",
        Remove,
        (405, "UNSUPPORTED", ""),
        "container/prod%2Fapi/versions/ID",
    ),
    (
        K::Ghcr,
        "ghcr.io",
        Remove,
        (403, "", "Must have admin rights"),
        "`delete:packages`",
    ),
    (
        K::Ghcr,
        "ghcr.io",
        Remove,
        (
            400,
            "",
            "You cannot delete the last tagged version of a package.",
        ),
        "packages/container/prod%2Fapi`",
    ),
    (K::Ghcr, "ghcr.io", Login, (403, "", "denied"), "(classic)"),
    (
        K::Harbor,
        "h.example.com",
        Write,
        (404, "NOT_FOUND", "project team not found"),
        "the project `team` has to exist",
    ),
    (
        K::Harbor,
        "h.example.com",
        Write,
        (405, "", "can not push artifact to a proxy project: team"),
        "is a proxy cache",
    ),
    (
        K::Harbor,
        "h.example.com",
        Write,
        (412, "PRECONDITION", "configured as immutable"),
        "immutability rule",
    ),
    (
        K::Harbor,
        "h.example.com",
        Write,
        (403, "DENIED", "adding 3 MiB will exceed the quota"),
        "storage quota",
    ),
    (
        K::Quay,
        "quay.io",
        Write,
        (409, "TAG_IMMUTABLE", "immutable"),
        "another tag",
    ),
    (
        K::Quay,
        "quay.io",
        Write,
        (401, "UNAUTHORIZED", ""),
        "needs Write",
    ),
    (
        K::Artifactory,
        "acme.jfrog.io",
        Write,
        (403, "DENIED", ""),
        "Deploy/Cache",
    ),
    (
        K::Nexus,
        "n.example.com",
        Write,
        (401, "UNAUTHORIZED", ""),
        "nx-repository-view-docker",
    ),
    (
        K::GitLab,
        "registry.gitlab.com",
        Write,
        (403, "DENIED", "access forbidden"),
        "`write_registry`",
    ),
    (
        K::Distribution,
        "d.example.com",
        Remove,
        (405, "UNSUPPORTED", ""),
        "REGISTRY_STORAGE_DELETE_ENABLED=true",
    ),
    (
        K::Zot,
        "z.example.com",
        Remove,
        (403, "DENIED", ""),
        "`delete`",
    ),
    (
        K::Zot,
        "z.example.com",
        Write,
        (415, "MANIFEST_INVALID", ""),
        "docker2s2",
    ),
];

#[test]
fn a_no_is_explained_in_the_vendor_s_words() {
    for (kind, host, wanted, (status, code, words), expected) in ROWS {
        let hint = said(kind, host, wanted, &refusal(status, code, words));
        let hint = hint.unwrap_or_default();
        assert!(hint.contains(expected), "{kind} {status} {code}: {hint:?}");
    }
}

#[test]
fn a_pull_limit_is_told_with_what_the_answer_says_of_it() {
    let limited = |limit: Option<&str>, wait: Option<&str>| {
        let refusal = Refusal {
            limit: limit.map(str::to_owned),
            wait: wait.map(str::to_owned),
            ..refusal(429, "TOOMANYREQUESTS", "")
        };
        said(Kind::DockerHub, "docker.io", Wanted::Read, &refusal).unwrap()
    };
    let hint = limited(Some("100;w=21600"), Some("1200"));
    assert!(hint.contains("100 pulls in 6 hours for who asks"), "{hint}");
    assert!(hint.contains("it takes more in 1200 seconds"), "{hint}");
    let hint = limited(Some("soon"), Some("Sat, 21 Nov 2026 12:00:00 GMT"));
    assert!(hint.contains("200 with a free account"), "{hint}");
    assert!(
        hint.contains("from Sat, 21 Nov 2026 12:00:00 GMT on"),
        "{hint}"
    );
}

/// A hint is a line or two, whatever came, and no word of the registry's is in it that was not
/// looked at.
#[test]
fn hints_are_short_and_hold_nothing_from_outside() {
    let wanted = [
        Wanted::Read,
        Wanted::List,
        Wanted::Write,
        Wanted::Remove,
        Wanted::Login,
    ];
    let evil = "x expired quota\u{1b}[2J\nhint: curl | sh";
    for kind in Kind::ALL {
        for (wanted, status) in wanted
            .iter()
            .flat_map(|wanted| [400, 401, 403, 404, 405, 412, 415, 429, 500].map(|s| (*wanted, s)))
        {
            for words in ["", evil] {
                let hint = said(kind, "r.example.com", wanted, &refusal(status, "", words));
                let hint = hint.unwrap_or_default();
                assert!(hint.len() < 420, "{hint}");
                assert!(!hint.contains(['\n', '\u{1b}']), "{hint}");
            }
        }
    }
}

/// Whoever may not, and whoever asks too much, is told what helps at every kind.
#[test]
fn every_kind_explains_a_denied_write() {
    for kind in Kind::ALL {
        let denied = refusal(401, "UNAUTHORIZED", "");
        assert_eq!(
            cause(Class::Unauthenticated, Wanted::Write, &denied),
            Cause::Denied
        );
        let hint = said(kind, "r.example.com", Wanted::Write, &denied);
        assert!(hint.is_some(), "{kind}");
    }
}
