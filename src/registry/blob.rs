//! Blobs on the way out of a registry.

use super::Client;
use super::error::Error;
use super::range::ContentRange;
use crate::auth::Access;
use crate::auth::scope::Action;
use crate::oci::digest::verifiable;
use crate::oci::reference::RepositoryName;
use crate::oci::{Descriptor, Digest};
use crate::transport::{ByteStream, Lane, Request, Response};
use http::header::{CONTENT_RANGE, RANGE};
use http::{HeaderValue, Method, StatusCode};
use std::ops::Range;
use url::Url;

/// A blob's bytes, from an offset on.
pub struct Opened {
    /// The bytes. Unverified.
    pub stream: ByteStream,
    /// Where they begin: at what was asked for, or at 0 where the registry knows no ranges.
    pub offset: u64,
}

impl Client {
    /// Whether a repository holds a blob, whose size must be its own where the answer tells it.
    pub async fn has_blob(&self, name: &RepositoryName, blob: &Descriptor) -> Result<bool, Error> {
        let access = self.access(name, &[Action::Pull]).await?;
        let found = self.head_blob(name, blob.digest(), &access).await?;
        let Some(response) = found else {
            return Ok(false);
        };
        self.check_length(&response, blob).map(|()| true)
    }

    /// Whether it holds it, in whatever size, asked with an access that is there.
    pub(super) async fn has_blob_as(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        access: &Access,
    ) -> Result<bool, Error> {
        let found = self.head_blob(name, digest, access).await?;
        Ok(found.is_some())
    }

    async fn head_blob(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        access: &Access,
    ) -> Result<Option<Response>, Error> {
        let url = self.blob_url(name, digest).await?;
        let response = self.call(Request::new(Method::HEAD, url), access).await?;
        match response.status() {
            StatusCode::OK => self.refuse_markup(&response).map(|()| Some(response)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(Error::refused(response).await),
        }
    }

    /// Opens a blob at the beginning of `range`. A registry that knows no ranges gives all of it,
    /// from the beginning to the end.
    pub async fn get_blob(
        &self,
        name: &RepositoryName,
        blob: &Descriptor,
        range: Range<u64>,
    ) -> Result<Opened, Error> {
        verifiable(blob.digest())?;
        let url = self.blob_url(name, blob.digest()).await?;
        let (offset, end) = (range.start, range.end.min(blob.size()));
        let is_part = offset > 0 || end < blob.size();
        if is_part && offset < end {
            let response = self.fetch(name, &url, Some((offset, end - 1))).await?;
            match response.status() {
                StatusCode::PARTIAL_CONTENT
                    if is_asked_for(&response, offset..end, blob.size()) =>
                {
                    return Ok(Opened {
                        stream: response.stream(),
                        offset,
                    });
                }
                StatusCode::OK => return self.whole(response, blob),
                // A range that is answered with another one, or not understood (some servers have
                // no better word for that than 404): without it, then.
                StatusCode::PARTIAL_CONTENT
                | StatusCode::RANGE_NOT_SATISFIABLE
                | StatusCode::NOT_FOUND => {}
                _ => return Err(Error::refused(response).await),
            }
        }
        let response = self.fetch(name, &url, None).await?;
        match response.status() {
            StatusCode::OK => self.whole(response, blob),
            _ => Err(Error::refused(response).await),
        }
    }

    async fn fetch(
        &self,
        name: &RepositoryName,
        url: &Url,
        range: Option<(u64, u64)>,
    ) -> Result<Response, Error> {
        let access = self.access(name, &[Action::Pull]).await?;
        let mut request = Request::new(Method::GET, url.clone()).lane(Lane::Bulk);
        if let Some((first, last)) = range {
            let value = HeaderValue::from_str(&format!("bytes={first}-{last}"))
                .map_err(|_| Error::protocol(self.host(), "a range that no header can hold"))?;
            request = request.header(RANGE, value);
        }
        self.call(request, &access).await
    }

    /// A whole body, whose declared length must be the blob's.
    fn whole(&self, response: Response, blob: &Descriptor) -> Result<Opened, Error> {
        self.check_length(&response, blob)?;
        Ok(Opened {
            stream: response.stream(),
            offset: 0,
        })
    }

    fn check_length(&self, response: &Response, blob: &Descriptor) -> Result<(), Error> {
        match response.content_length() {
            Some(length) if length != blob.size() => Err(Error::Length {
                host: self.host().to_string(),
                digest: blob.digest().clone(),
                expected: blob.size(),
                actual: length,
            }),
            _ => Ok(()),
        }
    }

    async fn blob_url(&self, name: &RepositoryName, digest: &Digest) -> Result<Url, Error> {
        self.url(&format!("{name}/blobs/{digest}")).await
    }
}

fn is_asked_for(response: &Response, asked: Range<u64>, size: u64) -> bool {
    let range = response.header(&CONTENT_RANGE).and_then(ContentRange::read);
    range.is_some_and(|range| {
        let total = range.total.is_none_or(|total| total == size);
        range.first == asked.start && range.last < asked.end && total
    })
}
