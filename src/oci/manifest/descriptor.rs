//! Descriptors inside a manifest. Source: image-spec 1.1, `descriptor.md` and `image-index.md`.

use super::error::{FieldError, ManifestError};
use super::fields::Fields;
use crate::oci::digest;
use crate::oci::strict::Shape;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_spec::image::{Arch, Descriptor, MediaType, Os, Platform, PlatformBuilder};

/// The largest embedded content that is kept, in bytes; larger content is fetched instead.
const MAX_DATA: usize = 64 << 10;

/// The names of a descriptor's fields.
pub(super) const SHAPE: Shape = Shape::Fields(&[
    ("mediaType", Shape::Free),
    ("digest", Shape::Free),
    ("size", Shape::Free),
    ("urls", Shape::Free),
    ("annotations", Shape::Free),
    ("data", Shape::Free),
    ("artifactType", Shape::Free),
    ("platform", PLATFORM),
]);

/// The names of a platform's fields.
pub(super) const PLATFORM: Shape = Shape::Fields(&[
    ("architecture", Shape::Free),
    ("os", Shape::Free),
    ("os.version", Shape::Free),
    ("os.features", Shape::Free),
    ("variant", Shape::Free),
    ("features", Shape::Free),
]);

/// Reads one descriptor. oci-spec's own reader is not used: it knows `os.version` by another name.
pub(super) fn read(fields: &Fields<'_>) -> Result<Descriptor, ManifestError> {
    let media_type = fields.required("mediaType", fields.media_type("mediaType")?)?;
    let text = fields.required("digest", fields.string("digest")?)?;
    let digest =
        digest::parse(text).map_err(|error| fields.error("digest", FieldError::Digest(error)))?;
    let mut descriptor = Descriptor::new(MediaType::from(media_type), fields.size("size")?, digest);
    let artifact_type = fields.media_type("artifactType")?;
    descriptor
        .set_urls(fields.strings("urls")?)
        .set_annotations(fields.texts("annotations")?)
        .set_artifact_type(artifact_type.map(MediaType::from))
        .set_platform(platform(fields)?);
    let data = data(fields, &descriptor)?;
    descriptor.set_data(data);
    Ok(descriptor)
}

/// The embedded content, checked against the descriptor; none where it is too large to matter.
fn data(fields: &Fields<'_>, descriptor: &Descriptor) -> Result<Option<String>, ManifestError> {
    let wrong = |problem| fields.error("data", problem);
    let longest = MAX_DATA.div_ceil(3) * 4;
    let embedded = |text: &&str| !text.is_empty() && text.len() <= longest;
    let Some(text) = fields.string("data")?.filter(embedded) else {
        return Ok(None);
    };
    let content = STANDARD
        .decode(text)
        .map_err(|_| wrong(FieldError::Base64))?;
    let actual = digest::compute(&content, descriptor.digest())?;
    if content.len() as u64 != descriptor.size() || actual != *descriptor.digest() {
        return Err(wrong(FieldError::Data));
    }
    Ok(Some(text.to_owned()))
}

/// What an index's entry runs on.
fn platform(fields: &Fields<'_>) -> Result<Option<Platform>, ManifestError> {
    let own = fields.object("platform")?;
    own.as_ref().map(platform_of).transpose()
}

/// A platform by its own fields. Absent names are empty, as they are for Go's readers.
pub(super) fn platform_of(fields: &Fields<'_>) -> Result<Platform, ManifestError> {
    let text = |name| Ok::<_, ManifestError>(fields.string(name)?.map(str::to_owned));
    let mut platform = PlatformBuilder::default()
        .architecture(architecture(
            fields.string("architecture")?.unwrap_or_default(),
        ))
        .os(Os::from(fields.string("os")?.unwrap_or_default()))
        .build()
        .expect("both required fields are set");
    platform
        .set_os_version(text("os.version")?)
        .set_os_features(fields.strings("os.features")?)
        .set_variant(text("variant")?)
        .set_features(fields.strings("features")?);
    Ok(platform)
}

/// oci-spec reads `armbe` as `arm64be`.
fn architecture(name: &str) -> Arch {
    match name {
        "armbe" => Arch::ARMbe,
        other => Arch::from(other),
    }
}
