//! Getting a blob into a repository with as few questions, and as few bytes, as the registry
//! allows.

use super::Client;
use super::call::is_refused_grant;
use super::error::Error;
use super::session::{Begun, Session};
use super::source::Source;
use super::upload::Placed;
use crate::auth::Access;
use crate::auth::scope::{Action, Scope};
use crate::oci::Descriptor;
use crate::oci::reference::RepositoryName;
use http::StatusCode;

/// Sending so few bytes again costs less than asking whether they are there.
const NOT_WORTH_ASKING: u64 = 64 * 1024;

impl Client {
    /// Sees to it that `name` holds `blob`: finds it there, links it from one of `mount_from`
    /// (repositories of this registry, read with the same credential), or sends it.
    ///
    /// `likely_absent`: nothing suggests that it is there, so that the source may make ready
    /// while the registry is asked.
    pub async fn ensure_blob(
        &self,
        name: &RepositoryName,
        blob: &Descriptor,
        source: &dyn Source,
        mount_from: &[RepositoryName],
        likely_absent: bool,
    ) -> Result<Placed, Error> {
        let access = self.access(name, &[Action::Pull, Action::Push]).await?;
        for from in mount_from.iter().filter(|from| *from != name) {
            match self.mount(name, blob, from, &access).await? {
                Some(Begun::Linked) => return Ok(Placed::Mounted),
                Some(Begun::Session(session)) => {
                    return self
                        .unless_there(name, blob, source, session, &access)
                        .await;
                }
                None => {}
            }
        }
        if self.memory.has_no_own_mounts() {
            return self.send_if_absent(name, blob, source, &access).await;
        }
        self.mount_own(name, blob, source, likely_absent, &access)
            .await
    }

    /// Tries to link a blob from another repository. `None`: this does not work from there.
    async fn mount(
        &self,
        name: &RepositoryName,
        blob: &Descriptor,
        from: &RepositoryName,
        access: &Access,
    ) -> Result<Option<Begun>, Error> {
        if !self.memory.can_mount(from) {
            return Ok(None);
        }
        let mut wide = access.clone();
        wide.scopes = wide.scopes.and(Scope::repository(from, &[Action::Pull]));
        match self.begin(name, blob.digest(), Some(from), &wide).await {
            Ok(begun) => Ok(Some(begun)),
            Err(error) if is_no_to_mounting(&error) => {
                self.memory.set_unmountable(from);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Asks to link the blob from the very repository that it is to be in: where that is
    /// honoured, one question finds out whether it is there and opens the upload if it is not.
    async fn mount_own(
        &self,
        name: &RepositoryName,
        blob: &Descriptor,
        source: &dyn Source,
        likely_absent: bool,
        access: &Access,
    ) -> Result<Placed, Error> {
        let asking = self.begin(name, blob.digest(), Some(name), access);
        let begun = if likely_absent && !self.memory.is_chunked() {
            let wants_it = |begun: &Result<Begun, Error>| matches!(begun, Ok(Begun::Session(_)));
            beside(asking, source.prepare(), wants_it).await
        } else {
            asking.await
        };
        match begun {
            Ok(Begun::Linked) => {
                self.memory.set_own_mounts();
                Ok(Placed::Present)
            }
            Ok(Begun::Session(session)) => {
                if self.memory.has_own_mounts() || signs_its_state(&session) {
                    return self
                        .send_blob(name, blob, source, Some(session), access)
                        .await;
                }
                self.unless_there(name, blob, source, session, access).await
            }
            Err(error) if is_no_to_mounting(&error) => {
                self.memory.set_no_own_mounts();
                self.send_if_absent(name, blob, source, access).await
            }
            Err(error) => Err(error),
        }
    }

    /// The plain way: a question, and then an upload.
    async fn send_if_absent(
        &self,
        name: &RepositoryName,
        blob: &Descriptor,
        source: &dyn Source,
        access: &Access,
    ) -> Result<Placed, Error> {
        if self.has_blob_as(name, blob.digest(), access).await? {
            return Ok(Placed::Present);
        }
        self.send_blob(name, blob, source, None, access).await
    }

    /// An upload was opened, which need not mean that the blob is not there.
    async fn unless_there(
        &self,
        name: &RepositoryName,
        blob: &Descriptor,
        source: &dyn Source,
        session: Session,
        access: &Access,
    ) -> Result<Placed, Error> {
        let worth_asking = blob.size() > NOT_WORTH_ASKING;
        if worth_asking && self.has_blob_as(name, blob.digest(), access).await? {
            self.memory.set_no_own_mounts();
            self.cancel(&session, access).await;
            return Ok(Placed::Present);
        }
        self.send_blob(name, blob, source, Some(session), access)
            .await
    }
}

/// Runs `main`, and `side` beside it. `side` is given up where `main` ends first with something
/// that does not want it, and finished otherwise: what it has begun to read is not read twice.
async fn beside<T>(
    main: impl Future<Output = T>,
    side: impl Future<Output = ()>,
    wants_it: impl FnOnce(&T) -> bool,
) -> T {
    let (mut main, mut side) = (std::pin::pin!(main), std::pin::pin!(side));
    tokio::select! {
        done = &mut main => {
            if wants_it(&done) {
                side.await;
            }
            done
        }
        () = &mut side => main.await,
    }
}

/// CNCF distribution, and what is built on it, signs the state of an upload into its URL. It
/// looks for the blob before it opens one.
fn signs_its_state(session: &Session) -> bool {
    session.url.query_pairs().any(|(name, _)| name == "_state")
}

/// Whether this refusal concerns the mount, and an upload without it may go well.
fn is_no_to_mounting(error: &Error) -> bool {
    let no = |status: StatusCode| {
        matches!(
            status.as_u16(),
            400 | 401 | 403 | 404 | 405 | 415 | 422 | 500 | 501
        )
    };
    is_refused_grant(error) || error.status().is_some_and(no)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::time::Duration;
    use tokio::time::sleep;

    async fn prepared(wanted: bool, answer: u64, preparation: u64) -> bool {
        let prepared = Cell::new(false);
        let side = async {
            sleep(Duration::from_millis(preparation)).await;
            prepared.set(true);
        };
        beside(sleep(Duration::from_millis(answer)), side, |()| wanted).await;
        prepared.get()
    }

    #[tokio::test(start_paused = true)]
    async fn a_preparation_is_finished_if_it_is_wanted() {
        for (wanted, answer, preparation, finished) in [
            (true, 10, 20, true),
            (true, 20, 10, true),
            (false, 20, 10, true),
            (false, 10, 20, false),
        ] {
            let case = format!("{wanted} {answer} {preparation}");
            assert_eq!(
                prepared(wanted, answer, preparation).await,
                finished,
                "{case}"
            );
        }
    }
}
