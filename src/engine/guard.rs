//! What protects a tag from being moved or removed.

use crate::oci::reference::{Reference, Target};
use crate::oci::{Descriptor, Digest};
use crate::store::{Error, Kind, Result, Store};

/// The user's own rule on a tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Guard {
    /// No rule covers it.
    #[default]
    Free,
    /// This pattern says that the tag never moves.
    Immutable(String),
}

impl Guard {
    /// Refuses to let `reference` point to `new` where it points to something else and a rule
    /// forbids that. The same digest again is no change.
    pub fn allows_move(
        &self,
        reference: &Reference,
        old: Option<&Digest>,
        new: &Digest,
    ) -> Result<()> {
        match (self, old) {
            (Self::Immutable(pattern), Some(old)) if old != new => Err(Error::new(
                Kind::Refused,
                format!("{reference} is immutable (`{pattern}`) and points to {old}, not {new}"),
            )),
            _ => Ok(()),
        }
    }

    /// Refuses to let `reference` be removed where a rule forbids that.
    pub fn allows_removal(&self, reference: &Reference) -> Result<()> {
        match self {
            Self::Free => Ok(()),
            Self::Immutable(pattern) => Err(Error::new(
                Kind::Refused,
                format!("{reference} is immutable (`{pattern}`) and is not removed"),
            )),
        }
    }
}

/// What is there before something is written. Some registries deny a look at what is not there;
/// unless it is `guarded`, and what is there decides, that is for the write to find out.
pub async fn found(
    store: &dyn Store,
    target: &Target,
    guarded: bool,
) -> Result<Option<Descriptor>> {
    match store.find(target).await {
        Err(error) if error.kind() == Kind::Denied && !guarded => Ok(None),
        found => found,
    }
}
