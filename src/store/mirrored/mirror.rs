//! One mirror: how it is reached, and whether it is of any use.

use crate::oci::reference::{Location, Repository};
use crate::store::error::{Error, Kind, Result};
use crate::store::remote::Remote;
use crate::transport;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// A mirror answers a question within this time, whatever it has to do for that, or the next place
/// is asked. A blob's bytes have the general patience: a mirror may have to fetch them first.
const ANSWER: Duration = Duration::from_secs(15);
/// A mirror that breaks off so often, or does not have so many blobs of images that it has, is
/// asked for no more.
const MISHAPS: u32 = 3;

/// A repository that has copies of another one's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// The repository.
    pub repository: Repository,
    /// Whether it is asked what a tag points to.
    pub resolves_tags: bool,
    /// Whether it is asked for what is named by digest. Where not, it still gives the content of
    /// an image whose tag was resolved there.
    pub has_content: bool,
}

/// Where what is worth saying about mirrors goes.
#[derive(Clone)]
pub struct Remarks {
    /// For who wants to know how things went.
    pub detail: Arc<dyn Fn(&str) + Send + Sync>,
    /// For everybody.
    pub warning: Arc<dyn Fn(&str) + Send + Sync>,
}

/// A mirror and the ways to ask it.
pub(in crate::store) struct Reached {
    pub(in crate::store) mirror: Mirror,
    /// For as long as there is somebody else to ask.
    pub(in crate::store) brief: Remote,
    /// Where there is nobody else.
    pub(in crate::store) patient: Remote,
    /// Nobody answers at its host, for any repository.
    pub(in crate::store) host_is_down: Arc<AtomicBool>,
}

/// How a mirror has turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Willing,
    /// It is all there is: the repository itself cannot be reached.
    ReliedOn,
    /// It is not asked again.
    Failed {
        /// By chance, so that it may do where there is nobody else.
        may_pass: bool,
    },
}

/// A mirror of one repository, and what became of it.
pub(super) struct Known {
    reached: Reached,
    state: Mutex<State>,
    mishaps: AtomicU32,
    /// That it is of use was told.
    pub(super) told: AtomicBool,
}

impl Known {
    pub(super) fn new(reached: Reached) -> Self {
        Self {
            reached,
            state: Mutex::new(State::Willing),
            mishaps: AtomicU32::new(0),
            told: AtomicBool::new(false),
        }
    }

    pub(super) fn mirror(&self) -> &Mirror {
        &self.reached.mirror
    }

    pub(super) fn location(&self) -> Location {
        Location::Remote(self.mirror().repository.clone())
    }

    /// Whether it is asked at all.
    pub(super) fn is_willing(&self) -> bool {
        let is_down = self.reached.host_is_down.load(Ordering::Relaxed);
        match *self.state() {
            State::Willing => !is_down,
            State::ReliedOn => true,
            State::Failed { .. } => false,
        }
    }

    /// Whether it may do where there is nobody else, though it has failed.
    pub(super) fn may_recover(&self) -> bool {
        let is_down = self.reached.host_is_down.load(Ordering::Relaxed);
        match *self.state() {
            State::Willing => is_down,
            State::ReliedOn => false,
            State::Failed { may_pass } => may_pass || is_down,
        }
    }

    /// Whether there is nobody else.
    pub(super) fn is_relied_on(&self) -> bool {
        *self.state() == State::ReliedOn
    }

    /// The way to ask it now.
    pub(super) fn remote(&self) -> &Remote {
        match *self.state() {
            State::ReliedOn => &self.reached.patient,
            State::Willing | State::Failed { .. } => &self.reached.brief,
        }
    }

    /// The way to ask it where there is nobody else.
    pub(super) fn patient(&self) -> &Remote {
        &self.reached.patient
    }

    /// Waits no longer for an answer than one does with somebody else to ask. `is_blob`: it may
    /// have to fetch much before it can answer.
    pub(super) async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T>>,
        is_blob: bool,
    ) -> Result<T> {
        if is_blob || self.is_relied_on() {
            return answer.await;
        }
        let late = |_| {
            let what = format!("no answer within {} s", ANSWER.as_secs());
            Error::new(Kind::Unavailable, what)
        };
        timeout(ANSWER, answer).await.map_err(late)?
    }

    /// It answered where nobody else did.
    pub(super) fn rely(&self) {
        self.reached.host_is_down.store(false, Ordering::Relaxed);
        *self.state() = State::ReliedOn;
    }

    /// It answered in a way that makes no other answer likely.
    pub(super) fn failed(&self, error: &Error) {
        if is_unreachable(error) {
            self.reached.host_is_down.store(true, Ordering::Relaxed);
        }
        let may_pass = error.kind() == Kind::Unavailable;
        *self.state() = State::Failed { may_pass };
    }

    /// It gave what is wrong, and gets no second chance.
    pub(super) fn lied(&self) {
        *self.state() = State::Failed { may_pass: false };
    }

    /// It failed in a way that may be chance. Returns whether that is the last time.
    pub(super) fn mishap(&self, may_pass: bool) -> bool {
        let is_last = self.mishaps.fetch_add(1, Ordering::Relaxed) + 1 >= MISHAPS;
        if is_last {
            *self.state() = State::Failed { may_pass };
        }
        is_last
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the mirror {}", self.location())
    }
}

/// Whether no connection comes about: that is its host's fault, and nobody else's.
fn is_unreachable(error: &Error) -> bool {
    use transport::Kind::{
        Certificate, ClientCertificate, Connect, NoSuchHost, NotHttp, NotTls, Proxy, Refused, Tls,
    };
    error.login().is_none()
        && error.transport().is_some_and(|error| {
            matches!(
                error.kind(),
                NoSuchHost
                    | Refused
                    | Connect
                    | Proxy
                    | Certificate(_)
                    | ClientCertificate
                    | NotTls
                    | NotHttp
                    | Tls
            )
        })
}

/// Whether a failure is one that somebody has to look into: a mirror that is wrong, and not one
/// that is missing.
pub(super) fn is_alarming(error: &Error) -> bool {
    use transport::Kind::{Certificate, NotHttp, NotTls, Tls};
    let by_kind = matches!(
        error.kind(),
        Kind::Corrupt | Kind::Withheld | Kind::Local | Kind::Usage
    );
    let by_transport =
        |error: &transport::Error| matches!(error.kind(), Certificate(_) | NotTls | NotHttp | Tls);
    by_kind || error.transport().is_some_and(by_transport)
}
