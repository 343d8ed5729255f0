//! Media types: which are manifests, which are indexes, and who is believed about them.

use super::error::{ManifestError, Origin};
use oci_spec::image::Descriptor;

/// The media type of an index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// Every media type that a manifest may have, in the order for an `Accept` header.
pub const ACCEPT: &[&str] = &[OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST];

/// Docker schema 1, unsigned and signed.
const SCHEMA_1: [&str; 2] = [
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
];
/// OCI's short-lived artifact manifest, withdrawn before image-spec 1.1.
const ARTIFACT_MANIFEST: &str = "application/vnd.oci.artifact.manifest.v1+json";

/// What servers say that do not know or do not care.
const GENERIC: [&str; 5] = [
    "",
    "text/plain",
    "application/json",
    "application/octet-stream",
    "binary/octet-stream",
];

/// What layers begin with that are meant to be fetched from elsewhere.
const FOREIGN: [&str; 2] = [
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
];

/// Whether it is an image manifest or an index: anything in [`ACCEPT`].
pub fn is_manifest_type(media_type: &str) -> bool {
    ACCEPT.contains(&media_type)
}

/// Whether it is an index, by OCI's or by Docker's name.
pub fn is_index_type(media_type: &str) -> bool {
    [OCI_INDEX, DOCKER_LIST].contains(&media_type)
}

/// Whether what is called so may be an index: a type that is missing, general or unknown may be
/// anything.
pub fn may_be_index_type(media_type: &str) -> bool {
    is_index_type(media_type) || !is_kept_as_manifest(media_type)
}

/// A layer that is never pushed by default: foreign or nondistributable.
pub fn is_foreign(descriptor: &Descriptor) -> bool {
    let media_type = descriptor.media_type().as_ref();
    FOREIGN
        .iter()
        .filter_map(|start| media_type.strip_prefix(start))
        .any(|end| end.is_empty() || end.starts_with(['.', '+']))
}

pub(super) fn is_schema_1(media_type: &str) -> bool {
    SCHEMA_1.contains(&media_type)
}

/// Whether registries keep it among the manifests, even where it cannot be copied any more.
pub(super) fn is_kept_as_manifest(media_type: &str) -> bool {
    is_manifest_type(media_type) || is_schema_1(media_type) || media_type == ARTIFACT_MANIFEST
}

/// The media type of a manifest that says nothing about itself.
pub(super) fn by_shape(index: bool) -> &'static str {
    if index { OCI_INDEX } else { OCI_MANIFEST }
}

/// The media type in a `Content-Type`, without parameters, unless it says nothing.
pub(super) fn of_header(content_type: Option<&str>) -> Option<String> {
    let value = content_type?.split(';').next().unwrap_or_default();
    let value = value.trim().to_ascii_lowercase();
    (!GENERIC.contains(&value.as_str())).then_some(value)
}

/// What all those who say something agree on.
pub(super) fn agreed<'a>(
    claims: &[(Origin, Option<&'a str>)],
) -> Result<Option<&'a str>, ManifestError> {
    let mut said = claims
        .iter()
        .filter_map(|&(origin, claim)| Some((origin, claim?)));
    let Some((by, first)) = said.next() else {
        return Ok(None);
    };
    match said.find(|&(_, claim)| claim != first) {
        None => Ok(Some(first)),
        Some((and_by, second)) => Err(ManifestError::MediaTypes {
            first: first.to_owned(),
            by,
            second: second.to_owned(),
            and_by,
        }),
    }
}
