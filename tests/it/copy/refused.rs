//! Destinations that let nobody look, and those with rules of their own.

use super::{COPY, copied};
use crate::lab::image::layer;
use crate::lab::{Fault, Image, Lab};
use futures_util::{StreamExt as _, stream};
use serde_json::json;

const DST: &str = "dst.lab/team/app:v1";
const IMMUTABLE: &str = "immutable:\n  \"*\": [\"v*\"]\n";

fn image() -> Image {
    Image::of(1, vec![layer(1, 1000)])
}

/// An image to copy or to tag, at both ends, and a destination that denies a look at its tags.
fn blind() -> Lab {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &image());
    lab.push("dst.lab/team/app:there", &image());
    let denied = Fault::on("HEAD", "/manifests/v").always();
    lab.fault("dst", denied.refusal(403, "DENIED", "no such tag for you"));
    lab
}

const TAG: [&str; 4] = ["tag", "-q", "dst.lab/team/app:there", "v1"];

#[test]
fn a_tag_that_nobody_may_look_at_is_written_where_nothing_depends_on_it() {
    for (typed, told) in [(&COPY[..], copied(&image())), (&TAG, format!("{DST}\n"))] {
        let lab = blind();
        lab.run(typed).stdout(told).code(0);
        lab.assert_holds(DST, &image());
    }
}

#[test]
fn a_tag_that_nobody_may_look_at_is_not_written_where_a_rule_depends_on_it() {
    let careful = [&COPY[..], &["-n"]].concat();
    for (settings, typed) in [("", &careful[..]), (IMMUTABLE, &COPY), (IMMUTABLE, &TAG)] {
        let lab = blind();
        lab.home.settings(settings);
        lab.run(typed).stderr_has("403").code(4);
        assert_eq!(lab.digest(DST), None);
        assert_eq!(lab.requests("dst").count("POST", "uploads"), 0);
    }
}

/// Trouble is not a refusal to be looked at.
#[test]
fn a_tag_that_could_not_be_looked_at_is_not_written() {
    for (status, code) in [(500, 7), (418, 1)] {
        for typed in [&COPY[..], &TAG] {
            let lab = blind();
            lab.heal();
            lab.fault(
                "dst",
                Fault::on("HEAD", "/manifests/v").always().status(status),
            );
            lab.run([typed, &["--retries", "0"]].concat())
                .stderr_has(status.to_string())
                .code(code);
            assert_eq!(lab.digest(DST), None);
        }
    }
}

/// How registries refuse to move a tag that they call immutable themselves.
fn refusals() -> Vec<Fault> {
    let put = || Fault::on("PUT", "/manifests/v1").always();
    let amazon = "The image tag 'v1' already exists in the 'team/app' repository and cannot be \
                  overwritten because the repository is immutable.";
    let nexus = json!({"errors": [{
        "code": "BLOB_UPLOAD_INVALID", "message": "blob upload invalid",
        "detail": "Repository does not allow updating assets: hosted",
    }]});
    let kind = [("content-type", "application/json")];
    vec![
        put().refusal(409, "TAG_IMMUTABLE", "the tag cannot be changed"),
        put().refusal(409, "MANIFEST_INVALID", "conflict"),
        put().refusal(412, "PRECONDITION", "matched a rule"),
        put().refusal(400, "TAG_INVALID", amazon),
        put().refusal(403, "DENIED", "tag v1 is Immutable"),
        put().refusal(403, "DENIED", "requested access is denied: IMMUTABLE tag"),
        put().answer(400, &kind, &nexus.to_string()),
        put().answer(
            400,
            &[],
            "Repository does not allow updating assets: hosted",
        ),
    ]
}

#[test]
fn a_registry_that_refuses_to_move_a_tag_has_a_rule() {
    for (number, refusal) in refusals().into_iter().enumerate() {
        let lab = Lab::new();
        let old = Image::of(7, vec![]);
        lab.push("src.lab/team/app:v1", &image());
        lab.push("dst.lab/team/app:there", &image());
        lab.push(DST, &old);
        lab.fault("dst", refusal);
        for typed in [&COPY[..], &TAG] {
            let ran = lab.run(typed).any_stderr().run();
            assert_eq!(ran.code, 5, "{number} {ran}");
        }
        lab.assert_holds(DST, &old);
    }
}

/// Other refusals are what they were.
#[test]
fn a_refusal_that_is_no_rule_is_not_taken_for_one() {
    for (status, told, code) in [
        (403, "requested access to the resource is denied", 4),
        (400, "manifest invalid", 1),
        (404, "name unknown", 3),
    ] {
        let lab = Lab::new();
        lab.push("dst.lab/team/app:there", &image());
        let refused = Fault::on("PUT", "/manifests/v1").always();
        lab.fault("dst", refused.refusal(status, "SOME_CODE", told));
        lab.run(TAG).stderr_has(told).code(code);
    }
}

/// Also where the registry would refuse to be told the same once more.
#[test]
fn a_tag_that_is_where_it_is_to_be_is_not_written() {
    for refusal in refusals() {
        let lab = Lab::new();
        lab.push("src.lab/team/app:v1", &image());
        lab.push("dst.lab/team/app:there", &image());
        lab.push(DST, &image());
        lab.fault("dst", refusal);
        lab.run(TAG).stdout(format!("{DST}\n")).code(0);
        lab.run(COPY).stdout(copied(&image())).code(0);
        assert_eq!(lab.requests("dst").count("PUT", "manifests"), 0);
    }
}

/// Nexus, while somebody else pushes an image that shares a layer: the layer is there then.
#[test]
fn a_blob_that_somebody_else_just_put_there_is_there() {
    for told in [
        "Repository does not allow updating assets: hosted",
        "Asset v2/-/blobs/sha256:aa cannot be updated",
    ] {
        let refused = json!({"errors": [{
            "code": "BLOB_UPLOAD_INVALID", "message": "blob upload invalid", "detail": told,
        }]});
        let lab = Lab::new();
        lab.push("src.lab/team/app:v1", &image());
        let put = Fault::on("PUT", "/blobs/uploads/").always();
        let put = put.change(move |answer| {
            let body = bytes::Bytes::from(refused.to_string());
            *answer.status_mut() = http::StatusCode::BAD_REQUEST;
            answer
                .headers_mut()
                .insert("content-length", body.len().into());
            *answer.body_mut() = stream::once(std::future::ready(Ok(body))).boxed();
        });
        lab.fault("dst", put);
        lab.run(COPY).stdout(copied(&image())).code(0);
        lab.assert_holds(DST, &image());
        assert_eq!(lab.requests("dst").count("PATCH", "uploads"), 0);
    }
}

/// A part of an index that is there, and may not be put there once more.
#[test]
fn a_part_that_is_there_is_not_refused() {
    let lab = Lab::new();
    let index = Image::index(&[("linux/amd64", &image())]);
    lab.push("src.lab/team/app:v1", &index);
    lab.push("dst.lab/team/app:there", &image());
    let put = Fault::on("PUT", image().digest()).always();
    let told = "Repository does not allow updating assets: hosted";
    lab.fault("dst", put.refusal(400, "BLOB_UPLOAD_INVALID", told));
    lab.run(COPY).stdout(copied(&index)).code(0);
    lab.assert_holds(DST, &index);
}

/// One that is nowhere after all is a refusal, and is told as it came.
#[test]
fn a_blob_that_may_not_be_put_there_is_a_refusal() {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &image());
    let put = Fault::on("PUT", "/blobs/uploads/").always();
    let told = "Repository does not allow updating assets: hosted";
    lab.fault("dst", put.refusal(400, "BLOB_UPLOAD_INVALID", told));
    let run = lab.run([&COPY[..], &["--retries", "1"]].concat());
    run.stderr_has(told).code(5);
    assert_eq!(lab.digest(DST), None);
}
