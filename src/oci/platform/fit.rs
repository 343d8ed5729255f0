//! How well a platform fits what is wanted, whatever way the two are spelled.
//!
//! Source: image-spec 1.1, `image-index.md`, "Platform Variants"; containerd's `platforms`, whose
//! spellings are what people and other tools write.

use oci_spec::image::Platform;

/// What is wanted of a platform; `None` where anything will do.
#[derive(Debug, Clone, Copy)]
pub(in crate::oci) struct Wanted<'w> {
    pub(in crate::oci) os: Option<&'w str>,
    pub(in crate::oci) os_version: Option<&'w str>,
    pub(in crate::oci) os_features: &'w [String],
    pub(in crate::oci) architecture: Option<&'w str>,
    pub(in crate::oci) variant: Option<&'w str>,
}

impl Wanted<'_> {
    /// How far `offered` is from this, 0 being exactly; `None` where it does not fit.
    ///
    /// A variant that is asked for must be there. Where none is asked for, the architecture's usual
    /// one comes first (arm: v7, arm64: v8, amd64: v1), then on arm the next older ones.
    pub(in crate::oci) fn rank(self, offered: &Platform) -> Option<u8> {
        let there = Spelling::of(offered);
        let fits = self.os.is_none_or(|os| normal_os(os) == there.os)
            && has_version(offered, self.os_version)
            && has_features(offered, self.os_features);
        if !fits {
            return None;
        }
        let architecture = self.architecture.unwrap_or(&there.architecture);
        let wanted = Spelling::new("", architecture, self.variant.unwrap_or_default());
        if wanted.architecture != there.architecture {
            return None;
        }
        let any = wanted.variant.is_empty();
        let usual = usual_variant(&wanted.architecture);
        let or_usual = |variant: String| {
            if variant.is_empty() {
                usual.to_owned()
            } else {
                variant
            }
        };
        let (has, wants) = (or_usual(there.variant), or_usual(wanted.variant));
        match has.as_str() {
            same if same == wants => Some(0),
            "v6" if any => Some(1),
            "v5" if any => Some(2),
            _ if any => Some(3),
            _ => None,
        }
    }
}

/// A platform's names as they are usually written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spelling {
    pub(super) os: String,
    pub(super) architecture: String,
    pub(super) variant: String,
}

impl Spelling {
    pub(super) fn new(os: &str, architecture: &str, variant: &str) -> Self {
        let architecture = architecture.to_ascii_lowercase();
        let variant = variant.to_ascii_lowercase();
        let (architecture, variant) = match architecture.as_str() {
            "x86_64" | "x86-64" => ("amd64", variant),
            "aarch64" => ("arm64", variant),
            "i386" => ("386", variant),
            "armhf" => ("arm", "v7".to_owned()),
            "armel" => ("arm", "v6".to_owned()),
            other => (other, variant),
        };
        Self {
            os: normal_os(os),
            architecture: architecture.to_owned(),
            variant: with_v(variant),
        }
    }

    pub(super) fn of(platform: &Platform) -> Self {
        let (os, architecture) = (platform.os(), platform.architecture());
        let variant = platform.variant().as_deref().unwrap_or_default();
        Self::new(&os.to_string(), &architecture.to_string(), variant)
    }
}

fn normal_os(os: &str) -> String {
    match os.to_ascii_lowercase() {
        os if os == "macos" => "darwin".to_owned(),
        os => os,
    }
}

fn with_v(variant: String) -> String {
    if variant.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("v{variant}");
    }
    variant
}

fn usual_variant(architecture: &str) -> &'static str {
    match architecture {
        "arm" => "v7",
        "arm64" => "v8",
        "amd64" => "v1",
        _ => "",
    }
}

/// `10.0.17763` also means `10.0.17763.1879`: Windows images carry a build's revision.
fn has_version(offered: &Platform, wanted: Option<&str>) -> bool {
    let Some(wanted) = wanted.filter(|version| !version.is_empty()) else {
        return true;
    };
    let rest = offered
        .os_version()
        .as_deref()
        .and_then(|offered| offered.strip_prefix(wanted));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn has_features(offered: &Platform, wanted: &[String]) -> bool {
    let offered = offered.os_features().as_deref().unwrap_or_default();
    wanted.iter().all(|feature| offered.contains(feature))
}
