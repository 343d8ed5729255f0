//! What files that are accepted mean, and that the page for users has only such.

use super::{check, covering, message};
use crate::config::Settings;
use crate::config::creation::Creation;
use crate::config::registries::{ClientCertificate, RegistrySettings};
use crate::oci::reference::Host;
use crate::vendor::Kind;
use std::path::PathBuf;

#[test]
fn what_is_empty_says_nothing() {
    for text in [
        "",
        "# nothing\n",
        "---\n",
        "\u{feff}",
        "registries:\nimmutable:\n",
        "registries: {}\nimmutable: []",
        "immutable: {}",
    ] {
        let checked = check(text).unwrap();
        assert!(checked.registries.is_empty(), "{text:?}");
        assert_eq!(
            covering(&checked.immutable, "r.example/a", "v1"),
            None,
            "{text:?}"
        );
    }
}

#[test]
fn every_key_of_a_registry_arrives() {
    let text = "registries:\n  R.example:5000:\n    plain_http: true\n    insecure: true\n    ca: certs/ca.pem\n    \
                client_cert: /etc/client.pem\n    client_key: ../key.pem\n    token_realm: auth.example\n    \
                allow_private: true\n    concurrency: 4\n    kind: harbor\n    identity: false\n    \
                aws_profile: dev\n    api: https://api.example/v1\n    create: {immutable: true}\n  s.example:\n";
    let mut registries = check(text).unwrap().registries;
    let host = |text: &str| text.parse::<Host>().ok().unwrap();
    let expected = RegistrySettings {
        plain_http: true,
        insecure: true,
        plain_http_fallback: false,
        ca: vec![PathBuf::from("conf/certs/ca.pem")],
        client: Some(ClientCertificate {
            certificate: PathBuf::from("/etc/client.pem"),
            key: PathBuf::from("conf/../key.pem"),
        }),
        foreign_trust: false,
        token_realms: vec![host("auth.example")],
        allow_private: true,
        concurrency: Some(4),
        kind: Some(Kind::Harbor),
        identity: false,
        aws_profile: Some("dev".to_owned()),
        api: Some("https://api.example/v1".parse().unwrap()),
        create: Some(Creation {
            immutable: true,
            ..Creation::default()
        }),
    };
    assert_eq!(registries.remove(&host("r.example:5000")), Some(expected));
    let nothing_said = Some(RegistrySettings::default());
    assert_eq!(registries.remove(&host("s.example")), nothing_said);
    assert!(registries.is_empty());
}

#[test]
fn a_rule_covers_a_registry_however_its_default_port_is_spelled() {
    for rule in [
        "reg.io/team/*",
        "reg.io:443/team/*",
        "*.io/team/*",
        "*.io:443/team/*",
    ] {
        let immutable = check(format!("immutable: {{\"{rule}\": \"v*\"}}"));
        let immutable = immutable.unwrap().immutable;
        for (repository, covered) in [
            ("reg.io/team/app", true),
            ("reg.io:443/team/app", true),
            ("reg.io:5000/team/app", false),
        ] {
            let found = covering(&immutable, repository, "v1").is_some();
            assert_eq!(found, covered, "{rule} on {repository}");
        }
    }
    let hub = check("immutable: {docker.io/app: v1}").unwrap().immutable;
    for repository in [
        "docker.io/library/app",
        "registry-1.docker.io:443/library/app",
    ] {
        assert!(covering(&hub, repository, "v1").is_some(), "{repository}");
    }
}

#[test]
fn a_registry_is_found_however_its_default_port_is_spelled() {
    let host = |text: &str| text.parse::<Host>().ok().unwrap();
    for named in ["reg.io", "reg.io:443"] {
        let text = format!("registries: {{\"{named}\": {{concurrency: 2}}}}");
        let settings = Settings::of(check(text).unwrap());
        for (asked, found) in [("reg.io", true), ("reg.io:443", true), ("reg.io:80", false)] {
            let own = settings.registry(&host(asked));
            assert_eq!(own.is_some(), found, "{named} for {asked}");
        }
    }
}

#[test]
fn settings_of_one_registry_can_be_taken_over_by_another() {
    let text = "registries: {a.example: &a {insecure: true, concurrency: 2}, b.example: {<<: *a, concurrency: 3}}";
    let registries = check(text).unwrap().registries;
    let b = &registries[&"b.example".parse::<Host>().ok().unwrap()];
    assert_eq!((b.insecure, b.concurrency), (true, Some(3)));
}

#[test]
fn a_tag_is_covered_by_the_first_pattern_that_matches_all_of_it() {
    let cases: &[(&str, &str, Option<&str>)] = &[
        ("[v*, git-*]", "v1", Some("v*")),
        ("[v*, v1]", "v1", Some("v*")),
        ("[v1, v*]", "v1", Some("v1")),
        ("v*", "v1", Some("v*")),
        ("[v*]", "rev1", None),
        ("[v1]", "v1.0", None),
        ("[1.0]", "1.0", Some("1.0")),
        ("[1.0]", "1x0", None),
        ("['v?']", "v1", Some("v?")),
        ("['v?']", "v10", None),
        ("['[0-9]*']", "10", Some("[0-9]*")),
        ("['[!0-9]*']", "10", None),
        ("['{stable,v*}']", "stable", Some("{stable,v*}")),
        ("['*']", "anything", Some("*")),
        ("['*-rc']", "v1-rc", Some("*-rc")),
        ("[V*]", "v1", None),
        ("[yes]", "yes", Some("yes")),
    ];
    for (tags, tag, expected) in cases {
        let immutable = check(format!("immutable: {tags}")).unwrap().immutable;
        let found = covering(&immutable, "r.example/team/app", tag);
        assert_eq!(found.as_deref(), *expected, "{tags} {tag}");
    }
}

#[test]
fn a_repository_is_matched_by_its_path_and_by_its_host_where_the_pattern_has_one() {
    let cases = [
        ("*", "r.example/team/app", true),
        ("**", "r.example/team/app", true),
        ("team/app", "r.example/team/app", true),
        ("team/app", "r.example/other/team/app", false),
        ("team/*", "r.example/team/app", true),
        ("team/*", "r.example/team/app/web", false),
        ("team/**", "r.example/team/app/web", true),
        ("team/**", "r.example/team", false),
        ("**/app", "r.example/team/app", true),
        ("**/app", "r.example/app", true),
        ("te?m/{app,web}", "r.example/team/web", true),
        ("r.example/team/*", "r.example/team/app", true),
        ("R.example/team/*", "r.example/team/app", true),
        ("r.example/team/*", "s.example/team/app", false),
        ("r.example/team/*", "r.example:5000/team/app", false),
        ("r.example:5000/team/*", "r.example:5000/team/app", true),
        ("localhost/*", "localhost/app", true),
        ("r.example/**", "r.example/team/app", true),
        ("r.example/*", "r.example/team/app", false),
        ("*.example/**", "r.example/team/app", true),
        ("*.Example/**", "r.example/team/app", true),
        ("*.example/**", "r.example.net/team/app", false),
        ("index.docker.io/library/app", "docker.io/library/app", true),
        ("docker.io/app", "docker.io/library/app", true),
        ("docker.io/*", "docker.io/library/app", true),
        ("app", "docker.io/library/app", true),
        ("app", "r.example/library/app", false),
    ];
    for (pattern, repository, expected) in cases {
        let text = format!("immutable: {{'{pattern}': [v1]}}");
        let immutable = check(text).unwrap().immutable;
        let found = covering(&immutable, repository, "v1").is_some();
        assert_eq!(found, expected, "{pattern} {repository}");
        assert_eq!(covering(&immutable, repository, "v2"), None, "{pattern}");
    }
}

#[test]
fn rules_of_several_repository_patterns_add_up() {
    let text = "immutable: {'r.example/team/*': [v*], '*': [git-*]}";
    let immutable = check(text).unwrap().immutable;
    assert_eq!(
        covering(&immutable, "r.example/team/app", "v1").as_deref(),
        Some("v*")
    );
    assert_eq!(
        covering(&immutable, "r.example/team/app", "git-1").as_deref(),
        Some("git-*")
    );
    assert_eq!(covering(&immutable, "r.example/other/app", "v1"), None);
}

#[test]
fn every_example_of_the_page_for_users_is_accepted() {
    let page = include_str!("../../../docs/settings.md").replace("\r\n", "\n");
    let examples: Vec<&str> = page
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(examples.len() > 5);
    for example in &examples {
        assert_eq!(message(*example), "accepted", "{example}");
    }
    let keys = [
        "plain_http",
        "insecure",
        "ca",
        "client_cert",
        "client_key",
        "token_realm",
        "allow_private",
        "concurrency",
        "immutable",
    ];
    for key in keys {
        let shown = examples
            .iter()
            .any(|example| example.contains(&format!("{key}:")));
        assert!(shown, "no example of `{key}`");
    }
}
