//! YAML text into values: strictly, within limits, and with the place of what is wrong.

use super::error::{Place, Problem};
use super::wording::{self, Key};
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use serde_saphyr::{Error, Options};

/// Reads the one document in `text`; none where there is nothing in it.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<Option<T>, Problem> {
    let mut key = None;
    let parsed = serde_saphyr::with_deserializer_from_str_with_options(text, options(), |yaml| {
        serde_path_to_error::deserialize(yaml).map_err(|error| {
            key = last_key(error.path());
            error.into_inner()
        })
    });
    parsed.map_err(|error| problem(&error, key.as_ref()))
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 16,
            max_nodes: 50_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_recorded_anchor_events: 100_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 8,
        },
        emit_comments: false,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

fn problem(error: &Error, key: Option<&Key>) -> Problem {
    let place = error.location().and_then(Place::of);
    Problem::located(place, wording::reason(error, key))
}

/// The key whose value was being read, as far as it is known.
fn last_key(path: &Path) -> Option<Key> {
    let mut in_list = false;
    for segment in path.iter().rev() {
        match segment {
            // A value that keeps its place is read as a field `value` of a wrapper.
            Segment::Map { key } if key == "value" => {}
            Segment::Map { key } => {
                return Some(Key {
                    name: key.clone(),
                    in_list,
                });
            }
            Segment::Seq { .. } => in_list = true,
            _ => return None,
        }
    }
    None
}
