//! `check`: everything is there and what it is listed as, or all that is not is listed.

mod network;

use crate::lab::image::{CONFIG, MANIFEST, Part, layer, noise};
use crate::lab::{Fault, Image, Lab};
use serde_json::{Value, json};

const IMAGE: &str = "src.lab/team/app:v1";
const CHECK: [&str; 2] = ["check", IMAGE];
const FAST: [&str; 3] = ["check", "--fast", IMAGE];

/// A registry that holds `image` and has lost some parts of it.
fn lab(image: &Image, lost: &[&Part]) -> Lab {
    let lab = Lab::empty().open("src");
    lab.push(IMAGE, image);
    for part in lost {
        let kind = if part.media_type == MANIFEST {
            "manifests"
        } else {
            "blobs"
        };
        let target = format!("/v2/team/app/{kind}/{}", part.digest);
        assert_eq!(lab.node("src").call("DELETE", &target, "", b"").status, 202);
    }
    lab
}

/// What is printed of an incomplete image.
fn incomplete(image: &Image, problems: &[String]) -> String {
    let verdict = format!("{IMAGE}@{} incomplete\n", image.digest());
    let line = |told, problem| format!("{told}  {problem}\n");
    problems.iter().fold(verdict, line)
}

/// An image manifest with these fields, which none of the usual images have.
fn image(fields: &Value, blobs: Vec<Part>) -> Image {
    let mut document = json!({"schemaVersion": 2, "mediaType": MANIFEST});
    for (name, value) in fields.as_object().unwrap() {
        document[name] = value.clone();
    }
    let manifests = vec![Part::new(MANIFEST, document.to_string())];
    Image { blobs, manifests }
}

fn config() -> Part {
    Part::new(CONFIG, r#"{"architecture":"amd64","os":"linux"}"#)
}

#[test]
fn what_is_complete_is_read_once_and_said_to_be() {
    let image = Image::attested(1);
    let lab = lab(&image, &[]);
    let complete = format!("{IMAGE}@{} complete\n", image.digest());
    lab.run(CHECK)
        .stdout(&complete)
        .stderr_like(
            "10 blobs ([..]) and 5 manifests to check\n10 blobs: 10 read ([..]); 5 manifests\n",
        )
        .code(0);
    let requests = lab.requests("src");
    assert_eq!(requests.to_string(), "GET blobs 10, GET manifests 5");
    assert!(requests.downloaded() >= image.blob_bytes());
    lab.heal();
    lab.run(FAST).stdout(&complete).code(0);
    let asked = "GET manifests 5, HEAD blobs 10";
    assert_eq!(lab.requests("src").to_string(), asked);
}

#[test]
fn everything_that_is_missing_is_listed_with_its_place() {
    let image = Image::attested(1);
    let (config, layer, child) = (&image.blobs[0], &image.blobs[2], &image.manifests[1]);
    let lab = lab(&image, &[config, layer, child]);
    let problems = [
        format!("{} missing (linux/arm64)", child.digest),
        format!("{} missing (linux/amd64 > config)", config.digest),
        format!("{} missing (linux/amd64 > layer 2)", layer.digest),
    ];
    for check in [&CHECK[..], &FAST] {
        lab.run(check)
            .stdout(incomplete(&image, &problems))
            .stderr_has(format!(
                "error: {IMAGE}@{} is incomplete: 3 of 12 parts are missing or wrong\n\
                 hint: `crossdock copy --deep SRC DST` from where it is complete puts it right\n",
                image.digest()
            ))
            .code(8);
    }
}

/// Read twice, because a cache in between may have spoiled it.
#[test]
fn other_bytes_are_found_by_reading_alone() {
    let image = Image::small(1);
    let spoilt = &image.blobs[1].digest;
    let lab = lab(&image, &[]);
    let spoil = || Fault::on("GET", spoilt).spoil();
    lab.fault("src", spoil().always());
    let problem = format!("{spoilt} wrong digest (layer 1)");
    lab.run(CHECK)
        .stdout(incomplete(&image, &[problem]))
        .stderr_has("1 of 4 parts is missing or wrong")
        .code(8);
    assert_eq!(lab.requests("src").count("GET", "blobs"), 4);
    lab.run(CHECK)
        .any_stdout()
        .stderr_has("hint: the registry keeps what it has under a digest; once what is wrong is removed there, `crossdock copy --deep SRC DST`")
        .code(8);
    lab.run(FAST).any_stdout().code(0);
    lab.heal();
    lab.fault("src", spoil());
    lab.run(CHECK).any_stdout().any_stderr().code(0);
}

#[test]
fn another_size_than_the_listed_is_found() {
    let (small, big) = (layer(1, 1000), layer(2, 3000));
    let listed = |part: &Part, size: usize| {
        let mut descriptor = part.descriptor();
        descriptor["size"] = json!(size);
        descriptor
    };
    let image = image(
        &json!({
            "config": config().descriptor(),
            "layers": [listed(&small, 999), listed(&big, 3001), listed(&big, 3000)],
        }),
        vec![config(), small.clone(), big.clone()],
    );
    let lab = lab(&image, &[]);
    let problems = [
        format!(
            "{} wrong size: 1000 bytes, listed with 999 (layer 1)",
            small.digest
        ),
        format!(
            "{} wrong size: 3000 bytes, listed with 3001 (layer 2)",
            big.digest
        ),
    ];
    for check in [&CHECK[..], &FAST] {
        lab.run(check)
            .stdout(incomplete(&image, &problems))
            .any_stderr()
            .code(8);
    }
}

#[test]
fn for_programs_a_check_reads_and_sends_nothing() {
    let image = Image::small(1);
    let lab = lab(&image, &[]);
    let bytes = image.blob_bytes();
    lab.run([&CHECK[..], &["--progress", "json", "-j", "1"]].concat())
        .any_stdout()
        .stderr_like(format!(
            "{{\"event\":\"checking\",\"bytes\":{bytes},\"blobs\":3,\"manifests\":1}}\n...\n\
             {{\"event\":\"done\",[..],\"placed\":\"read\"}}\n\
             {{\"event\":\"finished\",\"blobs\":3,\"read\":3,\"read_bytes\":{bytes},\"manifests\":1,\"seconds\":[..]}}\n"
        ))
        .code(0);
}

/// Without a length in the answer's head, the bytes themselves tell.
#[test]
fn a_body_that_ends_too_soon_or_goes_on_has_another_size() {
    let image = Image::small(1);
    let digest = &image.blobs[1].digest;
    for (body, told) in [
        (noise(5, 999), "wrong size: 999 bytes, listed with 1000"),
        (
            noise(5, 1001),
            "wrong size: more than the 1000 bytes it is listed with",
        ),
    ] {
        let lab = lab(&image, &[]);
        let answer = move |_: &http::request::Parts| {
            let body = body.clone();
            let bytes = futures_util::stream::iter([Ok(bytes::Bytes::from(body))]);
            http::Response::new(Box::pin(bytes) as crossdock::transport::ByteStream)
        };
        lab.fault("src", Fault::on("GET", digest).always().answer_with(answer));
        lab.run([&CHECK[..], &["--retries", "1"]].concat())
            .stdout(incomplete(&image, &[format!("{digest} {told} (layer 1)")]))
            .any_stderr()
            .code(8);
    }
}

#[test]
fn a_manifest_must_be_what_its_parent_says() {
    let (child, other) = (Image::small(1), Image::small(2));
    let mut index = Image::index(&[("linux/amd64", &child), ("linux/arm64", &other)]);
    let root = index.manifests.pop().unwrap();
    let mut document: Value = serde_json::from_slice(&root.bytes).unwrap();
    document["manifests"][0]["size"] = json!(5);
    index
        .manifests
        .push(Part::new(&root.media_type, document.to_string()));
    let lab = lab(&index, &[]);
    let size = child.root().bytes.len();
    let arm = other.digest();
    lab.fault("src", Fault::on("GET", arm).always().spoil());
    let problems = [
        format!(
            "{} wrong size: {size} bytes, listed with 5 (linux/amd64)",
            child.digest()
        ),
        format!("{arm} wrong digest (linux/arm64)"),
    ];
    lab.run(CHECK)
        .stdout(incomplete(&index, &problems))
        .any_stderr()
        .code(8);
}

#[test]
fn what_several_platforms_share_is_read_once_and_listed_with_all_its_places() {
    let shared = layer(9, 1000);
    let one = Image::of(1, vec![shared.clone(), layer(1, 100)]);
    let two = Image::of(2, vec![layer(2, 100), shared.clone()]);
    let inner = Image::index(&[("linux/arm64", &two)]);
    let image = Image::index(&[("linux/amd64", &one), ("", &inner)]);
    let lab = lab(&image, &[&shared]);
    let places = "linux/amd64 > layer 1, manifest 2 > linux/arm64 > layer 2";
    lab.run(CHECK)
        .stdout(incomplete(
            &image,
            &[format!("{} missing ({places})", shared.digest)],
        ))
        .any_stderr()
        .code(8);
    let asked = lab.requests("src");
    assert_eq!(
        asked
            .all()
            .iter()
            .filter(|seen| seen.path.contains(&shared.digest))
            .count(),
        1
    );
}

#[test]
fn layers_that_may_not_be_distributed_are_not_asked_for() {
    let foreign = Part::new(
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        noise(3, 50),
    );
    let own = layer(1, 100);
    let fields = json!({"config": config().descriptor(), "layers": [foreign.descriptor(), own.descriptor()]});
    let image = image(&fields, vec![config(), own.clone()]);
    let lab = lab(&image, &[]);
    let ran = lab
        .run([&CHECK[..], &["--json"]].concat())
        .any_stdout()
        .stderr_has("may not be distributed and is not checked")
        .code(0);
    assert_eq!(ran.json()[0]["skipped"], json!([foreign.digest]));
    assert_eq!(ran.json()[0]["blobs"], 2);
}

#[test]
fn indexes_in_indexes_have_an_end() {
    let wrap = |inner, _| Image::index(&[("", &inner)]);
    let image = (0..12).fold(Image::small(1), wrap);
    let lab = lab(&image, &[]);
    lab.run(CHECK)
        .any_stdout()
        .stderr_has("nested too deep")
        .code(8);
}

#[test]
fn an_image_that_is_not_there_is_not_found() {
    let lab = lab(&Image::small(1), &[]);
    lab.run(["check", "src.lab/team/app:v2"])
        .stderr_like(
            "error: [..]src.lab/team/app:v2[..]not found[..]\nhint: src.lab/team/app has v1\n",
        )
        .code(3);
    let index = Image::index(&[("linux/amd64", &Image::small(2))]);
    lab.push("src.lab/team/app:v3", &index);
    lab.run([
        "check",
        "-q",
        "src.lab/team/app:v3",
        IMAGE,
        "src.lab/none:v1",
    ])
    .any_stdout()
    .stderr_has("1 of 3 images were not found complete")
    .code(10);
}

#[test]
fn in_json_each_image_is_an_object_with_its_problems() {
    let image = Image::small(1);
    let (wrong, missing) = (&image.blobs[1], &image.blobs[2]);
    let lab = lab(&image, &[missing]);
    let answer = [("content-type", "application/octet-stream")];
    lab.fault(
        "src",
        Fault::on("GET", &wrong.digest)
            .always()
            .answer(200, &answer, "short"),
    );
    let ran = lab
        .run([&CHECK[..], &["--json"]].concat())
        .any_stdout()
        .any_stderr()
        .code(8);
    assert_eq!(
        ran.json(),
        json!([{
            "reference": IMAGE,
            "digest": image.digest(),
            "verdict": "incomplete",
            "fast": false,
            "manifests": 1,
            "blobs": 3,
            "bytes": image.blob_bytes(),
            "skipped": [],
            "problems": [
                {
                    "problem": "wrong size", "digest": wrong.digest, "places": ["layer 1"],
                    "listed_size": 1000, "actual_size": 5,
                },
                {"problem": "missing", "digest": missing.digest, "places": ["layer 2"]},
            ],
            "unchecked": [],
        }])
    );
}

#[test]
fn what_is_attached_is_checked_where_that_is_wanted() {
    let subject = Image::small(1);
    let lab = lab(&subject, &[]);
    let content = layer(8, 77);
    let fields = json!({
        "artifactType": "application/vnd.cncf.notary.signature",
        "config": config().descriptor(),
        "layers": [content.descriptor()],
        "subject": subject.root().descriptor(),
    });
    let signature = image(&fields, vec![config(), content.clone()]);
    lab.push("src.lab/team/app", &signature);
    let target = format!("/v2/team/app/blobs/{}", content.digest);
    assert_eq!(lab.node("src").call("DELETE", &target, "", b"").status, 202);
    lab.run(CHECK).any_stdout().any_stderr().code(0);
    let problem = format!(
        "{} missing (attached Notation signature > layer 1)",
        content.digest
    );
    lab.run([&CHECK[..], &["--referrers"]].concat())
        .stdout(incomplete(&subject, &[problem]))
        .any_stderr()
        .code(8);
}

/// Text from outside arrives escaped and cut, on lines of ours.
#[test]
fn a_platform_cannot_break_out_of_its_line() {
    let long = format!("linux/{}", "x".repeat(5000));
    let cut = format!("linux/{}…", "x".repeat(74));
    for (platform, told) in [
        ("li\nnux/a\u{1b}[2Jrm", "li\\u{a}nux/a\\u{1b}[2Jrm"),
        (&long, &cut),
    ] {
        let index = Image::index(&[(platform, &Image::small(1))]);
        let lost = &index.manifests[0];
        let lab = lab(&index, &[lost]);
        let problem = format!("{} missing ({told})", lost.digest);
        lab.run(CHECK)
            .stdout(incomplete(&index, &[problem]))
            .any_stderr()
            .code(8);
    }
}
