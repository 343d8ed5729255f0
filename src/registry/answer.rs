//! Questions that find out about a registry rather than about an image: whatever it answers is
//! an answer.

use super::Client;
use super::error::Error;
use super::problem::Problem;
use crate::auth::Access;
use crate::auth::offer::Offer;
use crate::auth::scope::{Action, Scopes};
use crate::oci::Digest;
use crate::oci::reference::{RepositoryName, Target};
use crate::transport::{Request, Response};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, LINK};
use http::{HeaderMap, Method, StatusCode, Version};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// An answer is read no further.
const READ: usize = 256 * 1024;

/// What a registry is asked. None of it changes anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The first one of its repositories.
    Catalog,
    /// Its extensions to the API.
    Extensions,
    /// The first one of a repository's tags.
    Tags(RepositoryName),
    /// Whether a manifest is there.
    Manifest(RepositoryName, Target),
    /// What is attached to a manifest.
    Referrers(RepositoryName, Digest),
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body's beginning.
    pub body: Bytes,
    /// The protocol that was spoken.
    pub version: Version,
    /// Whether it came over TLS.
    pub is_secure: bool,
    /// From sending to the answer's headers; `None` where it took several attempts.
    pub elapsed: Option<Duration>,
    /// Where it came from, after redirects.
    pub(super) url: Url,
}

impl Answer {
    pub(super) async fn read(response: Response, begun: Instant) -> Self {
        let elapsed = (response.attempts() == 1).then(|| begun.elapsed());
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            version: response.version(),
            is_secure: response.url().scheme() == "https",
            elapsed,
            url: response.url().clone(),
            body: response.beginning(READ).await,
        }
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Its media type, without parameters and in lower case.
    pub fn media_type(&self) -> Option<String> {
        let kind = self.header(CONTENT_TYPE.as_str())?.split(';').next()?;
        Some(kind.trim().to_ascii_lowercase())
    }

    /// Whether it is a page for people.
    pub fn is_markup(&self) -> bool {
        self.media_type().as_deref() == Some("text/html")
    }

    /// Whether more of a list follows on another page.
    pub fn goes_on(&self) -> bool {
        let links = self.headers.get_all(LINK).iter();
        let mut texts = links.filter_map(|link| link.to_str().ok());
        texts.any(|link| link.contains("next"))
    }

    /// How the registry wants its users to log in.
    pub fn offer(&self) -> Option<Offer> {
        Offer::best(&self.headers)
    }

    /// The refusal that it is.
    pub fn problem(&self) -> Problem {
        Problem::of(self.status, &self.body)
    }
}

impl Client {
    /// Asks, as whoever asks is at that place.
    pub async fn ask_about(&self, question: &Question) -> Result<Answer, Error> {
        let (request, access) = self.worded(question).await?;
        let begun = Instant::now();
        let response = self.call(request, &access).await?;
        Ok(Answer::read(response, begun).await)
    }

    async fn worded(&self, question: &Question) -> Result<(Request, Access), Error> {
        let get = async |path: String| -> Result<Request, Error> {
            Ok(Request::new(Method::GET, self.url(&path).await?))
        };
        let pull = [Action::Pull];
        Ok(match question {
            Question::Catalog => (
                get("_catalog?n=1".to_owned()).await?,
                self.access_to_all(self.listing()).await?,
            ),
            Question::Extensions => (
                get("_oci/ext/discover".to_owned()).await?,
                self.access_to_all(Scopes::none()).await?,
            ),
            Question::Tags(name) => (
                get(format!("{name}/tags/list?n=1")).await?,
                self.access(name, &pull).await?,
            ),
            Question::Manifest(name, target) => (
                self.ask(Method::HEAD, name, target).await?,
                self.access(name, &pull).await?,
            ),
            Question::Referrers(name, subject) => (
                get(format!("{name}/referrers/{subject}")).await?,
                self.access(name, &pull).await?,
            ),
        })
    }
}
