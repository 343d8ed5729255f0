//! What a shelf holds, as ECR names and counts it.

use crate::vendors::shelf::Stored;
use serde_json::{Value, json};

/// The image that is called so.
pub(super) fn find<'a>(all: &'a [Stored], name: &Value) -> Option<&'a Stored> {
    all.iter()
        .find(|image| match (&name["imageTag"], &name["imageDigest"]) {
            (Value::String(tag), Value::Null) => image.tags.contains(tag),
            (Value::Null, Value::String(digest)) => image.digest == *digest,
            (Value::String(tag), Value::String(digest)) => {
                image.tags.contains(tag) && image.digest == *digest
            }
            _ => false,
        })
}

/// That of an index is the largest of its parts'.
pub(super) fn size(image: &Stored, all: &[Stored]) -> u64 {
    let parts = image.parts();
    let own = all.iter().filter(|other| parts.contains(&other.digest));
    own.map(|part| part.size).max().unwrap_or(image.size)
}

/// Seconds since 1970, with a fraction.
pub(super) fn seconds(time: &str) -> Value {
    let time: jiff::Timestamp = time.parse().unwrap();
    #[allow(clippy::cast_precision_loss)]
    let seconds = time.as_millisecond() as f64 / 1000.0;
    json!(seconds)
}
