//! Which rule counts for a repository, and what it makes of it.
#![allow(clippy::unwrap_used)]

use super::*;
use std::path::Path;

fn at(line: u64) -> Origin {
    Origin::line(Path::new("r.conf"), line)
}

fn rule(prefix: &str, line: u64) -> Rule {
    Rule::new(prefix.parse().unwrap(), at(line))
}

fn located(prefix: &str, location: &str, line: u64) -> Rule {
    Rule {
        location: Some(Said::new(location.parse().unwrap(), at(line))),
        ..rule(prefix, line)
    }
}

fn mirrored(prefix: &str, mirrors: &[&str], line: u64) -> Rule {
    let mirror = |base: &&str| MirrorRule {
        base: base.parse().unwrap(),
        when: When::Always,
        origin: at(line),
    };
    Rule {
        mirrors: Some(mirrors.iter().map(mirror).collect()),
        ..rule(prefix, line)
    }
}

fn blocked(prefix: &str, blocked: bool, line: u64) -> Rule {
    Rule {
        blocked: Some(Said::new(blocked, at(line))),
        ..rule(prefix, line)
    }
}

fn routes(layers: &[&[Rule]]) -> Routes {
    Routes {
        layers: layers.iter().map(|layer| layer.to_vec()).collect(),
        aliases: BTreeMap::new(),
    }
}

fn repository(text: &str) -> Repository {
    text.parse().unwrap()
}

fn route(routes: &Routes, of: &str) -> Route {
    routes.of(&repository(of)).unwrap()
}

#[test]
fn without_a_rule_a_repository_is_where_it_says() {
    let own = repository("reg.io/team/app");
    assert_eq!(Routes::default().of(&own).unwrap(), Route::direct(&own));
}

#[test]
fn a_prefix_is_for_whole_parts_of_a_name() {
    for (prefix, of, rest) in [
        ("reg.io", "reg.io/team/app", Some("team/app")),
        ("reg.io:443", "reg.io/team/app", Some("team/app")),
        ("REG.io", "reg.io:443/team/app", Some("team/app")),
        ("reg.io", "reg.io:5000/team/app", None),
        ("reg.io:5000", "reg.io:5000/team/app", Some("team/app")),
        ("reg.io/team", "reg.io/team/app", Some("app")),
        ("reg.io/team/", "reg.io/team/app", Some("app")),
        ("reg.io/team/app", "reg.io/team/app", Some("")),
        ("reg.io/team", "reg.io/teams/app", None),
        ("reg.io/team", "other.io/team/app", None),
        ("docker.io", "nginx", Some("library/nginx")),
        ("docker.io/library", "nginx", Some("nginx")),
        ("index.docker.io", "nginx", Some("library/nginx")),
        ("*.example.com", "a.example.com/app", Some("app")),
        ("*.example.com", "a.b.example.com:5000/app", Some("app")),
        ("*.example.com", "example.com/app", None),
        ("*.example.com", "a.example.com.evil.io/app", None),
        ("*.example.com", "aexample.com/app", None),
        ("*.Example.com/team", "a.example.com/team/app", Some("app")),
        ("*.internal", "a.internal/app", Some("app")),
    ] {
        let prefix: Prefix = prefix.parse().unwrap();
        assert_eq!(prefix.rest(&repository(of)), rest, "{prefix} {of}");
    }
}

#[test]
fn what_can_be_no_prefix_is_refused() {
    for (text, narrow) in [
        ("", false),
        ("team", false),
        ("reg.io//app", false),
        ("reg.io/Team", false),
        ("https://reg.io", false),
        ("*.", false),
        ("*.example.com:5000", false),
        ("a.*.example.com", false),
        ("reg.io/app:v1", true),
    ] {
        let error = text.parse::<Prefix>().unwrap_err();
        assert_eq!(matches!(error, PrefixError::Narrow(_)), narrow, "{text}");
        assert!(error.to_string().contains(text), "{error}");
    }
    let error = "bob:hunter2@reg.io/x".parse::<Base>().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn the_closest_rule_counts_alone() {
    let routes = routes(&[&[
        mirrored("*.io", &["m0.example"], 1),
        mirrored("*.reg.io", &["m1.example"], 2),
        mirrored("a.reg.io", &["m2.example"], 3),
        blocked("a.reg.io/team", true, 4),
        mirrored("a.reg.io/team/app", &["m3.example"], 5),
        mirrored("a.reg.io/team/app", &["m4.example"], 6),
    ]]);
    for (of, mirror, is_blocked) in [
        ("x.io/app", Some("m0.example/app"), false),
        ("x.reg.io/app", Some("m1.example/app"), false),
        ("a.reg.io/app", Some("m2.example/app"), false),
        ("a.reg.io/team/web", None, true),
        ("a.reg.io/team/app/x", Some("m3.example/x"), false),
    ] {
        let route = route(&routes, of);
        let first = route.mirrors.first();
        let first = first.map(|mirror| mirror.repository.to_string());
        assert_eq!(first.as_deref(), mirror, "{of}");
        assert_eq!(route.blocked.is_some(), is_blocked, "{of}");
    }
}

#[test]
fn a_location_takes_the_prefix_s_place() {
    for (prefix, location, of, there) in [
        (
            "reg.io",
            "in.example:5000",
            "reg.io/a/b",
            "in.example:5000/a/b",
        ),
        ("reg.io", "in.example/x/y", "reg.io/a", "in.example/x/y/a"),
        ("reg.io/a", "in.example", "reg.io/a/b", "in.example/b"),
        ("reg.io/a/b", "in.example/c", "reg.io/a/b", "in.example/c"),
        (
            "*.reg.io",
            "in.example/c",
            "x.reg.io:81/a",
            "in.example/c/a",
        ),
        (
            "docker.io",
            "in.example/hub",
            "nginx",
            "in.example/hub/library/nginx",
        ),
        (
            "reg.io",
            "docker.io",
            "reg.io/nginx",
            "docker.io/library/nginx",
        ),
    ] {
        let route = route(&routes(&[&[located(prefix, location, 7)]]), of);
        assert_eq!(route.location, repository(there), "{prefix} {of}");
        assert_eq!(route.rewritten, Some(at(7)), "{prefix} {of}");
    }
    let same = route(&routes(&[&[located("reg.io", "reg.io", 7)]]), "reg.io/a");
    assert_eq!(same.rewritten, None);
}

#[test]
fn a_rule_that_leaves_no_name_is_wrong_where_it_stands() {
    let routes = routes(&[&[located("reg.io/app", "in.example", 7)]]);
    let error = routes.of(&repository("reg.io/app")).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("r.conf:7: `in.example` makes no"),
        "{text}"
    );
}

#[test]
fn each_value_is_the_first_layer_s_that_says_it() {
    let first = [blocked("reg.io", false, 1), mirrored("none.io", &[], 2)];
    let second = [
        Rule {
            blocked: Some(Said::new(true, at(3))),
            ..mirrored("reg.io", &["m.example"], 3)
        },
        mirrored("none.io", &["m.example"], 4),
    ];
    let third = [located("reg.io", "in.example", 5)];
    let routes = routes(&[&first, &second, &third]);
    let found = route(&routes, "reg.io/a");
    assert_eq!(found.blocked, None);
    assert_eq!(found.mirrors[0].repository, repository("m.example/a"));
    assert_eq!(found.mirrors[0].origin, at(3));
    assert_eq!(found.location, repository("in.example/a"));
    assert!(route(&routes, "none.io/a").mirrors.is_empty());
}

#[test]
fn a_mirror_is_asked_for_what_it_is_for() {
    let tag = Target::Tag("v1".parse().unwrap());
    let digest = format!("sha256:{}", "0".repeat(64));
    let digest = Target::Digest(digest.parse().unwrap());
    for (when, by_tag, by_digest) in [
        (When::Always, true, true),
        (When::DigestOnly, false, true),
        (When::TagOnly, true, false),
    ] {
        let asked = (when.is_for(&tag), when.is_for(&digest));
        assert_eq!(asked, (by_tag, by_digest), "{when:?}");
    }
}

#[test]
fn a_registry_is_forbidden_by_the_closest_rule_for_all_of_it() {
    let routes = routes(&[&[
        blocked("*.reg.io", true, 1),
        blocked("a.reg.io", false, 2),
        blocked("b.reg.io/team", false, 3),
    ]]);
    for (host, by) in [("a.reg.io", None), ("b.reg.io", Some(at(1)))] {
        let host = host.parse().unwrap();
        assert_eq!(routes.blocked_whole(&host), by.as_ref(), "{host}");
    }
}
