//! Listing what is attached.

use super::{
    NOTE, descriptor, digest, notes, push_all, sorted, tag_of, tagged, with, without_list,
};
use crate::lab::image::INDEX;
use crate::lab::{Fault, Image, Lab, wait_for};
use bytes::Bytes;
use crossdock::server::{Options, Paging};
use crossdock::store::{Kind, Referrers, ReferrersOrigin, Store};
use futures_util::{StreamExt as _, stream};
use http::{HeaderValue, Response};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

fn digests_of(listed: &Referrers) -> Vec<String> {
    let mut all: Vec<String> = listed
        .items
        .iter()
        .map(|item| item.digest().to_string())
        .collect();
    all.sort_unstable();
    all
}

fn listed(store: &dyn Store, image: &Image) -> Referrers {
    wait_for(store.referrers(&digest(image))).unwrap()
}

fn asked(lab: &Lab, kind: &str) -> usize {
    lab.requests("src").of("GET", kind).count()
}

#[test]
fn the_registry_s_own_list_is_read_to_its_last_page() {
    let image = Image::small(1);
    let options = Options {
        paging: Paging::Pages(2),
        ..Options::default()
    };
    let (lab, store) = with(options, &image);
    let notes = notes(5, &image);
    push_all(&lab, &notes);
    let found = listed(&*store, &image);
    assert_eq!(found.origin, ReferrersOrigin::Api);
    assert_eq!(digests_of(&found), sorted(&notes));
    for item in &found.items {
        assert_eq!(item.artifact_type().as_ref().unwrap().as_ref(), NOTE);
        assert_eq!(item.annotations().as_ref().unwrap().len(), 1);
    }
    assert_eq!((asked(&lab, "referrers"), asked(&lab, "manifests")), (3, 0));
}

#[test]
fn without_it_the_tag_is_read_and_the_registry_not_asked_again() {
    let (image, other) = (Image::small(1), Image::small(2));
    let (lab, store) = with(without_list(), &image);
    let notes = notes(2, &image);
    push_all(&lab, &notes);
    let list: Vec<_> = notes.iter().map(descriptor).collect();
    wait_for(store.attach(&digest(&image), &list)).unwrap();
    let found = listed(&*store, &image);
    assert_eq!(found.origin, ReferrersOrigin::FallbackTag);
    assert_eq!(found.items, list);
    for _ in 0..3 {
        let nothing = listed(&*store, &other);
        assert_eq!(nothing.origin, ReferrersOrigin::FallbackTag);
        assert_eq!(nothing.items, []);
    }
    // Once more than that, since the first answer may have been about the image.
    assert_eq!(asked(&lab, "referrers"), 2);
}

#[test]
fn nothing_is_attached() {
    let image = Image::small(1);
    let (_lab, store) = with(Options::default(), &image);
    let found = listed(&*store, &image);
    assert_eq!((found.items, found.origin), (vec![], ReferrersOrigin::Api));
}

/// Which answers mean that there is no list, and which of them are about the whole registry.
#[test]
fn other_answers_lead_to_the_tag() {
    let image = Image::small(1);
    let note = Image::referrer(500, NOTE, &image);
    for (fault, asked_for) in [
        (Fault::on("GET", "/referrers/").status(404), 2),
        (Fault::on("GET", "/referrers/").status(405), 1),
        (Fault::on("GET", "/referrers/").status(406), 1),
        (Fault::on("GET", "/referrers/").html(), 1),
        (
            Fault::on("GET", "/referrers/").answer(
                200,
                &[("content-type", "application/json")],
                "{}",
            ),
            1,
        ),
        (Fault::on("GET", "/referrers/").status(400), 3),
        (
            Fault::on("GET", "/referrers/").refusal(404, "NAME_UNKNOWN", "no such repository"),
            3,
        ),
        (
            Fault::on("GET", "/referrers/").refusal(404, "MANIFEST_UNKNOWN", "no such image"),
            3,
        ),
    ] {
        let (lab, store) = with(without_list(), &image);
        lab.push("src.lab/team/app", &note);
        wait_for(store.attach(&digest(&image), &[descriptor(&note)])).unwrap();
        lab.fault("src", fault.always());
        for _ in 0..3 {
            let found = listed(&*store, &image);
            assert_eq!(found.items, [descriptor(&note)]);
            assert_eq!(found.origin, ReferrersOrigin::FallbackTag);
        }
        assert_eq!(asked(&lab, "referrers"), asked_for);
    }
}

#[test]
fn a_registry_that_has_listed_is_asked_again_whatever_it_says_once() {
    let image = Image::small(1);
    let (lab, store) = with(Options::default(), &image);
    let notes = notes(1, &image);
    push_all(&lab, &notes);
    assert_eq!(listed(&*store, &image).origin, ReferrersOrigin::Api);
    for status in [404, 404, 405] {
        lab.fault("src", Fault::on("GET", "/referrers/").status(status));
        assert_eq!(listed(&*store, &image).items, []);
    }
    assert_eq!(digests_of(&listed(&*store, &image)), sorted(&notes));
}

/// As a cache answers of a registry that keeps no list.
#[test]
fn an_empty_list_is_no_reason_not_to_look_at_the_tag() {
    let image = Image::small(1);
    let (lab, store) = with(Options::default(), &image);
    let note = Image::referrer(500, NOTE, &image);
    lab.push("src.lab/team/app", &note);
    wait_for(store.attach(&digest(&image), &[descriptor(&note)])).unwrap();
    let empty = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).to_string();
    let fault = Fault::on("GET", "/referrers/").answer(200, &[("content-type", INDEX)], &empty);
    lab.fault("src", fault);
    let found = listed(&*store, &image);
    assert_eq!(found.items, [descriptor(&note)]);
    assert_eq!(found.origin, ReferrersOrigin::FallbackTag);
}

/// GitLab reads the tag as the digest that it is made of.
#[test]
fn a_tag_that_stands_for_the_subject_lists_nothing() {
    let index = Image::index(&[("linux/amd64", &Image::small(1))]);
    let (lab, store) = with(without_list(), &index);
    lab.push(&format!("src.lab/team/app:{}", tag_of(&index)), &index);
    assert_eq!(digests_of(&listed(&*store, &index)), [] as [&str; 0]);
    let image = Image::small(1);
    lab.push(
        &format!("src.lab/team/app:{}", tag_of(&image)),
        &Image::small(2),
    );
    assert_eq!(digests_of(&listed(&*store, &image)), [] as [&str; 0]);
}

#[test]
fn a_refusal_is_not_taken_for_an_empty_list() {
    let image = Image::small(1);
    for (part, options) in [
        ("/referrers/", Options::default()),
        ("/manifests/", without_list()),
    ] {
        let (lab, store) = with(options, &image);
        lab.fault("src", Fault::on("GET", part).status(403).always());
        let error = wait_for(store.referrers(&digest(&image))).unwrap_err();
        assert_eq!(error.kind(), Kind::Denied, "{part}");
    }
}

#[test]
fn a_list_is_read_with_limits() {
    let image = Image::small(1);
    let empty = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).to_string();
    let page = |link: &str, body: &str| {
        let headers = [("content-type", INDEX), ("link", link)];
        Fault::on("GET", "/referrers/")
            .answer(200, &headers, body)
            .always()
    };
    let large = format!("{empty}{}", " ".repeat(9 << 20));
    for fault in [
        page("<?last=a>; rel=next", &empty),
        page("<https://elsewhere.test/>; rel=next", &empty),
        page("", &large),
        page("", "{}"),
    ] {
        let (lab, store) = with(Options::default(), &image);
        lab.fault("src", fault);
        let error = wait_for(store.referrers(&digest(&image))).unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt, "{error:?}");
    }
}

/// Each of twenty pages is within its own limit.
#[test]
fn a_list_of_many_pages_is_read_no_further_than_its_limit() {
    let image = Image::small(1);
    let (lab, store) = with(Options::default(), &image);
    let blank = " ".repeat(7 << 20);
    let pages = AtomicUsize::new(0);
    let fault = Fault::on("GET", "/referrers/").always();
    let many = fault.answer_with(move |_| {
        let number = pages.fetch_add(1, Ordering::SeqCst);
        let note = Image::small(100 + number as u64).root().descriptor();
        let list = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [note]});
        let page = Bytes::from(format!("{list}{blank}"));
        let mut response = Response::new(stream::iter([Ok(page)]).boxed());
        let rel = if number < 20 { "next" } else { "prev" };
        let link = format!("<?last={number}>; rel={rel}").parse().unwrap();
        response.headers_mut().insert("link", link);
        let kind = HeaderValue::from_static(INDEX);
        response.headers_mut().insert("content-type", kind);
        response
    });
    lab.fault("src", many);
    let error = wait_for(store.referrers(&digest(&image))).unwrap_err();
    assert_eq!(
        (error.kind(), asked(&lab, "referrers")),
        (Kind::Corrupt, 10)
    );
}

#[test]
fn a_list_that_names_one_twice_or_the_subject_itself_names_the_others_once() {
    let image = Image::small(1);
    let (lab, store) = with(Options::default(), &image);
    let note = Image::referrer(500, NOTE, &image);
    let (one, own) = (note.root().descriptor(), image.root().descriptor());
    let body = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [one, own, one]});
    let fault = Fault::on("GET", "/referrers/");
    lab.fault(
        "src",
        fault.answer(200, &[("content-type", INDEX)], &body.to_string()),
    );
    assert_eq!(digests_of(&listed(&*store, &image)), [note.digest()]);
}

#[test]
fn a_tag_lists_what_others_wrote_there() {
    let image = Image::small(1);
    let (lab, store) = with(without_list(), &image);
    let notes = notes(3, &image);
    push_all(&lab, &notes);
    let children: Vec<(&str, &Image)> = notes.iter().map(|note| ("", note)).collect();
    let list = Image::index(&children);
    lab.push(&format!("src.lab/team/app:{}", tag_of(&image)), &list);
    assert_eq!(
        tagged(&lab, &image)["manifests"].as_array().unwrap().len(),
        3
    );
    assert_eq!(digests_of(&listed(&*store, &image)), sorted(&notes));
}
