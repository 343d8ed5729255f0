//! What a registry is: by the user's word, by its name, or by what it has answered so far.
//!
//! What an answer says is good for advice and for the choice of an API. It is never a reason to
//! send a credential anywhere: those who choose credentials do not ask here.

#[cfg(test)]
mod cases;

use super::Client;
use super::answer::Question;
use super::error::Error;
use crate::auth::offer::Offer;
use crate::auth::scope::{Action, Scope, Scopes};
use crate::transport::origin::Origin;
use crate::transport::{self, Attempts, Request, Response};
use crate::vendor::Kind;
use crate::vendor::headers::{Recognised, Signs, lists_extensions_of_zot, recognise};
use http::StatusCode;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::OnceCell;

/// What a registry is, as far as that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// What it is.
    pub kind: Option<Kind>,
    /// How that is known.
    pub by: Option<Recognition>,
    /// Where it answers as CNCF distribution does, and may be anything that is built on it.
    pub resembles_distribution: bool,
}

/// How it is known what a registry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognition {
    /// The user's settings say it.
    Settings,
    /// Its name says it.
    Name,
    /// Its answer says it: by this.
    Answer(String),
}

/// What a registry has said about what it is.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The first answer that told a kind.
    kind: OnceLock<Recognised>,
    /// The first one that told no more than that the API is distribution's.
    resembles: OnceLock<Recognised>,
    /// Whether `/v2/` has answered.
    greeted: AtomicBool,
    /// Whether it was asked for everything that could tell.
    asked: OnceCell<()>,
}

impl Said {
    fn note(&self, recognised: Recognised) {
        let place = match recognised.kind {
            Some(_) => &self.kind,
            None => &self.resembles,
        };
        // Who said it first has said it.
        let _ = place.set(recognised);
    }
}

impl Client {
    /// What the registry is, and how that is known. Nothing is asked.
    pub fn identity(&self) -> Identity {
        let by = |kind: Kind, by| Identity {
            kind: Some(kind),
            by: Some(by),
            resembles_distribution: false,
        };
        if let Some(kind) = self.named {
            return by(kind, Recognition::Settings);
        }
        if let Some(kind) = Kind::of(self.host()) {
            return by(kind, Recognition::Name);
        }
        let told = self.said.kind.get().or(self.said.resembles.get());
        let Some(told) = told.cloned() else {
            return Identity::default();
        };
        Identity {
            kind: told.kind,
            by: Some(Recognition::Answer(told.sign)),
            resembles_distribution: told.kind.is_none(),
        }
    }

    /// The same without how it is known.
    pub fn known_kind(&self) -> Option<Kind> {
        let told = || self.said.kind.get().and_then(|told| told.kind);
        let named = self.named.or_else(|| Kind::of(self.host()));
        named.or_else(told)
    }

    /// What the registry is; where nothing has told so far it is asked, once. `Err`: it cannot be
    /// reached, or does not answer for now.
    pub async fn kind(&self) -> Result<Option<Kind>, Error> {
        if self.known_kind().is_none() {
            self.said.asked.get_or_try_init(|| self.find_out()).await?;
        }
        Ok(self.known_kind())
    }

    async fn find_out(&self) -> Result<(), Error> {
        if !self.said.greeted.load(Ordering::Relaxed) {
            let answer = self.greet(Attempts::Policy).await?;
            if !is_answer(answer.status) {
                return Err(Error::Refused(answer.problem()));
            }
        }
        if self.known_kind().is_none() {
            self.recognise_zot().await;
        }
        Ok(())
    }

    /// Asks for the extensions to the API, by which alone zot can be told. What may be refused is
    /// no failure.
    async fn recognise_zot(&self) {
        let Ok(answer) = self.ask_about(&Question::Extensions).await else {
            return;
        };
        if answer.status.is_success() && lists_extensions_of_zot(&answer.body) {
            self.said.note(Recognised {
                kind: Some(Kind::Zot),
                sign: "the extensions that it lists".to_owned(),
            });
        }
    }

    /// Sends a request to the registry, and takes note of what its answer says that it is.
    pub(super) async fn send(&self, request: Request) -> Result<Response, transport::Error> {
        let response = self.transport.send(request).await?;
        self.notice(&response);
        Ok(response)
    }

    /// Takes note that `/v2/` has answered.
    pub(super) fn note_greeting(&self, status: StatusCode) {
        if is_answer(status) {
            self.said.greeted.store(true, Ordering::Relaxed);
        }
    }

    fn notice(&self, response: &Response) {
        // What the registry redirected to speaks for itself.
        let own = self.address.known().and_then(Origin::of);
        if self.known_kind().is_some() || own.is_none() || Origin::of(response.url()) != own {
            return;
        }
        let offer = Offer::best(response.headers());
        let signs = Signs {
            headers: response.headers(),
            realm: offer.as_ref().and_then(|offer| offer.realm.as_deref()),
            service: offer.as_ref().and_then(|offer| offer.service.as_deref()),
        };
        if let Some(recognised) = recognise(&signs) {
            self.said.note(recognised);
        }
    }

    /// The rights that a removal takes where their names are not `delete`, or not that alone:
    /// another one is refused, or wasted.
    pub(super) fn removal(&self) -> &'static [Action] {
        match self.known_kind() {
            Some(Kind::DockerHub) => &[Action::Pull, Action::Push, Action::Delete],
            Some(Kind::Quay | Kind::Google) => &[Action::Pull, Action::Push],
            _ => &[Action::Delete],
        }
    }

    /// The right to list repositories, where there is one: Quay's token service knows none.
    pub(super) fn listing(&self) -> Scopes {
        match self.known_kind() {
            Some(Kind::Quay) => Scopes::none(),
            _ => Scopes::one(Scope::catalog()),
        }
    }
}

/// Whether it is the registry's own answer, and another time would be no other one.
fn is_answer(status: StatusCode) -> bool {
    !matches!(status.as_u16(), 408 | 429 | 500..)
}
