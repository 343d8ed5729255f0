//! Upload sessions: begun, asked about, given up.
//!
//! Source: distribution-spec 1.1, "Pushing blobs".

use super::Client;
use super::error::Error;
use super::location::upload_url;
use super::range::received;
use crate::auth::Access;
use crate::oci::Digest;
use crate::oci::reference::RepositoryName;
use crate::transport::{Attempts, Request, Response};
use http::header::{LOCATION, RANGE};
use http::{HeaderName, Method, StatusCode};
use url::Url;

const CHUNK_MIN_LENGTH: HeaderName = HeaderName::from_static("oci-chunk-min-length");

/// An upload that a registry is waiting for.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// Where it goes on. Each answer may name another place, and only the newest counts.
    pub(super) url: Url,
    /// Parts have at least so many bytes, but for the last (`OCI-Chunk-Min-Length`).
    pub(super) least_chunk: Option<u64>,
    /// Its number among the uploads of this run.
    pub(super) number: u64,
}

/// What a POST led to.
pub(super) enum Begun {
    /// The blob is in the repository now.
    Linked,
    /// Its bytes are wanted.
    Session(Session),
}

impl Client {
    /// Begins an upload, or links the blob from `mount` where the registry can.
    pub(super) async fn begin(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        mount: Option<&RepositoryName>,
        access: &Access,
    ) -> Result<Begun, Error> {
        let mut url = self.url(&format!("{name}/blobs/uploads/")).await?;
        if let Some(from) = mount {
            let from = from.as_str();
            url.query_pairs_mut()
                .append_pair("mount", digest.as_ref())
                .append_pair("from", from);
        }
        let home = url.clone();
        let response = self.call(Request::new(Method::POST, url), access).await?;
        match response.status() {
            StatusCode::CREATED if mount.is_some() => Ok(Begun::Linked),
            status if status.is_success() => {
                self.refuse_markup(&response)?;
                let url = upload_url(&response, &home, self.host())?;
                let least = response.header(&CHUNK_MIN_LENGTH);
                let least_chunk = least.and_then(|least| least.parse().ok());
                let session = Session {
                    url,
                    least_chunk,
                    number: self.uploads.number(),
                };
                self.uploads.begin(&session, access);
                Ok(Begun::Session(session))
            }
            _ => Err(Error::refused(response).await),
        }
    }

    /// How many bytes of an upload have arrived. `None`: the registry does not know it.
    pub(super) async fn received(
        &self,
        session: &mut Session,
        access: &Access,
    ) -> Result<Option<u64>, Error> {
        let request = Request::new(Method::GET, session.url.clone());
        let response = self.call(request, access).await?;
        if !response.status().is_success() {
            return Ok(None);
        }
        self.follow(session, &response)?;
        Ok(response.header(&RANGE).and_then(received))
    }

    /// Takes over the place that an answer names, if it names one.
    pub(super) fn follow(&self, session: &mut Session, response: &Response) -> Result<(), Error> {
        if response.headers().contains_key(LOCATION) {
            session.url = upload_url(response, &session.url, self.host())?;
            self.uploads.go_on(session);
        }
        Ok(())
    }

    /// Gives an upload up. Registries clean up by themselves, and some want a right for this that
    /// nobody has: whether it works does not matter.
    pub(super) async fn cancel(&self, session: &Session, access: &Access) {
        self.uploads.end(session);
        let request = Request::new(Method::DELETE, session.url.clone()).attempts(Attempts::Once);
        if let Ok(granted) = self.authorize(access).await {
            let authorization = granted.map(|granted| granted.authorization);
            let _ = self.send(request.authorization(authorization)).await;
        }
    }
}
