//! What is tried out by writing, and removed again.

use crate::lab::{Fault, Image, Lab};
use crossdock::server::{Mount, Options, TagDelete};
use serde_json::Value;

/// Everything that a registry holds.
fn held(lab: &Lab) -> String {
    let registry = &lab.node("src").registry;
    let names = registry.repositories();
    let tags: Vec<_> = names.iter().map(|name| registry.tags(name)).collect();
    format!(
        "{names:?} {tags:?}, {} manifests, {} blobs of {} bytes, {} uploads",
        registry.manifest_count(),
        registry.blob_count(),
        registry.blob_bytes(),
        registry.upload_count()
    )
}

fn with(options: Options) -> Lab {
    let lab = Lab::empty().registry("src", |_| options);
    lab.push("src.lab/app:v1", &Image::small(1));
    lab
}

fn document(lab: &Lab, code: i32) -> Value {
    let run = lab.run(["ping", "--json", "src.lab", "--write", "app"]);
    run.any_stdout().any_stderr().code(code).json()
}

const TRIED: [&str; 7] = [
    "referrers",
    "subject",
    "single_upload",
    "chunked_upload",
    "mount",
    "delete_by_tag",
    "delete_by_digest",
];

#[test]
fn nothing_is_left_behind() {
    let lab = with(Options::default());
    let before = held(&lab);
    let document = document(&lab, 0);
    for ability in TRIED {
        let answer = &document["abilities"][ability]["answer"];
        assert_eq!(answer, "yes", "{ability} in {document}");
    }
    assert_eq!(document["written"]["left"], Value::Array(Vec::new()));
    assert_eq!(held(&lab), before);
    lab.run(["ping", "src.lab", "--write", "app"])
        .stdout_like("...\n  upload in chunks:    yes (tried out)\n...\n\nleft in app: nothing\n")
        .code(0);
}

/// Whatever a registry cannot do is found out, and the rest is removed all the same.
#[test]
fn what_it_cannot_do_is_found_out() {
    let all = Options::default;
    for (options, ability) in [
        (
            Options {
                tag_delete: TagDelete::Invalid,
                ..all()
            },
            "delete_by_tag",
        ),
        (
            Options {
                mount: Mount::Ignored,
                ..all()
            },
            "mount",
        ),
        (
            Options {
                mount: Mount::Unknown,
                ..all()
            },
            "mount",
        ),
        (
            Options {
                referrers: false,
                ..all()
            },
            "subject",
        ),
    ] {
        let lab = with(options);
        let before = held(&lab);
        let document = document(&lab, 0);
        for tried in TRIED {
            let also = ability == "subject" && tried == "referrers";
            let expected = if tried == ability || also {
                "no"
            } else {
                "yes"
            };
            let answer = &document["abilities"][tried]["answer"];
            assert_eq!(answer, expected, "{tried} in {document}");
        }
        assert_eq!(held(&lab), before, "{ability}");
    }
}

#[test]
fn blobs_are_sent_as_they_are_taken() {
    for (fault, ability) in [
        (Fault::on("PATCH", "/uploads/"), "chunked_upload"),
        (
            Fault::on("PUT", "/uploads/").with_body_over(0),
            "single_upload",
        ),
    ] {
        let lab = with(Options::default());
        let before = held(&lab);
        lab.fault("src", fault.always().refusal(405, "UNSUPPORTED", "no"));
        let document = document(&lab, 0);
        assert_eq!(document["abilities"][ability]["answer"], "no", "{document}");
        assert_eq!(document["abilities"]["delete_by_digest"]["answer"], "yes");
        assert_eq!(held(&lab), before, "{ability}");
    }
}

#[test]
fn how_long_chunks_must_be_is_told() {
    let lab = with(Options {
        chunk_min_length: Some(5 << 20),
        ..Options::default()
    });
    let before = held(&lab);
    let chunks = &document(&lab, 0)["abilities"]["chunked_upload"];
    assert_eq!(chunks["answer"], "yes");
    let detail = chunks["detail"].as_str().unwrap();
    assert!(detail.contains("5242880 bytes at least"), "{detail}");
    assert_eq!(held(&lab), before);
}

#[test]
fn what_cannot_be_removed_is_listed() {
    let lab = with(Options {
        delete: false,
        ..Options::default()
    });
    let run = lab.run(["ping", "--json", "src.lab", "--write", "app"]);
    let ran = run
        .any_stdout()
        .stderr_has("not all that was written could be removed again")
        .code(0);
    let document = ran.json();
    let left = document["written"]["left"].as_array().unwrap();
    let kinds: Vec<&str> = left.iter().map(|l| l["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["tag", "manifest", "manifest", "blob", "blob"]);
    let tag = document["written"]["tag"].as_str().unwrap();
    assert!(tag.starts_with("crossdock-ping-"));
    assert!(lab.digest(&format!("src.lab/app:{tag}")).is_some());
    assert_eq!(document["abilities"]["delete_by_tag"]["answer"], "no");
}

#[test]
fn who_may_not_write_is_told_and_leaves_nothing() {
    for (method, part) in [("POST", "/uploads/"), ("PUT", "/manifests/")] {
        let lab = with(Options::default());
        let before = held(&lab);
        lab.fault(
            "src",
            Fault::on(method, part)
                .always()
                .refusal(403, "DENIED", "no"),
        );
        let document = document(&lab, 4);
        assert_eq!(document["you"]["let_in"], true);
        assert_eq!(held(&lab), before, "{method}");
        let removed = lab.requests("src").count("DELETE", "manifests");
        assert_eq!(removed, 0, "whoever says no has nothing to remove");
    }
}

/// The same of what is attached.
#[test]
fn what_is_attached_and_not_confirmed_is_removed() {
    let lab = with(Options::default());
    let before = held(&lab);
    let put = Fault::on("PUT", "/manifests/sha256:").always();
    lab.fault(
        "src",
        put.change(|answer| *answer.status_mut() = http::StatusCode::NOT_IMPLEMENTED),
    );
    let document = document(&lab, 0);
    assert_ne!(document["abilities"]["subject"]["answer"], "yes");
    assert_eq!(document["written"]["left"], Value::Array(Vec::new()));
    assert_eq!(held(&lab), before);
}

/// A registry that says that it removes and does not is not believed.
#[test]
fn what_is_only_said_to_be_removed_is_listed() {
    let lab = with(Options::default());
    let fault = Fault::on("DELETE", "/manifests/").always();
    lab.fault("src", fault.answer(202, &[], ""));
    let document = document(&lab, 0);
    for ability in ["delete_by_tag", "delete_by_digest"] {
        let found = &document["abilities"][ability];
        assert_eq!(found["answer"], "no", "{document}");
        assert_eq!(found["detail"], "it says so, and keeps it");
    }
    let left = document["written"]["left"].as_array().unwrap();
    let kinds: Vec<&str> = left.iter().map(|l| l["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds[..3], ["tag", "manifest", "manifest"], "{document}");
}

/// A registry may store what it then does not confirm, or says that it failed.
#[test]
fn what_a_failed_put_left_is_removed() {
    let put = || Fault::on("PUT", "/manifests/").always();
    let other = format!("sha256:{}", "0".repeat(64));
    let faults = [
        put().change(move |answer| {
            let other = http::HeaderValue::from_str(&other).unwrap();
            answer.headers_mut().insert("docker-content-digest", other);
        }),
        put().change(|answer| *answer.status_mut() = http::StatusCode::NOT_IMPLEMENTED),
    ];
    for (code, fault) in [8, 7].into_iter().zip(faults) {
        let lab = with(Options::default());
        let before = held(&lab);
        lab.fault("src", fault);
        let document = document(&lab, code);
        assert_eq!(document["written"]["left"], Value::Array(Vec::new()));
        let tried = &document["abilities"]["delete_by_tag"]["answer"];
        assert_eq!(tried, "not_asked", "{document}");
        assert_eq!(held(&lab), before, "{code}");
    }
}

/// What cannot be told is not said to be gone, nor that it was tried out.
#[test]
fn what_may_be_left_is_listed() {
    let lab = with(Options::default());
    let fault = Fault::on("HEAD", "/manifests/").always();
    lab.fault("src", fault.refusal(403, "DENIED", "no"));
    let document = document(&lab, 0);
    let left = document["written"]["left"].as_array().unwrap();
    let kinds: Vec<&str> = left.iter().map(|l| l["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["tag", "manifest", "manifest"], "{document}");
    for ability in ["delete_by_tag", "delete_by_digest"] {
        let answer = &document["abilities"][ability]["answer"];
        assert_eq!(answer, "unknown", "{document}");
    }
}

/// A tag that is removed again must be one that the user lets be removed.
#[test]
fn the_user_s_rules_hold() {
    let lab = with(Options::default());
    lab.home.user_settings("immutable: [\"*\"]");
    lab.run(["ping", "src.lab", "--write", "app"])
        .any_stdout()
        .stderr_has("is immutable")
        .code(5);
    let asked = lab.requests("src");
    assert!(
        asked.all().iter().all(|asked| asked.method == "GET"),
        "{asked}"
    );
}
