//! Adding to the list under the tag, beside others who do the same.

use super::{
    NOTE, descriptor, digest, digests, heedless, notes, push_all, sorted, store, tag_of, tagged,
    with, without_list,
};
use crate::lab::image::INDEX;
use crate::lab::{Fault, Image, Lab, Seen, wait_for};
use bytes::Bytes;
use crossdock::server::Registry;
use crossdock::store::{Kind, Store};
use futures_util::future::{FutureExt as _, join_all};
use futures_util::{StreamExt as _, stream};
use http::Request;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

/// An index as somebody else's program writes it.
fn foreign(images: &[Image]) -> Value {
    let entry = |image: &Image| {
        let mut entry = image.root().descriptor();
        entry["x-theirs"] = json!({"b": 1.5, "a": null});
        entry
    };
    let entries: Vec<Value> = images.iter().map(entry).collect();
    json!({"x-also": [1], "manifests": entries, "mediaType": INDEX,
        "annotations": {"z": "1", "a": "2"}, "schemaVersion": 2})
}

fn path(subject: &Image) -> String {
    format!("/v2/team/app/manifests/{}", tag_of(subject))
}

#[track_caller]
fn put(lab: &Lab, subject: &Image, index: &Value) {
    let body = index.to_string();
    let reply = lab
        .node("src")
        .call("PUT", &path(subject), INDEX, body.as_bytes());
    assert_eq!(reply.status, 201);
}

/// Another writer, in the middle of a request of ours.
fn put_between(subject: &Image, index: &Value) -> impl Fn(&Registry) + Send + Sync + 'static {
    let (path, body) = (path(subject), Bytes::from(index.to_string()));
    move |registry| {
        let body = body.clone();
        let request = Request::builder().method("PUT").uri(&path);
        let request = request.header("content-type", INDEX);
        let request = request.header("content-length", body.len());
        let request = request.body(stream::iter([Ok(body)]).boxed()).unwrap();
        let response = registry.handle(request).now_or_never().unwrap();
        assert_eq!(response.status().as_u16(), 201);
    }
}

fn attach(store: &dyn Store, subject: &Image, add: &[Image]) -> crossdock::store::Result<()> {
    let add: Vec<_> = add.iter().map(descriptor).collect();
    wait_for(store.attach(&digest(subject), &add))
}

fn puts(lab: &Lab) -> usize {
    lab.requests("src").of("PUT", "manifests").count()
}

#[test]
fn what_others_wrote_stays_as_it_is() {
    let image = Image::small(1);
    let (lab, store) = with(without_list(), &image);
    let notes = notes(4, &image);
    push_all(&lab, &notes);
    let before = foreign(&notes[..2]);
    put(&lab, &image, &before);
    attach(&*store, &image, &notes[1..]).unwrap();
    let mut after = tagged(&lab, &image);
    assert_eq!(digests(&after), sorted(&notes));
    after["manifests"].as_array_mut().unwrap().truncate(2);
    assert_eq!(after.to_string(), before.to_string());
}

#[test]
fn what_is_listed_already_is_not_written() {
    let image = Image::small(1);
    let (lab, store) = with(without_list(), &image);
    let notes = notes(2, &image);
    push_all(&lab, &notes);
    attach(&*store, &image, &notes).unwrap();
    assert_eq!(puts(&lab), 1);
    attach(&*store, &image, &notes).unwrap();
    attach(&*store, &image, &[]).unwrap();
    assert_eq!(puts(&lab), 1);
}

/// One owner: many who attach through one client write together.
#[test]
fn those_of_one_program_write_together() {
    let image = Image::small(1);
    let (lab, store) = with(heedless(), &image);
    let notes = notes(20, &image);
    push_all(&lab, &notes);
    let subject = digest(&image);
    let (store, subject) = (&store, &subject);
    let attached = notes
        .iter()
        .map(descriptor)
        .map(|note| async move { store.attach(subject, &[note]).await });
    for result in wait_for(join_all(attached)) {
        result.unwrap();
    }
    assert_eq!(digests(&tagged(&lab, &image)), sorted(&notes));
    assert!(puts(&lab) <= 2, "{}", puts(&lab));
    let gets = lab.requests("src").of("GET", "manifests").count();
    assert!(gets <= 4, "{gets}");
}

/// Clients that know nothing of each other, on a registry that looks at no conditions and takes
/// whatever comes last.
#[test]
fn twenty_programs_at_once_all_survive() {
    let image = Image::small(1);
    let (lab, _) = with(heedless(), &image);
    let notes = notes(20, &image);
    push_all(&lab, &notes);
    let subject = digest(&image);
    let repository = lab.addressed("src.lab/team/app");
    let (subject, repository) = (&subject, &repository);
    let attached = notes
        .iter()
        .map(descriptor)
        .map(|note| async move { store(repository).attach(subject, &[note]).await });
    for result in wait_for(join_all(attached)) {
        result.unwrap();
    }
    assert_eq!(digests(&tagged(&lab, &image)), sorted(&notes));
}

/// Somebody read the list before us and writes it after us: what we added is gone, and is added
/// again to what they wrote.
#[test]
fn what_another_writer_lost_is_added_again() {
    let image = Image::small(1);
    let (lab, store) = with(heedless(), &image);
    let notes = notes(2, &image);
    push_all(&lab, &notes);
    let theirs = foreign(&notes[..1]);
    // The second read is the look after our write.
    let fault = Fault::on("GET", tag_of(&image).as_str()).after(1);
    lab.fault("src", fault.first(put_between(&image, &theirs)));
    attach(&*store, &image, &notes[1..]).unwrap();
    assert_eq!(digests(&tagged(&lab, &image)), sorted(&notes));
    assert_eq!(puts(&lab), 2);
}

/// A registry that looks at conditions lets nobody overwrite what they have not read.
#[test]
fn a_list_that_changed_between_reading_and_writing_is_read_again() {
    let image = Image::small(1);
    let notes = notes(3, &image);
    for there in [0, 1] {
        let (lab, store) = with(without_list(), &image);
        push_all(&lab, &notes);
        if there > 0 {
            put(&lab, &image, &foreign(&notes[..1]));
        }
        let fault = Fault::on("PUT", tag_of(&image).as_str());
        lab.fault(
            "src",
            fault.first(put_between(&image, &foreign(&notes[..2]))),
        );
        attach(&*store, &image, &notes[2..]).unwrap();
        let after = tagged(&lab, &image);
        assert_eq!(digests(&after), sorted(&notes));
        assert_eq!(
            after["manifests"][0]["x-theirs"],
            json!({"b": 1.5, "a": null})
        );
        let seen = lab.requests("src");
        let conditions: Vec<&str> = seen
            .of("PUT", "manifests")
            .map(|put| {
                (
                    put.header("if-match"),
                    put.header("if-none-match"),
                    put.status,
                )
            })
            .map(
                |(changed, absent, status)| match (changed, absent, status) {
                    ("", "*", 412) => "absent, refused",
                    (mark, "", 412) if mark.starts_with("\"sha256:") => "same, refused",
                    (mark, "", 201) if mark.starts_with("\"sha256:") => "same",
                    _ => "other",
                },
            )
            .collect();
        let first = if there > 0 {
            "same, refused"
        } else {
            "absent, refused"
        };
        assert_eq!(conditions, [first, "same"]);
    }
}

/// A registry that refuses each condition is written without one in the end, and one that refuses
/// even that has the last word.
#[test]
fn a_registry_that_means_something_else_by_conditions_is_written_without() {
    let image = Image::small(1);
    let notes = notes(1, &image);
    let refuses = || Fault::on("PUT", tag_of(&image).as_str()).always();
    let (lab, store) = with(without_list(), &image);
    push_all(&lab, &notes);
    lab.fault("src", refuses().with_header("if-none-match").status(412));
    attach(&*store, &image, &notes).unwrap();
    assert_eq!(digests(&tagged(&lab, &image)), sorted(&notes));
    lab.heal();
    let (lab, store) = with(without_list(), &image);
    push_all(&lab, &notes);
    lab.fault("src", refuses().status(409));
    let error = attach(&*store, &image, &notes).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert_eq!(puts(&lab), 4);
}

/// The first looks after the write are answered from an old copy.
#[test]
fn an_old_answer_is_not_taken_for_a_loss() {
    let image = Image::small(1);
    let (lab, store) = with(heedless(), &image);
    let notes = notes(2, &image);
    push_all(&lab, &notes);
    let before = foreign(&notes[..1]);
    put(&lab, &image, &before);
    let fault = Fault::on("GET", tag_of(&image).as_str()).after(1).times(2);
    let headers = [("content-type", INDEX)];
    lab.fault("src", fault.answer(200, &headers, &before.to_string()));
    attach(&*store, &image, &notes[1..]).unwrap();
    assert_eq!(puts(&lab), 1);
    assert_eq!(digests(&tagged(&lab, &image)), sorted(&notes));
}

/// A weak mark matches nothing (RFC 9110, section 13.1.1): the write would be refused each time.
#[test]
fn a_weak_mark_is_no_condition() {
    let image = Image::small(1);
    let (lab, store) = with(without_list(), &image);
    let notes = notes(1, &image);
    push_all(&lab, &notes);
    let there = foreign(&[]).to_string();
    let headers = [("content-type", INDEX), ("etag", "W/\"1\"")];
    let fault = Fault::on("GET", tag_of(&image).as_str());
    lab.fault("src", fault.answer(200, &headers, &there));
    attach(&*store, &image, &notes).unwrap();
    let seen = lab.requests("src");
    let conditions: Vec<&str> = seen
        .of("PUT", "manifests")
        .map(|put| put.header("if-match"))
        .collect();
    assert_eq!(conditions, [""]);
}

#[test]
fn an_answer_that_is_lost_and_a_registry_in_trouble_are_survived() {
    let image = Image::small(1);
    let notes = notes(1, &image);
    let faults = [
        Fault::on("PUT", tag_of(&image).as_str()).lose_answer(),
        Fault::on("PUT", tag_of(&image).as_str())
            .status(503)
            .times(2),
    ];
    for fault in faults {
        let (lab, store) = with(heedless(), &image);
        push_all(&lab, &notes);
        lab.fault("src", fault);
        attach(&*store, &image, &notes).unwrap();
        assert_eq!(digests(&tagged(&lab, &image)), sorted(&notes));
        // Others may have written meanwhile: none is sent again before the list is read again.
        let seen = lab.requests("src");
        let twice = seen.all().windows(2).any(|two| {
            let is_put = |seen: &Seen| seen.method == "PUT";
            is_put(&two[0]) && is_put(&two[1])
        });
        assert!(!twice, "{seen}");
    }
}

#[test]
fn what_is_no_list_is_not_overwritten() {
    let (image, other) = (Image::small(1), Image::small(2));
    let (lab, store) = with(without_list(), &image);
    let notes = notes(1, &image);
    push_all(&lab, &notes);
    let there = format!("src.lab/team/app:{}", tag_of(&image));
    lab.push(&there, &other);
    let error = attach(&*store, &image, &notes).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert_eq!(lab.digest(&there).as_deref(), Some(other.digest()));
}

#[test]
fn a_refusal_ends_it() {
    let image = Image::small(1);
    let (lab, store) = with(without_list(), &image);
    let notes = notes(1, &image);
    push_all(&lab, &notes);
    lab.fault("src", Fault::on("PUT", "/manifests/").status(403).always());
    let error = attach(&*store, &image, &notes).unwrap_err();
    assert_eq!((error.kind(), puts(&lab)), (Kind::Denied, 1));
}

/// GitLab: whatever is put there, the tag reads as the digest that it is made of.
#[test]
fn a_tag_that_always_stands_for_the_subject_cannot_hold_a_list() {
    let index = Image::index(&[("linux/amd64", &Image::small(1))]);
    let (lab, store) = with(heedless(), &index);
    let note = Image::referrer(500, NOTE, &index);
    push_all(&lab, std::slice::from_ref(&note));
    let body = String::from_utf8(index.root().bytes.clone()).unwrap();
    let fault = Fault::on("GET", tag_of(&index).as_str());
    lab.fault(
        "src",
        fault
            .answer(200, &[("content-type", INDEX)], &body)
            .always(),
    );
    let error = attach(&*store, &index, std::slice::from_ref(&note)).unwrap_err();
    assert_eq!((error.kind(), puts(&lab)), (Kind::Corrupt, 1));
    // The subject's own entries are no referrers of it.
    assert_eq!(digests(&tagged(&lab, &index)), [note.digest()]);
}

/// Somebody writes each time just before we do.
#[test]
fn it_is_given_up_where_others_write_all_the_time() {
    let image = Image::small(1);
    let (lab, store) = with(without_list(), &image);
    let notes = notes(2, &image);
    push_all(&lab, &notes);
    let written = AtomicUsize::new(0);
    let (theirs, subject) = (foreign(&notes[..1]), image.clone());
    let fault = Fault::on("PUT", tag_of(&image).as_str()).always();
    lab.fault(
        "src",
        fault.first(move |registry| {
            let mut theirs = theirs.clone();
            theirs["number"] = written.fetch_add(1, Ordering::SeqCst).into();
            put_between(&subject, &theirs)(registry);
        }),
    );
    let error = attach(&*store, &image, &notes[1..]).unwrap_err();
    assert_eq!((error.kind(), puts(&lab)), (Kind::Unavailable, 10));
    assert_eq!(digests(&tagged(&lab, &image)), sorted(&notes[..1]));
}

#[test]
fn a_registry_that_wants_to_be_left_alone_is() {
    let image = Image::small(1);
    let (lab, store) = with(without_list(), &image);
    let notes = notes(1, &image);
    push_all(&lab, &notes);
    let answer = Fault::on("PUT", "/manifests/sha256-").answer(503, &[("retry-after", "2")], "");
    lab.fault("src", answer);
    let begun = std::time::Instant::now();
    wait_for(store.attach(&digest(&image), &[descriptor(&notes[0])])).unwrap();
    // Looking until the list is quiet takes one second more.
    assert!(begun.elapsed().as_secs() >= 3, "{:?}", begun.elapsed());
}
