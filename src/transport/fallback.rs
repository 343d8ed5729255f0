//! Doing without HTTP/2 where that breaks off, and with it again where nothing else is spoken.

use super::error::{Error, Kind};
use super::request::Lane;

/// Who has broken off so many requests may do better without HTTP/2, or at least say why: what is
/// wrong with a connection is lost among its streams.
const BREAKS: usize = 2;

/// How the attempts at one request have ended.
#[derive(Debug, Default)]
pub(super) struct Fallback {
    breaks: usize,
    /// What came before HTTP/1.1, while that is tried.
    before: Option<Error>,
    /// HTTP/1.1 is not spoken there.
    is_in_vain: bool,
}

impl Fallback {
    /// What an attempt ended with; where it was one over HTTP/1.1 that only showed that this is not
    /// spoken, what it was made for.
    pub(super) fn judge(&mut self, error: Error) -> Error {
        match self.before.take() {
            Some(before) if error.kind() == Kind::Tls && error.host() == before.host() => {
                self.is_in_vain = true;
                before
            }
            _ => error,
        }
    }

    /// Whether the next attempt does without HTTP/2, after one that `failed` so or was answered.
    pub(super) fn is_due(&mut self, failed: Option<Error>, lane: Lane) -> bool {
        // What is sent in bulk does without anyway.
        let Some(failed) = failed.filter(|_| lane == Lane::Questions && !self.is_in_vain) else {
            return self.breaks >= BREAKS && !self.is_in_vain;
        };
        self.breaks += usize::from(failed.kind() == Kind::Broken);
        let is_due = self.breaks >= BREAKS;
        self.before = Some(failed).filter(|_| is_due);
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: Kind) -> Error {
        Error::new(kind, "x")
    }

    fn broken_twice() -> Fallback {
        let mut fallback = Fallback::default();
        assert!(!fallback.is_due(Some(error(Kind::Broken)), Lane::Questions));
        assert!(fallback.is_due(Some(error(Kind::Broken)), Lane::Questions));
        fallback
    }

    #[test]
    fn http1_stays_where_it_is_spoken() {
        let mut fallback = broken_twice();
        for _ in 0..3 {
            let failed = fallback.judge(error(Kind::Broken));
            assert_eq!(failed.kind(), Kind::Broken);
            assert!(fallback.is_due(Some(failed), Lane::Questions));
            assert!(fallback.is_due(None, Lane::Questions), "an answer");
        }
    }

    #[test]
    fn where_it_is_not_spoken_http2_is_gone_back_to() {
        let mut fallback = broken_twice();
        let failed = fallback.judge(error(Kind::Tls));
        assert_eq!(failed.kind(), Kind::Broken);
        for _ in 0..3 {
            assert!(!fallback.is_due(Some(error(Kind::Broken)), Lane::Questions));
        }
    }

    #[test]
    fn tls_that_fails_over_http2_fails() {
        assert_eq!(
            Fallback::default().judge(error(Kind::Tls)).kind(),
            Kind::Tls
        );
        let mut bulk = Fallback::default();
        for _ in 0..3 {
            bulk.is_due(Some(error(Kind::Broken)), Lane::Bulk);
        }
        assert_eq!(bulk.judge(error(Kind::Tls)).kind(), Kind::Tls);
    }
}
