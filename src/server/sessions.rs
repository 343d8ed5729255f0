//! Upload sessions: what has arrived of a blob that is not complete.

use crate::server::access::Account;
use crate::server::content::Growing;
use crate::server::problem::{Code, Problem};
use crate::server::random;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a session is kept that nothing happens in.
const IDLE: Duration = Duration::from_hours(24);

/// How far an upload has come.
struct Progress {
    content: Growing,
    /// Counts who has written: only the newest may go on, so that a connection that is dead and
    /// has not noticed cannot write between the bytes of the one that replaced it.
    writer: u64,
    short: bool,
    touched: Instant,
}

impl Progress {
    fn check(&self, writer: u64) -> Result<(), Problem> {
        (self.writer == writer).then_some(()).ok_or_else(superseded)
    }
}

fn superseded() -> Problem {
    Problem::new(Code::RangeInvalid, "another request writes to this upload")
}

/// One upload.
pub(super) struct Session {
    pub(super) id: String,
    pub(super) repository: String,
    account: Account,
    progress: Mutex<Progress>,
}

impl Session {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes have arrived.
    pub(super) fn offset(&self) -> u64 {
        self.progress().content.size()
    }

    /// Becomes the one that may write, unless the upload is not at `offset` any more.
    pub(super) fn begin(&self, offset: u64) -> Result<u64, Problem> {
        let mut progress = self.progress();
        if progress.content.size() != offset {
            return Err(superseded());
        }
        progress.writer += 1;
        progress.touched = Instant::now();
        Ok(progress.writer)
    }

    /// Says that a chunk is complete, unless another writer has begun since. Nothing but the end
    /// may follow one that is `short`.
    pub(super) fn end(&self, writer: u64, short: bool) -> Result<(), Problem> {
        let mut progress = self.progress();
        progress.check(writer)?;
        progress.short = short;
        Ok(())
    }

    /// Whether the chunk before was too small to be followed by another one.
    pub(super) fn is_short(&self) -> bool {
        self.progress().short
    }

    /// Adds bytes, unless another writer has begun since.
    pub(super) fn append(&self, writer: u64, bytes: &[u8]) -> Result<(), Problem> {
        let mut progress = self.progress();
        progress.check(writer)?;
        progress.content.push(bytes);
        progress.touched = Instant::now();
        Ok(())
    }

    /// Takes what has arrived, unless another writer has begun since. Nobody may write any more.
    pub(super) fn take(&self, writer: u64) -> Result<Growing, Problem> {
        let mut progress = self.progress();
        progress.check(writer)?;
        progress.writer += 1;
        Ok(std::mem::take(&mut progress.content))
    }
}

/// The uploads that are open.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Arc<Session>>>);

impl Sessions {
    fn open(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn create(
        &self,
        repository: &str,
        account: Account,
    ) -> Result<Arc<Session>, Problem> {
        let session = Arc::new(Session {
            id: random::id()?,
            repository: repository.to_owned(),
            account,
            progress: Mutex::new(Progress {
                content: Growing::default(),
                writer: 0,
                short: false,
                touched: Instant::now(),
            }),
        });
        let mut open = self.open();
        open.retain(|_, session| session.progress().touched.elapsed() < IDLE);
        open.insert(session.id.clone(), Arc::clone(&session));
        Ok(session)
    }

    /// A session of this repository and this account.
    pub(super) fn find(
        &self,
        id: &str,
        repository: &str,
        account: &Account,
    ) -> Result<Arc<Session>, Problem> {
        let session = self.open().get(id).cloned();
        let session = session.filter(|s| s.repository == repository && s.account == *account);
        session.ok_or_else(|| Problem::new(Code::BlobUploadUnknown, "the upload is not known"))
    }

    /// Whether it was there.
    pub(super) fn remove(&self, id: &str) -> bool {
        self.open().remove(id).is_some()
    }

    pub(super) fn count(&self) -> usize {
        self.open().len()
    }
}
