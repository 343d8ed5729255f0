//! A process that does not outlive whoever started it.

use std::ops::{Deref, DerefMut};
use std::process::Child;

/// A child that is ended with the test, also where that fails before its end.
pub(super) struct Held(pub(super) Child);

impl Deref for Held {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // One that has ended and was waited for is none any more, which is no failure.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
