//! Puts images on a registry, over its API.

use crate::authority::Authority;
use crate::images::{Blob, Image, Manifest};
use anyhow::{Context, Result, ensure};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use reqwest::{Body, Certificate, Client, Response, Url, header};
use std::convert::Infallible;

/// The tag that every image has.
pub(crate) const TAG: &str = "v1";
/// Tags in the repository that is listed.
const TAGS: usize = 10_000;
/// The repository of a thousand images, each with a tag.
pub(crate) const THOUSAND: &str = "thousand";
/// Tags written at once.
const AT_ONCE: usize = 16;

/// One registry, at `127.0.0.1:port`.
pub(crate) struct Target {
    client: Client,
    base: Url,
}

impl Target {
    /// The registry at this port, which speaks TLS if an authority vouches for it.
    pub(crate) fn new(port: u16, authority: Option<&Authority>) -> Result<Self> {
        let scheme = authority.map_or("http", |_| "https");
        let base = Url::parse(&format!("{scheme}://127.0.0.1:{port}/v2/"))?;
        let trusted = match authority {
            Some(authority) => Some(Certificate::from_pem(&std::fs::read(&authority.file)?)?),
            None => None,
        };
        let client = Client::builder().no_proxy().tls_certs_only(trusted);
        let client = client.build()?;
        Ok(Self { client, base })
    }

    /// Puts an image there.
    pub(crate) async fn push(&self, repository: &str, image: &Image) -> Result<()> {
        for blob in &image.blobs {
            self.blob(repository, blob)
                .await
                .with_context(|| format!("cannot prepare {repository}"))?;
        }
        let (root, children) = image.manifests.split_last().context("no manifest")?;
        for child in children {
            self.manifest(repository, &child.digest(), child).await?;
        }
        self.manifest(repository, TAG, root).await
    }

    /// Gives an image there very many tags.
    pub(crate) async fn tag(&self, repository: &str, image: &Image) -> Result<()> {
        let root = image.manifests.last().context("no manifest")?;
        let tags = (0..TAGS).map(|number| format!("build-{number:05}"));
        stream::iter(tags.map(Ok))
            .try_for_each_concurrent(AT_ONCE, |tag| async move {
                self.manifest(repository, &tag, root).await
            })
            .await
    }

    /// Adds images to a repository until there are a thousand, each with a tag.
    pub(crate) async fn fill(&self, repository: &str) -> Result<()> {
        stream::iter((1..1000).map(Ok))
            .try_for_each_concurrent(AT_ONCE, |number| async move {
                let image = Image::numbered(number);
                for blob in image.own_blobs() {
                    self.blob(repository, blob).await?;
                }
                let manifest = image.manifests.last().context("no manifest")?;
                let tag = format!("build-{number:04}");
                self.manifest(repository, &tag, manifest).await
            })
            .await
    }

    async fn blob(&self, repository: &str, blob: &Blob) -> Result<()> {
        let url = self.base.join(&format!("{repository}/blobs/uploads/"))?;
        let begun = good(self.client.post(url).send().await?)?;
        let location = begun.headers().get(header::LOCATION).context("no place")?;
        let mut url = self.base.join(location.to_str()?)?;
        url.query_pairs_mut().append_pair("digest", &blob.digest);
        let bytes = stream::iter(blob.chunks().map(Ok::<_, Infallible>)).boxed();
        let put = self
            .client
            .put(url)
            .header(header::CONTENT_LENGTH, blob.size);
        let body = Body::wrap_stream(bytes);
        good(put.body(body).send().await?).map(|_| ())
    }

    async fn manifest(&self, repository: &str, name: &str, manifest: &Manifest) -> Result<()> {
        let url = self.base.join(&format!("{repository}/manifests/{name}"))?;
        let put = self
            .client
            .put(url)
            .header(header::CONTENT_TYPE, manifest.kind);
        good(put.body(manifest.bytes.clone()).send().await?).map(|_| ())
    }
}

fn good(response: Response) -> Result<Response> {
    let (status, url) = (response.status(), response.url());
    ensure!(status.is_success(), "{url} says {status}");
    Ok(response)
}
