//! Everything that is attached to an image: signatures, attestations, bills of materials, what is
//! attached to those, and what is attached to the images of an index.

use crate::engine::{DEEPEST, MOST};
use crate::oci::manifest::{Child, Manifest, is_index_type};
use crate::oci::reference::{Tag, Target};
use crate::oci::referrers::cosign_tags;
use crate::oci::{Descriptor, Digest};
use crate::store::content::listed;
use crate::store::{Error, Kind, Referrers, ReferrersOrigin, Result, Store};
use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// Manifests about which is asked at once. Each takes four questions or five.
const ASKING: usize = 12;
/// When something was made (image-spec, "Pre-Defined Annotation Keys").
const CREATED: &str = "org.opencontainers.image.created";

/// A manifest that is attached to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// What it is attached to: the image, a part of it, or another attachment.
    pub subject: Digest,
    /// What names it, with its artifact type and annotations where the list has them.
    pub descriptor: Descriptor,
    /// How it is attached.
    pub how: How,
}

/// How something is attached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum How {
    /// It names its subject, and is in the list of what does.
    Referrer(ReferrersOrigin),
    /// It is under a tag that cosign derives from the subject's digest.
    Tag(Tag),
}

impl Attached {
    /// What it is, in words for people; the artifact type itself where it is not a known one.
    pub fn kind(&self) -> Cow<'_, str> {
        if let How::Tag(tag) = &self.how {
            let name = match tag.as_str().rsplit('.').next() {
                Some("sig") => "cosign signature",
                Some("att") => "cosign attestation",
                _ => "cosign SBOM",
            };
            return name.into();
        }
        let artifact_type = self.descriptor.artifact_type().as_ref();
        let media_type = artifact_type.unwrap_or(self.descriptor.media_type());
        let media_type = media_type.as_ref();
        KINDS
            .iter()
            .find(|(part, _)| media_type.contains(part))
            .map_or(media_type.to_owned().into(), |(_, name)| (*name).into())
    }

    /// When it was made, as its annotation has it.
    pub fn created(&self) -> Option<&str> {
        let annotations = self.descriptor.annotations().as_ref()?;
        annotations.get(CREATED).map(String::as_str)
    }
}

/// What is in an artifact type, and what people call it.
const KINDS: [(&str, &str); 8] = [
    ("vnd.dev.sigstore.bundle", "sigstore bundle"),
    ("vnd.dev.cosign.artifact.sig", "cosign signature"),
    ("vnd.dev.cosign.artifact.att", "cosign attestation"),
    ("vnd.dev.cosign.artifact.sbom", "cosign SBOM"),
    ("vnd.cncf.notary.signature", "Notation signature"),
    ("spdx", "SPDX"),
    ("cyclonedx", "CycloneDX"),
    ("in-toto", "in-toto"),
];

/// Finds everything that is attached to `root`, to the manifests below it, and to what was found.
///
/// Subjects come before what is attached to them. A manifest that is attached in two ways is there
/// twice: as a referrer, and under each of its tags.
pub async fn attached(store: &dyn Store, root: &Manifest) -> Result<Vec<Attached>> {
    let subjects = manifests_of(store, root).await?;
    attached_to(store, subjects).await
}

/// The same for manifests that are known already.
pub async fn attached_to(
    store: &dyn Store,
    subjects: impl IntoIterator<Item = Digest>,
) -> Result<Vec<Attached>> {
    let mut walk = Walk {
        store,
        subjects: HashMap::new(),
        ways: HashSet::new(),
        found: Vec::new(),
    };
    let mut next: Vec<Digest> = subjects.into_iter().collect();
    next.retain(|subject| walk.is_new(subject));
    for _ in 0..=DEEPEST {
        if next.is_empty() {
            return Ok(walk.found);
        }
        next = walk.level(next).await?;
    }
    if next.is_empty() {
        return Ok(walk.found);
    }
    Err(too_deep("what is attached to it is attached"))
}

/// The digests of `root` and of every manifest below it, parents first. Of those only the indexes
/// are read.
pub async fn manifests_of(store: &dyn Store, root: &Manifest) -> Result<Vec<Digest>> {
    let mut all = vec![root.digest().clone()];
    let mut seen: HashSet<Digest> = all.iter().cloned().collect();
    let is_new = &mut |digest: &Digest| seen.insert(digest.clone());
    all.extend(below(store, vec![root.clone()], is_new).await?);
    Ok(all)
}

/// The digests of the manifests below these that are new to whoever asks, parents first.
async fn below(
    store: &dyn Store,
    mut level: Vec<Manifest>,
    is_new: &mut (dyn FnMut(&Digest) -> bool + Send),
) -> Result<Vec<Digest>> {
    let mut all = Vec::new();
    for _ in 0..DEEPEST {
        let mut indexes = Vec::new();
        for child in level.iter().flat_map(Manifest::children) {
            let Child::Manifest(child) = child else {
                continue;
            };
            if !is_new(child.digest()) {
                continue;
            }
            all.push(child.digest().clone());
            check_number(all.len())?;
            if is_index_type(child.media_type().as_ref()) {
                indexes.push(child.clone());
            }
        }
        if indexes.is_empty() {
            return Ok(all);
        }
        level = stream::iter(indexes)
            .map(|index| async move { listed(store, &index).await })
            .buffered(ASKING)
            .try_collect()
            .await?;
    }
    Err(too_deep("its indexes are nested"))
}

/// A walk from subjects to what is attached to them, breadth first.
struct Walk<'a> {
    store: &'a dyn Store,
    /// What is asked about, and when it came up.
    subjects: HashMap<Digest, usize>,
    /// In which ways something was found. A list that lies cannot make it more.
    ways: HashSet<(Digest, Option<Tag>)>,
    found: Vec<Attached>,
}

impl Walk<'_> {
    /// Notes a subject; `false` where it came up before.
    fn is_new(&mut self, subject: &Digest) -> bool {
        let position = self.subjects.len();
        match self.subjects.entry(subject.clone()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(position);
                true
            }
        }
    }

    /// Whether `attached` came up before what it is attached to: it is not taken for an
    /// attachment, so that lists and tags that lie cannot make a circle.
    fn is_circle(&self, attached: &Attached) -> bool {
        let position = |digest| self.subjects.get(digest);
        position(attached.descriptor.digest())
            .is_some_and(|own| Some(own) <= position(&attached.subject))
    }

    /// Asks about these subjects, and returns those to ask about next.
    async fn level(&mut self, subjects: Vec<Digest>) -> Result<Vec<Digest>> {
        let store = self.store;
        let mut found = stream::iter(subjects)
            .map(|subject| async move { directly_attached(store, subject).await })
            .buffered(ASKING);
        let (mut next, mut indexes) = (Vec::new(), Vec::new());
        while let Some(some) = found.try_next().await? {
            for attached in some {
                let tag = match &attached.how {
                    How::Tag(tag) => Some(tag.clone()),
                    How::Referrer(_) => None,
                };
                let digest = attached.descriptor.digest().clone();
                if self.is_circle(&attached) || !self.ways.insert((digest.clone(), tag)) {
                    continue;
                }
                if self.is_new(&digest) {
                    next.push(digest.clone());
                    if is_index_type(attached.descriptor.media_type().as_ref()) {
                        indexes.push(digest);
                    }
                }
                self.found.push(attached);
                check_number(self.subjects.len() + self.found.len())?;
            }
        }
        next.extend(self.parts(&indexes).await?);
        Ok(next)
    }

    /// What attachments that are indexes list, and something may be attached to. Only so many of
    /// them are held at once.
    async fn parts(&mut self, indexes: &[Digest]) -> Result<Vec<Digest>> {
        let store = self.store;
        let mut parts = Vec::new();
        for some in indexes.chunks(ASKING) {
            let reads = some.iter().map(|digest| async move {
                // By its digest alone: what lists it may be wrong about its size.
                match store.manifest(&Target::Digest(digest.clone())).await {
                    // A list may name what was removed.
                    Err(error) if error.kind() == Kind::NotFound => Ok(None),
                    read => read.map(Some),
                }
            });
            let read = try_join_all(reads).await?.into_iter().flatten().collect();
            let is_new = &mut |part: &Digest| self.is_new(part);
            parts.extend(below(store, read, is_new).await?);
            check_number(self.subjects.len() + self.found.len())?;
        }
        Ok(parts)
    }
}

/// What is attached to `subject` itself.
async fn directly_attached(store: &dyn Store, subject: Digest) -> Result<Vec<Attached>> {
    let tags = cosign_tags(&subject);
    let looks = tags.into_iter().map(|tag| async move {
        let there = store.look(&Target::Tag(tag.clone())).await?;
        Ok::<_, Error>(there.map(|descriptor| (tag, descriptor)))
    });
    let (told, tagged) = tokio::try_join!(store.referrers(&subject), try_join_all(looks))?;
    let Referrers { items, origin } = told;
    let referrers = items
        .into_iter()
        .map(|descriptor| (How::Referrer(origin), descriptor));
    let tagged = tagged
        .into_iter()
        .flatten()
        .map(|(tag, descriptor)| (How::Tag(tag), descriptor));
    Ok(referrers
        .chain(tagged)
        .map(|(how, descriptor)| Attached {
            subject: subject.clone(),
            descriptor,
            how,
        })
        .collect())
}

fn too_deep(what: &str) -> Error {
    Error::new(Kind::Corrupt, format!("{what} more than {DEEPEST} deep"))
}

fn check_number(number: usize) -> Result<()> {
    if number <= MOST {
        return Ok(());
    }
    let what = format!("more than {MOST} manifests belong to it");
    Err(Error::new(Kind::Corrupt, what))
}
