//! What can only be found out by writing: tried with an image of its own, which is removed again.

use super::Report;
use super::abilities::Abilities;
use super::finding::{By, Finding, Said};
use super::parts::{Blob, Parts};
use crate::engine::guard::Guard;
use crate::oci::manifest::Manifest;
use crate::oci::reference::{Location, Reference, Repository, RepositoryName, Tag, Target};
use crate::store::registry::{Manner, Registry};
use crate::store::{Error, Kind, Result};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where.
    pub name: RepositoryName,
    /// Under which tag.
    pub tag: Tag,
    /// What of it could not be removed again.
    pub left: Vec<Left>,
}

/// Something that could not be removed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// `tag`, `manifest` or `blob`.
    pub kind: &'static str,
    /// Its name there.
    pub name: String,
    /// Why.
    pub why: String,
}

/// The trial of one repository.
struct Trial<'a> {
    registry: &'a Registry,
    name: &'a RepositoryName,
    parts: Parts,
    abilities: &'a mut Abilities,
    left: Vec<Left>,
}

/// Tries out what a repository takes and lets go. The error says why it came to an early end;
/// what was written until then is removed.
pub(super) async fn write(
    registry: &Registry,
    name: &RepositoryName,
    guard: &(dyn Fn(&Tag) -> Guard + Send + Sync),
    report: &mut Report,
) -> (Option<Written>, Option<Error>) {
    let parts = match Parts::new().and_then(|parts| allowed(registry, name, guard, parts)) {
        Ok(parts) => parts,
        Err(error) => return (None, Some(error)),
    };
    let mut trial = Trial {
        registry,
        name,
        parts,
        abilities: &mut report.abilities,
        left: Vec::new(),
    };
    let failure = trial.run().await.err();
    let written = Written {
        name: name.clone(),
        tag: trial.parts.tag.clone(),
        left: trial.left,
    };
    (Some(written), failure)
}

/// The tag is removed again, which a rule of the user's may forbid.
fn allowed(
    registry: &Registry,
    name: &RepositoryName,
    guard: &(dyn Fn(&Tag) -> Guard + Send + Sync),
    parts: Parts,
) -> Result<Parts> {
    let location = Location::Remote(Repository {
        host: registry.host().clone(),
        name: name.clone(),
    });
    let reference = Reference {
        location,
        tag: Some(parts.tag.clone()),
        digest: None,
    };
    guard(&parts.tag).allows_removal(&reference)?;
    Ok(parts)
}

impl Trial<'_> {
    async fn run(&mut self) -> Result<()> {
        let least = self.send_config().await?;
        let sent = self.send_layer(least).await;
        if sent.is_ok() {
            self.mount().await;
            let target = Target::Tag(self.parts.tag.clone());
            let put = self.registry.put(self.name, &target, &self.parts.image);
            if let Err(error) = put.await {
                self.clear_after(&error).await;
                return Err(error);
            }
            let is_attached = self.attach().await;
            let is_gone = self.remove_tag().await;
            self.remove_manifests(is_attached, is_gone).await;
        }
        self.remove_blobs().await;
        sent
    }

    /// Removes what a failed put may have left: a registry may store what it then does not confirm.
    /// That says nothing about what it can remove.
    async fn clear_after(&mut self, error: &Error) {
        if may_have_arrived(error) {
            let abilities = &self.abilities;
            let known = (
                abilities.delete_tag.clone(),
                abilities.delete_digest.clone(),
            );
            let is_gone = self.remove_tag().await;
            self.remove_manifests(false, is_gone).await;
            (self.abilities.delete_tag, self.abilities.delete_digest) = known;
        }
        self.remove_blobs().await;
    }

    /// In one PUT, or where that is refused in one PATCH.
    async fn send_config(&mut self) -> Result<Option<u64>> {
        match self.send(&self.parts.config, Manner::Whole).await {
            Ok(least) => {
                self.abilities.upload = Finding::new(Said::Yes, By::Written);
                Ok(least)
            }
            Err(error) => {
                self.abilities.upload = Finding::of(&error, By::Written);
                if self.abilities.upload.said != Said::No || error.is_no_to_the_asker() {
                    return Err(error);
                }
                self.send(&self.parts.config, Manner::Streamed).await
            }
        }
    }

    /// In chunks, unless the registry wants larger ones than there is to send; in another way where
    /// it takes none.
    async fn send_layer(&mut self, least: Option<u64>) -> Result<()> {
        let half = self.parts.layer.bytes.len() as u64 / 2;
        let (manner, detail) = match least {
            Some(least) if least > half => {
                let detail = format!("of {least} bytes at least, but for the last");
                (Manner::Streamed, Some(detail))
            }
            _ => (Manner::Chunked, None),
        };
        let sent = self.send(&self.parts.layer, manner).await;
        self.abilities.chunks = match &sent {
            Ok(_) => Finding {
                said: Said::Yes,
                by: By::Written,
                detail,
            },
            Err(error) => Finding::of(error, By::Written),
        };
        if sent.is_ok() {
            return Ok(());
        }
        let other = if self.abilities.upload.said == Said::Yes {
            Manner::Whole
        } else {
            Manner::Streamed
        };
        self.send(&self.parts.layer, other).await.map(|_| ())
    }

    async fn send(&self, blob: &Blob, manner: Manner) -> Result<Option<u64>> {
        let sent = self
            .registry
            .upload(self.name, &blob.digest, &blob.bytes, manner);
        sent.await
    }

    async fn mount(&mut self) {
        let linked = self.registry.mounts(self.name, &self.parts.config.digest);
        self.abilities.mount = match linked.await {
            Ok(true) => Finding::new(Said::Yes, By::Written),
            Ok(false) => Finding::with(Said::No, By::Written, "it begins an upload instead"),
            Err(error) => Finding::of(&error, By::Written),
        };
    }

    /// Attaches something to the image. Returns whether it may be there.
    async fn attach(&mut self) -> bool {
        let attached = &self.parts.attached;
        let target = Target::Digest(attached.digest().clone());
        let put = self.registry.put(self.name, &target, attached).await;
        let is_there = put.is_ok();
        let may_be_there = put.as_ref().err().is_none_or(may_have_arrived);
        self.abilities.subject = match put {
            Ok(put) if put.subject_accepted => Finding::new(Said::Yes, By::Written),
            Ok(_) => Finding::with(Said::No, By::Written, "it does not confirm the subject"),
            Err(error) => Finding::of(&error, By::Written),
        };
        if is_there {
            let subject = self.parts.image.digest().clone();
            let (registry, name) = (self.registry, self.name);
            let asked = self.abilities.ask_referrers(registry, name, &subject, true);
            asked.await;
        }
        may_be_there
    }

    /// Removes the tag. Returns whether the image went with it.
    async fn remove_tag(&mut self) -> bool {
        let target = Target::Tag(self.parts.tag.clone());
        let image = Target::Digest(self.parts.image.digest().clone());
        if let Err(error) = self.registry.delete(self.name, &target).await {
            self.abilities.delete_tag = Finding::of(&error, By::Written);
            return false;
        }
        let (tagged, image) = (
            self.registry.has(self.name, &target).await,
            self.registry.has(self.name, &image).await,
        );
        self.abilities.delete_tag = match (&tagged, &image) {
            (Ok(true), _) => Finding::with(Said::No, By::Written, "it says so, and keeps it"),
            (_, Ok(false)) => Finding::with(Said::No, By::Written, "the image goes with it"),
            (Ok(false), Ok(true)) => Finding::new(Said::Yes, By::Written),
            (Err(error), _) | (_, Err(error)) => {
                Finding::with(Said::Unknown, By::Written, unsure(error))
            }
        };
        matches!(image, Ok(false))
    }

    /// Removes what is attached, and then the image. `is_gone`: it went with its tag.
    async fn remove_manifests(&mut self, is_attached: bool, is_gone: bool) {
        if is_attached {
            let attached = self.parts.attached.clone();
            self.remove_manifest(&attached).await;
        }
        if !is_gone {
            let image = self.parts.image.clone();
            self.remove_manifest(&image).await;
        }
        let target = Target::Tag(self.parts.tag.clone());
        let why = match self.registry.has(self.name, &target).await {
            Ok(false) => return,
            Ok(true) => {
                let why = self.abilities.delete_tag.detail.clone();
                why.unwrap_or_else(|| "it is still there".to_owned())
            }
            Err(error) => unsure(&error),
        };
        let (kind, name) = ("tag", self.parts.tag.to_string());
        self.left.insert(0, Left { kind, name, why });
    }

    async fn remove_manifest(&mut self, manifest: &Manifest) {
        let target = Target::Digest(manifest.digest().clone());
        let removed = self.registry.delete(self.name, &target).await;
        let found = self.registry.has(self.name, &target).await;
        let is_gone = matches!(found, Ok(false));
        let finding = match (removed, found) {
            // Some remove what nothing refers to by themselves.
            (Err(error), Ok(false)) if error.kind() == Kind::NotFound => return,
            (Err(error), Err(_)) if error.kind() == Kind::NotFound => {
                Finding::with(Said::Unknown, By::Written, error.causes_text())
            }
            (Err(error), _) => Finding::of(&error, By::Written),
            (Ok(()), Ok(false)) => Finding::new(Said::Yes, By::Written),
            (Ok(()), Ok(true)) => Finding::with(Said::No, By::Written, "it says so, and keeps it"),
            (Ok(()), Err(error)) => Finding::with(Said::Unknown, By::Written, unsure(&error)),
        };
        if !is_gone {
            self.left.push(Left {
                kind: "manifest",
                name: manifest.digest().to_string(),
                why: finding.detail.clone().unwrap_or_default(),
            });
        }
        self.abilities.delete_digest = finding;
    }

    /// Removes the blobs, as far as they are there. Few registries do that: they free what nothing
    /// refers to by themselves.
    async fn remove_blobs(&mut self) {
        for blob in [&self.parts.config, &self.parts.layer] {
            let removed = self.registry.delete_blob(self.name, &blob.digest).await;
            let why = match removed {
                Ok(()) => continue,
                Err(error) if error.kind() == Kind::NotFound => continue,
                Err(error) => error.causes_text(),
            };
            self.left.push(Left {
                kind: "blob",
                name: blob.digest.to_string(),
                why,
            });
        }
    }
}

/// Whether a registry may have what it did not confirm: all but where it says no.
fn may_have_arrived(error: &Error) -> bool {
    !error.is_final_answer() && !error.is_no_to_the_asker()
}

/// Why it is not known whether something is gone.
fn unsure(error: &Error) -> String {
    format!(
        "it cannot be told whether it is gone: {}",
        error.causes_text()
    )
}
