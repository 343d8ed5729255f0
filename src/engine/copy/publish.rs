//! Writing a manifest whose blobs and children are there.

use super::apply::Image;
use super::event::Event;
use super::ledger::Claim;
use super::mover::Arrival;
use super::plan::PlannedName;
use super::walk::Node;
use crate::oci::reference::Target;
use crate::oci::referrers::descriptor_of;
use crate::oci::{Descriptor, Digest};
use crate::store::{Error, Kind, Precondition, Put, Result, Store};
use futures_util::future::join_all;
use std::sync::{Arc, Mutex, PoisonError};

impl Image {
    /// Writes the root under its names, and says of each whether it was written; the others were
    /// there, or are left alone.
    pub(super) async fn names(&self, to: usize) -> Vec<Result<bool>> {
        let node = &self.plan.work.nodes[0];
        let names = self.plan.parts[to].iter().flat_map(|part| &part.names);
        let written = names.map(|name| self.name(to, node, name));
        let written = join_all(written).await;
        let event = Event::Published(node.manifest.digest());
        self.run.progress.report(event);
        written
    }

    /// Writes any other node by its digest, and says whether it was written.
    pub(super) async fn publish(&self, to: usize, position: usize) -> Result<bool> {
        if self.plan.is_named_attachment(position) {
            // Under its tags, once all is there.
            return Ok(false);
        }
        let written = self.child(to, position).await?;
        if !self.is_refused(to, position) {
            let node = &self.plan.work.nodes[position];
            let event = Event::Published(node.manifest.digest());
            self.run.progress.report(event);
        }
        Ok(written)
    }

    /// Writes the root under one of its names, unless somebody else has.
    async fn name(&self, to: usize, node: &Node, name: &PlannedName) -> Result<bool> {
        if !name.is_written() || (name.is_guarded && self.is_there(to, name).await?) {
            return Ok(false);
        }
        let precondition = if name.is_guarded {
            self.only_over(to, name.replaces.as_ref())
        } else {
            Precondition::Anything
        };
        let is_written = self.put_over(to, node, &name.target, &precondition).await?;
        if name.target.digest().is_some() {
            let store = &self.run.to[to].store;
            store.list_untagged(node.manifest.descriptor()).await?;
        }
        Ok(is_written)
    }

    /// Puts a manifest where a tag is still as it was found, or where somebody else has put the
    /// same one meanwhile. Returns whether it was written.
    pub(super) async fn put_over(
        &self,
        to: usize,
        node: &Node,
        target: &Target,
        precondition: &Precondition,
    ) -> Result<bool> {
        let Err(error) = self.put(to, node, target, precondition).await else {
            return Ok(true);
        };
        // Nexus refuses to be told the same once more, where it lets nothing be deployed anew.
        if error.kind() != Kind::Refused {
            return Err(error);
        }
        match self.run.to[to].store.find(target).await {
            Ok(Some(there)) if there.digest() == node.manifest.digest() => Ok(false),
            _ => Err(error),
        }
    }

    /// That a tag still points to `old`. Asked of folders alone: registries that understand the
    /// question are few, and what the others make of it is not known.
    pub(super) fn only_over(&self, to: usize, old: Option<&Digest>) -> Precondition {
        match (self.run.to[to].store.location().folder(), old) {
            (None, _) => Precondition::Anything,
            (Some(_), None) => Precondition::Absent,
            (Some(_), Some(old)) => Precondition::Is(old.clone()),
        }
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
                    let mut is_new = !is_there;
                    if !is_there {
                        let anything = &Precondition::Anything;
                        match self.put_over(to, node, &target, anything).await {
                            Err(error) if self.may_do_without(position, &error) => {
                                self.warn_refused(to, position, &error);
                                return Ok(false);
                            }
                            put => is_new = put?,
                        }
                    }
                    duty.done();
                    return Ok(is_new);
                }
            }
        }
    }

    /// Puts a manifest, and whatever the registry lost of it in the meantime.
    pub(super) async fn put(
        &self,
        to: usize,
        node: &Node,
        target: &Target,
        precondition: &Precondition,
    ) -> Result<()> {
        let store = &self.run.to[to].store;
        let put = store.put_manifest(target, &node.manifest, precondition);
        let put = match put.await {
            Ok(put) => put,
            Err(error) => {
                let lost = error.missing_parts();
                let Some(lost) = lost.and_then(|told| self.lost(node, &told)) else {
                    return Err(error);
                };
                self.replace_lost(to, &lost).await?;
                let put = store.put_manifest(target, &node.manifest, precondition);
                put.await?
            }
        };
        self.list_for_subject(to, node, &put).await
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

    /// Which of a manifest's blobs the registry means where it lacks some: those that it names, or
    /// all where it names none. Nothing where it means others, which were never sent.
    fn lost(&self, node: &Node, told: &[String]) -> Option<Vec<usize>> {
        let blobs = &self.plan.work.blobs;
        let named = |digest: &Digest| told.iter().any(|part| part.contains(digest.digest()));
        let is_named = |blob: &&usize| named(blobs[**blob].digest());
        let lost: Vec<usize> = node.blobs.iter().filter(is_named).copied().collect();
        let names_others = told.iter().any(|part| part.contains("sha256:"));
        match (lost.is_empty(), names_others) {
            (false, _) => Some(lost),
            (true, true) => None,
            (true, false) => Some(node.blobs.clone()),
        }
    }

    /// The registry's garbage collection took blobs away between their upload and the manifest:
    /// they are put there once more.
    async fn replace_lost(&self, to: usize, lost: &[usize]) -> Result<()> {
        for &blob in lost {
            let digest = self.plan.work.blobs[blob].digest();
            let note = format!("the registry lost {digest}; sending it again");
            self.run.progress.report(Event::Note(&note));
            let failed = Mutex::new(None);
            let told = |_, arrival: Result<Arrival>| {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                *failed = arrival.err();
            };
            self.mover(blob, &told).replace(to).await;
            let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
            failed.map_or(Ok(()), Err)?;
        }
        Ok(())
    }
}
