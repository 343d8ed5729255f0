//! How often a blob's source may break off before it is given up.

use crate::oci::Descriptor;
use crate::oci::reference::Location;
use crate::store::{Error, Kind};
use crate::transport::BoxError;
use std::time::Duration;

/// So many more bytes are getting on, and breaks before them are forgiven.
pub(crate) const PROGRESS: u64 = 1024 * 1024;
/// The first wait after a break; doubled for each further one without getting on.
const PAUSE: Duration = Duration::from_millis(200);

/// The breaks of one pass over a blob.
pub(crate) struct Breaks {
    attempts: u32,
    count: u32,
    mark: u64,
}

impl Breaks {
    /// None yet, in a pass that begins at `offset`. `attempts`: so many in a row without getting
    /// on are too many.
    pub(crate) fn new(attempts: u32, offset: u64) -> Self {
        Self {
            attempts,
            count: 0,
            mark: offset,
        }
    }

    /// Counts a break at `offset`. Returns how long to wait before going on, or `None` where there
    /// were too many.
    pub(crate) fn count(&mut self, offset: u64) -> Option<Duration> {
        if offset >= self.mark + PROGRESS {
            self.mark = offset;
            self.count = 0;
        }
        self.count += 1;
        let doubled = 2u32.saturating_pow(self.count - 1).min(64);
        (self.count < self.attempts).then_some(PAUSE * doubled)
    }

    /// Why `blob` is not to be had from `location`, the last break being `error`.
    pub(crate) fn given_up(
        &self,
        location: &Location,
        blob: &Descriptor,
        error: BoxError,
    ) -> Error {
        let (digest, times) = (blob.digest(), self.count);
        let what = format!(
            "cannot read from {location} {digest}: it broke off {times} times without getting on"
        );
        Error::caused(Kind::Unavailable, what, error).at(location)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn getting_on_forgives_what_was_before() {
        let pause = |factor| Some(PAUSE * factor);
        let mut breaks = Breaks::new(3, 10);
        assert_eq!(breaks.count(10), pause(1));
        assert_eq!(breaks.count(PROGRESS), pause(2));
        assert_eq!(breaks.count(PROGRESS + 10), pause(1));
        assert_eq!(breaks.count(PROGRESS + 11), pause(2));
        assert_eq!(breaks.count(PROGRESS + 12), None);
    }
}
