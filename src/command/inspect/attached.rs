//! What is attached to an image, as a tree.

use super::document::{Body, Document};
use crate::engine::referrers::{self, How};
use crate::oci::Digest;
use crate::oci::config::meant;
use crate::store::ReferrersOrigin;
use crate::term::page::{Align, Page, name};
use indicatif::BinaryBytes;
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// Attached to what is attached to what is attached …: shown no deeper.
const DEEPEST: usize = 8;

/// Something attached.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Attached {
    /// What it is attached to.
    subject: Digest,
    digest: Digest,
    media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    /// What it is, in words for people.
    kind: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    /// How it is found.
    found_by: String,
}

impl From<referrers::Attached> for Attached {
    fn from(attached: referrers::Attached) -> Self {
        let (kind, created) = (attached.kind().into_owned(), attached.created());
        let created = created.filter(|text| meant(text).is_some());
        let created = created.map(str::to_owned);
        let referrers::Attached {
            subject,
            descriptor,
            how,
        } = attached;
        let artifact_type = descriptor.artifact_type().as_ref();
        Self {
            subject,
            digest: descriptor.digest().clone(),
            media_type: descriptor.media_type().to_string(),
            artifact_type: artifact_type.map(ToString::to_string),
            kind,
            size: descriptor.size(),
            created,
            found_by: match how {
                How::Referrer(ReferrersOrigin::Api) => "referrers".to_owned(),
                How::Referrer(ReferrersOrigin::FallbackTag) => "fallback tag".to_owned(),
                How::Tag(tag) => tag.to_string(),
            },
        }
    }
}

/// Adds what is attached, each below what it is attached to.
pub(super) fn show(page: &mut Page, document: &Document) {
    lay_out(page, &document.attached, |subject| {
        called(document, subject)
    });
}

fn lay_out(page: &mut Page, attached: &[Attached], called: impl Fn(&Digest) -> String) {
    if attached.is_empty() {
        return;
    }
    let mut tree = Tree {
        below: HashMap::new(),
        seen: HashSet::new(),
        rows: Vec::new(),
    };
    let known: HashSet<&Digest> = attached.iter().map(|one| &one.digest).collect();
    for one in attached {
        tree.below.entry(&one.subject).or_default().push(one);
    }
    let mut subjects = HashSet::new();
    for one in attached.iter().filter(|one| !known.contains(&one.subject)) {
        if subjects.insert(&one.subject) {
            tree.add_subject(called(&one.subject), &one.subject);
        }
    }
    page.gap();
    let columns = [
        ("ATTACHED", Align::Left),
        ("SIZE", Align::Right),
        ("CREATED", Align::Left),
        ("DIGEST", Align::Left),
        ("FOUND BY", Align::Left),
    ];
    page.table(&columns, tree.rows);
}

struct Tree<'a> {
    below: HashMap<&'a Digest, Vec<&'a Attached>>,
    seen: HashSet<(&'a Digest, &'a Digest)>,
    rows: Vec<Vec<String>>,
}

/// What a part of the image is called.
fn called(document: &Document, subject: &Digest) -> String {
    let listed = match &document.body {
        Body::Index { platforms } => platforms.iter().find(|entry| entry.digest == *subject),
        Body::Image(_) => None,
    };
    match (listed, &document.body) {
        (Some(entry), _) => name(entry.platform.as_deref().unwrap_or(entry.kind)),
        (None, Body::Index { .. }) if document.digest == *subject => "this index".to_owned(),
        (None, Body::Image(_)) => "this image".to_owned(),
        (None, Body::Index { .. }) => "in an index".to_owned(),
    }
}

impl<'a> Tree<'a> {
    fn add_subject(&mut self, called: String, subject: &'a Digest) {
        let nothing = String::new;
        let digest = subject.to_string();
        self.rows
            .push(vec![called, nothing(), nothing(), digest, nothing()]);
        for one in self.below.get(subject).cloned().unwrap_or_default() {
            self.add(one, 1);
        }
    }

    fn add(&mut self, one: &'a Attached, depth: usize) {
        if depth > DEEPEST || !self.seen.insert((&one.subject, &one.digest)) {
            return;
        }
        self.rows.push(vec![
            format!("{}{}", "  ".repeat(depth), name(&one.kind)),
            BinaryBytes(one.size).to_string(),
            one.created.clone().unwrap_or_default(),
            one.digest.to_string(),
            one.found_by.clone(),
        ]);
        for child in self.below.get(&one.digest).cloned().unwrap_or_default() {
            self.add(child, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::digest::sha256;
    use crate::oci::{Descriptor, MediaType};

    fn attachment(subject: &[u8], content: &[u8], sort: &str) -> referrers::Attached {
        let media_type = MediaType::ImageManifest;
        let mut descriptor = Descriptor::new(media_type, 2048, sha256(content));
        descriptor.set_artifact_type(Some(MediaType::from(sort)));
        let created = [(
            "org.opencontainers.image.created".to_owned(),
            "2024-05-01T10:00:00Z".to_owned(),
        )];
        descriptor.set_annotations(Some(created.into()));
        referrers::Attached {
            subject: sha256(subject),
            descriptor,
            how: How::Referrer(ReferrersOrigin::Api),
        }
    }

    #[test]
    fn what_is_attached_stands_below_what_it_is_attached_to() {
        let list = [
            attachment(b"image", b"sbom", "a/sbom"),
            attachment(b"image", b"other", "a/other\u{1b}"),
            attachment(b"sbom", b"signature", "a/signature"),
        ];
        let mut page = Page::default();
        let list = list.map(Attached::from);
        lay_out(&mut page, &list, |_| "this image".to_owned());
        let text = page.to_string();
        let starts: Vec<&str> = text
            .lines()
            .map(|line| line.split("  2.00").next().unwrap_or_default())
            .collect();
        assert!(
            starts[1].starts_with("this image  ") && starts[1].ends_with(sha256(b"image").as_ref())
        );
        assert_eq!(
            starts[2..],
            ["  a/sbom       ", "    a/signature", "  a/other\\u{1b}"]
        );
        assert!(text.contains("2024-05-01T10:00:00Z"));
        assert!(text.contains(sha256(b"signature").as_ref()));
    }

    /// A digest cannot be below itself, but a list from outside may say so.
    #[test]
    fn a_circle_ends() {
        let list = [
            attachment(b"image", b"a", "a/a"),
            attachment(b"a", b"b", "a/b"),
            attachment(b"b", b"a", "a/a"),
        ];
        let list_length = list.len();
        let mut page = Page::default();
        let list = list.map(Attached::from);
        lay_out(&mut page, &list, |_| "this image".to_owned());
        assert_eq!(page.to_string().lines().count(), 2 + list_length);
    }
}
