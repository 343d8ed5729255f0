//! Writing a manifest whose blobs and children are there.

use super::apply::Image;
use super::event::Event;
use super::ledger::Claim;
use super::plan::PlannedName;
use super::walk::Node;
use crate::oci::reference::Target;
use crate::oci::referrers::descriptor_of;
use crate::oci::{Descriptor, Digest};
use crate::store::{Error, Kind, Precondition, Put, Result, Store};
use futures_util::future::try_join_all;
use std::sync::Arc;

impl Image {
    /// Writes a node: the root under its names, all else by digest. Returns whether something was
    /// written.
    pub(super) async fn publish(&self, to: usize, position: usize) -> Result<bool> {
        let node = &self.plan.work.nodes[position];
        let is_written = if position == 0 {
            let names = self.plan.parts[to].iter().flat_map(|part| &part.names);
            let names = names.filter(|name| name.is_written());
            let written = try_join_all(names.map(|name| self.name(to, node, name))).await?;
            written.contains(&true)
        } else if self.plan.is_named_attachment(position) {
            false
        } else {
            self.child(to, position).await?
        };
        let event = Event::Published(node.manifest.digest());
        self.run.progress.report(event);
        Ok(is_written)
    }

    /// Writes the root under one of its names, unless somebody else has.
    async fn name(&self, to: usize, node: &Node, name: &PlannedName) -> Result<bool> {
        if name.is_guarded && self.is_there(to, name).await? {
            return Ok(false);
        }
        self.put(to, node, &name.target).await?;
        if name.target.digest().is_some() {
            let store = &self.run.to[to].store;
            store.list_untagged(node.manifest.descriptor()).await?;
        }
        Ok(true)
    }

    /// Writes a manifest by its digest, unless this run has, or it is known to be there.
    async fn child(&self, to: usize, position: usize) -> Result<bool> {
        let destination = &self.run.to[to];
        let node = &self.plan.work.nodes[position];
        let digest = node.manifest.digest();
        loop {
            match destination.manifests.claim(digest) {
                Claim::Arrived => return Ok(false),
                Claim::Theirs(wait) => wait.over().await,
                Claim::Ours(duty) => {
                    let target = Target::Digest(digest.clone());
                    let is_there = self.run.options.deep
                        && matches!(destination.store.find(&target).await, Ok(Some(_)));
                    if !is_there {
                        match self.put(to, node, &target).await {
                            Err(error) if self.may_do_without(position, &error) => {
                                self.warn_refused(to, position, &error);
                                return Ok(false);
                            }
                            put => put?,
                        }
                    }
                    duty.done();
                    return Ok(!is_there);
                }
            }
        }
    }

    /// Puts a manifest, and whatever the registry lost of it in the meantime.
    pub(super) async fn put(&self, to: usize, node: &Node, target: &Target) -> Result<()> {
        let put = match self.put_once(to, node, target).await {
            Ok(put) => put,
            Err(error) => {
                let Some(lost) = error.missing_parts() else {
                    return Err(error);
                };
                self.replace_lost(to, node, &lost).await?;
                self.put_once(to, node, target).await?
            }
        };
        self.list_for_subject(to, node, &put).await
    }

    async fn put_once(&self, to: usize, node: &Node, target: &Target) -> Result<Put> {
        let store = &self.run.to[to].store;
        store
            .put_manifest(target, &node.manifest, &Precondition::Anything)
            .await
    }

    /// A manifest that is about another is listed there by whoever writes it, where the registry
    /// does not do that (distribution-spec 1.1, "Pushing Manifests with Subject"). What goes along
    /// with an image is listed all at once.
    async fn list_for_subject(&self, to: usize, node: &Node, put: &Put) -> Result<()> {
        let manifest = &node.manifest;
        let Some(subject) = manifest.subject().filter(|_| !put.subject_accepted) else {
            return Ok(());
        };
        if self.plan.attaches(manifest.digest()) {
            return Ok(());
        }
        let store = &self.run.to[to].store;
        store
            .attach(subject.digest(), &[descriptor_of(manifest)])
            .await
    }

    /// Whether somebody else has put the tag where it is to be since the plan was made. Refuses to
    /// write one that was put elsewhere. Between this look and the write there is no lock: no
    /// registry is known to offer one.
    async fn is_there(&self, to: usize, name: &PlannedName) -> Result<bool> {
        let store: &Arc<dyn Store> = &self.run.to[to].store;
        let there = store.find(&name.target).await?;
        let there = there.as_ref().map(Descriptor::digest);
        if there == Some(&self.plan.digest) {
            return Ok(true);
        }
        if there == name.replaces.as_ref() {
            return Ok(false);
        }
        let reference = store.location().reference(&name.target);
        let now = there.map_or_else(|| "nothing".to_owned(), ToString::to_string);
        let what = format!("{reference} moved meanwhile, to {now}, and is left alone");
        Err(Error::new(Kind::Refused, what).at(store.location()))
    }

    /// The registry's garbage collection took blobs away between their upload and the manifest:
    /// those that it names, or all of this manifest's, are put there once more.
    async fn replace_lost(&self, to: usize, node: &Node, told: &[String]) -> Result<()> {
        let blobs = &self.plan.work.blobs;
        let named = |digest: &Digest| told.iter().any(|part| part.contains(digest.digest()));
        let is_named = |blob: &&usize| named(blobs[**blob].digest());
        let lost: Vec<usize> = node.blobs.iter().filter(is_named).copied().collect();
        let lost = if lost.is_empty() { &node.blobs } else { &lost };
        for &blob in lost {
            let digest = blobs[blob].digest();
            let note = format!("the registry lost {digest}; sending it again");
            self.run.progress.report(Event::Note(&note));
            self.mover(blob).replace(to).await?;
        }
        Ok(())
    }
}
