//! An index with some of its entries, and every other byte as it was.

use super::{Manifest, ManifestError};
use crate::oci::strict::StrictError;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// An index's entries as they are written.
#[derive(Deserialize)]
struct Written<'b> {
    #[serde(borrow)]
    manifests: Vec<&'b RawValue>,
}

impl Manifest {
    /// The index with only those entries that `keeps` takes by their place, at least one of them.
    ///
    /// Entries and all other fields keep their bytes, their order and the space between them, known
    /// or not. Where all are kept it is the same index.
    pub fn keeping(&self, keeps: impl Fn(usize) -> bool) -> Result<Self, ManifestError> {
        let total = self.manifests().len();
        let kept: Vec<usize> = (0..total).filter(|&entry| keeps(entry)).collect();
        if kept.is_empty() || kept.len() == total {
            return Ok(self.clone());
        }
        let bytes = cut(&self.bytes, &kept)?;
        Self::parse(bytes, Some(self.media_type().as_ref()))
    }
}

fn cut(bytes: &Bytes, kept: &[usize]) -> Result<Bytes, ManifestError> {
    // It was read before, by a stricter reader.
    let unreadable =
        |error: serde_json::Error| ManifestError::Json(StrictError::Syntax(error.to_string()));
    let written: Written<'_> = serde_json::from_slice(bytes).map_err(unreadable)?;
    let begin = bytes.as_ptr().addr();
    let spans: Vec<_> = written
        .manifests
        .iter()
        .map(|entry| {
            let at = entry.get().as_ptr().addr() - begin;
            at..at + entry.get().len()
        })
        .collect();
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else {
        return Ok(bytes.clone());
    };
    let mut cut = bytes[..first.start].to_vec();
    for (nth, &entry) in kept.iter().enumerate() {
        if nth > 0 {
            // What divides it from the entry before it: a comma, and space around it.
            cut.extend_from_slice(&bytes[spans[entry - 1].end..spans[entry].start]);
        }
        cut.extend_from_slice(&bytes[spans[entry].clone()]);
    }
    cut.extend_from_slice(&bytes[last.end..]);
    Ok(cut.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::oci::manifest::Manifest;

    const INDEX: &str = r#"{ "x": 1.10, "schemaVersion":2,
 "manifests" : [ A ,
   B, C],
 "mediaType":"application/vnd.docker.distribution.manifest.list.v2+json", "annotations":{"a":"\u0062"} }
"#;

    fn entry(letter: &str) -> String {
        let digest = crate::oci::digest::sha256(letter.as_bytes());
        format!(
            r#"{{"own{letter}":1e2,"size":{}, "mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}"}}"#,
            1
        )
    }

    fn index(text: &str) -> Manifest {
        let filled = ["A", "B", "C"]
            .iter()
            .fold(text.to_owned(), |text, letter| {
                text.replace(&format!(" {letter}"), &format!(" {}", entry(letter)))
            });
        Manifest::parse(filled.into(), None).unwrap()
    }

    #[test]
    fn what_is_kept_keeps_its_bytes() {
        let whole = index(INDEX);
        for (kept, entries) in [
            (&[0][..], " A"),
            (&[1], " B"),
            (&[2], " C"),
            (&[0, 1], " A ,\n   B"),
            (&[0, 2], " A, C"),
            (&[1, 2], " B, C"),
        ] {
            let expected = index(&INDEX.replace(" A ,\n   B, C", entries));
            let made = whole.keeping(|entry| kept.contains(&entry)).unwrap();
            assert_eq!(made.bytes(), expected.bytes(), "{kept:?}");
            assert_eq!(made.media_type(), whole.media_type());
            assert_eq!(made.manifests().len(), kept.len());
        }
    }

    #[test]
    fn with_all_of_them_it_is_the_same() {
        let whole = index(INDEX);
        assert_eq!(whole.keeping(|_| true).unwrap().bytes(), whole.bytes());
    }

    #[test]
    fn a_type_that_only_the_answer_gave_is_kept() {
        let list = "application/vnd.docker.distribution.manifest.list.v2+json";
        let silent = INDEX.replace(&format!("\"mediaType\":\"{list}\""), "\"y\":0");
        let text = String::from_utf8(index(&silent).bytes().to_vec()).unwrap();
        let whole = Manifest::parse(text.into(), Some(list)).unwrap();
        let made = whole.keeping(|entry| entry == 1).unwrap();
        assert_eq!(made.media_type().as_ref(), list);
    }
}
