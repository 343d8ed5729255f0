//! What is measured.

use std::fmt;

/// What a tool is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    /// Copies an image.
    Copy,
    /// Copies a repository with all its tags.
    CopyAll,
    /// Copies an image to three registries.
    Spread,
    /// Resolves a tag.
    Digest,
    /// Gives an image another tag.
    Tag,
    /// Lists a repository's tags.
    List,
    /// Says its version.
    Version,
}

impl Action {
    /// The action of this name, as in `--tool NAME:ACTION=…`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [
            Self::Copy,
            Self::CopyAll,
            Self::Spread,
            Self::Digest,
            Self::Tag,
            Self::List,
            Self::Version,
        ]
        .into_iter()
        .find(|action| action.to_string() == name)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Copy => "copy",
            Self::CopyAll => "copy-all",
            Self::Spread => "spread",
            Self::Digest => "digest",
            Self::Tag => "tag",
            Self::List => "ls",
            Self::Version => "version",
        })
    }
}

/// Where a copy goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Into a new repository of the other registry.
    Cold,
    /// To where it is already.
    Nothing,
    /// Into a new repository of the same registry.
    Mount,
    /// Nowhere: it is no copy.
    Stay,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// What is done.
    pub(crate) action: Action,
    /// To which image.
    pub(crate) image: &'static str,
    /// Where to.
    pub(crate) way: Way,
}

impl Case {
    /// Its name, as `--case` matches it.
    pub(crate) fn name(&self) -> String {
        match self.way {
            Way::Cold if self.action == Action::Spread => format!("{}/spread", self.image),
            Way::Cold => format!("{}/cold", self.image),
            Way::Nothing => format!("{}/nothing", self.image),
            Way::Mount => format!("{}/mount", self.image),
            Way::Stay => self.action.to_string(),
        }
    }

    /// Whether it takes minutes.
    pub(crate) fn is_long(&self) -> bool {
        ["large", "thousand"].contains(&self.image)
    }

    /// Whether it speaks to a registry.
    pub(crate) fn uses_network(&self) -> bool {
        self.action != Action::Version
    }
}

/// All cases.
pub(crate) fn all() -> impl Iterator<Item = Case> {
    let of = |action, image, way| Case { action, image, way };
    let copy = |image, way| of(Action::Copy, image, way);
    let stay = |action, image| of(action, image, Way::Stay);
    [
        copy("small", Way::Cold),
        copy("many", Way::Cold),
        copy("multi", Way::Cold),
        copy("large", Way::Cold),
        copy("small", Way::Nothing),
        copy("many", Way::Nothing),
        copy("multi", Way::Nothing),
        copy("many", Way::Mount),
        copy("multi", Way::Mount),
        of(Action::Spread, "many", Way::Cold),
        of(Action::CopyAll, "thousand", Way::Cold),
        of(Action::CopyAll, "thousand", Way::Nothing),
        stay(Action::Digest, "small"),
        stay(Action::Tag, "small"),
        stay(Action::List, "tags"),
        stay(Action::Version, ""),
    ]
    .into_iter()
}
