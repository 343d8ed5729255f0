//! A registry as a whole: what it is and can do, and what somebody may do there.

use super::error::{Error, Result};
use super::kind::kind_of;
use crate::auth::scope::Action;
use crate::oci::Digest;
use crate::oci::manifest::Manifest;
use crate::oci::reference::{Host, RepositoryName, Target};
use crate::registry::{self, Client};
use crate::transport::Attempts;
use crate::vendor::Kind;
use bytes::Bytes;
use std::sync::Arc;

pub use crate::registry::{
    Answer, Entry, Identity, Manner, Precondition, Put, Question, Recognition, Rights,
};

/// One registry.
#[derive(Clone)]
pub struct Registry {
    client: Arc<Client>,
}

impl Registry {
    pub(super) fn new(client: Arc<Client>) -> Self {
        Self { client }
    }

    /// Which one.
    pub fn host(&self) -> &Host {
        self.client.host()
    }

    /// What it is, as far as that is known by now.
    pub fn identity(&self) -> Identity {
        self.client.identity()
    }

    /// What it is; where nothing has told so far it is asked, once.
    pub async fn kind(&self) -> Result<Option<Kind>> {
        self.client.kind().await.map_err(self.failed("ask"))
    }

    /// Asks `/v2/` as nobody, as patiently as any question.
    pub async fn greet(&self) -> Result<Answer> {
        let answered = self.client.greet(Attempts::Policy).await;
        answered.map_err(self.failed("reach"))
    }

    /// The same once more, and only once.
    pub async fn greet_again(&self) -> Result<Answer> {
        let answered = self.client.greet(Attempts::Once).await;
        answered.map_err(self.failed("reach"))
    }

    /// Logs in as `greeting` wants it, with what there is for `name`, or for the registry.
    pub async fn enter(&self, greeting: &Answer, name: Option<&RepositoryName>) -> Result<Entry> {
        let entered = self.client.enter(greeting, name).await;
        entered.map_err(self.failed("log in to"))
    }

    /// Asks something that changes nothing.
    pub async fn ask(&self, question: &Question) -> Result<Answer> {
        let answered = self.client.ask_about(question).await;
        answered.map_err(self.failed("ask"))
    }

    /// What is known of the right to write to a repository, without doing it.
    pub async fn right_to_push(&self, name: &RepositoryName) -> Result<Rights> {
        let rights = self.client.rights(name, &[Action::Pull, Action::Push]);
        rights.await.map_err(self.failed("ask"))
    }

    /// What is known of the right to remove from a repository, without doing it. `with_push`: this
    /// kind of registry grants both together.
    pub async fn right_to_delete(&self, name: &RepositoryName, with_push: bool) -> Result<Rights> {
        let actions: &[Action] = if with_push {
            &[Action::Pull, Action::Push, Action::Delete]
        } else {
            &[Action::Delete]
        };
        let rights = self.client.rights(name, actions).await;
        rights.map_err(self.failed("ask"))
    }

    /// Sends a small blob in this manner and in no other, and returns how long chunks must be at
    /// least, where the registry says that.
    pub async fn upload(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        bytes: &Bytes,
        manner: Manner,
    ) -> Result<Option<u64>> {
        let uploaded = self.client.upload_in(name, digest, bytes, manner).await;
        uploaded.map_err(self.failed("write to"))
    }

    /// Whether it links a blob that a repository has.
    pub async fn mounts(&self, name: &RepositoryName, digest: &Digest) -> Result<bool> {
        let linked = self.client.mounts(name, digest).await;
        linked.map_err(self.failed("write to"))
    }

    /// Puts a manifest.
    pub async fn put(
        &self,
        name: &RepositoryName,
        target: &Target,
        manifest: &Manifest,
    ) -> Result<Put> {
        let anything = Precondition::Anything;
        let put = self.client.put_manifest(name, target, manifest, &anything);
        put.await.map_err(self.failed("write to"))
    }

    /// Whether a manifest is there.
    pub async fn has(&self, name: &RepositoryName, target: &Target) -> Result<bool> {
        let found = self.client.head_manifest(name, target).await;
        Ok(found.map_err(self.failed("ask"))?.is_some())
    }

    /// Removes a manifest, or a tag.
    pub async fn delete(&self, name: &RepositoryName, target: &Target) -> Result<()> {
        let deleted = self.client.delete_manifest(name, target).await;
        deleted.map_err(self.failed("remove from"))
    }

    /// Removes a blob.
    pub async fn delete_blob(&self, name: &RepositoryName, digest: &Digest) -> Result<()> {
        let deleted = self.client.delete_blob(name, digest).await;
        deleted.map_err(self.failed("remove from"))
    }

    fn failed(&self, doing: &'static str) -> impl Fn(registry::Error) -> Error + use<> {
        let host = self.host().clone();
        move |error| Error::caused(kind_of(&error), format!("cannot {doing} {host}"), error)
    }
}
