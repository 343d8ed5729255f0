//! What is attached to an image and goes along with it: signatures, attestations, bills of
//! materials.

use super::apply::Image;
use super::event::Event;
use super::plan::{Part, Plan};
use super::run::Run;
use super::walk::{Walk, Which};
use crate::engine::referrers::{How, attached};
use crate::oci::manifest::Manifest;
use crate::oci::reference::{Tag, Target};
use crate::oci::referrers::descriptor_of;
use crate::oci::{Descriptor, Digest};
use crate::store::{Error, Kind, Result};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::HashSet;

/// Attachments read, and subjects written to, at once.
const AT_ONCE: usize = 16;

/// Something that goes along with an image.
#[derive(Debug)]
pub struct Attachment {
    /// What it is attached to.
    pub subject: Digest,
    /// What it is called.
    pub kind: String,
    /// How it is attached.
    pub how: How,
    /// Its position in [`super::plan::Work::nodes`].
    pub node: usize,
}

/// Finds what is attached to `root`, and takes it into the walk.
pub(super) async fn find(
    run: &Run,
    walk: &mut Walk<'_>,
    root: &Manifest,
    takes_part: &Which,
) -> Result<Vec<Attachment>> {
    let from = &*run.from;
    let found = attached(from, root).await?;
    let reads = found.into_iter().map(|attached| async move {
        let target = Target::Digest(attached.descriptor.digest().clone());
        match from.manifest(&target).await {
            Ok(manifest) => Ok(Some((attached, manifest))),
            // A list of referrers may name what is no longer there.
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    });
    let read: Vec<_> = stream::iter(reads.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut attachments = Vec::new();
    for (attached, manifest) in read.into_iter().flatten() {
        let node = walk.descend_where_missing(manifest, takes_part).await?;
        attachments.push(Attachment {
            kind: attached.kind().into_owned(),
            subject: attached.subject,
            how: attached.how,
            node,
        });
    }
    Ok(attachments)
}

impl Plan {
    /// Whether a node is there only because it is attached to something.
    pub(super) fn is_attachment(&self, node: usize) -> bool {
        node != 0 && self.attachments.iter().any(|a| a.node == node)
    }

    /// Whether a node is written under a tag of its own, and not by digest.
    pub(super) fn is_named_attachment(&self, node: usize) -> bool {
        let of_node = || self.attachments.iter().filter(|a| a.node == node);
        of_node().next().is_some() && of_node().all(|a| matches!(a.how, How::Tag(_)))
    }

    /// Whether a manifest is among what goes along.
    pub(super) fn attaches(&self, digest: &Digest) -> bool {
        let nodes = &self.work.nodes;
        let mut digests = self
            .attachments
            .iter()
            .map(|a| nodes[a.node].manifest.digest());
        digests.any(|attached| attached == digest)
    }
}

impl Image {
    /// Sees to it that everything that goes along is found from what it is attached to. Returns
    /// how many manifests were written for that.
    pub(super) async fn attach_all(&self, to: usize) -> Result<usize> {
        if self.run.is_source(to) {
            return Ok(0);
        }
        let (mut subjects, mut seen) = (Vec::new(), HashSet::new());
        let mut tags = Vec::new();
        for attachment in &self.plan.attachments {
            match &attachment.how {
                How::Tag(tag) => tags.push((tag, attachment)),
                How::Referrer(_) if seen.insert(&attachment.subject) => {
                    subjects.push(&attachment.subject);
                }
                How::Referrer(_) => {}
            }
        }
        let listed: Vec<_> = subjects
            .iter()
            .map(|subject| self.list(to, subject))
            .collect();
        stream::iter(listed)
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        let named: Vec<_> = tags
            .iter()
            .map(|(tag, a)| self.name_attachment(to, tag, a))
            .collect();
        let written: Vec<bool> = stream::iter(named)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(written.into_iter().filter(|written| *written).count())
    }

    /// Lists what is attached to `subject`, as far as the registry has not done so by itself.
    async fn list(&self, to: usize, subject: &Digest) -> Result<()> {
        let store = &self.run.to[to].store;
        let there: HashSet<Digest> = match store.referrers(subject).await {
            Ok(listed) => listed
                .items
                .iter()
                .map(|item| item.digest().clone())
                .collect(),
            Err(error) if error.kind() == Kind::NotFound => HashSet::new(),
            Err(error) => return Err(error),
        };
        let of_subject = |a: &&super::Attachment| {
            a.subject == *subject
                && matches!(a.how, How::Referrer(_))
                && !self.is_refused(to, a.node)
        };
        let ours = self.plan.attachments.iter().filter(of_subject);
        let ours = ours.map(|a| descriptor_of(&self.plan.work.nodes[a.node].manifest));
        let missing: Vec<Descriptor> = ours.filter(|d| !there.contains(d.digest())).collect();
        if missing.is_empty() {
            return Ok(());
        }
        store.attach(subject, &missing).await
    }

    /// Writes what is found by a tag, unless the destination has it, or has something under it that
    /// this would take away. Returns whether it was written.
    async fn name_attachment(&self, to: usize, tag: &Tag, attachment: &Attachment) -> Result<bool> {
        let store = &self.run.to[to].store;
        let node = &self.plan.work.nodes[attachment.node];
        let target = Target::Tag(tag.clone());
        if let Some(there) = store.find(&target).await? {
            if there.digest() == node.manifest.digest() {
                return Ok(false);
            }
            let old = store.manifest(&target).await?;
            if !contains(&node.manifest, &old) {
                let (location, kind) = (store.location(), &attachment.kind);
                let note =
                    format!("{location}:{tag} has a {kind} of its own, which is left as it is");
                self.run.progress.report(Event::Note(&note));
                return Ok(false);
            }
        }
        self.put(to, node, &target).await?;
        Ok(true)
    }

    /// Whether the image is finished without a manifest that a registry refuses: one that is only
    /// attached to it.
    pub(super) fn may_do_without(&self, node: usize, error: &Error) -> bool {
        let refused = matches!(error.kind(), Kind::Unsupported | Kind::Other);
        refused && error.is_answer() && self.plan.is_attachment(node)
    }

    pub(super) fn warn_refused(&self, to: usize, node: usize, error: &Error) {
        self.refuse(to, node);
        let attachments = self.plan.attachments.iter();
        let kind = attachments
            .filter(|a| a.node == node)
            .map(|a| &*a.kind)
            .next();
        let location = self.run.to[to].store.location();
        let digest = self.plan.work.nodes[node].manifest.digest();
        let why = error.causes_text();
        let what = format!(
            "{location} does not take the {} {digest}, which is left out: {why}",
            kind.unwrap_or("attachment")
        );
        self.run.progress.report(Event::Warning(&what));
    }
}

impl Part {
    /// A part without anything to do.
    pub(super) fn of_nothing(plan: &Plan) -> Self {
        Self {
            names: Vec::new(),
            lacks: vec![false; plan.work.nodes.len()],
            is_source: false,
        }
    }
}

/// Whether everything of `old` is in `new`: each signature is a layer with its annotations.
fn contains(new: &Manifest, old: &Manifest) -> bool {
    !old.is_index()
        && old
            .layers()
            .iter()
            .all(|layer| new.layers().contains(layer))
}
