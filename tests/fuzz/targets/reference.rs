//! References: only the grammar is accepted, and what is printed is read as the same.

use super::text;
use crate::target::Target;
use crossdock::oci::reference::{Host, Location, Reference, Repository, Tag};
use regex::Regex;
use std::sync::LazyLock;

pub(crate) const TARGET: Target = Target {
    name: "reference",
    longest: 512,
    seeds: SEEDS,
    words: &[
        "docker://",
        "oci:",
        "ocidir:",
        "ocidir://",
        "docker.io/",
        "index.docker.io/",
        "library/",
        "localhost",
        "@sha256:",
        "@sha512:",
        "[::1]",
        ":5000",
        ":latest",
        "xn--",
        "127.0.0.1",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ],
    check,
};

/// A canonical reference to something on a registry (distribution-spec 1.1, "Pulling manifests").
static PRINTED: LazyLock<Regex> = LazyLock::new(|| {
    let label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
    let host = format!(r"(?:{label}(?:\.{label})*|\[[0-9a-fA-F:.]+\])(?::[1-9][0-9]{{0,4}})?");
    let part = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*";
    let digest = "sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}";
    let tag = "[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}";
    let pattern = format!("^{host}/{part}(?:/{part})*(?::{tag})?(?:@(?:{digest}))?$");
    Regex::new(&pattern).unwrap()
});

fn check(bytes: &[u8]) {
    let Some(typed) = text(bytes) else { return };
    match typed.parse::<Reference>() {
        Ok(reference) => accepted(&reference),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(repository) = typed.parse::<Repository>() {
        let printed = repository.to_string();
        assert_eq!(printed.parse().as_ref(), Ok(&repository));
    }
    if let Ok(host) = typed.parse::<Host>() {
        assert_eq!(host.to_string().parse().ok(), Some(host));
    }
    if let Ok(tag) = typed.parse::<Tag>() {
        assert_eq!(tag.to_string(), typed);
    }
}

fn accepted(reference: &Reference) {
    let printed = reference.to_string();
    let again = printed.parse::<Reference>();
    assert_eq!(again.as_ref(), Ok(reference), "{printed:?}");
    assert_eq!(again.unwrap().to_string(), printed);
    match &reference.location {
        Location::Remote(_) => assert!(PRINTED.is_match(&printed), "{printed:?}"),
        Location::Layout(folder) => assert!(!folder.as_os_str().is_empty()),
    }
}

#[test]
fn reference() {
    crate::inputs::replay("reference");
}

const SEEDS: &[&[u8]] = &[
    b"",
    b" ",
    b":",
    b"@",
    b"/",
    b"reg.io/",
    b"/app",
    b"reg.io//app",
    b"reg.io/App",
    b"reg.io/app:",
    b"reg.io/app:-x",
    b"reg.io/app:.x",
    b"reg.io/app:a/b",
    b"reg.io/app@sha256",
    b"reg.io/app@sha256:xyz",
    b"reg.io/a..b",
    b"reg.io/a___b",
    b"reg.io/a__b",
    b"reg.io/-a",
    b"reg.io/a-",
    b"reg.io/a--b",
    b"reg.io/../x",
    b"reg.io/a/./b",
    b"reg.io:99999/app",
    b"reg.io:/app",
    b"reg.io:0/app",
    b"reg.io:443/app",
    b"[::1]:5000/app",
    b"[::1/app",
    b"[fe80::1%25eth0]/app",
    b"http://reg.io/app",
    b"reg.io/app?x=1",
    b"user:pw@reg.io/app",
    b"reg.io/app\n",
    b"reg.io/app\r",
    b"reg.io/app\0",
    b"reg.io/app\x1b",
    b"r\xc3\xa9g.io/app",
    b"xn--example-.org/app",
    b"--help",
    b"docker.io/app",
    b"index.docker.io/library/app",
    b"app",
    b"app:v1",
    b"team/app:v1.2-rc_3",
    b"docker://reg.io/app:v1",
    b"docker://oci:5000/app",
    b"localhost/app",
    b"LOCALHOST:5000/app",
    b"127.0.0.1:5000/app",
    b"0x7f.1/app",
    b"reg.1/app",
    b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"reg.io/app:t@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"reg.io/app@sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
      47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    b"oci:dir",
    b"oci:dir:v1",
    b"oci:/a/b@c/d:v1",
    b"oci:dir:library/app:1.2",
    b"oci:C:\\dir:v1",
    b"oci:./a:b/c:v1",
    b"oci://reg.io/app",
    b"ocidir://dir",
    b"ocidir:///dir:v1",
    b"oci:",
    b"oci:me:pw@reg.io/app",
    b"oci:../up",
    b"ocidir:////dir:v1",
    b"oci:dir@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"docker-archive:x.tar",
    b"dir:x",
    b"containers-storage:x",
    b"docker-daemon:x:y",
];
