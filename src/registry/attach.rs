//! Adding to the list of referrers that clients keep under a tag, beside others who do the same.
//!
//! Few registries look at conditions, so that of two writers who read the same list the first is
//! lost. Each looks again until the list is quiet, and adds once more what is not in it.
//!
//! Source: distribution-spec 1.1, "Pushing Manifests with Subject"; RFC 9110, section 13.1.

use super::Client;
use super::error::Error;
use crate::auth::Access;
use crate::auth::scope::Action;
use crate::oci::manifest::Manifest;
use crate::oci::reference::{RepositoryName, Tag, Target};
use crate::oci::referrers::{fallback_tag, merged};
use crate::oci::{Descriptor, Digest};
use crate::transport::retry::is_temporary;
use crate::transport::{Attempts, Body, Request};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A list is written no more often for what is to be in it.
const ROUNDS: u32 = 10;
/// A list that others change all the time is looked at no more often after a write: ours was in
/// it each time.
const LOOKS: u32 = 20;
/// A list is quiet when nothing changed for this many times what reading and writing it takes:
/// whoever read it before our write has written by then.
const QUIET: u32 = 6;
/// But never for a shorter or longer time.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(5);
/// The longest wait before the second round; doubled for each one after, up to an end.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A registry that asks for more patience before the next round gets so much.
const LONGEST_ASKED: Duration = Duration::from_mins(1);

/// The lists that are being written, so that each has one writer in this process.
#[derive(Debug, Default)]
pub(super) struct Attaching(Mutex<HashMap<(RepositoryName, Tag), Weak<Desk>>>);

/// Where those wait who add to one list. Whoever is first writes for all who came before it began.
#[derive(Debug, Default)]
struct Desk {
    writer: tokio::sync::Mutex<HashSet<Digest>>,
    waiting: Mutex<Vec<Descriptor>>,
}

impl Attaching {
    fn desk(&self, name: &RepositoryName, tag: &Tag) -> Arc<Desk> {
        let mut desks = lock(&self.0);
        desks.retain(|_, desk| desk.strong_count() > 0);
        let place = (name.clone(), tag.clone());
        if let Some(desk) = desks.get(&place).and_then(Weak::upgrade) {
            return desk;
        }
        let desk = Arc::default();
        desks.insert(place, Arc::downgrade(&desk));
        desk
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// Lists `referrers` among what is attached to `subject`, in the index under the fallback tag.
    pub async fn attach(
        &self,
        name: &RepositoryName,
        subject: &Digest,
        referrers: &[Descriptor],
    ) -> Result<(), Error> {
        let tag = fallback_tag(subject);
        let desk = self.attaching.desk(name, &tag);
        lock(&desk.waiting).extend_from_slice(referrers);
        let mut done = desk.writer.lock().await;
        let is_done = |one: &Descriptor| done.contains(one.digest());
        if referrers.iter().all(is_done) {
            return Ok(());
        }
        let mut batch = std::mem::take(&mut *lock(&desk.waiting));
        // After a failure of whoever took ours along it is only here.
        batch.extend_from_slice(referrers);
        let access = self.access(name, &[Action::Pull, Action::Push]).await?;
        let list = List {
            client: self,
            name,
            subject,
            tag: &tag,
            access,
        };
        list.extend(&batch).await?;
        done.extend(batch.iter().map(|one| one.digest().clone()));
        Ok(())
    }
}

/// The list of one subject's referrers.
struct List<'a> {
    client: &'a Client,
    name: &'a RepositoryName,
    subject: &'a Digest,
    tag: &'a Tag,
    /// To read and to write: a token that is fetched between the two lets others come first.
    access: Access,
}

/// The list as it was read.
struct Read {
    /// `None`: there is none.
    index: Option<Manifest>,
    /// What must hold when it is written, so that nobody came between.
    condition: Option<Condition>,
    /// The tag stands for the subject itself (GitLab), and so never for a list.
    is_subject: bool,
}

type Condition = (HeaderName, HeaderValue);

/// What became of a write.
enum Written {
    /// The list has this digest now.
    Yes(Digest),
    /// It was written by somebody else meanwhile.
    Moved(Error),
    /// Nobody knows: the registry, or the way there, is in trouble. It may ask to be left alone for
    /// so long.
    Trouble(Error, Option<Duration>),
}

/// How often a write was refused although the list is what was read.
#[derive(Default)]
struct Refusals {
    base: Option<Digest>,
    times: u32,
}

impl Refusals {
    fn count(&mut self, base: Option<Digest>) {
        self.times = if self.base == base { self.times + 1 } else { 1 };
        self.base = base;
    }

    /// Whether the registry means something else by conditions than we do: nobody wrote, and it
    /// refuses. More than once, since an old answer looks the same.
    fn are_mute(&self, base: Option<&Digest>) -> bool {
        self.times >= 3 && self.base.as_ref() == base
    }
}

impl List<'_> {
    async fn extend(&self, add: &[Descriptor]) -> Result<(), Error> {
        // What the list was before: who sees that again sees an old answer.
        let mut past = HashSet::new();
        let mut refusals = Refusals::default();
        let (mut trouble, mut asked) = (None, None);
        for round in 0..ROUNDS {
            self.pause(round, asked.take()).await;
            let begun = Instant::now();
            let read = self.read().await?;
            let base = read.index.as_ref().map(|index| index.digest().clone());
            let written = match (merged(read.index.as_ref(), add)?, read.index) {
                // Nobody lost it, so whoever wrote it looks after it.
                (None, _) if round == 0 => return Ok(()),
                (None, Some(index)) => Written::Yes(index.digest().clone()),
                (None, None) => return Ok(()),
                (Some(index), _) => {
                    let condition = read.condition.filter(|_| !refusals.are_mute(base.as_ref()));
                    self.write(&index, condition).await?
                }
            };
            trouble = None;
            match written {
                Written::Yes(digest) => {
                    past.extend(base.filter(|base| *base != digest));
                    let took = begun.elapsed();
                    if self.is_settled(digest, add, &mut past, took).await? {
                        return Ok(());
                    }
                }
                Written::Moved(error) if refusals.are_mute(base.as_ref()) => return Err(error),
                Written::Moved(_) => refusals.count(base),
                Written::Trouble(error, wait) => (trouble, asked) = (Some(error), wait),
            }
        }
        let (tag, times) = (self.tag.clone(), ROUNDS);
        Err(trouble.unwrap_or(Error::Contended { tag, times }))
    }

    /// Spreads those who write at the same time, the more the longer they are at it.
    async fn pause(&self, round: u32, asked: Option<Duration>) {
        if round > 0 {
            let longest = PAUSE.saturating_mul(1 << (round - 1)).min(LONGEST_PAUSE);
            let asked = asked.unwrap_or_default().min(LONGEST_ASKED);
            sleep(asked + longest.mul_f64(fastrand::f64())).await;
        }
    }

    /// Looks until the list has been quiet for a while. `false`: what is to be in it is lost.
    async fn is_settled(
        &self,
        mut digest: Digest,
        add: &[Descriptor],
        past: &mut HashSet<Digest>,
        took: Duration,
    ) -> Result<bool, Error> {
        let quiet = took.saturating_mul(QUIET).clamp(SHORTEST, LONGEST);
        let mut doubted = false;
        for _ in 0..LOOKS {
            sleep(quiet.mul_f64(1.0 + 0.2 * fastrand::f64())).await;
            let read = self.read().await?;
            if read.is_subject {
                return Err(self.never_a_list());
            }
            let is_old = |now: &Manifest| past.contains(now.digest());
            let now = match read.index {
                // A cache in between, or somebody who went back: the next look says which.
                now if !doubted && now.as_ref().is_none_or(is_old) => {
                    doubted = true;
                    continue;
                }
                Some(now) if merged(Some(&now), add)?.is_none() => now,
                _ => return Ok(false),
            };
            if *now.digest() == digest {
                return Ok(true);
            }
            past.insert(std::mem::replace(&mut digest, now.digest().clone()));
        }
        Ok(true)
    }

    /// The list as it is now: the manifest itself, since a HEAD may know an old one, and past
    /// caches.
    async fn read(&self) -> Result<Read, Error> {
        let target = Target::Tag(self.tag.clone());
        let request = self.client.ask(Method::GET, self.name, &target).await?;
        let request = request.header(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let response = self.client.call(request, &self.access).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => {
                let absent = (IF_NONE_MATCH, HeaderValue::from_static("*"));
                return Ok(Read {
                    index: None,
                    condition: Some(absent),
                    is_subject: false,
                });
            }
            _ => return Err(Error::refused(response).await),
        }
        // A weak one matches nothing here.
        let mark = response.headers().get(ETAG).cloned();
        let mark = mark.filter(|mark| mark.as_bytes().starts_with(b"\""));
        let index = self
            .client
            .manifest_of(self.name, &target, response)
            .await?;
        // GitLab takes the tag for the digest that it is made of.
        let is_subject = index.digest() == self.subject;
        let mark = mark.filter(|_| !is_subject);
        Ok(Read {
            index: Some(index).filter(|_| !is_subject),
            condition: mark.map(|mark| (IF_MATCH, mark)),
            is_subject,
        })
    }

    /// Writes the list. Tried once: by the second attempt somebody else may have written.
    async fn write(
        &self,
        index: &Manifest,
        condition: Option<Condition>,
    ) -> Result<Written, Error> {
        let target = Target::Tag(self.tag.clone());
        let url = self.client.manifest_url(self.name, &target).await?;
        let kind = HeaderValue::from_str(index.media_type().as_ref()).map_err(|_| {
            Error::protocol(self.client.host(), "its index has an unusable media type")
        })?;
        let mut request = Request::new(Method::PUT, url)
            .header(CONTENT_TYPE, kind)
            .attempts(Attempts::Once)
            .body(Body::Bytes(index.bytes().clone()));
        if let Some((header, value)) = condition {
            request = request.header(header, value);
        }
        let response = match self.client.call(request, &self.access).await {
            // It may have come through: the next look says.
            Err(Error::Transport(error)) if error.is_temporary() => {
                return Ok(Written::Trouble(error.into(), None));
            }
            answered => answered?,
        };
        let (status, asked) = (response.status(), response.retry_after());
        if status.is_success() {
            self.client.refuse_markup(&response)?;
            return Ok(Written::Yes(index.digest().clone()));
        }
        let moved = [StatusCode::CONFLICT, StatusCode::PRECONDITION_FAILED];
        match Error::refused(response).await {
            error if moved.contains(&status) => Ok(Written::Moved(error)),
            error if is_temporary(status) => Ok(Written::Trouble(error, asked)),
            error => Err(error),
        }
    }

    fn never_a_list(&self) -> Error {
        let Self { name, tag, .. } = self;
        let what = format!("{name}:{tag} is the image itself there, and lists nothing");
        Error::protocol(self.client.host(), what)
    }
}
