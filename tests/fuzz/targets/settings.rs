//! `crossdock.yaml`: settings within their limits, or an error with its place.

use super::text;
use crate::target::Target;
use crossdock::config::Settings;
use crossdock::config::error::SettingsError;

pub(crate) const TARGET: Target = Target {
    name: "settings",
    longest: 4096,
    seeds: SEEDS,
    words: &[
        "registries:",
        "immutable:",
        "plain_http: true",
        "insecure: ",
        "ca: ",
        "client_cert: ",
        "client_key: ",
        "token_realm: ",
        "allow_private: ",
        "concurrency: ",
        "reg.example",
        "reg.example:5000",
        "\n  ",
        "- ",
        "&a ",
        "*a",
        "<<: *a",
        "!!str ",
        "!!binary ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "|\n",
        ">-\n",
        "? ",
        "{",
        "}",
        "[",
        "]",
        "'",
        "\"",
        "~",
        "v*",
        "**/",
        "{a,b}",
        "[!a]",
        "docker.io",
    ],
    check,
};

fn check(bytes: &[u8]) {
    match Settings::parse("conf/f".into(), bytes.to_vec()) {
        Ok(settings) => accepted(&settings),
        Err(error) => refused(&error, bytes),
    }
}

fn accepted(settings: &Settings) {
    for (host, own) in &settings.registries {
        assert!(settings.registry(host).is_some());
        assert!(
            own.concurrency
                .is_none_or(|count| (1..=256).contains(&count))
        );
        assert_eq!(host.to_string().parse().ok().as_ref(), Some(host));
        for place in [&own.ca].into_iter().flatten() {
            assert!(!place.as_os_str().is_empty());
        }
    }
    for repository in ["docker.io/library/app", "reg.example:5000/team/app"] {
        for tag in ["v1", "latest", "1.2-rc_3", "a"] {
            let (repository, tag) = (repository.parse().unwrap(), tag.parse().unwrap());
            let covered = settings.immutable.covers(&repository, &tag);
            assert!(covered.is_none() || !settings.immutable.is_empty());
        }
    }
}

fn refused(error: &SettingsError, bytes: &[u8]) {
    let SettingsError::Wrong { place, reason, .. } = error else {
        panic!("{error:?}");
    };
    assert!(
        !reason.is_empty() && reason.chars().count() <= 401,
        "{reason}"
    );
    assert!(error.to_string().starts_with("conf/f:"));
    let Some(place) = place else { return };
    let breaks = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    let lines = text(bytes).map_or(bytes.len(), |text| text.matches(breaks).count()) + 1;
    let column = place.column.unwrap_or(1);
    assert!(place.line >= 1 && column >= 1);
    assert!(place.line <= lines as u64 + 1, "{error}");
    assert!(column <= bytes.len() as u64 + 2, "{error}");
}

#[test]
fn settings() {
    crate::inputs::replay("settings");
}

const SEEDS: &[&[u8]] = &[
    b"",
    b"~",
    b"# nothing\n",
    b"5",
    b"- immutable",
    b"immutable: []",
    b"immutable: v*",
    b"immutable: [v*, '[0-9]*', '{a,b}-*']",
    b"immutable: {'*': [x], 'reg.example/**': v1}",
    b"registries:\n  reg.example:5000:\n    plain_http: true\n    concurrency: 8\n",
    b"registries:\n  reg.example:\n    ca: ca.pem\n    client_cert: c.pem\n    client_key: k.pem\n",
    b"registries:\n  a.example: {token_realm: [auth.example.org, 'x:8443'], allow_private: true}",
    b"registries: {a.example: {insecure: yes}}",
    b"registries: {a.example: {concurrency: 0}}",
    b"registries:\n  docker.io: {}\n  index.docker.io: {}",
    b"registries:\n  [::1]:5000: {}",
    b"registrys: {}",
    b"immutable: [a]\nimmutable: [b]",
    b"immutable: [a]\n---\nimmutable: [b]",
    b"immutable:\n\t- a",
    b"immutable: [a",
    b"immutable: [\"\\q\"]",
    b"\0",
    b"\xff\xfe",
    b"immutable: !!python/object [a]",
    b"immutable:\n- v*\n- *-rc",
    b"immutable: &a [*a]",
    b"registries: {a.example: {<<: 5}}",
    b"registries: {a: &a {insecure: true}, b.c: {<<: *a}}",
    b"immutable: {r0: &a0 x, r1: &a1 [*a0,*a0], r2: &a2 [*a1,*a1], r3: [*a2,*a2]}",
    b"immutable: [[[[[[[[[[[[[[[[[[[[",
    b"immutable: |\n  a\n  b\n",
    b"\xef\xbb\xbfimmutable: []",
    b"immutable: [!!binary dmVy]",
    b"immutable: [1, 2.0, true, null]",
    b"? immutable\n: [a]\n",
];
