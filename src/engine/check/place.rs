//! Where in an image something is listed. Names from outside are kept once, and cut, so that long
//! ones cannot take much memory.

use super::parts::Part;
use crate::oci::{Descriptor, platform};
use std::fmt;

/// So many places of one part are remembered.
const REMEMBERED: usize = 16;
/// The longest name of a place, in characters.
const LONGEST: usize = 80;

/// Where in the image something is listed, such as `linux/arm64 > layer 2`; the first places of
/// many. Platforms and types in them are from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The first ones.
    pub first: Vec<String>,
    /// How many more there are.
    pub more: usize,
}

/// A place in a manifest: of the image itself where there is no parent.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) parent: Option<usize>,
    pub(super) name: Name,
}

/// What a place in a manifest is called.
#[derive(Debug)]
pub(super) enum Name {
    Config,
    /// Counted from 1, the lowest.
    Layer(usize),
    /// An index's entry that says no platform, counted from 1.
    Entry(usize),
    Given(Box<str>),
}

/// The places of a part.
#[derive(Debug)]
pub(super) struct Listed {
    first: Vec<Place>,
    more: usize,
}

impl Name {
    pub(super) fn given(name: &str) -> Self {
        let mut cut: String = name.chars().take(LONGEST).collect();
        if cut.len() < name.len() {
            cut.push('…');
        }
        Self::Given(cut.into())
    }

    /// What an index's entry is called: its platform, where it has one.
    pub(super) fn entry(entry: &Descriptor, nth: usize) -> Self {
        let named = entry.platform().as_ref().map(platform::name);
        match named.filter(|name| name != "unknown/unknown") {
            Some(name) => Self::given(&name),
            None => Self::Entry(nth + 1),
        }
    }
}

impl Listed {
    pub(super) fn at(place: Place) -> Self {
        Self {
            first: vec![place],
            more: 0,
        }
    }

    pub(super) fn add(&mut self, place: Place) {
        if self.first.len() < REMEMBERED {
            self.first.push(place);
        } else {
            self.more += 1;
        }
    }

    /// The places in words.
    pub(super) fn told(&self, parts: &[Part]) -> Places {
        Places {
            first: self.first.iter().map(|place| place.told(parts)).collect(),
            more: self.more,
        }
    }
}

impl Place {
    fn told(&self, parts: &[Part]) -> String {
        let name = self.name.to_string();
        // A parent is noted before what it lists, so that this has an end.
        let above = self.parent.and_then(|at| parts[at].listed.first.first());
        match above {
            Some(above) => format!("{} > {name}", above.told(parts)),
            None => name,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config => f.write_str("config"),
            Self::Layer(nth) => write!(f, "layer {nth}"),
            Self::Entry(nth) => write!(f, "manifest {nth}"),
            Self::Given(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first.join(", "))?;
        match self.more {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
