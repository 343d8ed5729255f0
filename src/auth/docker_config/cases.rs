//! Files, and what they say about a registry.

#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;
use serde_json::json;

/// The candidates as text: `helper desktop reg.io`, `entry reg.io`, `entry a ignoring b`.
fn candidates(config: &Value, wanted: &str) -> Vec<String> {
    let config = DockerConfig::parse(config.to_string().as_bytes()).unwrap();
    let show = |candidate: &Candidate<'_>| match candidate {
        Candidate::Helper { helper, server } => format!("helper {helper} {server}"),
        Candidate::Entry { entry, ignored } if ignored.is_empty() => {
            format!("entry {}", entry.name)
        }
        Candidate::Entry { entry, ignored } => {
            format!("entry {} ignoring {}", entry.name, ignored.join(" "))
        }
    };
    let wanted = wanted.parse().unwrap();
    config.candidates(&wanted).iter().map(show).collect()
}

#[test]
fn the_longest_path_decides() {
    let config = json!({"auths": {
        "reg.io": {"auth": "dTpw"},
        "reg.io/team": {"auth": "dTpw"},
        "reg.io/team/app": {"auth": "dTpw"},
    }});
    let all = ["entry reg.io/team/app", "entry reg.io/team", "entry reg.io"];
    for (wanted, expected) in [
        ("reg.io/team/app", &all[..]),
        ("reg.io/team/app/sub", &all[..]),
        ("reg.io/team/app2", &all[1..]),
        ("reg.io/team2/app", &all[2..]),
        ("reg.io", &all[2..]),
        ("reg.io.evil.com", &[]),
        ("evil.com/reg.io", &[]),
    ] {
        assert_eq!(candidates(&config, wanted), expected, "{wanted}");
    }
}

#[test]
fn helpers_of_a_registry_go_over_the_store_and_the_store_over_entries() {
    let config = json!({
        "auths": {
            "https://a.io/v2/": {},
            "b.io": {"auth": "dTpw"},
            "b.io/team": {"auth": "dTpw"},
            "d.io": {"auth": "dTpw"},
            "docker.io": {"auth": "dTpw"},
        },
        "credsStore": "desktop",
        "credHelpers": {"b.io": "pass", "c.io/team": "ecr-login", "d.io": ""},
    });
    for (wanted, expected) in [
        ("a.io/app", &["helper desktop https://a.io/v2/"][..]),
        ("b.io", &["helper pass b.io", "entry b.io"]),
        (
            "b.io/team/app",
            &[
                "helper desktop b.io/team",
                "entry b.io/team",
                "helper pass b.io",
                "entry b.io",
            ],
        ),
        (
            "c.io/team/app",
            &["helper ecr-login c.io/team", "helper desktop c.io"],
        ),
        ("c.io/other", &["helper desktop c.io"]),
        ("d.io/app", &["entry d.io"]),
        (
            "docker.io/a",
            &["helper desktop docker.io", "entry docker.io"],
        ),
    ] {
        assert_eq!(candidates(&config, wanted), expected, "{wanted}");
    }
    let hub = json!({"credsStore": "desktop"});
    let expected = ["helper desktop https://index.docker.io/v1/"];
    assert_eq!(candidates(&hub, "index.docker.io/library/app"), expected);
}

#[test]
fn of_two_spellings_the_one_that_docker_writes_counts() {
    for (auths, wanted, expected) in [
        (
            json!({"https://reg.io/v2/": {"auth": "eDp5"}, "reg.io": {"auth": "dTpw"}}),
            "reg.io",
            "entry reg.io ignoring https://reg.io/v2/",
        ),
        (
            json!({"docker.io": {"auth": "eDp5"}, "https://index.docker.io/v1/": {"auth": "dTpw"}}),
            "docker.io",
            "entry https://index.docker.io/v1/ ignoring docker.io",
        ),
        (
            json!({"https://reg.io": {"auth": "dTpw"}, "reg.io": {"auth": "dTpw"}}),
            "reg.io",
            "entry reg.io",
        ),
        (
            json!({"https://reg.io": {"auth": "dTpw"}, "reg.io": {}}),
            "reg.io",
            "entry https://reg.io",
        ),
    ] {
        assert_eq!(candidates(&json!({"auths": auths}), wanted), [expected]);
    }
}

#[test]
fn files_that_are_refused_as_a_whole() {
    for (case, content) in [
        ("truncated", r#"{"auths": {"reg.io": {"#),
        ("trailing comma", r#"{"auths": {},}"#),
        ("trailing data", "{}{}"),
        ("not an object", "[]"),
        ("auths is a list", r#"{"auths": []}"#),
        ("key twice", r#"{"auths": {}, "auths": {}}"#),
        ("entry twice", r#"{"auths": {"a.io": {}, "a.io": {}}}"#),
        ("store is a path", r#"{"credsStore": "../../x"}"#),
        ("store has a space", r#"{"credsStore": "a b"}"#),
        ("store is a command", r#"{"credsStore": "$(id)"}"#),
        ("store is a number", r#"{"credsStore": 1}"#),
        (
            "helper is a path",
            r#"{"credHelpers": {"a.io": "/bin/sh"}}"#,
        ),
        ("helpers is a text", r#"{"credHelpers": "desktop"}"#),
        (
            "credential header",
            r#"{"HttpHeaders": {"authorization": "x"}}"#,
        ),
    ] {
        assert!(DockerConfig::parse(content.as_bytes()).is_err(), "{case}");
    }
}

#[test]
fn files_that_are_accepted_and_say_nothing() {
    for content in [
        "",
        " \n",
        "{}",
        r#"{"credsStore": "", "credHelpers": {"reg.io": "", "other.io": null}}"#,
        r#"{"auths": {"other.io": "dTpw"}}"#,
        r#"{"auths": null, "credsStore": null, "credHelpers": {}}"#,
        r#"{"psFormat": "x", "proxies": {"default": {"httpProxy": "http://u:p@h"}}}"#,
        r#"{"auths": {"other.io": {"auth": "!!!"}}}"#,
        r#"{"credHelpers": {"other.io": "desktop"}}"#,
        r#"{"HttpHeaders": {"User-Agent": "x"}}"#,
        r#"{"auths": {"user:pw@reg.io": {"auth": "dTpw"}, "": 5}}"#,
    ] {
        let config = DockerConfig::parse(content.as_bytes()).unwrap();
        let wanted = "reg.io".parse().unwrap();
        assert!(config.candidates(&wanted).is_empty(), "{content}");
    }
}

#[test]
fn an_error_names_the_place_and_no_value() {
    let parse = |content: &str| DockerConfig::parse(content.as_bytes()).unwrap_err();
    let error = parse("{\"auths\": {\"reg.io\":\n {\"auth\": \"s3cret\"");
    assert_eq!(
        error.reason,
        "EOF while parsing an object at line 2 column 18"
    );
}

#[test]
fn an_entry_that_is_broken_is_an_error_for_those_who_use_it() {
    for (entry, reason) in [
        (json!({"auth": ["s3cret"]}), "`auth` is not a string"),
        (json!("s3cret"), "the entry is not an object"),
    ] {
        let content = json!({"auths": {"reg.io": entry, "b.io": {"auth": "dTpw"}}});
        let config = DockerConfig::parse(content.to_string().as_bytes()).unwrap();
        let [Candidate::Entry { entry, .. }] = config.candidates(&"reg.io".parse().unwrap())[..]
        else {
            panic!("{config:?}");
        };
        assert_eq!(entry.credential().unwrap_err().to_string(), reason);
        assert_eq!(candidates(&content, "b.io"), ["entry b.io"]);
    }
}

proptest! {
    /// The secret of one host is found for no other host that begins or ends with it.
    #[test]
    fn no_other_host_finds_the_secret(
        host in "[a-z0-9]{1,10}(\\.[a-z]{2,4}){1,2}(:5[0-9]{3})?",
        more in "[a-z0-9.-]{1,10}",
        path in "(/[a-z0-9]{1,5}){0,2}",
    ) {
        let mut auths = Map::new();
        auths.insert(format!("{host}{path}"), json!({"auth": "dTpw"}));
        let config = json!({ "auths": auths });
        let own = format!("{host}{path}/app");
        prop_assert_eq!(candidates(&config, &own).len(), 1);
        let before = format!("{more}{host}{path}/app");
        prop_assert!(candidates(&config, &before).is_empty());
        let (name, port) = host.split_once(':').unwrap_or((&host, ""));
        let colon = if port.is_empty() { "" } else { ":" };
        let after = format!("{name}{more}{colon}{port}{path}/app");
        prop_assert!(candidates(&config, &after).is_empty());
        let longer_path = format!("{host}{path}{more}");
        if !path.is_empty() && longer_path.parse::<Key>().is_ok() {
            prop_assert!(candidates(&config, &longer_path).is_empty());
        }
    }

    #[test]
    fn parsing_never_panics(content in "\\PC{0,80}") {
        let _ = DockerConfig::parse(content.as_bytes());
    }
}
