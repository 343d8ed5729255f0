//! The places that are not registries, and how they begin. `oci:dir` must never be read as the
//! tag `dir` of Docker Hub's `oci`, nor as a port of a host of that name.

use super::error::Problem;

const PLACES: [(&str, &str); 8] = [
    ("oci://", "a folder or a registry"),
    ("oci:", "an OCI layout folder"),
    ("ocidir:", "an OCI layout folder"),
    ("oci-archive:", "an archive of an OCI layout"),
    ("docker-archive:", "an archive of `docker save`"),
    ("dir:", "a folder"),
    ("docker-daemon:", "a Docker daemon"),
    ("containers-storage:", "a local image storage"),
];

/// Refuses what is not in a registry, with a message of its own.
pub(super) fn refuse(typed: &str) -> Result<(), Problem> {
    let begins = |prefix: &str| {
        typed
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    match PLACES.iter().find(|(prefix, _)| begins(prefix)) {
        Some(&(prefix, place)) => Err(Problem::Elsewhere { prefix, place }),
        None => Ok(()),
    }
}
