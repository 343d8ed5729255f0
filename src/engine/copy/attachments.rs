//! What is attached to an image and goes along with it: signatures, attestations, bills of
//! materials.

use super::apply::Image;
use super::event::Event;
use super::plan::{Part, Plan};
use super::run::Run;
use super::walk::{Node, Side, Walk, Which, Work, missing_at};
use crate::engine::guard::Guard;
use crate::engine::referrers::{Attached, How, attached};
use crate::oci::manifest::Manifest;
use crate::oci::reference::{Tag, Target};
use crate::oci::referrers::descriptor_of;
use crate::oci::{Descriptor, Digest};
use crate::store::{Error, Kind, Result, Store};
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
    /// Its position in [`super::Work::nodes`].
    pub node: usize,
}

/// What a node is besides what it lists.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Role {
    /// It is attached to something.
    is_attached: bool,
    /// And found by tags alone.
    is_only_named: bool,
    /// The image is not whole without it.
    is_part: bool,
    /// Another manifest lists it, and is only taken where it is there.
    is_listed: bool,
}

/// Finds what is attached to `root`, and takes it into the walk.
pub(super) async fn find(
    run: &Run,
    walk: &mut Walk<'_>,
    root: &Manifest,
    takes_part: &Which,
) -> Result<Vec<Attachment>> {
    let (from, sides) = (&*run.from, walk.sides());
    let found = attached(from, root).await?;
    let by: Which = takes_part
        .iter()
        .zip(sides)
        .map(|(part, side)| *part && !side.same_place)
        .collect();
    let reads: Vec<_> = found
        .into_iter()
        .map(|attached| read(from, sides, &by, attached))
        .collect();
    let mut reads = stream::iter(reads).buffered(AT_ONCE);
    let mut attachments = Vec::new();
    while let Some((attached, manifest, by)) = reads.try_next().await? {
        let Some(manifest) = manifest else { continue };
        let node = walk.descend(manifest, by).await?;
        attachments.push(Attachment {
            kind: attached.kind().into_owned(),
            subject: attached.subject,
            how: attached.how,
            node,
        });
    }
    Ok(attachments)
}

/// Reads what is attached, if it is there, and finds out which sides lack it.
async fn read(
    from: &dyn Store,
    sides: &[Side<'_>],
    by: &Which,
    attached: Attached,
) -> Result<(Attached, Option<Manifest>, Which)> {
    let digest = attached.descriptor.digest();
    let target = Target::Digest(digest.clone());
    match from.manifest(&target).await {
        Ok(manifest) => {
            let by = missing_at(sides, by, digest).await;
            Ok((attached, Some(manifest), by))
        }
        // A list of referrers may name what is no longer there.
        Err(error) if error.kind() == Kind::NotFound => Ok((attached, None, Which::new())),
        Err(error) => Err(error),
    }
}

/// What each node is, and whether something that is attached lists the root.
pub(super) fn roles(work: &Work, attachments: &[Attachment]) -> (Vec<Role>, bool) {
    let mut roles = vec![Role::default(); work.nodes.len()];
    for attachment in attachments {
        let role = &mut roles[attachment.node];
        let is_named = matches!(attachment.how, How::Tag(_));
        role.is_only_named = is_named && (!role.is_attached || role.is_only_named);
        role.is_attached = true;
    }
    for part in reachable(work, [0]) {
        roles[part].is_part = true;
    }
    for &child in work.nodes.iter().flat_map(|node| &node.children) {
        roles[child].is_listed = true;
    }
    let attached = attachments.iter().map(|attachment| attachment.node);
    let root_is_attached = reachable(work, attached).contains(&0);
    (roles, root_is_attached)
}

/// The nodes in `from`, and all that they list.
fn reachable(work: &Work, from: impl IntoIterator<Item = usize>) -> HashSet<usize> {
    let mut open: Vec<usize> = from
        .into_iter()
        .filter(|node| *node < work.nodes.len())
        .collect();
    let mut seen: HashSet<usize> = open.iter().copied().collect();
    while let Some(node) = open.pop() {
        for &child in &work.nodes[node].children {
            if seen.insert(child) {
                open.push(child);
            }
        }
    }
    seen
}

impl Plan {
    /// Whether a node is attached to something.
    pub(super) fn is_attachment(&self, node: usize) -> bool {
        node != 0 && self.roles[node].is_attached
    }

    /// Whether a node is written under tags of its own, and not by digest.
    pub(super) fn is_named_attachment(&self, node: usize) -> bool {
        let role = self.roles[node];
        role.is_only_named && !role.is_part && !role.is_listed
    }

    /// Whether something that is attached lists the root, so that it comes after it.
    pub(super) fn root_is_attached(&self) -> bool {
        self.root_is_attached
    }

    /// Whether a manifest is among what goes along.
    pub(super) fn attaches(&self, digest: &Digest) -> bool {
        let nodes = self.work.nodes.iter().zip(&self.roles);
        let mut attached = nodes.filter(|(_, role)| role.is_attached);
        attached.any(|(node, _)| node.manifest.digest() == digest)
    }
}

impl Image {
    /// Sees to it that everything that goes along is found from what it is attached to. Returns
    /// how many manifests were written for that.
    pub(super) async fn attach_all(&self, to: usize) -> Result<usize> {
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
    /// this would take away, or that the user wants left alone. Returns whether it was written.
    async fn name_attachment(&self, to: usize, tag: &Tag, attachment: &Attachment) -> Result<bool> {
        let store = &self.run.to[to].store;
        let node = &self.plan.work.nodes[attachment.node];
        let target = Target::Tag(tag.clone());
        let there = store.find(&target).await?;
        let old = there.as_ref().map(Descriptor::digest);
        if old == Some(node.manifest.digest()) {
            return Ok(false);
        }
        if let Some(why) = self.keeps(to, tag, node, old).await? {
            let (location, kind) = (store.location(), &attachment.kind);
            let text = format!("{location}:{tag}, a {kind}, is left as it is: {why}");
            self.run.progress.report(Event::Warning(&text));
            return Ok(false);
        }
        let precondition = self.only_over(to, old);
        match self.put_over(to, node, &target, &precondition).await {
            Err(error) if self.may_do_without(attachment.node, &error) => {
                self.warn_refused(to, attachment.node, &error);
                Ok(false)
            }
            put => put,
        }
    }

    /// Why a tag of an attachment that points to `old` is not moved.
    async fn keeps(
        &self,
        to: usize,
        tag: &Tag,
        node: &Node,
        old: Option<&Digest>,
    ) -> Result<Option<String>> {
        let Some(old) = old else {
            return Ok(None);
        };
        let store = &self.run.to[to].store;
        if let Guard::Immutable(pattern) = (self.run.guard)(store.location(), tag) {
            return Ok(Some(format!("it is immutable (`{pattern}`)")));
        }
        if self.run.options.no_clobber {
            return Ok(Some("`--no-clobber`".to_owned()));
        }
        let old = store.manifest(&Target::Digest(old.clone())).await?;
        let loses = !contains(&node.manifest, &old);
        Ok(loses.then(|| "it has contents of its own".to_owned()))
    }

    /// Whether the image is finished without a manifest that a registry refuses: one that is only
    /// attached to it.
    pub(super) fn may_do_without(&self, node: usize, error: &Error) -> bool {
        let refused = matches!(
            error.kind(),
            Kind::Unsupported | Kind::Other | Kind::Refused
        );
        refused
            && error.is_answer()
            && self.plan.is_attachment(node)
            && !self.plan.roles[node].is_part
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
            attaches: false,
        }
    }

    /// Whether it gets what is attached to the image.
    pub(super) fn takes_attachments(&self) -> bool {
        self.attaches
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
