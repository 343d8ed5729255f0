//! What was learned of who has what. It holds so much at the most, and begins anew where that is
//! too little: what is forgotten costs a question.

use crate::oci::Digest;
use crate::oci::reference::Tag;
use std::collections::HashMap;

/// So many tags, and so much content, are remembered.
const MOST: usize = 16 * 1024;

/// Who gave an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// One of the mirrors, by its position.
    Mirror(usize),
    /// The repository itself.
    Origin,
}

/// Some of the mirrors, by their positions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Which(u64);

/// A tag was resolved to this, there. Whoever reads the tag later means this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) digest: Digest,
    pub(super) place: Place,
}

/// What is known of a manifest or a blob.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Content {
    /// They do not have it, or not the image that it is a part of.
    pub(super) lacking: Which,
    /// They have begun to send it, and broken off.
    pub(super) broken: Which,
    /// They have it, or the image that it is a part of, under a tag that was resolved there.
    pub(super) tagged: Which,
    /// Who gave it, the last time.
    pub(super) from: Option<usize>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pins: HashMap<Tag, Pin>,
    /// Who does not have a tag.
    untagged: HashMap<Tag, Which>,
    content: HashMap<Digest, Content>,
}

impl Which {
    /// As many mirrors as can be told apart.
    pub(super) const MOST: usize = 64;
    pub(super) const NONE: Self = Self(0);
    pub(super) const ALL: Self = Self(u64::MAX);

    pub(super) fn has(self, mirror: usize) -> bool {
        self.0 & (1 << mirror) != 0
    }

    #[must_use]
    pub(super) fn with(self, mirror: usize) -> Self {
        Self(self.0 | (1 << mirror))
    }

    #[must_use]
    pub(super) fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }
}

impl Memory {
    pub(super) fn pin(&self, tag: &Tag) -> Option<Pin> {
        self.pins.get(tag).cloned()
    }

    /// Remembers what a tag was resolved to first.
    pub(super) fn pinned(&mut self, tag: &Tag, digest: &Digest, place: Place) {
        make_room(&mut self.pins);
        let pin = || Pin {
            digest: digest.clone(),
            place,
        };
        self.pins.entry(tag.clone()).or_insert_with(pin);
    }

    /// Who does not have a tag.
    pub(super) fn lacking_tag(&self, tag: &Tag) -> Which {
        self.untagged.get(tag).copied().unwrap_or_default()
    }

    pub(super) fn lacks_tag(&mut self, tag: &Tag, mirror: usize) {
        make_room(&mut self.untagged);
        let lacking = self.untagged.entry(tag.clone()).or_default();
        *lacking = lacking.with(mirror);
    }

    pub(super) fn content(&self, digest: &Digest) -> Content {
        self.content.get(digest).copied().unwrap_or_default()
    }

    /// What holds for the `whole` holds for its `parts`.
    pub(super) fn inherit(&mut self, whole: Content, parts: &mut dyn Iterator<Item = &Digest>) {
        if (whole.lacking, whole.tagged) == (Which::NONE, Which::NONE) {
            return;
        }
        for digest in parts {
            let content = self.about(digest);
            content.lacking = content.lacking.and(whole.lacking);
            content.tagged = content.tagged.and(whole.tagged);
        }
    }

    /// What is known of this content, to be changed.
    pub(super) fn about(&mut self, digest: &Digest) -> &mut Content {
        make_room(&mut self.content);
        self.content.entry(digest.clone()).or_default()
    }
}

fn make_room<K, V>(known: &mut HashMap<K, V>) {
    if known.len() >= MOST {
        known.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn digest(number: usize) -> Digest {
        format!("sha256:{number:064x}").parse().unwrap()
    }

    #[test]
    fn a_tag_keeps_what_it_was_resolved_to_first() {
        let mut memory = Memory::default();
        let tag = Tag::latest();
        memory.pinned(&tag, &digest(1), Place::Mirror(0));
        memory.pinned(&tag, &digest(2), Place::Origin);
        let pin = Pin {
            digest: digest(1),
            place: Place::Mirror(0),
        };
        assert_eq!(memory.pin(&tag), Some(pin));
    }

    #[test]
    fn it_is_bounded() {
        let mut memory = Memory::default();
        for number in 0..=MOST {
            let content = memory.about(&digest(number));
            content.lacking = content.lacking.with(63);
            assert!(memory.content.len() <= MOST);
        }
        assert!(!memory.content(&digest(0)).lacking.has(63));
        assert!(memory.content(&digest(MOST)).lacking.has(63));
    }
}
