//! Removing tags and images, and never more than was named.

use super::guard::Guard;
use crate::oci::manifest::{is_index_type, may_be_index_type};
use crate::oci::reference::{Tag, Target};
use crate::oci::{Descriptor, Digest};
use crate::store::{Error, Kind, Result, Store};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::{HashMap, HashSet};

/// Tags looked at at once.
const LOOKING: usize = 32;
/// An index inside an index inside an index … no deeper.
const DEEPEST: usize = 8;
/// No repository has more indexes.
const MOST: usize = 200_000;

/// What is to be removed, and what else that would touch.
#[derive(Debug)]
pub struct Plan {
    /// What is deleted at the registry.
    pub target: Target,
    /// What the target is now.
    pub digest: Digest,
    /// The tags that go with it.
    pub tags: Vec<Tag>,
}

/// How bold to be.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Remove an image although tags point to it, or an index needs it.
    pub force: bool,
}

/// What keeps an image in use.
#[derive(Debug, Default)]
struct Uses {
    /// Tags that point to it.
    tags: Vec<Tag>,
    /// Tags of indexes that list it.
    parents: Vec<Tag>,
}

/// Plans the removal of `target`. A tag is removed alone; an image by digest only where no tag
/// points to it and no tagged index lists it, unless forced.
///
/// `guard` knows the user's rule on any tag of the repository.
pub async fn plan(
    store: &dyn Store,
    target: &Target,
    options: Options,
    guard: &(dyn Fn(&Tag) -> Guard + Sync),
) -> Result<Plan> {
    let digest = store.resolve(target).await?.digest().clone();
    let tags = match target {
        Target::Tag(tag) => vec![tag.clone()],
        Target::Digest(_) => {
            let uses = uses(store, &digest).await?;
            if !options.force {
                refuse_in_use(store, &digest, &uses)?;
            }
            uses.tags
        }
    };
    for tag in &tags {
        let reference = store.location().reference(&Target::Tag(tag.clone()));
        guard(tag).allows_removal(&reference)?;
    }
    Ok(Plan {
        target: target.clone(),
        digest,
        tags,
    })
}

/// Removes what was planned.
///
/// A registry that cannot remove a tag alone is only asked to remove the image where this tag is
/// all that points to it. A tag that points elsewhere by now is left alone.
pub async fn apply(store: &dyn Store, plan: &Plan) -> Result<()> {
    let unsupported = match store.delete(&plan.target).await {
        Err(error) if error.kind() == Kind::Unsupported => error,
        done => return done,
    };
    let Target::Tag(tag) = &plan.target else {
        return Err(unsupported);
    };
    let uses = uses(store, &plan.digest).await?;
    if uses.tags != [tag.clone()] || !uses.parents.is_empty() {
        return Err(shared(store, tag, &uses));
    }
    match store.delete(&Target::Digest(plan.digest.clone())).await {
        // The first refusal says that nothing is ever removed there.
        Err(error) if error.kind() == Kind::Unsupported => Err(error),
        done => done,
    }
}

/// Finds out what keeps `digest` in use: every tag is looked at, and every index below one read.
async fn uses(store: &dyn Store, digest: &Digest) -> Result<Uses> {
    if store.counts_reading() {
        let place = store.location();
        let what = format!(
            "reading from {place} counts as a pull, and it takes much of that to find out what needs {digest}"
        );
        return Err(Error::new(Kind::Unsupported, what));
    }
    let looked: Vec<(Tag, Option<Descriptor>)> = store
        .tags()
        .map_ok(|tag| async move { Ok((tag.clone(), look(store, &tag).await?)) })
        .try_buffer_unordered(LOOKING)
        .try_collect()
        .await?;
    let mut uses = Uses::default();
    let mut roots = Vec::new();
    for (tag, there) in looked {
        match there {
            Some(there) if there.digest() == digest => uses.tags.push(tag),
            Some(there) if may_be_index_type(there.media_type().as_ref()) => {
                roots.push((tag, there.digest().clone()));
            }
            _ => {}
        }
    }
    let graph = Graph::read(store, roots.iter().map(|(_, root)| root.clone())).await?;
    let parents = roots
        .into_iter()
        .filter(|(_, root)| graph.leads(root, digest));
    uses.parents = parents.map(|(tag, _)| tag).collect();
    uses.tags.sort_unstable();
    uses.parents.sort_unstable();
    Ok(uses)
}

async fn look(store: &dyn Store, tag: &Tag) -> Result<Option<Descriptor>> {
    match store.resolve(&Target::Tag(tag.clone())).await {
        // Removed by somebody else since it was listed.
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        there => there.map(Some),
    }
}

/// Which index lists what. Each is read once, however many tags lead to it.
#[derive(Default)]
struct Graph(HashMap<Digest, Vec<Digest>>);

impl Graph {
    async fn read(store: &dyn Store, roots: impl Iterator<Item = Digest>) -> Result<Self> {
        let mut graph = Self::default();
        let mut level: HashSet<Digest> = roots.collect();
        for _ in 0..=DEEPEST {
            let read: Vec<_> = stream::iter(std::mem::take(&mut level))
                .map(|index| async move { store.manifest(&Target::Digest(index)).await })
                .buffer_unordered(LOOKING)
                .filter(|read| std::future::ready(!is_gone(read)))
                .try_collect()
                .await?;
            for index in &read {
                let listed = index.manifests();
                let children = listed.iter().map(|child| child.digest().clone());
                graph.0.insert(index.digest().clone(), children.collect());
                let deeper = listed
                    .iter()
                    .filter(|c| is_index_type(c.media_type().as_ref()));
                level.extend(deeper.map(|child| child.digest().clone()));
            }
            level.retain(|index| !graph.0.contains_key(index));
            if level.is_empty() {
                return Ok(graph);
            }
            if graph.0.len() + level.len() > MOST {
                break;
            }
        }
        let repository = store.location();
        let what = format!("the indexes of {repository} are nested too deep to see what they need");
        Err(Error::new(Kind::Corrupt, what))
    }

    /// Whether `wanted` is listed by `root`, or by an index below it.
    fn leads(&self, root: &Digest, wanted: &Digest) -> bool {
        let mut seen = HashSet::new();
        let mut open = vec![root];
        while let Some(index) = open.pop() {
            for child in self.0.get(index).into_iter().flatten() {
                if child == wanted {
                    return true;
                }
                if seen.insert(child) {
                    open.push(child);
                }
            }
        }
        false
    }
}

fn is_gone<T>(read: &Result<T>) -> bool {
    matches!(read, Err(error) if error.kind() == Kind::NotFound)
}

fn refuse_in_use(store: &dyn Store, digest: &Digest, uses: &Uses) -> Result<()> {
    let repository = store.location();
    let (by, tags) = if uses.tags.is_empty() {
        ("is part of", &uses.parents)
    } else {
        ("is what these tags point to:", &uses.tags)
    };
    if tags.is_empty() {
        return Ok(());
    }
    let what = format!("{repository}@{digest} {by} {}", named(tags));
    Err(Error::new(Kind::Refused, what))
}

fn shared(store: &dyn Store, tag: &Tag, uses: &Uses) -> Error {
    let others: Vec<Tag> = uses
        .tags
        .iter()
        .chain(&uses.parents)
        .filter(|t| *t != tag)
        .cloned()
        .collect();
    let repository = store.location();
    let what = if others.is_empty() {
        format!("{repository}:{tag} moved meanwhile")
    } else {
        let others = named(&others);
        format!(
            "the registry cannot remove {repository}:{tag} without the image that is also {others}"
        )
    };
    Error::new(Kind::Refused, what)
}

fn named(tags: &[Tag]) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<String> = tags.iter().take(SHOWN).map(ToString::to_string).collect();
    if tags.len() > SHOWN {
        names.push(format!("{} more", tags.len() - SHOWN));
    }
    names.join(", ")
}
