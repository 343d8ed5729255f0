#![allow(clippy::unwrap_used)]
use super::{PlatformPattern, name};
use oci_spec::image::{Platform, PlatformBuilder};
use proptest::prelude::*;

/// `os/architecture[/variant]`, and a version after `:`.
fn platform(text: &str) -> Platform {
    let (text, version) = text.split_once(':').unwrap_or((text, ""));
    let mut parts = text.split('/');
    let mut part = || parts.next().unwrap_or_default();
    PlatformBuilder::default()
        .os(part())
        .architecture(part())
        .variant(part())
        .os_version(version)
        .build()
        .unwrap()
}

fn pattern(text: &str) -> PlatformPattern {
    text.parse().unwrap()
}

#[test]
fn other_spellings_are_taken() {
    for (typed, meant) in [
        ("linux/amd64", "linux/amd64"),
        ("Linux/x86_64", "linux/amd64"),
        ("linux/x86-64", "linux/amd64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/8", "linux/arm64/v8"),
        ("linux/arm64/v8", "linux/arm64/v8"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/i386", "linux/386"),
        ("macos/arm64", "darwin/arm64"),
        ("linux/*", "linux/*"),
        ("*/arm64", "*/arm64"),
        ("linux/arm/*", "linux/arm/*"),
        ("*/*", "*/*"),
        ("windows(10.0.17763)/amd64", "windows(10.0.17763)/amd64"),
    ] {
        assert_eq!(pattern(typed).to_string(), meant, "{typed}");
    }
}

#[test]
fn what_is_no_platform_is_told_with_what_to_write() {
    for (typed, wrong, hint) in [
        ("", "it is empty", "linux/amd64"),
        (
            "linux",
            "it has no architecture",
            "`linux/amd64` for one, or `linux/*` for all",
        ),
        ("*", "it has no architecture", "`*/*` for everything"),
        ("all", "it has no architecture", "`*/*` for everything"),
        ("/amd64", "the operating system is empty", "linux/*"),
        ("linux/", "the architecture is empty", "linux/*"),
        ("linux/arm/", "the variant is empty", "linux/arm/v7"),
        (
            "linux/arm/v7/x",
            "it has more than three parts",
            "linux/arm/v7",
        ),
        ("linux/arm*", "the architecture has a `*` beside", "linux/*"),
        (
            "linux/amd64,linux/arm64",
            "the architecture cannot have `,`",
            "once for each",
        ),
        (
            "linux/amd64,",
            "the architecture cannot have `,`",
            "once for each",
        ),
        (
            "li nux/amd64",
            "the operating system cannot have ` `",
            "linux",
        ),
        (
            "windows()/amd64",
            "not a version",
            "windows(10.0.17763)/amd64",
        ),
        (
            "windows(10/amd64",
            "not a version",
            "windows(10.0.17763)/amd64",
        ),
        (
            "*(10.0)/amd64",
            "a version belongs to one",
            "windows(10.0.17763)/amd64",
        ),
        ("local", "there is no machine here", "linux"),
    ] {
        let error = typed.parse::<PlatformPattern>().unwrap_err();
        let message = format!("`{typed}` is not a platform: ");
        assert!(error.to_string().starts_with(&message), "{error}");
        assert!(error.to_string().contains(wrong), "{error}");
        assert!(error.hint().contains(hint), "{typed}: {}", error.hint());
    }
    let endless = "x".repeat(5000).parse::<PlatformPattern>().unwrap_err();
    assert!(endless.to_string().len() < 300 && endless.hint().len() < 300);
}

#[test]
fn a_pattern_matches_what_it_says_however_that_is_spelled() {
    for (wanted, offered, matches) in [
        ("linux/amd64", "linux/amd64", true),
        ("linux/amd64", "linux/x86_64", true),
        ("linux/amd64", "linux/amd64/v3", true),
        ("linux/amd64/v1", "linux/amd64", true),
        ("linux/amd64/v2", "linux/amd64", false),
        ("linux/amd64", "linux/arm64", false),
        ("linux/amd64", "windows/amd64", false),
        ("linux/arm64/v8", "linux/arm64", true),
        ("linux/arm64", "linux/arm64/v8", true),
        ("linux/arm", "linux/arm/v6", true),
        ("linux/arm/v7", "linux/arm", true),
        ("linux/arm/v7", "linux/arm/v6", false),
        ("linux/arm/v7", "linux/armhf", true),
        ("linux/arm/*", "linux/arm/v5", true),
        ("linux/*", "linux/s390x", true),
        ("linux/*", "linux/arm/v6", true),
        ("linux/*", "windows/amd64", false),
        ("linux/*", "unknown/unknown", false),
        ("*/arm64", "darwin/arm64/v8", true),
        ("*/arm64", "linux/amd64", false),
        ("*/*/v8", "linux/arm64", true),
        ("*/*/v8", "linux/amd64", false),
        ("macos/*", "darwin/arm64", true),
        (
            "windows(10.0.17763)/amd64",
            "windows/amd64:10.0.17763.1879",
            true,
        ),
        (
            "windows(10.0.17763)/amd64",
            "windows/amd64:10.0.20348.1",
            false,
        ),
        ("windows(10.0.17763)/*", "windows/amd64:10.0.17763.1", true),
        ("windows/amd64", "windows/amd64:10.0.20348.1", true),
    ] {
        let found = pattern(wanted).matches(&platform(offered));
        assert_eq!(found, matches, "{wanted} {offered}");
    }
}

#[test]
fn only_without_a_star_one_image_is_meant() {
    for (typed, exact, everything) in [
        ("linux/amd64", true, false),
        ("linux/arm/v7", true, false),
        ("windows(10.0)/amd64", true, false),
        ("linux/arm/*", false, false),
        ("linux/*", false, false),
        ("*/arm64", false, false),
        ("*/*", false, true),
        ("*/*/*", false, true),
        ("*/*/v8", false, false),
    ] {
        let pattern = pattern(typed);
        let is = (pattern.is_exact(), pattern.is_everything());
        assert_eq!(is, (exact, everything), "{typed}");
    }
}

#[test]
fn local_is_what_runs_on_this_machine() {
    for (os, architecture, little_endian, image) in [
        ("linux", "x86_64", true, "linux/amd64"),
        ("linux", "aarch64", true, "linux/arm64"),
        ("linux", "arm", true, "linux/arm"),
        ("linux", "x86", true, "linux/386"),
        ("linux", "powerpc64", true, "linux/ppc64le"),
        ("linux", "powerpc64", false, "linux/ppc64"),
        ("linux", "s390x", false, "linux/s390x"),
        ("linux", "riscv64", true, "linux/riscv64"),
        ("linux", "loongarch64", true, "linux/loong64"),
        ("macos", "aarch64", true, "linux/arm64"),
        ("windows", "x86_64", true, "windows/amd64"),
        ("freebsd", "x86_64", true, "freebsd/amd64"),
    ] {
        let machine = PlatformPattern::of_machine(os, architecture, little_endian);
        assert_eq!(machine.to_string(), image);
        assert_eq!(PlatformPattern::parse("local", &machine).unwrap(), machine);
        let other = PlatformPattern::parse("linux/mips", &machine).unwrap();
        assert_eq!(other, pattern("linux/mips"));
    }
}

#[test]
fn a_platform_is_named_as_it_can_be_typed() {
    for (is, named) in [
        ("linux/amd64", "linux/amd64"),
        ("linux/arm/v7", "linux/arm/v7"),
        (
            "windows/amd64:10.0.17763.1879",
            "windows(10.0.17763.1879)/amd64",
        ),
        ("/", "unknown/unknown"),
    ] {
        assert_eq!(name(&platform(is)), named);
    }
}

fn typed() -> impl Strategy<Value = String> {
    let os = prop_oneof![
        "[a-zA-Z0-9_]{1,8}",
        Just("*".to_owned()),
        "[a-z]{1,5}\\([0-9.]{1,6}\\)"
    ];
    let part = || {
        const KNOWN: [&str; 8] = ["arm", "arm64", "x86_64", "armhf", "armel", "v7", "7", "*"];
        prop_oneof![
            "[a-zA-Z0-9_.-]{1,8}",
            prop::sample::select(&KNOWN[..]).prop_map(str::to_owned)
        ]
    };
    (os, part(), prop::option::of(part())).prop_map(|(os, architecture, variant)| match variant {
        Some(variant) => format!("{os}/{architecture}/{variant}"),
        None => format!("{os}/{architecture}"),
    })
}

proptest! {
    #[test]
    fn what_is_shown_can_be_typed_again(typed in typed()) {
        let pattern = pattern(&typed);
        prop_assert_eq!(&pattern.to_string().parse::<PlatformPattern>().unwrap(), &pattern);
    }

    #[test]
    fn the_name_of_a_platform_matches_it(typed in "[a-z]{1,6}/[a-z0-9_]{1,8}(/[a-z0-9]{1,4})?(:[0-9.]{1,8})?") {
        let platform = platform(&typed);
        let exact = pattern(&name(&platform));
        prop_assert!(exact.is_exact());
        prop_assert!(exact.matches(&platform));
        prop_assert!(pattern("*/*").matches(&platform));
    }

    #[test]
    fn no_text_makes_it_panic(text: String) {
        if let Err(error) = text.parse::<PlatformPattern>() {
            let _ = (error.to_string(), error.hint());
        }
    }
}
