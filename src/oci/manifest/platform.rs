//! Which entry of an index is meant by a platform.

use super::media_type::is_manifest_type;
use oci_spec::image::{Descriptor, Platform};

/// The entry that fits best; the first one of several that fit alike.
///
/// A variant that is asked for must be there. Where none is asked for, the architecture's usual
/// one comes first (arm: v7, arm64: v8, amd64: v1), then on arm the next older ones.
pub(super) fn select<'d>(entries: &'d [Descriptor], wanted: &Platform) -> Option<&'d Descriptor> {
    let ranked = |entry: &'d Descriptor| {
        let platform = entry.platform().as_ref()?;
        Some((rank(platform, wanted)?, entry))
    };
    entries
        .iter()
        .filter(|entry| is_manifest_type(entry.media_type().as_ref()))
        .filter_map(ranked)
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, entry)| entry)
}

/// Whether what is built for `offered` is what `wanted` asks for, as [`select`] sees it.
pub fn fits(offered: &Platform, wanted: &Platform) -> bool {
    rank(offered, wanted).is_some()
}

/// How far an entry is from what is wanted; `None` where it does not fit.
fn rank(offered: &Platform, wanted: &Platform) -> Option<u8> {
    let architecture = wanted.architecture().to_string();
    let fits = offered.architecture().to_string() == architecture
        && offered.os() == wanted.os()
        && has_version(offered, wanted)
        && has_features(offered, wanted);
    if !fits {
        return None;
    }
    let given = |platform: &Platform| variant(&architecture, platform.variant().as_deref());
    let (has, wants) = (given(offered), given(wanted));
    let any = wanted.variant().as_deref().unwrap_or_default().is_empty();
    match has.as_str() {
        same if same == wants => Some(0),
        "v6" if any => Some(1),
        "v5" if any => Some(2),
        _ if any => Some(3),
        _ => None,
    }
}

/// A variant as it is usually written, the architecture's usual one where it is left out.
fn variant(architecture: &str, given: Option<&str>) -> String {
    match (architecture, given.unwrap_or_default()) {
        ("arm", "") => "v7".to_owned(),
        ("arm64", "") => "v8".to_owned(),
        ("amd64", "") => "v1".to_owned(),
        (_, number) if number.starts_with(|c: char| c.is_ascii_digit()) => format!("v{number}"),
        (_, other) => other.to_owned(),
    }
}

/// `10.0.17763` also means `10.0.17763.1879`: Windows images carry a build's revision.
fn has_version(offered: &Platform, wanted: &Platform) -> bool {
    let Some(wanted) = wanted.os_version().as_deref().filter(|v| !v.is_empty()) else {
        return true;
    };
    let rest = offered
        .os_version()
        .as_deref()
        .and_then(|offered| offered.strip_prefix(wanted));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn has_features(offered: &Platform, wanted: &Platform) -> bool {
    let offered = offered.os_features().as_deref().unwrap_or_default();
    let wanted = wanted.os_features().as_deref().unwrap_or_default();
    wanted.iter().all(|feature| offered.contains(feature))
}

#[cfg(test)]
mod tests {
    use super::select;
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
