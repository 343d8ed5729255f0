//! What holds for every reference, and for every text that is none.

use super::Reference;
use proptest::prelude::*;
use regex::Regex;
use std::net::Ipv6Addr;
use std::sync::LazyLock;

const LABEL: &str = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const COMPONENT: &str = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*";
const REST: &str =
    "(?::[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127})?(?:@(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}))?";

/// The grammars of the distribution spec and of docker's `reference` package, as written there.
static WITH_HOST: LazyLock<Regex> = LazyLock::new(|| {
    let host = format!(r"(?<host>{LABEL}(?:\.{LABEL})*|\[(?<v6>[0-9a-fA-F:.]+)\])");
    regex(&format!(
        "(?:docker://)?{host}(?::(?<port>[0-9]+))?/{COMPONENT}(?:/{COMPONENT})*{REST}"
    ))
});
static WITHOUT_HOST: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!("(?:docker://)?{COMPONENT}(?:/{COMPONENT})*{REST}")));
static ELSEWHERE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("^(?:(?:oci|ocidir|oci-archive|docker-archive|dir|docker-daemon|containers-storage):|docker://(?:oci|dir):[0-9]*/)").expect("a pattern")
});

static NUMBER: LazyLock<Regex> = LazyLock::new(|| regex("[0-9]*|0[xX][0-9a-fA-F]*"));

fn regex(pattern: &str) -> Regex {
    Regex::new(&format!("^(?:{pattern})$")).expect("a pattern")
}

/// Whether the grammars take it, and our own rules on ports, addresses and places.
fn oracle(text: &str) -> bool {
    if ELSEWHERE.is_match(text) {
        return false;
    }
    let bare = text.strip_prefix("docker://").unwrap_or(text);
    let first = bare.split_once('/').map(|(first, _)| first);
    let has_host = first.is_some_and(|first| {
        first.contains(['.', ':', '[']) || first.eq_ignore_ascii_case("localhost")
    });
    if !has_host {
        return WITHOUT_HOST.is_match(text);
    }
    let Some(parts) = WITH_HOST.captures(text) else {
        return false;
    };
    let port = parts.name("port").map_or("1", |port| port.as_str());
    let v6 = parts.name("v6").map(|v6| v6.as_str());
    let last = parts["host"].rsplit('.').next().unwrap_or_default();
    let numeric = NUMBER.is_match(last);
    port.parse().is_ok_and(|port: u16| port > 0)
        && v6.is_none_or(|v6| v6.parse::<Ipv6Addr>().is_ok())
        && (!numeric || parts["host"].parse::<std::net::Ipv4Addr>().is_ok())
}

/// Folders have a grammar of their own.
fn is_folder(text: &str) -> bool {
    super::location::folder_text(text).is_some()
}

/// Texts that are references, or one slip away from being one.
fn near_references() -> impl Strategy<Value = String> {
    let scheme = prop_oneof![9 => Just(""), 1 => Just("docker://")];
    let host = prop_oneof![
        3 => Just(String::new()),
        2 => r"[a-zA-Z0-9-]{1,3}(\.[a-z0-9-]{1,3}){0,2}(:[0-9]{0,6})?/",
        1 => r"(localhost|docker\.io|index\.docker\.io|10\.0\.0\.[0-9]{1,3}|oci|dir)(:[0-9]{0,5})?/",
        1 => r"\[[0-9a-f:]{1,8}\](:[0-9]{1,4})?/",
    ];
    let name = r"[a-z0-9._-]{1,6}(/[a-z0-9]{1,3}([._-]{1,2}[a-z0-9]{1,2})?){0,2}";
    let tag =
        prop_oneof![2 => Just(String::new()), 2 => ":[a-zA-Z0-9._-]{0,5}", 1 => ":[a-z]{126,130}"];
    let digest = prop_oneof![
        3 => Just(String::new()),
        1 => "@sha256:[a-f0-9]{64}",
        1 => "@(sha256|sha512|md5):[a-f0-9A-F]{63,65}",
        1 => "@sha512:[a-f0-9]{128}",
    ];
    (scheme, host, name, tag, digest)
        .prop_map(|(scheme, host, name, tag, digest)| format!("{scheme}{host}{name}{tag}{digest}"))
}

proptest! {
    #[test]
    fn exactly_the_grammar_is_accepted(text in near_references()) {
        prop_assume!(!is_folder(&text));
        prop_assert_eq!(text.parse::<Reference>().is_ok(), oracle(&text), "{}", text);
    }

    #[test]
    fn nothing_outside_the_grammar_is_accepted(text in "[a-zA-Z0-9:/@.\\[\\]_ é-]{0,24}") {
        prop_assume!(!is_folder(&text));
        prop_assert_eq!(text.parse::<Reference>().is_ok(), oracle(&text), "{}", text);
    }

    #[test]
    fn what_is_printed_is_read_as_the_same(text in near_references()) {
        if let Ok(reference) = text.parse::<Reference>() {
            let printed = reference.to_string();
            prop_assert_eq!(printed.parse(), Ok(reference.clone()));
            prop_assert_eq!(printed.parse::<Reference>().map(|again| again.to_string()), Ok(printed));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = text.parse::<Reference>().map_err(|error| (error.to_string(), error.hint()));
    }
}
