//! How much a registry may still be asked, by the headers that say so.
//!
//! Sources: Docker Hub's page on pull limits (`ratelimit-limit: 100;w=21600`); GitHub's and Hub's
//! APIs (`x-ratelimit-…`).

use crate::oci::reference::{RepositoryName, Target};
use crate::store::registry::{Answer, Question, Registry};
use crate::vendor::Kind;

/// What Hub keeps for whoever wants to know: a HEAD of it counts as no pull.
const PREVIEW: (&str, &str) = ("ratelimitpreview/test", "latest");

/// A limit, as far as it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limit {
    /// So many in all.
    pub limit: Option<u64>,
    /// So many are left.
    pub remaining: Option<u64>,
    /// In so many seconds.
    pub window: Option<u64>,
    /// When it begins anew, as the registry says it.
    pub reset: Option<String>,
    /// Who is counted: an address, or a user.
    pub source: Option<String>,
}

/// Looks for a limit in what was answered. Docker Hub tells it with manifests alone, and is asked
/// for one unless it was.
pub(super) async fn ask(registry: &Registry, kind: Option<Kind>, told: &[Answer]) -> Option<Limit> {
    let known = told.iter().rev().find_map(read);
    if known.is_some() || kind != Some(Kind::DockerHub) {
        return known;
    }
    let name: RepositoryName = PREVIEW.0.parse().ok()?;
    let target = Target::Tag(PREVIEW.1.parse().ok()?);
    let answer = registry.ask(&Question::Manifest(name, target)).await;
    read(&answer.ok()?)
}

fn read(answer: &Answer) -> Option<Limit> {
    let header = |name: &str| answer.header(name);
    let either = |one: &str, other: &str| header(one).or(header(other));
    let limit = either("ratelimit-limit", "x-ratelimit-limit");
    let remaining = either("ratelimit-remaining", "x-ratelimit-remaining");
    let read = Limit {
        limit: limit.and_then(count),
        remaining: remaining.and_then(count),
        window: limit.or(remaining).and_then(window),
        reset: either("ratelimit-reset", "x-ratelimit-reset").map(short),
        source: header("docker-ratelimit-source").map(short),
    };
    (read.limit.is_some() || read.remaining.is_some()).then_some(read)
}

/// `100` of `100;w=21600`.
fn count(value: &str) -> Option<u64> {
    value.split(';').next()?.trim().parse().ok()
}

/// `21600` of `100;w=21600`.
fn window(value: &str) -> Option<u64> {
    let mut parameters = value.split(';').skip(1);
    parameters.find_map(|parameter| parameter.trim().strip_prefix("w=")?.parse().ok())
}

fn short(value: &str) -> String {
    const LONGEST: usize = 128;
    value.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_windows_are_read() {
        for (value, number, seconds) in [
            ("100;w=21600", Some(100), Some(21_600)),
            ("20 ; w=60", Some(20), Some(60)),
            ("5", Some(5), None),
            ("-1", None, None),
            ("many;w=soon", None, None),
            ("", None, None),
        ] {
            assert_eq!((count(value), window(value)), (number, seconds), "{value}");
        }
    }
}
