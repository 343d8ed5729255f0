//! Secrets: values that never print.

use std::fmt;
use std::hash::{Hash, Hasher};
use zeroize::Zeroizing;

/// A password, token or key. It has no `Display`, its `Debug` is `***`, and its memory is
/// overwritten when it is dropped. Bytes, because passwords need not be UTF-8.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes a secret in.
    pub fn new(value: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The secret itself. Every call is a place where it could leak.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The secret as text, where it is UTF-8.
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
