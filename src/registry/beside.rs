//! What a registry answers beside the distribution API: at other paths of its own host, or at the
//! host of its vendor's API, to the same credential.

use super::Client;
use super::error::Error;
use super::page::{LIMIT, next_query};
use crate::auth::Access;
use crate::auth::credential::Found;
use crate::auth::scope::{Action, Scope, Scopes};
use crate::oci::reference::RepositoryName;
use crate::transport::carry::Home;
use crate::transport::{Body, Request};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, LINK};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

/// What is asked of a registry beside the distribution API, with a token as for that.
#[derive(Debug, Clone)]
pub struct Beside<'a> {
    /// The method.
    pub method: Method,
    /// From the host's root, with a `/` before it and the query behind it.
    pub path: String,
    /// The body and its media type.
    pub body: Option<(&'static str, Bytes)>,
    /// The repository that it is about; `None`: the registry as a whole.
    pub name: Option<&'a RepositoryName>,
    /// The rights that it takes there.
    pub actions: &'a [Action],
}

/// A document that a registry answered with, whole.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its bytes, 8 MiB at most unless more was allowed.
    pub body: Bytes,
    /// How often it was asked for: what was removed at the first attempt is not there at the
    /// second.
    pub attempts: u32,
}

impl Document {
    /// The query of the next page, as its `Link` has it.
    pub fn next_query(&self) -> Option<String> {
        let links = self.headers.get_all(LINK).iter();
        let mut links = links.filter_map(|link| link.to_str().ok());
        links.find_map(|link| next_query(link).ok().flatten())
    }
}

impl Client {
    /// Asks something beside the distribution API. What is no success is an error.
    pub async fn ask_beside(&self, asked: Beside<'_>) -> Result<Document, Error> {
        self.ask_beside_for(asked, LIMIT).await
    }

    /// The same for an answer that has no more than `limit` bytes.
    pub async fn ask_beside_for(&self, asked: Beside<'_>, limit: usize) -> Result<Document, Error> {
        let base = self.address.base().await?;
        let url = base.join(&asked.path);
        let url =
            url.map_err(|_| Error::protocol(self.host(), "its address cannot be extended"))?;
        let access = match asked.name {
            Some(name) => self.access(name, asked.actions).await?,
            None => self.access_to_all(Scopes::one(Scope::catalog())).await?,
        };
        let mut request = Request::new(asked.method, url).read_whole(limit);
        if let Some((media_type, body)) = asked.body {
            let value = HeaderValue::from_static(media_type);
            request = request.header(CONTENT_TYPE, value).body(Body::Bytes(body));
        }
        let response = self.call(request, &access).await?;
        if !response.status().is_success() {
            return Err(Error::refused(response).await);
        }
        self.refuse_markup(&response)?;
        Ok(Document {
            headers: response.headers().clone(),
            attempts: response.attempts(),
            body: response.bytes(limit).await?,
        })
    }

    /// Whose credential the registry is shown by whoever does `actions` on `name`, to be shown to
    /// its vendor's API too. `None`: nobody's.
    pub async fn credential(
        &self,
        name: Option<&RepositoryName>,
        actions: &[Action],
    ) -> Result<Option<Found>, Error> {
        Ok(self.auth.found(&self.wish(name, actions).await?).await?)
    }

    /// Where the registry is, and who its secrets belong to.
    pub async fn home(&self) -> Result<(Url, Home), Error> {
        let home = self.address.home().await?;
        Ok((self.address.base().await?.clone(), home))
    }

    async fn wish(
        &self,
        name: Option<&RepositoryName>,
        actions: &[Action],
    ) -> Result<Access, Error> {
        match name {
            Some(name) => self.access(name, actions).await,
            None => self.access_to_all(Scopes::one(Scope::catalog())).await,
        }
    }
}
