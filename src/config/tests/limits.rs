//! No file takes long, much memory, or the program down.

use super::{check, covering, message};
use crate::config::yaml;
use proptest::prelude::*;
use std::time::{Duration, Instant};

#[test]
fn a_file_that_is_too_large_deep_or_wide_is_refused_quickly() {
    let bomb = (1..9).fold("immutable: {r0: &a0 x,".to_owned(), |text, n| {
        text + &format!("r{n}: &a{n} [{}],", format!("*a{},", n - 1).repeat(10))
    });
    let too_many = "too many values, aliases or levels";
    let cases = [
        ("10 MiB", "# ".repeat(5 << 20), "larger than 4 MiB"),
        (
            "depth",
            format!("immutable: {}", "[".repeat(1 << 20)),
            "recursion limit",
        ),
        (
            "width",
            format!("immutable: [{}]", "x,".repeat(1 << 20)),
            too_many,
        ),
        ("bomb", bomb, "must be text"),
        (
            "aliases",
            format!("immutable: [&a x,{}]", "*a,".repeat(1 << 20)),
            too_many,
        ),
        (
            "long pattern",
            format!("immutable: [{}]", "x".repeat(3 << 20)),
            "1:13: tag pattern",
        ),
        (
            "long key",
            format!("{}: x", "x".repeat(1000)),
            "1:1: unknown key",
        ),
        (
            "patterns",
            format!("immutable: [{}]", "'a*b-*c',".repeat(45_000)),
            "1:13: the patterns from here on are too many",
        ),
    ];
    for (name, text, expected) in cases {
        let start = Instant::now();
        let message = message(text);
        assert!(message.contains(expected), "{name}: {message}");
        assert!(message.len() < 3000, "{name}");
        assert!(start.elapsed() < Duration::from_secs(20), "{name}");
    }
}

#[test]
fn an_alias_bomb_is_refused_before_it_unfolds() {
    // Each list is ten times as long as the one before it, in a place where lists may nest.
    let levels = (1..9).map(|n| format!("&a{n} [{}]", format!("*a{},", n - 1).repeat(10)));
    let text = format!("[&a0 x, {}]", levels.collect::<Vec<_>>().join(", "));
    let start = Instant::now();
    let problem = yaml::parse::<serde::de::IgnoredAny>(&text);
    assert!(problem.is_err());
    assert!(start.elapsed() < Duration::from_secs(5));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = message(bytes);
    }

    #[test]
    fn no_yaml_panics(text in "(registries|immutable|[a-z]{0,3})[:\\[{]( |\n  )[\\PC\n&*!:,{}\\[\\]'\"<~-]{0,40}") {
        let _ = message(text);
    }

    #[test]
    fn no_pattern_panics(pattern in "[a-z*?{}\\[\\]!^,./:\\\\ -]{0,40}", tag in "[a-z]{1,9}") {
        for text in [format!("immutable: ['{pattern}']"), format!("immutable: {{'{pattern}': [x]}}")] {
            if let Ok(checked) = check(text) {
                let _ = covering(&checked.immutable, "r.example/team/app", &tag);
            }
        }
    }

    #[test]
    fn a_tag_that_is_a_pattern_covers_itself_alone(tag in "[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,20}", other in "[a-z]{1,9}") {
        let immutable = check(format!("immutable: ['{tag}']")).unwrap().immutable;
        prop_assert_eq!(covering(&immutable, "r.example/a", &tag), Some(tag.clone()));
        prop_assert_eq!(covering(&immutable, "r.example/a", &other).is_some(), other == tag);
    }

    #[test]
    fn an_error_names_its_file(bytes: Vec<u8>) {
        if let Err(error) = check(bytes) {
            prop_assert!(error.to_string().starts_with("conf/f:"));
        }
    }
}
