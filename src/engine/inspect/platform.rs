//! Platforms as people write them.

use crate::oci::Platform;
use oci_spec::image::{Arch, Os, PlatformBuilder};

/// Reads `os/architecture[/variant]`.
pub fn parse(text: &str) -> Option<Platform> {
    let parts: Vec<&str> = text.split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    let (os, architecture, variant) = match parts[..] {
        [os, architecture] => (os, architecture, None),
        [os, architecture, variant] => (os, architecture, Some(variant.to_owned())),
        _ => return None,
    };
    let mut platform = PlatformBuilder::default()
        .os(Os::from(os))
        .architecture(Arch::from(architecture))
        .build()
        .ok()?;
    platform.set_variant(variant);
    Some(platform)
}

/// `os/architecture[/variant]`, with the system's version as containerd writes it:
/// `windows(10.0.17763)/amd64`.
pub fn named(platform: &Platform) -> String {
    let part = |text: &Option<String>| text.clone().unwrap_or_default();
    let (version, variant) = (part(platform.os_version()), part(platform.variant()));
    let mut name = platform.os().to_string();
    if !version.is_empty() {
        name = format!("{name}({version})");
    }
    name = format!("{name}/{}", platform.architecture());
    if !variant.is_empty() {
        name = format!("{name}/{variant}");
    }
    name
}

/// Whether it names neither system nor processor, as the attestations of an index do.
pub(super) fn is_unknown(platform: &Platform) -> bool {
    platform.os().to_string() == "unknown" && platform.architecture().to_string() == "unknown"
}

#[cfg(test)]
mod tests {
    use super::{named, parse};

    #[test]
    fn a_platform_is_written_as_it_was_read() {
        for text in ["linux/amd64", "linux/arm64/v8", "windows/amd64", "a/b/c"] {
            assert_eq!(parse(text).as_ref().map(named).as_deref(), Some(text));
        }
        for text in ["", "linux", "linux/", "/amd64", "linux//v8", "a/b/c/d"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn windows_is_named_with_its_version() {
        let mut platform = parse("windows/amd64").expect("a platform");
        platform.set_os_version(Some("10.0.17763".to_owned()));
        assert_eq!(named(&platform), "windows(10.0.17763)/amd64");
    }
}
