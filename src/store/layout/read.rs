//! What a layout holds, read and checked.

use super::folder::Folder;
use super::index::{Index, name};
use crate::oci::manifest::{MAX_BYTES, Manifest, ManifestError, is_manifest_type};
use crate::oci::reference::{Tag, Target};
use crate::oci::referrers::{descriptor_of, fallback_tag};
use crate::oci::{Descriptor, Digest};
use crate::registry::{Referrers, ReferrersOrigin};
use crate::store::Root;
use crate::store::error::{Error, Kind, Result};
use std::collections::{BTreeSet, HashSet};
use std::sync::PoisonError;

/// So many names are repeated in a message.
const SHOWN: usize = 8;
/// The manifests that are attached to one image are read no further, in bytes.
const MOST: u64 = 64 << 20;

/// A manifest by tag, as it is listed, or by digest, whether it is listed or not.
pub(super) fn manifest(folder: &Folder, target: &Target) -> Result<Manifest> {
    folder.must_be_layout()?;
    match target {
        Target::Digest(digest) => by_digest(folder, target, digest),
        Target::Tag(tag) => {
            let index = folder.index()?;
            let Some(listed) = listed(folder, &index, tag)? else {
                return Err(not_there(folder, "read", target));
            };
            by_entry(folder, target, listed)
        }
    }
}

fn listed<'a>(folder: &Folder, index: &'a Index, tag: &Tag) -> Result<Option<&'a Descriptor>> {
    let target = Target::Tag(tag.clone());
    let listed = index.tagged(tag);
    listed.map_err(|error| unread(folder, &target, Kind::Corrupt, error))
}

/// What is wanted is not there.
pub(super) fn not_there(folder: &Folder, doing: &str, target: &Target) -> Error {
    let reference = folder.location.reference(target);
    let what = match target {
        Target::Tag(_) => format!("cannot {doing} {reference}: there is no such tag"),
        Target::Digest(_) => format!("cannot {doing} {reference}: there is no such manifest"),
    };
    folder.error(Kind::NotFound, what)
}

fn unread(
    folder: &Folder,
    target: &Target,
    kind: Kind,
    cause: impl Into<crate::transport::BoxError>,
) -> Error {
    let what = format!("cannot read {}", folder.location.reference(target));
    Error::caused(kind, what, cause).at(&folder.location)
}

fn by_entry(folder: &Folder, target: &Target, listed: &Descriptor) -> Result<Manifest> {
    let wrong = |error: ManifestError| unread(folder, target, Kind::Corrupt, error);
    if listed.size() > MAX_BYTES as u64 {
        let size = usize::try_from(listed.size()).unwrap_or(usize::MAX);
        return Err(wrong(ManifestError::TooLarge(size)));
    }
    let file = folder.open_sized(listed)?;
    let bytes = folder.whole(listed.digest().as_ref(), file)?;
    let media_type = Some(listed.media_type().as_ref());
    let manifest = Manifest::parse_pinned(bytes, media_type, listed.digest()).map_err(wrong)?;
    manifest.check_listed(listed).map_err(wrong)?;
    Ok(manifest)
}

fn by_digest(folder: &Folder, target: &Target, digest: &Digest) -> Result<Manifest> {
    let Some((file, length)) = folder.open_blob(digest)? else {
        return Err(not_there(folder, "read", target));
    };
    if length > MAX_BYTES as u64 {
        return Err(not_there(folder, "read", target));
    }
    let bytes = folder.whole(digest.as_ref(), file)?;
    Manifest::parse_pinned(bytes, None, digest).map_err(|error| {
        // A layer or a config is there, and is not what is wanted.
        let kind = match error {
            ManifestError::Json(_) | ManifestError::Shapeless | ManifestError::SchemaVersion => {
                Kind::NotFound
            }
            _ => Kind::Corrupt,
        };
        unread(folder, target, kind, error)
    })
}

/// What is there before something is written. What cannot be read is not there, so that it is
/// written anew.
pub(super) fn find(folder: &Folder, target: &Target) -> Result<Option<Descriptor>> {
    if !folder.is_layout()? {
        return Ok(None);
    }
    find_in(folder, &*folder.index_to_write()?, target)
}

/// The same in an index that was read.
pub(super) fn find_in(
    folder: &Folder,
    index: &Index,
    target: &Target,
) -> Result<Option<Descriptor>> {
    let found = match target {
        Target::Digest(digest) => by_digest(folder, target, digest),
        Target::Tag(tag) => match listed(folder, index, tag) {
            Ok(Some(listed)) => by_entry(folder, target, listed),
            Ok(None) => return Ok(None),
            Err(error) => Err(error),
        },
    };
    match found {
        Ok(manifest) => Ok(Some(manifest.descriptor().clone())),
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Corrupt) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Everything that is listed.
pub(super) fn roots(folder: &Folder) -> Result<Vec<Root>> {
    folder.must_be_layout()?;
    let index = folder.index()?;
    let roots = index.entries().iter().map(|entry| Root {
        name: name(entry).map(str::to_owned),
        descriptor: entry.clone(),
    });
    Ok(roots.collect())
}

/// What is meant where nothing is named: the only image, or `latest` among several.
pub(super) fn usual_target(folder: &Folder) -> Result<Target> {
    folder.must_be_layout()?;
    let index = folder.index()?;
    let mut tags = index.tags();
    tags.retain(|tag| !tag.stands_for_a_digest());
    if let [tag] = &tags[..] {
        return Ok(tag.clone().into());
    }
    if tags.contains(&Tag::latest()) {
        return Ok(Tag::latest().into());
    }
    let place = &folder.location;
    if !tags.is_empty() {
        let what = format!("{place} holds several images: {}", named(&tags));
        return Err(folder.error(Kind::Usage, what));
    }
    let stands_for_a_digest = |entry: &Descriptor| {
        let tag = name(entry).and_then(|name| name.parse().ok());
        tag.is_some_and(|tag: Tag| tag.stands_for_a_digest())
    };
    let manifests = index.entries().iter().filter(|entry| {
        is_manifest_type(entry.media_type().as_ref()) && !stands_for_a_digest(entry)
    });
    let digests: BTreeSet<String> = manifests.map(|entry| entry.digest().to_string()).collect();
    let digests: Vec<String> = digests.into_iter().collect();
    match &digests[..] {
        [] => Err(folder.error(Kind::NotFound, format!("{place} holds no image"))),
        [only] => {
            let only = only.parse().map_err(|error| folder.corrupt(error))?;
            Ok(Target::Digest(only))
        }
        several => {
            let what = format!(
                "{place} holds several images without tags: {}",
                named(several)
            );
            Err(folder.error(Kind::Usage, what))
        }
    }
}

fn named<T: ToString>(all: &[T]) -> String {
    let mut names: Vec<String> = all.iter().take(SHOWN).map(ToString::to_string).collect();
    if all.len() > SHOWN {
        names.push(format!("{} more", all.len() - SHOWN));
    }
    names.join(", ")
}

/// What is attached to `subject`: what its list has, and what is listed without a name and says so
/// itself, as other tools leave it.
///
/// Somebody is warned of a list that is none.
pub(super) fn referrers(
    folder: &Folder,
    subject: &Digest,
    warn: impl FnOnce(&str),
) -> Result<Referrers> {
    folder.must_be_layout()?;
    let index = folder.index()?;
    let mut items = match referrers_list(folder, &index, subject)? {
        List::None => Vec::new(),
        List::There(list) if list.is_index() => list.manifests().to_vec(),
        List::There(_) => {
            let tag = fallback_tag(subject);
            warn(&format!("{tag} should list referrers, and is no index"));
            Vec::new()
        }
        List::Gone => {
            let tag = fallback_tag(subject);
            warn(&format!("the list of referrers under {tag} is not there"));
            Vec::new()
        }
    };
    let mut seen: HashSet<Digest> = items.iter().map(|item| item.digest().clone()).collect();
    let mut read = 0;
    for entry in index.entries().iter().filter(|entry| is_nameless(entry)) {
        if seen.contains(entry.digest())
            || subject_of(folder, entry)?.as_ref() != Some(subject)
            || !seen.insert(entry.digest().clone())
        {
            continue;
        }
        read += entry.size();
        if read > MOST {
            let what = format!("what is attached to {subject} is more than {MOST} bytes");
            return Err(folder.error(Kind::Corrupt, what));
        }
        let target = Target::Digest(entry.digest().clone());
        items.push(descriptor_of(&by_entry(folder, &target, entry)?));
    }
    Ok(Referrers {
        items,
        origin: ReferrersOrigin::FallbackTag,
    })
}

fn is_nameless(entry: &Descriptor) -> bool {
    name(entry).is_none() && is_manifest_type(entry.media_type().as_ref())
}

/// The subject of a manifest. Each is read once: what is under a digest does not change.
fn subject_of(folder: &Folder, entry: &Descriptor) -> Result<Option<Digest>> {
    let known = || {
        folder
            .subjects
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    };
    if let Some(subject) = known().get(entry.digest()) {
        return Ok(subject.clone());
    }
    let target = Target::Digest(entry.digest().clone());
    let manifest = match by_entry(folder, &target, entry) {
        // What cannot be read is attached to nothing.
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Corrupt) => return Ok(None),
        read => read?,
    };
    let subject = manifest.subject().map(|subject| subject.digest().clone());
    known().insert(entry.digest().clone(), subject.clone());
    Ok(subject)
}

/// What is under the tag that is derived from a subject.
enum List {
    /// Nothing is listed.
    None,
    /// Something is listed and not there.
    Gone,
    There(Box<Manifest>),
}

fn referrers_list(folder: &Folder, index: &Index, subject: &Digest) -> Result<List> {
    let tag = fallback_tag(subject);
    let entry = match listed(folder, index, &tag)? {
        // Some tools tag an image with its own digest: that is no list of what is attached to it.
        Some(entry) if entry.digest() != subject => entry,
        _ => return Ok(List::None),
    };
    match by_entry(folder, &Target::Tag(tag), entry) {
        Err(error) if error.kind() == Kind::NotFound => Ok(List::Gone),
        read => Ok(List::There(Box::new(read?))),
    }
}

/// The list of what is attached to `subject`, to be added to. One that is gone is begun anew.
pub(super) fn referrers_index(
    folder: &Folder,
    index: &Index,
    subject: &Digest,
) -> Result<Option<Manifest>> {
    match referrers_list(folder, index, subject)? {
        List::There(list) => Ok(Some(*list)),
        List::None | List::Gone => Ok(None),
    }
}
