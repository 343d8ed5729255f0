//! Everything that is attached to an image, to its parts, and to what is attached.

use super::{NOTE, descriptor, digest, manifest, tag_of, with, without_list};
use crate::lab::image::INDEX;
use crate::lab::{Fault, Image, Lab, wait_for};
use crossdock::engine::referrers::{Attached, How, attached};
use crossdock::oci::manifest::Manifest;
use crossdock::server::Options;
use crossdock::store::{Kind, ReferrersOrigin, Store};
use futures_util::future::try_join_all;
use serde_json::json;
use std::collections::HashSet;

/// An index of two images, and eight things that are attached to it in every way.
struct Signed {
    index: Image,
    /// Subject, attachment, and how: a list's or a tag's end.
    attachments: Vec<(Image, Image, &'static str)>,
}

impl Signed {
    fn new() -> Self {
        let (one, other) = (Image::small(1), Image::small(2));
        let index = Image::index(&[("linux/amd64", &one), ("linux/arm64", &other)]);
        let signature = Image::referrer(10, "application/vnd.cncf.notary.signature", &index);
        let sbom = Image::referrer(11, "application/spdx+json", &one);
        let bundle = Image::referrer(12, "application/vnd.dev.sigstore.bundle.v0.3+json", &sbom);
        let note = Image::referrer(13, NOTE, &other);
        let statements = [Image::artifact(14), Image::artifact(15)];
        let both = Image::index(&[("", &statements[0]), ("", &statements[1])]);
        let [statement, _] = statements;
        let attachments = vec![
            (index.clone(), signature, ""),
            (index.clone(), Image::artifact(20), "sig"),
            (index.clone(), both, "att"),
            (one.clone(), sbom.clone(), ""),
            (one, Image::artifact(21), "sig"),
            (other, note, ""),
            (sbom, bundle, ""),
            (statement, Image::artifact(22), "sbom"),
        ];
        Self { index, attachments }
    }

    fn push(&self, lab: &Lab, store: &dyn Store) {
        let mut listed = Vec::new();
        for (subject, image, end) in &self.attachments {
            if end.is_empty() {
                lab.push("src.lab/team/app", image);
                let (subject, referrer) = (digest(subject), [descriptor(image)]);
                listed.push(async move { store.attach(&subject, &referrer).await });
            } else {
                let there = format!("src.lab/team/app:{}.{end}", tag_of(subject));
                lab.push(&there, image);
            }
        }
        wait_for(try_join_all(listed)).unwrap();
    }

    fn expected(&self) -> Vec<String> {
        let lines = self.attachments.iter().map(|(subject, image, end)| {
            format!("{} < {} {end}", subject.digest(), image.digest())
        });
        sorted(lines)
    }
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort_unstable();
    lines
}

fn line(attached: &Attached) -> String {
    let end = match &attached.how {
        How::Tag(tag) => tag.as_str().rsplit('.').next().unwrap(),
        How::Referrer(_) => "",
    };
    let (subject, digest) = (&attached.subject, attached.descriptor.digest());
    format!("{subject} < {digest} {end}")
}

fn found(store: &dyn Store, image: &Image) -> Vec<Attached> {
    wait_for(attached(store, &manifest(image))).unwrap()
}

#[test]
fn everything_attached_to_an_image_and_its_parts_is_found() {
    let signed = Signed::new();
    for (options, origin) in [
        (Options::default(), ReferrersOrigin::Api),
        (without_list(), ReferrersOrigin::FallbackTag),
    ] {
        let (lab, store) = with(options, &signed.index);
        // The list under the tag is there in both: the registry's own comes first.
        signed.push(&lab, &*store);
        let found = found(&*store, &signed.index);
        assert_eq!(sorted(found.iter().map(line)), signed.expected());
        for one in &found {
            if let How::Referrer(by) = one.how {
                assert_eq!(by, origin);
                assert_eq!(one.created(), Some("2026-01-02T03:04:05Z"));
            }
        }
        // Subjects first: of whatever is attached to an attachment, that came before.
        let mut before = HashSet::new();
        let all: HashSet<_> = found.iter().map(|one| one.descriptor.digest()).collect();
        for one in &found {
            assert!(!all.contains(&one.subject) || before.contains(&one.subject));
            before.insert(one.subject.clone());
            before.insert(one.descriptor.digest().clone());
        }
    }
}

#[test]
fn each_kind_has_a_name() {
    let signed = Signed::new();
    let (lab, store) = with(without_list(), &signed.index);
    signed.push(&lab, &*store);
    let found = found(&*store, &signed.index);
    let names = sorted(found.iter().map(|one| one.kind().into_owned()));
    let expected = [
        "Notation signature",
        "SPDX",
        NOTE,
        "cosign SBOM",
        "cosign attestation",
        "cosign signature",
        "cosign signature",
        "sigstore bundle",
    ];
    assert_eq!(names, sorted(expected.iter().map(ToString::to_string)));
}

#[test]
fn an_image_with_nothing_attached_takes_five_questions_side_by_side() {
    let image = Image::small(1);
    let (lab, store) = with(Options::default(), &image);
    assert_eq!(found(&*store, &image), []);
    let seen = lab.requests("src");
    let count = |method, kind| seen.of(method, kind).count();
    assert_eq!(count("HEAD", "manifests"), 3);
    assert_eq!(
        (count("GET", "manifests"), count("GET", "referrers")),
        (1, 1)
    );
    assert_eq!(
        seen.all()
            .iter()
            .filter(|seen| seen.kind() != "base")
            .count(),
        5
    );
}

/// A list under the tag of each of these, past the registry's own rules.
fn lying(lists: &[(&Image, &[&Image])]) -> (Lab, std::sync::Arc<dyn Store>) {
    let (lab, store) = with(without_list(), lists[0].0);
    for (subject, attached) in lists {
        let entries: Vec<_> = attached.iter().map(|one| one.root().descriptor()).collect();
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
        let fault = Fault::on("GET", tag_of(subject).as_str()).always();
        lab.fault(
            "src",
            fault.answer(200, &[("content-type", INDEX)], &index.to_string()),
        );
    }
    (lab, store)
}

#[test]
fn lists_that_lie_make_no_circle() {
    let [one, two, three] = [1, 2, 3].map(Image::small);
    let (_lab, store) = lying(&[
        (&one, &[&two]),
        (&two, &[&three, &one]),
        (&three, &[&one, &two]),
    ]);
    let found = found(&*store, &one);
    let expected = [(&one, &two), (&two, &three)];
    let expected =
        expected.map(|(subject, image)| format!("{} < {} ", subject.digest(), image.digest()));
    assert_eq!(found.iter().map(line).collect::<Vec<_>>(), expected);
}

/// Eight levels of thirty, each of which claims all of the next: 30^8 ways, and 241 digests.
#[test]
fn each_is_asked_about_once_however_many_ways_lead_there() {
    let levels: Vec<Vec<Image>> = (0..9)
        .map(|level| {
            (0..if level == 0 { 1 } else { 30 })
                .map(|n| Image::small(1000 + level * 100 + n))
                .collect()
        })
        .collect();
    let next: Vec<Vec<&Image>> = levels[1..]
        .iter()
        .map(|level| level.iter().collect())
        .collect();
    let mut lists: Vec<(&Image, &[&Image])> = Vec::new();
    for (level, next) in levels.iter().zip(&next) {
        lists.extend(level.iter().map(|image| (image, &next[..])));
    }
    let (lab, store) = lying(&lists);
    let found = found(&*store, &levels[0][0]);
    assert_eq!(found.len(), 240);
    assert_eq!(lab.requests("src").of("GET", "manifests").count(), 241);
}

#[test]
fn a_chain_has_an_end() {
    let chain: Vec<Image> = (0..12).map(|n| Image::small(100 + n)).collect();
    let next: Vec<[&Image; 1]> = chain[1..].iter().map(|image| [image]).collect();
    let lists: Vec<(&Image, &[&Image])> = chain
        .iter()
        .zip(&next)
        .map(|(one, next)| (one, &next[..]))
        .collect();
    let (_lab, store) = lying(&lists[..8]);
    assert_eq!(found(&*store, &chain[0]).len(), 8);
    let (_lab, store) = lying(&lists);
    let error = wait_for(attached(&*store, &manifest(&chain[0]))).unwrap_err();
    assert_eq!(error.kind(), Kind::Corrupt);
}

/// An index in an index is read, so that what is attached to its images is found.
#[test]
fn the_images_of_an_inner_index_count_too() {
    let image = Image::small(1);
    let outer = Image::index(&[("", &Image::index(&[("linux/amd64", &image)]))]);
    let (lab, store) = with(Options::default(), &outer);
    let note = Image::referrer(10, NOTE, &image);
    lab.push("src.lab/team/app", &note);
    let found = found(&*store, &outer);
    let subjects: Vec<_> = found.iter().map(|one| one.subject.to_string()).collect();
    assert_eq!(subjects, [image.digest()]);
}

/// A list may still name an index that was removed.
#[test]
fn what_is_listed_and_gone_is_listed() {
    let image = Image::small(1);
    let gone = Image::index(&[("", &Image::small(2))]);
    let (_lab, store) = lying(&[(&image, &[&gone])]);
    let found = found(&*store, &image);
    assert_eq!(found.len(), 1);
    assert!(Manifest::is_index(&manifest(&gone)));
}

#[test]
fn a_refusal_is_not_taken_for_nothing() {
    let image = Image::small(1);
    for part in ["/referrers/", ".sig", ".att", ".sbom"] {
        let (lab, store) = with(Options::default(), &image);
        lab.fault("src", Fault::on("*", part).status(403).always());
        let error = wait_for(attached(&*store, &manifest(&image))).unwrap_err();
        assert_eq!(error.kind(), Kind::Denied, "{part}");
    }
}
