//! What commands add to an error, and the ends that only they know of.

use crate::store::error::Kind;
use crate::term::exit::class::Class;
use std::fmt;

/// What to do next, attached to an error with `anyhow`'s `context`. Not a link of the chain.
#[derive(Debug, Clone)]
pub struct Hint(pub String);

/// The registry's host that an error is about, attached with `anyhow`'s `context` so that the
/// hint can name it. Not a link of the chain.
#[derive(Debug, Clone)]
pub struct At(pub String);

// A context has to be printable; one that prints nothing is left out of the chain.

impl fmt::Display for Hint {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl fmt::Display for At {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// The process was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// SIGINT.
    #[error("interrupted")]
    Interrupt,
    /// SIGTERM.
    #[error("terminated")]
    Terminate,
}

/// What was compared differs, which is no failure: only programs are told, by the code and in JSON.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0} and {1} differ")]
pub struct Different(pub String, pub String);

/// Some of several items failed; each was reported when it did.
///
/// Prints as `3 of 120 images were not deleted`, the words after the numbers being the caller's.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{failed} of {total} {what}")]
pub struct Partial {
    failed: usize,
    total: usize,
    what: &'static str,
    class: Class,
}

impl Partial {
    /// The failures among `total` items, or none if there were none. Where all failed, and alike,
    /// it is as if there had been one.
    pub fn of(
        failures: impl IntoIterator<Item = Class>,
        total: usize,
        what: &'static str,
    ) -> Option<Self> {
        let mut failures = failures.into_iter();
        let mut class = failures.next()?;
        let mut failed = 1;
        for next in failures {
            failed += 1;
            if next != class {
                class = unlike(class, next);
            }
        }
        if failed < total {
            class = Class::Partial;
        }
        Some(Self {
            failed,
            total,
            what,
            class,
        })
    }

    pub(super) fn class(&self) -> Class {
        self.class
    }
}

/// Two failures with one code are alike to a script; which of the two it is told is as good.
fn unlike(first: Class, second: Class) -> Class {
    match (first.code() == second.code(), first) {
        (true, Class::Kind(Kind::Other)) => second,
        (true, _) => first,
        (false, _) => Class::Partial,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn where_all_fail_alike_it_is_that_class() {
        let kind = Class::Kind;
        for (failures, class) in [
            (vec![kind(Kind::NotFound)], kind(Kind::NotFound)),
            (
                vec![kind(Kind::Denied), kind(Kind::Denied)],
                kind(Kind::Denied),
            ),
            (
                vec![kind(Kind::Denied), kind(Kind::Withheld)],
                kind(Kind::Denied),
            ),
            (
                vec![kind(Kind::NotFound), kind(Kind::Denied)],
                Class::Partial,
            ),
            (
                vec![
                    kind(Kind::NotFound),
                    kind(Kind::Denied),
                    kind(Kind::NotFound),
                ],
                Class::Partial,
            ),
        ] {
            let failed = failures.len();
            let all = Partial::of(failures.clone(), failed, "images were not deleted").unwrap();
            assert_eq!(all.class(), class);
            let some = Partial::of(failures, 120, "images were not deleted").unwrap();
            assert_eq!(some.class(), Class::Partial);
            let text = format!("{failed} of 120 images were not deleted");
            assert_eq!(some.to_string(), text);
        }
    }

    #[test]
    fn no_failure_is_no_error() {
        assert!(Partial::of([], 3, "images were not deleted").is_none());
    }
}
