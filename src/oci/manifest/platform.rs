//! Which platform an image is for, and which entry of an index is meant by a platform.

use super::descriptor::{self, PLATFORM};
use super::error::ManifestError;
use super::fields::Fields;
use super::media_type::is_manifest_type;
use crate::oci::platform::Wanted;
use crate::oci::strict;
use oci_spec::image::{Descriptor, Platform};

/// The platform that an image is for, by its config; none where the config does not say.
///
/// Names that are alike but for their case are refused, as in a manifest.
pub fn platform_of_config(config: &[u8]) -> Result<Option<Platform>, ManifestError> {
    let value = strict::parse(config, PLATFORM)?;
    let fields = Fields::top(&value)?;
    let said = fields.string("os")?.or(fields.string("architecture")?);
    let platform = said.map(|_| descriptor::platform_of(&fields));
    platform.transpose()
}

/// The entry that fits best; the first one of several that fit alike.
pub(super) fn select<'d>(entries: &'d [Descriptor], wanted: &Platform) -> Option<&'d Descriptor> {
    let (os, architecture) = (wanted.os().to_string(), wanted.architecture().to_string());
    let wanted = Wanted {
        os: Some(&os),
        os_version: wanted.os_version().as_deref(),
        os_features: wanted.os_features().as_deref().unwrap_or_default(),
        architecture: Some(&architecture),
        variant: wanted.variant().as_deref(),
    };
    let ranked = |entry: &'d Descriptor| {
        let platform = entry.platform().as_ref()?;
        Some((wanted.rank(platform)?, entry))
    };
    entries
        .iter()
        .filter(|entry| is_manifest_type(entry.media_type().as_ref()))
        .filter_map(ranked)
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, entry)| entry)
}

#[cfg(test)]
mod tests {
    use super::{platform_of_config, select};
    use crate::oci::manifest::{ACCEPT, Manifest};
    use oci_spec::image::{Descriptor, Platform, PlatformBuilder};

    /// An index's entries for these platforms (JSON); an entry's size is its place.
    fn entries(platforms: &[&str]) -> Vec<Descriptor> {
        let digest = crate::oci::digest::sha256(b"");
        let entry = |(at, platform): (usize, &&str)| {
            let (media_type, platform) = match *platform {
                "blob" => ("a/b", r#"{"os":"linux","architecture":"amd64"}"#),
                platform => (ACCEPT[1], platform),
            };
            format!(
                r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{at},"platform":{platform}}}"#
            )
        };
        let entries: Vec<_> = platforms.iter().enumerate().map(entry).collect();
        let body = format!(
            r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
            entries.join(",")
        );
        let index = Manifest::parse(body.into(), None).expect("an index");
        index.manifests().to_vec()
    }

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
            .expect("a platform")
    }

    #[test]
    fn an_image_is_for_what_its_config_says() {
        let named = |config: &str| {
            let platform = platform_of_config(config.as_bytes()).expect("a config");
            platform.as_ref().map(crate::oci::platform::name)
        };
        for (config, platform) in [
            (
                r#"{"os":"linux","architecture":"amd64","x":{}}"#,
                Some("linux/amd64"),
            ),
            (
                r#"{"os":"linux","architecture":"arm","variant":"v7","config":{"Env":[]}}"#,
                Some("linux/arm/v7"),
            ),
            (
                r#"{"os":"windows","architecture":"amd64","os.version":"10.0.1"}"#,
                Some("windows(10.0.1)/amd64"),
            ),
            (r#"{"architecture":"amd64"}"#, Some("unknown/amd64")),
            ("{}", None),
        ] {
            assert_eq!(named(config).as_deref(), platform);
        }
        for wrong in ["", "[]", r#"{"os":1}"#, r#"{"os":"linux","OS":"windows"}"#] {
            assert!(platform_of_config(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    fn assert_selects(offered: &[&str], cases: &[(&str, Option<u64>)]) {
        let entries = entries(offered);
        for (wanted, place) in cases {
            let selected = select(&entries, &platform(wanted)).map(Descriptor::size);
            assert_eq!(selected, *place, "{wanted}");
        }
    }

    #[test]
    fn the_entry_for_the_platform_is_selected() {
        let offered = [
            "null",
            "blob",
            r#"{"os":"unknown","architecture":"unknown"}"#,
            r#"{"os":"linux","architecture":"arm64","variant":"v8"}"#,
            r#"{"os":"linux","architecture":"amd64"}"#,
            r#"{"os":"linux","architecture":"amd64"}"#,
            r#"{"os":"linux","architecture":"amd64","variant":"v3"}"#,
            "{}",
        ];
        let cases = [
            ("linux/amd64", Some(4)),
            ("linux/amd64/v1", Some(4)),
            ("linux/amd64/v3", Some(6)),
            ("linux/amd64/v2", None),
            ("linux/arm64", Some(3)),
            ("linux/arm64/8", Some(3)),
            ("linux/arm", None),
            ("windows/amd64", None),
        ];
        assert_selects(&offered, &cases);
    }

    #[test]
    fn arm_without_a_variant_is_v7_then_what_is_older() {
        let v5 = r#"{"os":"linux","architecture":"arm","variant":"v5"}"#;
        let v6 = r#"{"os":"linux","architecture":"arm","variant":"v6"}"#;
        let v7 = r#"{"os":"linux","architecture":"arm","variant":"v7"}"#;
        let v8 = r#"{"os":"linux","architecture":"arm","variant":"v8"}"#;
        assert_selects(
            &[v8, v5, v6, v7],
            &[("linux/arm", Some(3)), ("linux/arm/v5", Some(1))],
        );
        assert_selects(
            &[v8, v5, v6],
            &[("linux/arm", Some(2)), ("linux/arm/v7", None)],
        );
        assert_selects(&[v8], &[("linux/arm", Some(0))]);
        let big = r#"{"os":"linux","architecture":"armbe"}"#;
        let big64 = r#"{"os":"linux","architecture":"arm64be"}"#;
        assert_selects(&[big, big64], &[("linux/arm64be", Some(1))]);
    }

    #[test]
    fn windows_is_selected_by_its_build() {
        let offered = [
            r#"{"os":"windows","architecture":"amd64","os.version":"10.0.177630.1"}"#,
            r#"{"os":"windows","architecture":"amd64","os.version":"10.0.17763.1879"}"#,
            r#"{"os":"windows","architecture":"amd64"}"#,
        ];
        let cases = [
            ("windows/amd64:10.0.17763", Some(1)),
            ("windows/amd64:10.0.17763.1879", Some(1)),
            ("windows/amd64:10.0.20348", None),
            ("windows/amd64", Some(0)),
        ];
        assert_selects(&offered, &cases);
    }

    #[test]
    fn features_that_are_asked_for_must_be_there() {
        let with = r#"{"os":"windows","architecture":"amd64","os.features":["win32k"]}"#;
        let entries = entries(&[r#"{"os":"windows","architecture":"amd64"}"#, with]);
        let mut wanted = platform("windows/amd64");
        wanted.set_os_features(Some(vec!["win32k".to_owned()]));
        assert_eq!(select(&entries, &wanted).map(Descriptor::size), Some(1));
    }
}
