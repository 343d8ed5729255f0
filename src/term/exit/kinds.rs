//! Which kind of failure an error of which type is.

use crate::store::error::{self, Kind};
use crate::term::exit::chain;
use crate::term::exit::class::Class;
use crate::term::exit::context::{Different, Partial, Stopped};
use crate::term::prompt::PromptError;
use std::error::Error;
use std::io;

type Rule = Box<dyn Fn(&(dyn Error + 'static)) -> Option<Kind> + Send + Sync>;

/// The rules that turn an error into its kind. The first link of the chain, from outside in, that
/// a rule knows as something better than `Other` decides.
pub struct Kinds(Vec<Rule>);

impl Default for Kinds {
    /// Knows the store's errors, this room's, and those of files and sockets.
    fn default() -> Self {
        Self(Vec::new())
            .by(error::Error::kind)
            .by(PromptError::kind)
            .rule(|link| io_kind(link.downcast_ref::<io::Error>()?))
    }
}

impl Kinds {
    /// Adds errors of type `E`, all of one kind.
    pub fn with<E: Error + 'static>(self, kind: Kind) -> Self {
        self.by(move |_: &E| kind)
    }

    /// Adds errors of type `E`, which know their kind.
    pub fn by<E: Error + 'static>(self, kind: impl Fn(&E) -> Kind + Send + Sync + 'static) -> Self {
        self.rule(move |link| link.downcast_ref::<E>().map(&kind))
    }

    /// What sort of end `error` is.
    pub fn class(&self, error: &anyhow::Error) -> Class {
        let links = chain::links(error);
        let ends = links.iter().find_map(|link| end(*link));
        let kind = || links.iter().find_map(|link| self.known(*link));
        ends.unwrap_or_else(|| Class::Kind(kind().unwrap_or(Kind::Other)))
    }

    fn known(&self, link: &(dyn Error + 'static)) -> Option<Kind> {
        let kinds = self.0.iter().filter_map(|rule| rule(link));
        kinds.into_iter().find(|kind| *kind != Kind::Other)
    }

    fn rule(
        mut self,
        rule: impl Fn(&(dyn Error + 'static)) -> Option<Kind> + Send + Sync + 'static,
    ) -> Self {
        self.0.push(Box::new(rule));
        self
    }
}

/// Ends that no kind covers.
fn end(link: &(dyn Error + 'static)) -> Option<Class> {
    if let Some(partial) = link.downcast_ref::<Partial>() {
        return Some(partial.class());
    }
    if link.is::<Different>() {
        return Some(Class::Different);
    }
    link.downcast_ref().map(|stopped| match stopped {
        Stopped::Interrupt => Class::Interrupted,
        Stopped::Terminate => Class::Terminated,
    })
}

/// A socket's errors are the network's, all others this machine's.
fn io_kind(error: &io::Error) -> Option<Kind> {
    use io::ErrorKind as E;
    match error.kind() {
        E::ConnectionRefused
        | E::ConnectionReset
        | E::ConnectionAborted
        | E::NotConnected
        | E::HostUnreachable
        | E::NetworkUnreachable
        | E::NetworkDown
        | E::TimedOut => Some(Kind::Unavailable),
        // Only a wrapping; what it wraps has been looked at.
        E::Other => None,
        _ => Some(Kind::Local),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Error, anyhow};

    #[derive(Debug, thiserror::Error)]
    #[error("bad reference")]
    struct BadReference;

    fn io(kind: io::ErrorKind) -> Error {
        Error::new(io::Error::from(kind))
    }

    fn store(kind: Kind) -> Error {
        Error::new(error::Error::new(kind, "it failed"))
    }

    #[test]
    fn an_error_is_of_the_first_kind_that_its_chain_names() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let other = error::Error::caused(
            Kind::Other,
            "x",
            io::Error::from(io::ErrorKind::StorageFull),
        );
        let wrapped = io::Error::other(error::Error::new(Kind::Corrupt, "wrong digest"));
        for (id, error, class) in [
            ("store", store(Kind::Denied), Class::Kind(Kind::Denied)),
            (
                "under context",
                store(Kind::Denied).context("cannot push").context("x"),
                Class::Kind(Kind::Denied),
            ),
            (
                "registered",
                Error::new(BadReference).context("x"),
                Class::Kind(Kind::Usage),
            ),
            ("unknown", anyhow!("x"), Class::Kind(Kind::Other)),
            (
                "disk full",
                io(io::ErrorKind::StorageFull),
                Class::Kind(Kind::Local),
            ),
            (
                "missing file",
                io(io::ErrorKind::NotFound),
                Class::Kind(Kind::Local),
            ),
            (
                "socket",
                io(io::ErrorKind::ConnectionReset),
                Class::Kind(Kind::Unavailable),
            ),
            (
                "the outer one decides",
                Error::new(error::Error::caused(Kind::Corrupt, "x", refused)),
                Class::Kind(Kind::Corrupt),
            ),
            (
                "other says nothing",
                Error::new(other),
                Class::Kind(Kind::Local),
            ),
            (
                "inside an io error",
                Error::new(wrapped),
                Class::Kind(Kind::Corrupt),
            ),
            (
                "interrupted meanwhile",
                Error::new(error::Error::caused(
                    Kind::Unavailable,
                    "x",
                    Stopped::Interrupt,
                )),
                Class::Interrupted,
            ),
            (
                "different",
                Error::new(Different("a".to_owned(), "b".to_owned())),
                Class::Different,
            ),
            (
                "terminated",
                Error::new(Stopped::Terminate),
                Class::Terminated,
            ),
        ] {
            let kinds = Kinds::default().with::<BadReference>(Kind::Usage);
            assert_eq!(kinds.class(&error), class, "{id}");
        }
    }
}
