//! Platforms as people write them: `linux/arm64`, `linux/*`, `windows(10.0.17763)/amd64`.
//!
//! Other spellings of the same are taken too (`x86_64`, `aarch64`, `armhf`, `macos`), as containerd
//! and so docker take them.

mod error;
mod fit;

#[cfg(test)]
mod cases;

pub use error::PlatformError;
pub(in crate::oci) use fit::Wanted;

use error::Problem;
use fit::Spelling;
use oci_spec::image::Platform;
use std::fmt;
use std::str::FromStr;

/// The word for the machine's own platform.
const LOCAL: &str = "local";
/// What stands for whatever is there.
const ANY: &str = "*";

/// Which platforms are meant: `OS[(VERSION)]/ARCHITECTURE[/VARIANT]`, `*` for any of them.
///
/// Without `*` one image is meant, with it every image that fits. A variant that is left out may
/// be any, the architecture's usual one first; `/*` as a variant means all of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlatformPattern {
    os: Option<String>,
    os_version: Option<String>,
    architecture: Option<String>,
    variant: Variant,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Variant {
    Unsaid,
    All,
    Named(String),
}

impl PlatformPattern {
    /// Reads a pattern, or `local`, which stands for `machine`.
    pub fn parse(typed: &str, machine: &Self) -> Result<Self, PlatformError> {
        if typed == LOCAL {
            return Ok(machine.clone());
        }
        typed.parse()
    }

    /// The images that run on a machine, by the names that Rust has for it.
    ///
    /// Images for macOS do not exist: what runs there runs on Linux in a virtual machine.
    pub fn of_machine(os: &str, architecture: &str, little_endian: bool) -> Self {
        let architecture = match architecture {
            "x86" => "386",
            "powerpc64" if little_endian => "ppc64le",
            "powerpc64" => "ppc64",
            "mips" if little_endian => "mipsle",
            "mips64" if little_endian => "mips64le",
            "loongarch64" => "loong64",
            other => other,
        };
        let Spelling {
            os, architecture, ..
        } = Spelling::new(os, architecture, "");
        let os = if os == "darwin" {
            "linux".to_owned()
        } else {
            os
        };
        Self {
            os: Some(os),
            os_version: None,
            architecture: Some(architecture),
            variant: Variant::Unsaid,
        }
    }

    /// Whether one image is meant, not as many as fit.
    pub fn is_exact(&self) -> bool {
        self.os.is_some() && self.architecture.is_some() && self.variant != Variant::All
    }

    /// Whether everything is meant, also what has no platform: `*/*`.
    pub fn is_everything(&self) -> bool {
        let named = matches!(self.variant, Variant::Named(_));
        self.os.is_none() && self.architecture.is_none() && !named
    }

    /// Whether an image for `platform` may be meant.
    pub fn matches(&self, platform: &Platform) -> bool {
        self.rank(platform).is_some()
    }

    /// How far `platform` is from what is meant, 0 being nearest; `None` where it is not meant.
    pub fn rank(&self, platform: &Platform) -> Option<u8> {
        let variant = match &self.variant {
            Variant::Named(variant) => Some(variant.as_str()),
            Variant::Unsaid | Variant::All => None,
        };
        let wanted = Wanted {
            os: self.os.as_deref(),
            os_version: self.os_version.as_deref(),
            os_features: &[],
            architecture: self.architecture.as_deref(),
            variant,
        };
        wanted.rank(platform)
    }

    fn read(typed: &str) -> Result<Self, Problem> {
        if typed.is_empty() {
            return Err(Problem::Empty);
        }
        if typed == LOCAL {
            return Err(Problem::Local);
        }
        let mut parts = typed.split('/');
        let mut part = || parts.next();
        let (os, architecture, variant) = (part(), part(), part());
        if part().is_some() {
            return Err(Problem::TooMany);
        }
        let (os, os_version) = with_version(os.unwrap_or_default())?;
        let os = named(os, "the operating system")?;
        let Some(architecture) = architecture else {
            return Err(Problem::NoArchitecture(typed.to_ascii_lowercase()));
        };
        let architecture = named(architecture, "the architecture")?;
        let variant = variant.map(|text| named(text, "the variant")).transpose()?;
        if os.is_none() && os_version.is_some() {
            return Err(Problem::VersionOfAny);
        }
        let spelling = Spelling::new(
            os.unwrap_or(ANY),
            architecture.unwrap_or(ANY),
            variant.flatten().unwrap_or_default(),
        );
        let variant = match variant {
            // `armhf` is a variant by itself.
            _ if !spelling.variant.is_empty() => Variant::Named(spelling.variant),
            Some(None) => Variant::All,
            _ => Variant::Unsaid,
        };
        Ok(Self {
            os: os.map(|_| spelling.os),
            os_version: os_version.map(str::to_owned),
            architecture: architecture.map(|_| spelling.architecture),
            variant,
        })
    }
}

/// `windows(10.0.17763)` in its two parts.
fn with_version(text: &str) -> Result<(&str, Option<&str>), Problem> {
    let Some((os, rest)) = text.split_once('(') else {
        return Ok((text, None));
    };
    let version = rest.strip_suffix(')').ok_or(Problem::Version)?;
    let clean = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if version.is_empty() || !version.chars().all(clean) {
        return Err(Problem::Version);
    }
    Ok((os, Some(version)))
}

/// A part's name; `None` for `*`.
fn named<'t>(text: &'t str, part: &'static str) -> Result<Option<&'t str>, Problem> {
    if text == ANY {
        return Ok(None);
    }
    if text.is_empty() {
        return Err(Problem::EmptyPart(part));
    }
    if text.contains('*') {
        return Err(Problem::PartOfName(part));
    }
    let clean = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    match text.chars().find(|c| !clean(c)) {
        Some(stranger) => Err(Problem::Character(part, stranger)),
        None => Ok(Some(text)),
    }
}

impl FromStr for PlatformPattern {
    type Err = PlatformError;

    fn from_str(typed: &str) -> Result<Self, PlatformError> {
        Self::read(typed).map_err(|problem| PlatformError::new(typed, problem))
    }
}

impl fmt::Display for PlatformPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.os.as_deref().unwrap_or(ANY))?;
        if let Some(version) = &self.os_version {
            write!(f, "({version})")?;
        }
        write!(f, "/{}", self.architecture.as_deref().unwrap_or(ANY))?;
        match &self.variant {
            Variant::Unsaid => Ok(()),
            Variant::All => write!(f, "/{ANY}"),
            Variant::Named(variant) => write!(f, "/{variant}"),
        }
    }
}

/// A platform as people write it: `linux/arm/v7`, `windows(10.0.17763.1879)/amd64`.
pub fn name(platform: &Platform) -> String {
    let or_unknown = |name: String| {
        if name.is_empty() {
            "unknown".to_owned()
        } else {
            name
        }
    };
    let given = |part: &Option<String>| part.clone().filter(|text| !text.is_empty());
    let mut name = or_unknown(platform.os().to_string());
    if let Some(version) = given(platform.os_version()) {
        name = format!("{name}({version})");
    }
    name = format!("{name}/{}", or_unknown(platform.architecture().to_string()));
    match given(platform.variant()) {
        Some(variant) => format!("{name}/{variant}"),
        None => name,
    }
}
