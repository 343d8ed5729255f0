//! Manifests: HEAD, GET, PUT, DELETE.

use super::Client;
use super::error::Error;
use crate::auth::scope::Action;
use crate::oci::manifest::{ACCEPT, Manifest};
use crate::oci::reference::{RepositoryName, Target};
use crate::oci::{Descriptor, Digest, MediaType};
use crate::transport::{Body, Request, Response};
use http::header::{ACCEPT as ACCEPT_HEADER, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderName, HeaderValue, Method, StatusCode};

/// A manifest is read no further. Registries take 4 MiB at most (distribution-spec 1.1).
const LIMIT: usize = 8 * 1024 * 1024;

/// Of a header that makes no sense so many characters are shown.
const SHOWN: usize = 256;

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");

/// What must be true of a tag for a manifest to be put under it. Few registries look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    Anything,
    /// It is not there.
    Absent,
    /// It points to this.
    Is(Digest),
}

/// A manifest that is now there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// Its digest.
    pub digest: Digest,
    /// Whether the registry itself lists it among the referrers of its subject (`OCI-Subject`).
    pub subject_accepted: bool,
}

impl Client {
    /// Asks what `target` is, without reading it. `None`: it is not there.
    ///
    /// Where a HEAD gives no digest, or is not supported, the manifest is read and hashed.
    pub async fn head_manifest(
        &self,
        name: &RepositoryName,
        target: &Target,
    ) -> Result<Option<Descriptor>, Error> {
        self.head_manifest_to(name, target, &[Action::Pull]).await
    }

    /// The same before writing there: the right to write is asked for along with the right to
    /// look, so that the token serves for what comes next.
    pub async fn head_manifest_to_write(
        &self,
        name: &RepositoryName,
        target: &Target,
    ) -> Result<Option<Descriptor>, Error> {
        self.head_manifest_to(name, target, &[Action::Pull, Action::Push])
            .await
    }

    async fn head_manifest_to(
        &self,
        name: &RepositoryName,
        target: &Target,
        actions: &[Action],
    ) -> Result<Option<Descriptor>, Error> {
        let access = self.access(name, actions).await?;
        let response = self
            .call(self.ask(Method::HEAD, name, target).await?, &access)
            .await?;
        match response.status() {
            StatusCode::OK => self.refuse_markup(&response)?,
            StatusCode::NOT_FOUND => return Ok(None),
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::BAD_REQUEST => {
                // The answer holds a slot of the host, and nobody asks anew with one.
                drop(response);
                return self.read_instead(name, target).await;
            }
            _ => return Err(Error::refused(response).await),
        }
        let described = self.described(target, &response)?;
        drop(response);
        match described {
            Some(descriptor) => Ok(Some(descriptor)),
            None => self.read_instead(name, target).await,
        }
    }

    async fn read_instead(
        &self,
        name: &RepositoryName,
        target: &Target,
    ) -> Result<Option<Descriptor>, Error> {
        match self.get_manifest(name, target).await {
            Ok(manifest) => Ok(Some(manifest.descriptor().clone())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What a HEAD says: its digest may answer, but never names bytes that were read.
    fn described(&self, target: &Target, response: &Response) -> Result<Option<Descriptor>, Error> {
        let told = self.content_digest(response);
        let digest = match (target.digest(), told) {
            (Some(asked), Some(told)) if *asked != told => {
                return Err(Error::corrupt(self.host(), format!("{told} for {asked}")));
            }
            (Some(asked), _) => asked.clone(),
            (None, Some(told)) => told,
            (None, None) => return Ok(None),
        };
        let kind = response.header(&CONTENT_TYPE).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let size = response.content_length().unwrap_or(0);
        Ok(Some(Descriptor::new(MediaType::from(kind), size, digest)))
    }

    /// `Docker-Content-Digest`, where it is there and well formed.
    fn content_digest(&self, response: &Response) -> Option<Digest> {
        let text = response.header(&CONTENT_DIGEST)?;
        let digest = Digest::try_from(text);
        if digest.is_err() {
            let text: String = text.chars().take(SHOWN).collect();
            self.warn(&format!("a `Docker-Content-Digest` that is none: {text}"));
        }
        digest.ok()
    }

    /// Reads a manifest. One that is asked for by digest is checked against it; by tag, the
    /// computed digest holds, and a header that differs is a note.
    pub async fn get_manifest(
        &self,
        name: &RepositoryName,
        target: &Target,
    ) -> Result<Manifest, Error> {
        self.get_manifest_to(name, target, &[Action::Pull]).await
    }

    /// The same before writing there, so that the token serves for what comes next.
    pub async fn get_manifest_to_write(
        &self,
        name: &RepositoryName,
        target: &Target,
    ) -> Result<Manifest, Error> {
        self.get_manifest_to(name, target, &[Action::Pull, Action::Push])
            .await
    }

    async fn get_manifest_to(
        &self,
        name: &RepositoryName,
        target: &Target,
        actions: &[Action],
    ) -> Result<Manifest, Error> {
        let access = self.access(name, actions).await?;
        let response = self
            .call(self.ask(Method::GET, name, target).await?, &access)
            .await?;
        if response.status() != StatusCode::OK {
            return Err(Error::refused(response).await);
        }
        self.manifest_of(name, target, response).await
    }

    /// The manifest that an answer brings.
    pub(super) async fn manifest_of(
        &self,
        name: &RepositoryName,
        target: &Target,
        response: Response,
    ) -> Result<Manifest, Error> {
        self.refuse_markup(&response)?;
        let told = self.content_digest(&response);
        let kind = response.header(&CONTENT_TYPE).map(str::to_owned);
        let bytes = response.bytes(LIMIT).await?;
        let manifest = match target {
            Target::Digest(digest) => Manifest::parse_pinned(bytes, kind.as_deref(), digest)?,
            Target::Tag(_) => Manifest::parse(bytes, kind.as_deref())?,
        };
        match told {
            Some(told) if told != *manifest.digest() && target.digest().is_none() => {
                let computed = manifest.digest();
                self.warn(&format!(
                    "a wrong digest for {name}: {told}; it is {computed}"
                ));
            }
            _ => {}
        }
        Ok(manifest)
    }

    /// Puts a manifest, its bytes unchanged, under a tag or its digest.
    pub async fn put_manifest(
        &self,
        name: &RepositoryName,
        target: &Target,
        manifest: &Manifest,
        precondition: &Precondition,
    ) -> Result<Put, Error> {
        let access = self.access(name, &[Action::Pull, Action::Push]).await?;
        let kind = HeaderValue::from_str(manifest.media_type().as_ref())
            .map_err(|_| Error::protocol(self.host(), "its manifest has an unusable media type"))?;
        let mut request = Request::new(Method::PUT, self.manifest_url(name, target).await?)
            .header(CONTENT_TYPE, kind)
            .body(Body::Bytes(manifest.bytes().clone()));
        if let Some((header, value)) = condition(precondition) {
            request = request.header(header, value);
        }
        let response = self.call(request, &access).await?;
        if !response.status().is_success() {
            return Err(Error::refused(response).await);
        }
        self.refuse_markup(&response)?;
        let digest = manifest.digest().clone();
        match self.content_digest(&response) {
            Some(told) if told != digest && told.algorithm() == digest.algorithm() => Err(
                Error::corrupt(self.host(), format!("it took {digest} for {told}")),
            ),
            _ => Ok(Put {
                digest,
                subject_accepted: is_about(&response, manifest),
            }),
        }
    }

    /// Deletes by tag, which on a registry that keeps to the specification removes the tag alone,
    /// or by digest, which removes the manifest and every tag on it.
    pub async fn delete_manifest(
        &self,
        name: &RepositoryName,
        target: &Target,
    ) -> Result<(), Error> {
        let access = self.access(name, self.removal()).await?;
        let url = self.manifest_url(name, target).await?;
        let response = self
            .call(Request::new(Method::DELETE, url), &access)
            .await?;
        // Not there after a first attempt whose answer was lost: that one removed it.
        let gone = response.status() == StatusCode::NOT_FOUND && response.attempts() > 1;
        if response.status().is_success() || gone {
            return Ok(());
        }
        Err(Error::refused(response).await)
    }

    pub(super) async fn ask(
        &self,
        method: Method,
        name: &RepositoryName,
        target: &Target,
    ) -> Result<Request, Error> {
        let accept = HeaderValue::from_str(&ACCEPT.join(", "))
            .map_err(|_| Error::protocol(self.host(), "its manifests have no media types"))?;
        let url = self.manifest_url(name, target).await?;
        let request = Request::new(method, url).header(ACCEPT_HEADER, accept);
        Ok(request.read_whole(LIMIT))
    }

    pub(super) async fn manifest_url(
        &self,
        name: &RepositoryName,
        target: &Target,
    ) -> Result<url::Url, Error> {
        self.url(&format!("{name}/manifests/{target}")).await
    }
}

/// Whether the registry took note of the manifest's subject, and of no other one.
fn is_about(response: &Response, manifest: &Manifest) -> bool {
    let told = response.header(&OCI_SUBJECT).map(str::trim);
    let subject = manifest.subject().map(|subject| subject.digest().as_ref());
    told.is_some() && told == subject
}

fn condition(precondition: &Precondition) -> Option<(HeaderName, HeaderValue)> {
    match precondition {
        Precondition::Anything => None,
        Precondition::Absent => Some((IF_NONE_MATCH, HeaderValue::from_static("*"))),
        Precondition::Is(digest) => {
            let value = HeaderValue::from_str(&format!("\"{digest}\"")).ok()?;
            Some((IF_MATCH, value))
        }
    }
}
