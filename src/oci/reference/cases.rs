//! References and digests that people type, case by case.

use super::{Host, Location, Reference, Repository, Tag, Target};
use crate::oci::digest;
use std::path::Path;

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[rustfmt::skip]
const REFUSED: [(&str, &str, &str); 43] = [
    ("REF-01", "", "it is empty"),
    ("REF-02", " ", "the repository name cannot have ` `"),
    ("REF-03", ":", "the repository name is empty"),
    ("REF-04", "@", "the repository name is empty"),
    ("REF-05", "/", "the host is empty"),
    ("REF-06", "reg.io/", "the repository name is empty"),
    ("REF-07", "/app", "the host is empty"),
    ("REF-08", "reg.io//app", "the repository name has an empty part"),
    ("REF-09", "reg.io/App", "the repository name has upper-case letters"),
    ("REF-10", "reg.io/app:", "the tag is empty"),
    ("REF-11", "reg.io/app:-x", "the tag cannot begin with `-`"),
    ("REF-12", "reg.io/app:.x", "the tag cannot begin with `.`"),
    ("REF-14", "reg.io/app:a/b", "the repository name cannot have `:`"),
    ("REF-15", "reg.io/app@sha256", "`sha256` is not `sha256:` with 64"),
    ("REF-16", "reg.io/app@sha256:xyz", "`sha256:xyz` is not `sha256:` with 64"),
    ("REF-18", "reg.io/a..b", "the name's part `a..b` can be divided by one `.`"),
    ("REF-19", "reg.io/a___b", "the name's part `a___b` can be divided by one `.`"),
    ("REF-20", "reg.io/-a", "the name's part `-a` does not begin and end with"),
    ("REF-21", "reg.io/a-", "the name's part `a-` does not begin and end with"),
    ("REF-22", "reg.io/../x", "the name's part `..` does not begin and end with"),
    ("REF-22b", "../x", "the host has an empty part"),
    ("REF-23", "reg.io/a/./b", "the name's part `.` does not begin and end with"),
    ("REF-24", "reg.io:99999/app", "the port `99999` is not a number from 1 to 65535"),
    ("REF-25", "reg.io:/app", "the port `` is not a number from 1 to 65535"),
    ("REF-26", "reg.io:0/app", "the port `0` is not a number from 1 to 65535"),
    ("REF-28", "[::1/app", "the host is not an IPv6 address in brackets"),
    ("REF-29", "[fe80::1%25eth0]/app", "an IPv6 address cannot have a zone"),
    ("REF-30", "http://reg.io/app", "it is a URL"),
    ("REF-31", "reg.io/app?x=1", "the repository name cannot have `?`"),
    ("REF-33a", "reg.io/app\n", "the repository name cannot have `\n`"),
    ("REF-33b", "reg.io/app\r", "the repository name cannot have `\r`"),
    ("REF-33c", "reg.io/app\0", "the repository name cannot have `\0`"),
    ("REF-33d", "reg.io/app\x1b", "the repository name cannot have `\x1b`"),
    ("REF-33e", "reg.io/app:v1\n", "the tag cannot have `\n`"),
    ("REF-34a", "rég.io/app", "the host cannot have `é`"),
    ("REF-34b", "xn--example-.org/app", "the host's part `xn--example-` begins or ends"),
    ("REF-35", "--help", "the name's part `--help` does not begin and end with"),
    ("REF-39", "docker://", "it is empty"),
    ("REF-40", "[::1]", "the repository name cannot have `[`"),
    ("REF-41", "Team/app", "the repository name has upper-case letters"),
    ("REF-42", "reg.io/app:v1:v2", "the repository name cannot have `:`"),
    ("REF-42b", "reg.io/app:v1://x", "the repository name cannot have `:`"),
    ("REF-43", "127.1/app", "the host ends in a number and is not an IPv4 address"),
];

fn refusal(typed: &str) -> String {
    match typed.parse::<Reference>() {
        Ok(reference) => panic!("{typed:?} is read as {reference}"),
        Err(error) => error.to_string(),
    }
}

fn accepted(typed: &str) -> Reference {
    match typed.parse() {
        Ok(reference) => reference,
        Err(error) => panic!("{typed:?} is refused: {error}"),
    }
}

#[test]
fn what_is_not_a_reference_is_refused_with_its_reason() {
    let long_tag = format!("reg.io/app:{}", "t".repeat(129));
    let endless = format!("reg.io/{}", "a".repeat(1024));
    let cases = [
        (
            "REF-13",
            long_tag.as_str(),
            "the tag has 129 characters, and at most 128 are allowed",
        ),
        (
            "REF-36",
            &endless,
            "the repository name has 1024 characters, more than any",
        ),
        (
            "REF-37",
            HEX,
            "64 hexadecimal digits are an image's id, not its name",
        ),
    ];
    for (id, typed, reason) in REFUSED.into_iter().chain(cases) {
        let message = refusal(typed);
        assert!(message.contains(reason), "{id}: {message}");
    }
}

#[test]
fn what_is_a_reference_is_read_in_its_canonical_form() {
    let pinned = format!("reg.io/app:t@sha256:{HEX}");
    let longest_tag = format!("reg.io/app:{}", "t".repeat(128));
    let long = format!("reg.io/{}", "a".repeat(256));
    let id_on_a_host = format!("reg.io/{HEX}");
    let sha512 = format!("reg.io/app@sha512:{HEX}{HEX}");
    let cases = [
        ("REF-17", pinned.as_str(), pinned.as_str()),
        ("REF-13b", &longest_tag, &longest_tag),
        ("REF-27", "[::1]:5000/app", "[::1]:5000/app"),
        ("REF-36b", &long, &long),
        ("REF-37b", &id_on_a_host, &id_on_a_host),
        ("REF-38a", "docker.io/app", "docker.io/library/app"),
        (
            "REF-38b",
            "index.docker.io/library/app",
            "docker.io/library/app",
        ),
        (
            "REF-38c",
            "registry-1.docker.io/app:v1",
            "docker.io/library/app:v1",
        ),
        ("REF-44", "nginx", "docker.io/library/nginx"),
        ("REF-45", "team/app:v1", "docker.io/team/app:v1"),
        ("REF-46", "docker://nginx:1", "docker.io/library/nginx:1"),
        ("REF-47", "localhost/app", "localhost/app"),
        (
            "REF-48",
            "localhost:5000",
            "docker.io/library/localhost:5000",
        ),
        ("REF-49", "registry:5000/app", "registry:5000/app"),
        ("REF-50", "registry/app", "docker.io/registry/app"),
        (
            "REF-51",
            "REG.io:080/a--b/c__d.e:V1",
            "reg.io:80/a--b/c__d.e:V1",
        ),
        ("REF-52", &sha512, &sha512),
        ("REF-53", "oci/app:dir", "docker.io/oci/app:dir"),
        ("REF-54", "docker://oci:dir", "docker.io/library/oci:dir"),
    ];
    for (id, typed, canonical) in cases {
        assert_eq!(accepted(typed).to_string(), canonical, "{id}");
        assert_eq!(accepted(canonical), accepted(typed), "{id}");
    }
}

#[test]
fn a_user_name_and_password_are_never_repeated() {
    let pinned = format!("bob:hunter2@reg.io/app@sha256:{HEX}");
    let cases = [
        ("REF-32a", "bob:hunter2@reg.io/app"),
        ("REF-32b", "bob:hunter2@reg.io:5000/app:v1"),
        ("REF-32c", "bob:hunter2@shared:5000/app"),
        ("REF-32d", "bob:hunter2@sha256-registry.io/app"),
        ("REF-32e", "bob:hunter2@"),
        ("REF-32f", "bob:hunter2/slash@reg.io/app"),
        ("REF-32g", "https://bob:hunter2@reg.io/app"),
        ("REF-32h", "docker://bob:hunter2@reg.io/app"),
        ("REF-32i", "hunter2@reg.io/app"),
        ("REF-32j", "oci:hunter2@reg.io/app"),
        ("REF-32k", &pinned),
        ("REF-32l", "reg.io/app?token=hunter2"),
    ];
    for (id, typed) in cases {
        for error in [
            typed.parse::<Reference>().expect_err(id),
            typed.parse::<Repository>().expect_err(id),
        ] {
            let all = format!("{error} {error:?} {:?}", error.hint());
            assert!(!all.contains("hunter2"), "{id}: {all}");
        }
    }
    let message = "what was typed is not an image reference: it has a `@` that no digest follows \
                   (not shown, because it may hold a password)";
    assert_eq!(refusal("bob:hunter2@reg.io/app"), message);
}

#[test]
fn places_that_are_not_registries_are_never_docker_hub_names() {
    let places = [
        (
            "OCI:dir",
            "`oci:` names an OCI layout folder, not a registry",
        ),
        ("oci://reg.io/chart", "a folder or a registry"),
        ("oci-archive:a.tar", "an archive of an OCI layout"),
        ("docker-archive:a.tar:app:v1", "an archive of `docker save`"),
        ("dir:latest", "`dir:` names a folder"),
        ("docker-daemon:app:v1", "a Docker daemon"),
        ("containers-storage:app", "a local image storage"),
        ("docker://oci:5000/app", "an OCI layout folder"),
    ];
    for (typed, reason) in places {
        let message = refusal(typed);
        assert!(message.contains(reason), "{typed}: {message}");
    }
}

#[test]
fn folders_are_read_with_their_tag_and_digest() {
    let digest = format!("sha256:{HEX}");
    let pinned = format!("oci:dir:v1@{digest}");
    for (typed, folder, tag, digest) in [
        ("oci:dir", "dir", None, None),
        ("oci:dir:v1", "dir", Some("v1"), None),
        (&*pinned, "dir", Some("v1"), Some(&*digest)),
        ("oci:/srv/images:V1", "/srv/images", Some("V1"), None),
        ("oci:5000/app", "5000/app", None, None),
        ("oci:/srv/a@b/c", "/srv/a@b/c", None, None),
        ("oci:./a:b:c", "./a:b", Some("c"), None),
        ("oci:/a:b/c", "/a:b/c", None, None),
        (r"oci:C:\a:v1", r"C:\a", Some("v1"), None),
        ("oci:C:/a:v1", "C:/a", Some("v1"), None),
        ("ocidir:dir", "dir", None, None),
        ("ocidir://dir/x:v1", "dir/x", Some("v1"), None),
        ("ocidir:///srv/x", "/srv/x", None, None),
        ("ocidir:////srv/x:v1", "//srv/x", Some("v1"), None),
    ] {
        let read = accepted(typed);
        assert_eq!(read.location.folder(), Some(Path::new(folder)), "{typed}");
        assert_eq!(read.tag.as_ref().map(Tag::as_str), tag, "{typed}");
        let read_digest = read.digest.as_ref().map(ToString::to_string);
        assert_eq!(read_digest.as_deref(), digest, "{typed}");
        assert_eq!(accepted(&read.to_string()), read, "{typed}");
        assert!(typed.parse::<Repository>().is_err(), "{typed}");
    }
    for typed in [
        "oci:",
        "oci::v1",
        "oci:dir:",
        "oci:dir:a b",
        "oci:a\0b",
        "oci:dir:library/app:1.2",
        "oci:a:b:c",
        "oci:a:b/c",
        "oci:C:/a:b/c",
        "ocidir://",
    ] {
        typed.parse::<Reference>().expect_err(typed);
    }
}

#[test]
fn digests_are_read_only_where_they_can_be_computed() {
    let refused = [
        ("DIG-01", "sha256:".to_owned()),
        ("DIG-02", format!("sha256:{}", &HEX[1..])),
        ("DIG-03", format!("sha256:{HEX}0")),
        ("DIG-04", format!("sha256:{}", HEX.to_uppercase())),
        ("DIG-05", format!("SHA256:{HEX}")),
        ("DIG-06", format!("sha256-{HEX}")),
        ("DIG-07", format!("sha256:{HEX} ")),
        ("DIG-08", "sha256:../../x".to_owned()),
        ("DIG-09", format!("sha256:{HEX}/..")),
        ("DIG-10", format!("sha512:{HEX}")),
        ("DIG-11", format!("md5:{}", &HEX[..32])),
        ("DIG-12", format!("blake3:{HEX}")),
        (
            "DIG-13",
            "sha256+b64u:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU".to_owned(),
        ),
        ("DIG-14", format!("sha256:{HEX}\0")),
        ("DIG-15", format!("sha256:{HEX}@sha256:{HEX}")),
    ];
    for (id, text) in refused {
        assert!(digest::parse(&text).is_err(), "{id}");
        let message = refusal(&format!("reg.io/app@{text}"));
        assert!(message.starts_with("`reg.io/app@"), "{id}: {message}");
        assert!(message.contains("sha256"), "{id}: {message}");
    }
    assert!(digest::parse(&format!("sha256:{HEX}")).is_ok());
    assert!(digest::parse(&format!("sha512:{HEX}{HEX}")).is_ok());
}

#[test]
fn hints_say_what_to_type_instead() {
    let hint = |typed: &str| typed.parse::<Reference>().expect_err(typed).hint();
    let cases = [
        ("http://reg.io/app", Some("leave out `http://`")),
        ("https://reg.io/app", Some("leave out `https://`")),
        ("reg.io/Team/App", Some("write the name as `team/app`")),
        (
            "bob:pw@reg.io/app",
            Some("leave out the user name, and log in with `crossdock login`"),
        ),
        (
            HEX,
            Some("write `NAME@sha256:…` for an image by its digest"),
        ),
        ("reg.io/app:", None),
    ];
    for (typed, expected) in cases {
        assert_eq!(hint(typed).as_deref(), expected, "{typed}");
    }
    let bare = "myhost".parse::<Host>().expect_err("a bare name");
    assert_eq!(bare.hint().as_deref(), Some("add the port: `myhost:443`"));
}

#[test]
fn a_message_is_not_endless() {
    assert!(refusal(&"é".repeat(100_000)).len() < 1000);
    assert!(refusal(&format!("app@sha256:{}", "z".repeat(100_000))).len() < 1000);
}

#[test]
fn the_digest_decides_over_the_tag_and_latest_is_only_a_default() {
    let target = |typed: &str| accepted(typed).target().map(|target| target.to_string());
    let digest = format!("sha256:{HEX}");
    assert_eq!(target(&format!("app:v1@{digest}")), Some(digest));
    assert_eq!(target("app:v1").as_deref(), Some("v1"));
    assert_eq!(target("app"), None);
}

#[test]
fn a_repository_has_neither_tag_nor_digest() -> Result<(), super::ReferenceError> {
    let repository: Repository = "index.docker.io/app".parse()?;
    assert_eq!(repository.to_string(), "docker.io/library/app");
    for typed in ["app:v1".to_owned(), format!("app@sha256:{HEX}")] {
        let message = typed
            .parse::<Repository>()
            .map_err(|error| error.to_string());
        let expected = format!("`{typed}` is not a repository: it has a tag or a digest");
        assert_eq!(message, Err(expected));
    }
    let target = Target::from("v1".parse::<Tag>()?);
    assert_eq!(
        Location::Remote(repository).reference(&target),
        accepted("app:v1")
    );
    Ok(())
}

#[test]
fn a_registry_and_its_default_port_have_one_form() {
    for (typed, form) in [
        ("reg.io", "reg.io"),
        ("reg.io:443", "reg.io"),
        ("REG.io:0443", "reg.io"),
        ("reg.io:4443", "reg.io:4443"),
        ("reg.io:80", "reg.io:80"),
        ("registry:443", "registry"),
        ("[::1]:443", "[::1]"),
        ("docker.io:443", "docker.io"),
        ("registry-1.docker.io:443", "docker.io"),
    ] {
        let host: Host = typed.parse().expect("a host");
        assert_eq!(host.without_default_port().as_str(), form, "{typed}");
    }
}
