//! Manifests and indexes: the exact bytes they came as, and what they point to.
//!
//! Source: image-spec 1.1, `manifest.md` and `image-index.md`; Docker's "Image Manifest Version 2,
//! Schema 2". Both have the same fields under other media types.

mod descriptor;
mod error;
mod fields;
mod keep;
mod media_type;
mod platform;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod field_cases;
#[cfg(test)]
mod properties;

pub use error::{FieldError, ManifestError, Origin};
pub use media_type::{
    ACCEPT, OCI_INDEX, is_foreign, is_index_type, is_manifest_type, may_be_index_type,
};
pub use platform::platform_of_config;

use crate::oci::digest;
use crate::oci::strict::{self, Shape};
use bytes::Bytes;
use fields::Fields;
use oci_spec::image::{Descriptor, Digest, MediaType, Platform};
use serde_json::Value;
use std::collections::BTreeMap;

/// The largest manifest that is read, in bytes. Registries take half of that.
pub const MAX_BYTES: usize = 8 << 20;

/// The names of a manifest's and of an index's fields.
const SHAPE: Shape = Shape::Fields(&[
    ("schemaVersion", Shape::Free),
    ("mediaType", Shape::Free),
    ("artifactType", Shape::Free),
    ("config", descriptor::SHAPE),
    ("layers", descriptor::SHAPE),
    ("manifests", descriptor::SHAPE),
    ("subject", descriptor::SHAPE),
    ("annotations", Shape::Free),
]);

/// A manifest and the exact bytes it came as. Never re-serialised.
#[derive(Debug, Clone)]
pub struct Manifest {
    bytes: Bytes,
    descriptor: Descriptor,
    body: Body,
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
    annotations: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
enum Body {
    Image {
        config: Box<Descriptor>,
        layers: Vec<Descriptor>,
    },
    Index {
        manifests: Vec<Descriptor>,
    },
}

/// Something that a manifest points to and cannot be without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Child<'a> {
    /// Opaque bytes: a config, a layer, or an index's entry that is no manifest.
    Blob(&'a Descriptor),
    /// Another manifest or index.
    Manifest(&'a Descriptor),
}

impl<'a> Child<'a> {
    /// What names it, of either kind.
    pub fn descriptor(self) -> &'a Descriptor {
        match self {
            Self::Blob(descriptor) | Self::Manifest(descriptor) => descriptor,
        }
    }
}

impl Manifest {
    /// Reads a manifest that was asked for by tag: it is what it is, under its sha256 digest.
    ///
    /// `content_type` is the answer's, its parameters ignored. A generic one (`text/plain`,
    /// `application/json`, `application/octet-stream`, none) falls back to the body's own
    /// `mediaType`, then to its shape.
    pub fn parse(bytes: Bytes, content_type: Option<&str>) -> Result<Self, ManifestError> {
        let digest = digest::sha256(&bytes);
        Self::read(bytes, content_type, digest)
    }

    /// The same for a manifest that was asked for by digest, where its size is not known.
    pub fn parse_pinned(
        bytes: Bytes,
        content_type: Option<&str>,
        digest: &Digest,
    ) -> Result<Self, ManifestError> {
        let digest = pinned(&bytes, digest)?;
        Self::read(bytes, content_type, digest)
    }

    fn read(
        bytes: Bytes,
        content_type: Option<&str>,
        digest: Digest,
    ) -> Result<Self, ManifestError> {
        if bytes.len() > MAX_BYTES {
            return Err(ManifestError::TooLarge(bytes.len()));
        }
        let value = strict::parse(&bytes, SHAPE)?;
        let fields = Fields::top(&value)?;
        let header = media_type::of_header(content_type);
        let media_type = kind(&fields, header.as_deref())?;
        let body = Body::read(&fields, is_index_type(media_type))?;
        let media_type = MediaType::from(media_type);
        let subject = fields.object("subject")?;
        Ok(Self {
            descriptor: Descriptor::new(media_type, bytes.len() as u64, digest),
            subject: subject.as_ref().map(descriptor::read).transpose()?,
            artifact_type: fields.media_type("artifactType")?.map(str::to_owned),
            annotations: fields.texts("annotations")?.unwrap_or_default(),
            body,
            bytes,
        })
    }

    /// Makes sure that it is what `listed`, by which its parent names it, says it is.
    pub fn check_listed(&self, listed: &Descriptor) -> Result<(), ManifestError> {
        let own = &self.descriptor;
        let (expected, actual) = (listed.size(), own.size());
        if expected != actual {
            return Err(ManifestError::Size { expected, actual });
        }
        if listed.digest() != own.digest() {
            let (expected, actual) = (listed.digest().clone(), own.digest().clone());
            return Err(ManifestError::Digest { expected, actual });
        }
        if listed.media_type() != own.media_type() {
            return Err(ManifestError::Listed {
                listed: listed.media_type().to_string(),
                actual: own.media_type().to_string(),
            });
        }
        Ok(())
    }

    /// The bytes, as they came.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What names it: media type, size, and a digest, sha256 unless it was asked for by sha512.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// Its digest, computed from the bytes.
    pub fn digest(&self) -> &Digest {
        self.descriptor.digest()
    }

    /// Its media type, one of [`ACCEPT`].
    pub fn media_type(&self) -> &MediaType {
        self.descriptor.media_type()
    }

    /// Whether it lists other manifests, and no layers.
    pub fn is_index(&self) -> bool {
        matches!(self.body, Body::Index { .. })
    }

    /// The config; an index has none.
    pub fn config(&self) -> Option<&Descriptor> {
        match &self.body {
            Body::Image { config, .. } => Some(config),
            Body::Index { .. } => None,
        }
    }

    /// The layers, lowest first; an index has none.
    pub fn layers(&self) -> &[Descriptor] {
        match &self.body {
            Body::Image { layers, .. } => layers,
            Body::Index { .. } => &[],
        }
    }

    /// The entries of an index, in its order; an image has none.
    pub fn manifests(&self) -> &[Descriptor] {
        match &self.body {
            Body::Image { .. } => &[],
            Body::Index { manifests } => manifests,
        }
    }

    /// Everything it cannot be without, in its order, as often as it is listed. The subject is not
    /// among them.
    pub fn children(&self) -> impl Iterator<Item = Child<'_>> {
        let blobs = self.config().into_iter().chain(self.layers());
        let entries = self.manifests().iter().map(|entry| {
            if media_type::is_kept_as_manifest(entry.media_type().as_ref()) {
                return Child::Manifest(entry);
            }
            Child::Blob(entry)
        });
        blobs.map(Child::Blob).chain(entries)
    }

    /// The manifest that this one is about, as a signature is about an image.
    pub fn subject(&self) -> Option<&Descriptor> {
        self.subject.as_ref()
    }

    /// Its own `artifactType`. The config's media type, which stands for a missing one, is not
    /// filled in.
    pub fn artifact_type(&self) -> Option<&str> {
        self.artifact_type.as_deref()
    }

    /// Its annotations, by name.
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }

    /// The entry of an index that is for `platform`.
    ///
    /// A variant, version or feature that is asked for must be there. Where no variant is, the
    /// architecture's usual one is taken first, else the next best.
    pub fn select(&self, platform: &Platform) -> Option<&Descriptor> {
        platform::select(self.manifests(), platform)
    }
}

impl Body {
    fn read(fields: &Fields<'_>, index: bool) -> Result<Self, ManifestError> {
        let (strays, kind): (&[_], _) = if index {
            (&["config", "layers"], "an index")
        } else {
            (&["manifests"], "an image manifest")
        };
        if let Some(&field) = strays.iter().find(|field| fields.get(field).is_some()) {
            return Err(ManifestError::Stray { field, kind });
        }
        if index {
            let manifests = descriptors(fields, "manifests")?;
            return Ok(Self::Index { manifests });
        }
        let config = fields.required("config", fields.object("config")?)?;
        Ok(Self::Image {
            config: Box::new(descriptor::read(&config)?),
            layers: descriptors(fields, "layers")?,
        })
    }
}

fn descriptors(fields: &Fields<'_>, name: &str) -> Result<Vec<Descriptor>, ManifestError> {
    let objects = fields.objects(name)?;
    objects.iter().map(descriptor::read).collect()
}

/// The digest of the bytes, which must be the one that was asked for.
fn pinned(bytes: &[u8], expected: &Digest) -> Result<Digest, ManifestError> {
    let actual = digest::compute(bytes, expected)?;
    if actual == *expected {
        return Ok(actual);
    }
    Err(ManifestError::Digest {
        expected: expected.clone(),
        actual,
    })
}

/// The media type that descriptor, header and body agree on, or that the body's shape shows.
fn kind<'a>(fields: &Fields<'a>, header: Option<&'a str>) -> Result<&'a str, ManifestError> {
    let own = fields.media_type("mediaType")?;
    let claims = [(Origin::ContentType, header), (Origin::Body, own)];
    check_version(fields, claims.iter().filter_map(|(_, claim)| *claim))?;
    match media_type::agreed(&claims)? {
        Some(known) if is_manifest_type(known) => Ok(known),
        Some(other) => Err(ManifestError::NotManifest(other.to_owned())),
        None => shape(fields),
    }
}

fn check_version<'a>(
    fields: &Fields<'_>,
    mut claims: impl Iterator<Item = &'a str>,
) -> Result<(), ManifestError> {
    let version = fields.get("schemaVersion").and_then(Value::as_u64);
    let old_fields = ["fsLayers", "signatures", "history"];
    let old = version == Some(1) && old_fields.iter().any(|name| fields.get(name).is_some());
    if old || claims.any(media_type::is_schema_1) {
        return Err(ManifestError::Schema1);
    }
    match version {
        Some(2) => Ok(()),
        _ => Err(ManifestError::SchemaVersion),
    }
}

fn shape(fields: &Fields<'_>) -> Result<&'static str, ManifestError> {
    let has = |name| fields.get(name).is_some();
    let image = has("config") || has("layers");
    let index = has("manifests");
    if !image && !index {
        return Err(ManifestError::Shapeless);
    }
    // With the fields of both it is neither: the strays are refused where the body is read.
    Ok(media_type::by_shape(index))
}
