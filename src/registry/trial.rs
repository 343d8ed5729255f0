//! Single steps of writing, each in the one way that is asked for: whether a registry can do it is
//! what is found out, so that none is tried in another way.

use super::Client;
use super::error::Error;
use super::location::with_digest;
use super::session::{Begun, Session};
use crate::auth::Access;
use crate::auth::scope::Action;
use crate::oci::Digest;
use crate::oci::reference::RepositoryName;
use crate::transport::{Attempts, Body, Request};
use bytes::Bytes;
use http::header::{CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderValue, Method};

/// How bytes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// All in the `PUT` that ends the upload.
    Whole,
    /// By one `PATCH` without a range.
    Streamed,
    /// By `PATCH` twice, with ranges.
    Chunked,
}

impl Client {
    /// Sends a small blob in this manner and in no other. Returns how long chunks must be at least,
    /// where the registry says that.
    pub async fn upload_in(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        bytes: &Bytes,
        manner: Manner,
    ) -> Result<Option<u64>, Error> {
        let access = self.access(name, &[Action::Pull, Action::Push]).await?;
        let mut session = match self.begin(name, digest, None, &access).await? {
            Begun::Linked => return Ok(None),
            Begun::Session(session) => session,
        };
        let sent = self.send_in(&mut session, digest, bytes, manner, &access);
        let sent = sent.await;
        match &sent {
            Ok(()) => self.uploads.end(&session),
            Err(_) => self.cancel(&session, &access).await,
        }
        sent.map(|()| session.least_chunk)
    }

    async fn send_in(
        &self,
        session: &mut Session,
        digest: &Digest,
        bytes: &Bytes,
        manner: Manner,
        access: &Access,
    ) -> Result<(), Error> {
        let half = bytes.len() / 2;
        let chunks = match manner {
            Manner::Whole => vec![],
            Manner::Streamed => vec![(None, bytes.clone())],
            Manner::Chunked => vec![
                (Some(0), bytes.slice(..half)),
                (Some(half), bytes.slice(half..)),
            ],
        };
        for (offset, chunk) in chunks {
            let mut request = Request::new(Method::PATCH, session.url.clone());
            if let Some(offset) = offset {
                let range = format!("{offset}-{}", offset + chunk.len() - 1);
                let range = HeaderValue::from_str(&range)
                    .map_err(|_| Error::protocol(self.host(), "a range that no header can hold"))?;
                request = request.header(CONTENT_RANGE, range);
            }
            let response = self.call(binary(request, chunk), access).await?;
            if !response.status().is_success() {
                return Err(Error::refused(response).await);
            }
            self.follow(session, &response)?;
        }
        let rest = match manner {
            Manner::Whole => bytes.clone(),
            Manner::Streamed | Manner::Chunked => Bytes::new(),
        };
        let request = Request::new(Method::PUT, with_digest(&session.url, digest));
        let response = self.call(binary(request, rest), access).await?;
        if !response.status().is_success() {
            return Err(Error::refused(response).await);
        }
        self.refuse_markup(&response)
    }

    /// Asks to link a blob that a repository has into that very repository. Whether that is done
    /// says whether the registry links at all; where it is not, the upload that it began instead is
    /// given up.
    pub async fn mounts(&self, name: &RepositoryName, digest: &Digest) -> Result<bool, Error> {
        let access = self.access(name, &[Action::Pull, Action::Push]).await?;
        match self.begin(name, digest, Some(name), &access).await? {
            Begun::Linked => Ok(true),
            Begun::Session(session) => {
                self.cancel(&session, &access).await;
                Ok(false)
            }
        }
    }

    /// Removes a blob from a repository.
    pub async fn delete_blob(&self, name: &RepositoryName, digest: &Digest) -> Result<(), Error> {
        let access = self.access(name, &[Action::Delete]).await?;
        let url = self.url(&format!("{name}/blobs/{digest}")).await?;
        let response = self
            .call(Request::new(Method::DELETE, url), &access)
            .await?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(Error::refused(response).await)
    }
}

/// Not to be repeated: what arrived of it would have to be asked for first.
fn binary(request: Request, bytes: Bytes) -> Request {
    let kind = HeaderValue::from_static("application/octet-stream");
    let request = request.header(CONTENT_TYPE, kind).attempts(Attempts::Once);
    if bytes.is_empty() {
        request
    } else {
        request.body(Body::Bytes(bytes))
    }
}
