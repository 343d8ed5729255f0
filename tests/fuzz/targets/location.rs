//! `Location`: an upload stays at its origin, and a secret goes to no other.

use super::text;
use crate::target::Target;
use crossdock::oci::digest::sha256;
use crossdock::registry::location::{resolve, with_digest};
use crossdock::transport::carry::{Home, Road, may_carry};
use crossdock::transport::origin::Origin;
use url::Url;

pub(crate) const TARGET: Target = Target {
    name: "location",
    longest: 2048,
    seeds: SEEDS,
    words: &[
        "http://",
        "https://",
        "//evil/",
        "\\\\evil\\",
        "reg.example",
        "reg.example:5000",
        ":443",
        ":80",
        "@",
        "?digest=",
        "&_state=",
        "%2F",
        "%00",
        "%0d%0a",
        "#",
        "..",
        "file:",
        "data:",
        "javascript:",
        "[::1]",
        "127.0.0.1",
        "xn--",
        "\t",
    ],
    check,
};

/// What was asked, by the first byte of the input; the rest is the answer's `Location`.
const ASKED: [&str; 5] = [
    "https://reg.example/v2/a/blobs/uploads/",
    "https://reg.example:5000/v2/a/blobs/uploads/1?_state=x",
    "http://reg.example/v2/a/blobs/uploads/",
    "http://127.0.0.1:5000/v2/a/blobs/uploads/",
    "https://[::1]:443/v2/a/blobs/uploads/?digest=x&y",
];

fn check(bytes: &[u8]) {
    let Some((first, location)) = bytes.split_first() else {
        return;
    };
    let Some(location) = text(location) else {
        return;
    };
    let url = |number: u8| Url::parse(ASKED[usize::from(number) % ASKED.len()]).unwrap();
    let asked = url(*first);
    // From 128 on the answer is somebody else's, after a redirect.
    let home = if *first < 128 {
        asked.clone()
    } else {
        url(*first >> 3)
    };
    carried(&asked, location);
    let Ok(url) = resolve(&asked, &home, location) else {
        return;
    };
    assert_eq!(Origin::of(&url), Origin::of(&home));
    assert_eq!(
        (url.username(), url.password(), url.fragment()),
        ("", None, None)
    );
    assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
    assert_eq!(resolve(&asked, &home, url.as_str()).as_ref(), Ok(&url));
    finished(&url);
}

/// The digest is the last of the query, once, and nothing else changes.
fn finished(url: &Url) {
    let digest = sha256(b"");
    let end = with_digest(url, &digest);
    assert_eq!(
        (Origin::of(&end), end.path()),
        (Origin::of(url), url.path())
    );
    let parts = |url: &Url| -> Vec<String> {
        let query = url.query().unwrap_or_default();
        let parts = query.split('&').filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    };
    let mut expected = parts(url);
    expected.retain(|part| !part.starts_with("digest="));
    expected.push(format!("digest={}", digest.to_string().replace(':', "%3A")));
    assert_eq!(parts(&end), expected);
    assert_eq!(with_digest(&end, &digest), end);
}

/// Wherever a redirect leads, whoever is not the registry gets no secret.
fn carried(asked: &Url, location: &str) {
    let home = Home::new(Origin::of(asked).unwrap(), Vec::new());
    let Ok(url) = asked.join(location) else {
        return;
    };
    let same = (url.scheme(), url.host(), url.port_or_known_default())
        == (asked.scheme(), asked.host(), asked.port_or_known_default());
    if may_carry(&home, &url, Road::Registry) {
        assert!(same && url.username().is_empty(), "{url}");
    }
    if may_carry(&home, &url, Road::TokenService) && !same {
        let neighbour = |host: &str| host == "reg.example" || host.ends_with(".reg.example");
        assert!(
            url.scheme() == "https" && url.host_str().is_some_and(neighbour),
            "{url}"
        );
    }
}

#[test]
fn location() {
    crate::inputs::replay("location");
}

const SEEDS: &[&[u8]] = &[
    b"0",
    b"0up/1",
    b"0/u/1?_state=a%2Fb",
    b"0//evil/u",
    b"0\\\\evil/u",
    b"0https://reg@evil/u",
    b"0https://reg.example.evil.com/u",
    b"0https://reg.example:444/u",
    b"0http://reg.example/u",
    b"1http://reg.example/u",
    b"1http://reg.example:5000/u",
    b"2https://reg.example/u",
    b"0file:///etc/passwd",
    b"0data:x",
    b"0javascript:1",
    b"0https://reg.example/u#x",
    b"0?digest=x",
    b"0/u%00",
    b"0/u%0d%0aX",
    b"0https://me:pw@reg.example/u",
    b"3/u",
    b"3http://127.1:5000/u",
    b"3http://2130706433:5000/u",
    b"3http://0x7f.1:5000/u",
    b"4https://[0::1]/u",
    b"4http://[::1]/u",
    b"0https:/u",
    b"0https:u",
    b"0 /u ",
    b"0/\tu",
    b"0https://\xe2\x91\xa0.example/",
    b"0https://reg.example./u",
    b"0HTTPS://REG.EXAMPLE/u",
    b"0?&&a&digest=1&digest&b=",
    b"0https://a.reg.example/",
    b"0ftp://reg.example/",
];
