//! Who is asked, in which order, and what is learned from the answers.

use super::memory::{Memory, Pin, Place, Which};
use super::mirror::{Known, Reached, Remarks, is_alarming};
use crate::oci::manifest::Manifest;
use crate::oci::reference::{Location, Tag, Target};
use crate::oci::{Descriptor, Digest};
use crate::store::Store;
use crate::store::error::{Error, Kind, Result};
use crate::store::remote::Remote;
use crate::transport::{self, BoxError};
use futures_util::future::BoxFuture;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'a> {
    Tag(&'a Tag),
    Manifest(&'a Digest),
    Blob(&'a Digest),
    Referrers(&'a Digest),
}

/// A question about a manifest.
type Question<T> = for<'a> fn(&'a Remote, &'a Target) -> BoxFuture<'a, Result<T>>;

/// How a mirror is asked, and how the repository itself.
pub(super) struct Questions<T> {
    /// [`Kind::NotFound`] leads on to the next place.
    pub(super) mirror: Question<T>,
    pub(super) origin: Question<T>,
}

/// A repository, its mirrors, and what is known of them.
pub(super) struct Asking {
    origin: Remote,
    mirrors: Vec<Known>,
    memory: Mutex<Memory>,
    /// Why mirrors were passed over, where that was not told to everybody.
    untold: Mutex<Vec<String>>,
    remarks: Remarks,
}

impl Asking {
    pub(super) fn new(origin: Remote, mut mirrors: Vec<Reached>, remarks: Remarks) -> Self {
        mirrors.truncate(Which::MOST);
        Self {
            origin,
            mirrors: mirrors.into_iter().map(Known::new).collect(),
            memory: Mutex::default(),
            untold: Mutex::default(),
            remarks,
        }
    }

    /// The repository itself.
    pub(super) fn origin(&self) -> &Remote {
        &self.origin
    }

    /// Where content will probably come from.
    pub(super) fn likely(&self) -> &Remote {
        let mut mirrors = self.mirrors.iter();
        let willing = mirrors.find(|known| known.is_willing() && known.mirror().has_content);
        willing.map_or(&self.origin, Known::remote)
    }

    /// Asks about a manifest. A tag that was resolved before is asked for there alone, and
    /// elsewhere what it was.
    pub(super) async fn about<T: Send>(
        &self,
        target: &Target,
        questions: Questions<T>,
    ) -> Result<(T, Place)> {
        let Questions { mirror, origin } = questions;
        let pin = target.tag().and_then(|tag| self.memory().pin(tag));
        let Some(Pin { digest, place }) = pin else {
            let at_mirror = |remote| mirror(remote, target);
            let at_origin = |remote| origin(remote, target);
            return self.ask(Asked::of(target), at_mirror, at_origin).await;
        };
        if place == Place::Origin {
            return Ok((origin(&self.origin, target).await?, place));
        }
        if let Place::Mirror(at) = place
            && self.mirrors[at].is_willing()
        {
            let known = &self.mirrors[at];
            match known.in_time(mirror(known.remote(), target), false).await {
                Ok(answer) => return Ok((answer, place)),
                Err(error) => self.pass_over(at, Asked::of(target), &error),
            }
        }
        let target = Target::Digest(digest);
        let at_mirror = |remote| mirror(remote, &target);
        let at_origin = |remote| origin(remote, &target);
        self.ask(Asked::of(&target), at_mirror, at_origin).await
    }

    /// Asks the mirrors that may have it, in their order, and then the repository itself. Where
    /// that cannot be reached, the mirrors that failed by chance are asked again, with patience.
    pub(super) async fn ask<'s, T: Send>(
        &'s self,
        asked: Asked<'s>,
        at_mirror: impl Fn(&'s Remote) -> BoxFuture<'s, Result<T>> + Send + Sync,
        at_origin: impl Fn(&'s Remote) -> BoxFuture<'s, Result<T>> + Send + Sync,
    ) -> Result<(T, Place)> {
        for (at, known) in self.mirrors.iter().enumerate() {
            if !(known.is_willing() && self.may_have(at, asked)) {
                continue;
            }
            let ask = || known.in_time(at_mirror(known.remote()), asked.is_blob());
            let answer = match ask().await {
                Err(error) if is_cut_off(&error) => ask().await,
                answer => answer,
            };
            match answer {
                Ok(answer) => return Ok((answer, self.served(at))),
                Err(error) => self.pass_over(at, asked, &error),
            }
        }
        let error = match at_origin(&self.origin).await {
            Ok(answer) => return Ok((answer, Place::Origin)),
            Err(error) => error,
        };
        let at_last = |at: &usize| error.transport().is_some() && self.is_last_resort(*at, asked);
        for at in (0..self.mirrors.len()).filter(at_last) {
            let known = &self.mirrors[at];
            if let Ok(answer) = at_mirror(known.patient()).await {
                known.rely();
                if let Asked::Blob(digest) = asked {
                    self.memory().about(digest).lacking = Which::NONE;
                }
                return Ok((answer, self.served(at)));
            }
        }
        self.tell_why(&error);
        Err(error)
    }

    fn may_have(&self, at: usize, asked: Asked<'_>) -> bool {
        let memory = self.memory();
        let lacking = match asked {
            Asked::Tag(tag) => memory.lacking_tag(tag),
            Asked::Manifest(digest) | Asked::Blob(digest) | Asked::Referrers(digest) => {
                memory.content(digest).lacking
            }
        };
        !lacking.has(at) && self.is_for(at, asked, &memory)
    }

    /// Whether the settings want a mirror to be asked for this.
    fn is_for(&self, at: usize, asked: Asked<'_>, memory: &Memory) -> bool {
        let mirror = self.mirrors[at].mirror();
        match asked {
            Asked::Tag(_) => mirror.resolves_tags,
            Asked::Manifest(digest) | Asked::Blob(digest) | Asked::Referrers(digest) => {
                mirror.has_content || memory.content(digest).tagged.has(at)
            }
        }
    }

    /// Whether a mirror that was passed over may still do.
    fn is_last_resort(&self, at: usize, asked: Asked<'_>) -> bool {
        let memory = self.memory();
        let broken = match asked {
            Asked::Tag(_) => Which::NONE,
            Asked::Manifest(digest) | Asked::Blob(digest) | Asked::Referrers(digest) => {
                memory.content(digest).broken
            }
        };
        let may_do = self.mirrors[at].may_recover() || broken.has(at);
        may_do && self.is_for(at, asked, &memory)
    }

    fn served(&self, at: usize) -> Place {
        let known = &self.mirrors[at];
        if !known.told.swap(true, Ordering::Relaxed) {
            (self.remarks.detail)(&format!("{} is read from {known}", self.origin.location()));
        }
        Place::Mirror(at)
    }

    /// Goes on to the next place, and says why.
    fn pass_over(&self, at: usize, asked: Asked<'_>, error: &Error) {
        let known = &self.mirrors[at];
        if error.kind() == Kind::NotFound {
            return self.absent(at, asked);
        }
        known.failed(error);
        let why = match error.causes_text() {
            causes if causes.is_empty() => error.to_string(),
            causes => causes,
        };
        let line = format!("{known} is passed over: {why}");
        if is_alarming(error) {
            return (self.remarks.warning)(&line);
        }
        (self.remarks.detail)(&line);
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        if untold.len() < Which::MOST {
            untold.push(line);
        }
    }

    /// A mirror does not have something, and so none of what it consists of.
    fn absent(&self, at: usize, asked: Asked<'_>) {
        let known = &self.mirrors[at];
        match asked {
            // There may be nothing to be had.
            Asked::Referrers(_) => return,
            Asked::Tag(tag) => self.memory().lacks_tag(tag, at),
            Asked::Manifest(digest) | Asked::Blob(digest) => {
                let mut memory = self.memory();
                let content = memory.about(digest);
                content.lacking = content.lacking.with(at);
            }
        }
        (self.remarks.detail)(&format!("{known} does not have {asked}"));
        if matches!(asked, Asked::Blob(_)) && known.mishap(false) {
            (self.remarks.detail)(&format!("{known} lacks too much, and is not asked again"));
        }
    }

    /// Nobody else could help: whoever reads the error wants to know who else was asked.
    fn tell_why(&self, error: &Error) {
        if error.kind() == Kind::NotFound {
            return;
        }
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        untold
            .drain(..)
            .for_each(|line| (self.remarks.warning)(&line));
    }

    /// A manifest was found, and not read.
    pub(super) fn resolved(&self, target: &Target, digest: &Digest, place: Place) {
        self.found(target, digest, place, &mut std::iter::empty());
    }

    /// A manifest was read.
    pub(super) fn read(&self, target: &Target, manifest: &Manifest, place: Place) {
        let mut parts = manifest.children().map(|child| child.descriptor().digest());
        self.found(target, manifest.digest(), place, &mut parts);
    }

    /// What is attached to a manifest was listed.
    pub(super) fn listed(&self, subject: &Digest, items: &[Descriptor]) {
        let mut memory = self.memory();
        let whole = memory.content(subject);
        memory.inherit(whole, &mut items.iter().map(Descriptor::digest));
    }

    /// Who did not have the whole has none of its parts, and who has it only under its tag has
    /// them too.
    fn found<'d>(
        &self,
        target: &Target,
        digest: &'d Digest,
        place: Place,
        parts: &mut dyn Iterator<Item = &'d Digest>,
    ) {
        let mut memory = self.memory();
        let mut whole = memory.content(digest);
        if let Some(tag) = target.tag() {
            whole.lacking = whole.lacking.and(memory.lacking_tag(tag));
            memory.pinned(tag, digest, place);
        }
        match place {
            Place::Mirror(at) => {
                if !self.mirrors[at].mirror().has_content {
                    whole.tagged = whole.tagged.with(at);
                }
                memory.about(digest).from = Some(at);
            }
            Place::Origin if whole.from.is_some() => memory.about(digest).from = None,
            Place::Origin => {}
        }
        memory.inherit(whole, &mut [digest].into_iter().chain(parts));
    }

    /// A mirror has begun to send a blob.
    pub(super) fn lent(&self, digest: &Digest, at: usize) {
        self.memory().about(digest).from = Some(at);
    }

    /// A mirror has broken off in a blob, which is read on elsewhere.
    pub(super) fn broke(&self, at: usize, digest: &Digest, error: &BoxError) {
        let known = &self.mirrors[at];
        (self.remarks.detail)(&format!("{known} broke off in {digest}: {error}"));
        if known.is_relied_on() {
            return;
        }
        let mut memory = self.memory();
        let content = memory.about(digest);
        content.lacking = content.lacking.with(at);
        content.broken = content.broken.with(at);
        drop(memory);
        let stalled = error
            .downcast_ref::<transport::Error>()
            .is_some_and(|error| error.kind() == transport::Kind::Stalled);
        if stalled {
            known.failed(&Error::new(Kind::Unavailable, "it went silent"));
        } else {
            known.mishap(true);
        }
    }

    /// What came of a blob was wrong. It is read at the repository itself from now on, and the
    /// mirror that gave it is asked for nothing. Returns whether that can help.
    pub(super) fn doubt(&self, digest: &Digest) -> bool {
        let mut memory = self.memory();
        let Some(at) = memory.content(digest).from else {
            return false;
        };
        let content = memory.about(digest);
        content.lacking = Which::ALL;
        content.broken = Which::NONE;
        content.from = None;
        drop(memory);
        let known = &self.mirrors[at];
        known.lied();
        let what = format!("{known} is passed over: it sent other bytes than those of {digest}");
        (self.remarks.warning)(&what);
        true
    }

    /// The mirror that a manifest came from, if it was one.
    pub(super) fn mirror_of(&self, digest: &Digest) -> Option<Location> {
        let from = self.memory().content(digest).from?;
        Some(self.mirrors[from].location())
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Asked<'a> {
    fn of(target: &'a Target) -> Self {
        match target {
            Target::Tag(tag) => Self::Tag(tag),
            Target::Digest(digest) => Self::Manifest(digest),
        }
    }

    fn is_blob(self) -> bool {
        matches!(self, Self::Blob(_))
    }
}

/// Whether a connection ended without an answer: one that was kept may have been gone already.
fn is_cut_off(error: &Error) -> bool {
    let kind = error.transport().map(transport::Error::kind);
    kind == Some(transport::Kind::Broken)
}

impl fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => write!(f, "the tag {tag}"),
            Self::Manifest(digest) | Self::Blob(digest) => write!(f, "{digest}"),
            Self::Referrers(digest) => write!(f, "what is attached to {digest}"),
        }
    }
}
