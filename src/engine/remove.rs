//! Removing tags and images, and never more than was named.

use super::guard::Guard;
use super::{DEEPEST, MOST};
use crate::inventory::{Detail, Inventory, Untagging};
use crate::oci::manifest::{is_index_type, may_be_index_type};
use crate::oci::reference::{Tag, Target};
use crate::oci::{Descriptor, Digest};
use crate::store::{Error, Kind, Result, Store};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::{HashMap, HashSet};

/// Tags looked at at once.
const LOOKING: usize = 32;

/// What is to be removed, and what else that would touch.
#[derive(Debug)]
pub struct Plan {
    /// What is deleted at the registry.
    pub target: Target,
    /// What the target is now.
    pub digest: Digest,
    /// The tags that go with it.
    pub tags: Vec<Tag>,
    /// Names in a folder that are no tags, and go with it.
    pub names: Vec<String>,
}

/// How bold to be.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Remove an image although tags point to it, or an index needs it; and a tag although the
    /// registry removes the image with it.
    pub force: bool,
}

/// A repository, and what is known of it besides.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The repository.
    pub store: &'a dyn Store,
    /// What its registry knows of its images, and how it removes them.
    pub inventory: &'a dyn Inventory,
}

/// What keeps an image in use.
#[derive(Debug, Default)]
struct Uses {
    /// Tags that point to it.
    tags: Vec<Tag>,
    /// Names in a folder that are no tags, and are its.
    names: Vec<String>,
    /// What indexes that need it are called: a tag, another name, or the digest of one that is
    /// listed without any.
    parents: Vec<String>,
}

/// What is listed, and how.
struct Listed {
    tag: Option<Tag>,
    name: Option<String>,
    descriptor: Descriptor,
}

/// Plans the removal of `target`, which is `digest`. A tag is removed alone; an image by digest only where no tag
/// points to it and no tagged index lists it, unless forced.
///
/// `guard` knows the user's rule on any tag of the repository.
pub async fn plan(
    place: Place<'_>,
    target: &Target,
    digest: Digest,
    options: Options,
    guard: &(dyn Fn(&Tag) -> Guard + Sync),
) -> Result<Plan> {
    let store = place.store;
    let (tags, names) = match target {
        Target::Tag(tag) => {
            if !options.force {
                refuse_the_last(place, tag, &digest).await?;
            }
            (vec![tag.clone()], Vec::new())
        }
        Target::Digest(_) => {
            let uses = uses(place, &digest).await?;
            if !options.force {
                refuse_in_use(store, &digest, &uses)?;
            }
            (uses.tags, uses.names)
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
        names,
    })
}

/// What is to be removed. What a folder lists need not be there to be removed.
pub async fn resolve(store: &dyn Store, target: &Target) -> Result<Digest> {
    let roots = store.roots().await?.unwrap_or_default();
    let listed = roots.into_iter().find(|root| match target {
        Target::Tag(tag) => root.name.as_deref() == Some(tag.as_str()),
        Target::Digest(digest) => root.descriptor.digest() == digest,
    });
    match listed {
        Some(root) => Ok(root.descriptor.digest().clone()),
        None => Ok(store.resolve(target).await?.digest().clone()),
    }
}

/// Removes what was planned.
///
/// A registry that cannot remove a tag alone is only asked to remove the image where this tag is
/// all that points to it. A tag that points elsewhere by now is left alone; a name that came
/// since keeps the image in a folder.
pub async fn apply(place: Place<'_>, plan: &Plan) -> Result<()> {
    let Place { store, inventory } = place;
    refuse_new_names(store, plan).await?;
    let only = |results: Vec<Result<()>>| results.into_iter().next().unwrap_or(Ok(()));
    let tag = match &plan.target {
        Target::Digest(digest) => {
            return only(inventory.delete(std::slice::from_ref(digest)).await);
        }
        Target::Tag(tag) => tag,
    };
    let unsupported = match only(inventory.untag(std::slice::from_ref(tag)).await) {
        Err(error) if error.kind() == Kind::Unsupported => error,
        done => return done,
    };
    if inventory.abilities().untagging != Untagging::Unknown {
        return Err(unsupported);
    }
    let uses = uses(place, &plan.digest).await?;
    if uses.tags != [tag.clone()] || !uses.parents.is_empty() {
        return Err(shared(store, tag, &uses));
    }
    match only(inventory.delete(std::slice::from_ref(&plan.digest)).await) {
        // The first refusal says that nothing is ever removed there.
        Err(error) if error.kind() == Kind::Unsupported => Err(error),
        done => done,
    }
}

/// Refuses to remove the last tag of an image where the registry would remove that too.
async fn refuse_the_last(place: Place<'_>, tag: &Tag, digest: &Digest) -> Result<()> {
    if place.inventory.abilities().untagging != Untagging::RemovesWithTheLast {
        return Ok(());
    }
    let location = place.store.location();
    let Some(image) = place.inventory.image(digest).await? else {
        // Gone meanwhile, or the API is another registry's, whose tag of that name is not meant.
        let what =
            format!("{location}:{tag} is {digest}, which the registry's own API does not know");
        return Err(Error::new(Kind::NotFound, what).at(location));
    };
    if image.tags.iter().any(|other| other.tag != *tag) {
        return Ok(());
    }
    let what = format!(
        "{location}:{tag} is the last tag of {digest}, and this registry removes the image with it"
    );
    Err(Error::new(Kind::Refused, what).at(location))
}

/// Finds out what keeps `digest` in use.
async fn uses(place: Place<'_>, digest: &Digest) -> Result<Uses> {
    let abilities = place.inventory.abilities();
    if abilities.untagging == Untagging::Unknown || place.store.location().folder().is_some() {
        return uses_by_looking(place.store, digest).await;
    }
    let mut uses = Uses::default();
    let image = place.inventory.image(digest).await?;
    let tags = image.into_iter().flat_map(|image| image.tags);
    uses.tags = tags.map(|tagged| tagged.tag).collect();
    uses.tags.sort_unstable();
    if !abilities.guards_parts {
        uses.parents = parents(place, digest).await?;
    }
    Ok(uses)
}

/// The tags of the indexes that need `digest`, as the registry lists its images.
async fn parents(place: Place<'_>, digest: &Digest) -> Result<Vec<String>> {
    let mut roots = Vec::new();
    let mut images = place.inventory.images(Detail::Listed);
    while let Some(image) = images.try_next().await? {
        if image.may_be_index() && image.digest != *digest && !image.tags.is_empty() {
            roots.push(image);
        }
    }
    let digests = roots.iter().map(|root| root.digest.clone());
    let graph = Graph::read(place.store, digests).await?;
    roots.retain(|root| graph.leads(&root.digest, digest));
    let tags = roots.into_iter().flat_map(|root| root.tags);
    let mut parents: Vec<String> = tags.map(|tagged| tagged.tag.to_string()).collect();
    parents.sort_unstable();
    Ok(parents)
}

/// The same where nothing but looking helps: every tag is looked at, and every index below one
/// read.
async fn uses_by_looking(store: &dyn Store, digest: &Digest) -> Result<Uses> {
    if store.counts_reading() {
        let place = store.location();
        let what = format!(
            "reading from {place} counts as a pull, and it takes much of that to find out what needs {digest}"
        );
        return Err(Error::new(Kind::Unsupported, what));
    }
    let mut uses = Uses::default();
    let mut roots = Vec::new();
    for listed in listed(store).await? {
        let there = &listed.descriptor;
        if there.digest() == digest {
            uses.tags.extend(listed.tag);
            uses.names.extend(listed.name);
        } else if may_be_index_type(there.media_type().as_ref()) {
            roots.push(listed);
        }
    }
    let digests = roots.iter().map(|root| root.descriptor.digest().clone());
    let graph = Graph::read(store, digests).await?;
    roots.retain(|root| graph.leads(root.descriptor.digest(), digest));
    uses.parents = roots.iter().map(Listed::called).collect();
    uses.tags.sort_unstable();
    uses.tags.dedup();
    uses.names.sort_unstable();
    uses.parents.sort_unstable();
    Ok(uses)
}

/// Everything that is listed: the tags, looked at one by one where a list does not say what they
/// are.
async fn listed(store: &dyn Store) -> Result<Vec<Listed>> {
    if let Some(roots) = store.roots().await? {
        let listed = roots.into_iter().map(|root| {
            let tag: Option<Tag> = root.name.as_ref().and_then(|name| name.parse().ok());
            Listed {
                name: root.name.filter(|_| tag.is_none()),
                tag,
                descriptor: root.descriptor,
            }
        });
        return Ok(listed.collect());
    }
    let looked: Vec<Option<Listed>> = store
        .tags()
        .map_ok(|tag| async move {
            let there = look(store, &tag).await?;
            Ok(there.map(|descriptor| Listed {
                tag: Some(tag),
                name: None,
                descriptor,
            }))
        })
        .try_buffer_unordered(LOOKING)
        .try_collect()
        .await?;
    Ok(looked.into_iter().flatten().collect())
}

impl Listed {
    fn called(&self) -> String {
        let tag = self.tag.as_ref().map(ToString::to_string);
        let name = tag.or_else(|| self.name.clone());
        name.unwrap_or_else(|| self.descriptor.digest().to_string())
    }
}

/// A folder removes an image with all its names: with none that was not planned to go.
async fn refuse_new_names(store: &dyn Store, plan: &Plan) -> Result<()> {
    if plan.target.tag().is_some() {
        return Ok(());
    }
    let planned = |name: &String| {
        plan.names.contains(name) || plan.tags.iter().any(|tag| tag.as_str() == name)
    };
    let roots = store.roots().await?.unwrap_or_default().into_iter();
    let roots = roots.filter(|root| *root.descriptor.digest() == plan.digest);
    let Some(new) = roots
        .filter_map(|root| root.name)
        .find(|name| !planned(name))
    else {
        return Ok(());
    };
    let (place, digest) = (store.location(), &plan.digest);
    let what = format!("{place}@{digest} is called {new} by now, and is left alone");
    Err(Error::new(Kind::Refused, what).at(place))
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
                .filter(|read| std::future::ready(!is_gone(store, read)))
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

/// Whether an index is not there. One that a folder has no right bytes for needs nothing, and is
/// no reason to keep the rest.
fn is_gone<T>(store: &dyn Store, read: &Result<T>) -> bool {
    let is_folder = store.location().folder().is_some();
    read.as_ref().is_err_and(|error| match error.kind() {
        Kind::NotFound => true,
        Kind::Corrupt => is_folder,
        _ => false,
    })
}

fn refuse_in_use(store: &dyn Store, digest: &Digest, uses: &Uses) -> Result<()> {
    let repository = store.location();
    let tags = uses.tags.iter().map(ToString::to_string);
    let names: Vec<String> = tags.chain(uses.names.iter().cloned()).collect();
    let (by, names) = match (&names[..], &uses.parents[..]) {
        ([], []) => return Ok(()),
        ([], parents) => ("is part of", parents),
        (names, _) if uses.names.is_empty() => ("is what these tags point to:", names),
        (names, _) => ("is what these names stand for:", names),
    };
    let what = format!("{repository}@{digest} {by} {}", named(names));
    Err(Error::new(Kind::Refused, what))
}

fn shared(store: &dyn Store, tag: &Tag, uses: &Uses) -> Error {
    let tags = uses.tags.iter().map(ToString::to_string);
    let others: Vec<String> = tags
        .chain(uses.parents.iter().cloned())
        .filter(|other| other != tag.as_str())
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

fn named(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut shown = names[..names.len().min(SHOWN)].to_vec();
    if names.len() > SHOWN {
        shown.push(format!("{} more", names.len() - SHOWN));
    }
    shown.join(", ")
}
