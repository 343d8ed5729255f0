//! What is attached to an image, and what of it cannot be found out.

use crate::lab::image::{EMPTY, MANIFEST, Part, layer};
use crate::lab::{Fault, Image, Lab};
use serde_json::json;

#[test]
fn what_is_attached_is_shown_below_what_it_is_attached_to() {
    let lab = Lab::new();
    let image = Image::small(1);
    let about = |subject: &Image, sort: &str, seed| {
        let more = json!({
            "subject": subject.root().descriptor(), "artifactType": sort,
            "annotations": {"org.opencontainers.image.created": "2024-05-01T10:00:00Z"},
        });
        Image::assembled(
            MANIFEST,
            Part::new(EMPTY, "{}"),
            vec![layer(seed, 10)],
            &more,
        )
    };
    let sbom = about(&image, "application/spdx+json", 1);
    let signature = about(&sbom, "application/vnd.cncf.notary.signature", 2);
    let cosign = Image::small(3);
    let tag = format!("{}.sig", image.digest().replace(':', "-"));
    lab.push("src.lab/app:v1", &image);
    lab.push("src.lab/app", &sbom);
    lab.push("src.lab/app", &signature);
    lab.push(&format!("src.lab/app:{tag}"), &cosign);
    let ran = lab.run(["inspect", "src.lab/app:v1"]).any_stdout().code(0);
    let (_, tree) = ran.stdout.split_once("\nATTACHED").unwrap();
    let lines: Vec<&str> = tree.lines().skip(1).collect();
    for (line, (start, digest, end)) in lines.iter().zip([
        ("this image ", image.digest(), image.digest()),
        ("  SPDX ", sbom.digest(), "referrers"),
        ("    Notation signature ", signature.digest(), "referrers"),
        ("  cosign signature ", cosign.digest(), &tag),
    ]) {
        let fits = line.starts_with(start) && line.contains(digest) && line.ends_with(end);
        assert!(fits, "{ran}");
    }
    assert_eq!(lines.len(), 4, "{ran}");

    let run = lab.run(["--json", "inspect", "src.lab/app:v1"]);
    let document = run.any_stdout().code(0).json();
    let attached = document["attached"].as_array().unwrap();
    assert_eq!(attached.len(), 3);
    assert_eq!(
        attached[2],
        json!({
            "subject": sbom.digest(), "digest": signature.digest(), "media_type": MANIFEST,
            "artifact_type": "application/vnd.cncf.notary.signature",
            "kind": "Notation signature", "size": signature.root().bytes.len(),
            "created": "2024-05-01T10:00:00Z", "found_by": "referrers",
        })
    );
}

#[test]
fn a_list_of_what_is_attached_that_fails_is_a_remark() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &Image::small(1));
    let fails = Fault::on("GET", "/referrers/").always();
    lab.fault("src", fails.refusal(403, "DENIED", "not you"));
    let inspect = ["inspect", "src.lab/app:v1"];
    lab.run(inspect)
        .stdout_like("...\nplatform: [..]linux/amd64\n...")
        .stderr_like("warning: what is attached is not known: [..]not you\n")
        .code(0);
    let run = lab.run([&["--json", "-q"][..], &inspect].concat());
    let document = run.any_stdout().code(0).json();
    assert!(
        document["attached_problem"]
            .as_str()
            .unwrap()
            .contains("not you")
    );
}

/// Five questions for each would be many.
#[test]
fn of_a_large_index_only_the_index_is_asked_about() {
    let lab = Lab::new();
    let images: Vec<Image> = (0..65).map(|seed| Image::sized(seed, &[10])).collect();
    let names: Vec<String> = (0..65).map(|number| format!("linux/cpu{number}")).collect();
    let listed: Vec<(&str, &Image)> = names.iter().map(String::as_str).zip(&images).collect();
    lab.push("src.lab/app:v1", &Image::index(&listed));
    let referrer = Image::referrer(900, "application/spdx+json", &Image::index(&listed));
    lab.push("src.lab/app", &referrer);
    lab.run(["inspect", "src.lab/app:v1"])
        .stdout_like("...\nATTACHED [..]\nthis index [..]\n  SPDX [..]\n")
        .stderr_has("note: what is attached to single images is left out: there are more than 64")
        .code(0);
    assert!(lab.requests("src").count("HEAD", "manifests") <= 8);
}

#[test]
fn an_index_that_is_listed_and_not_there_is_a_remark() {
    let lab = Lab::new();
    let (image, lost) = (
        Image::small(1),
        Image::index(&[("linux/arm64", &Image::small(2))]),
    );
    lab.push(
        "src.lab/app:v1",
        &Image::index(&[("linux/amd64", &image), ("", &lost)]),
    );
    let manifest = format!("/manifests/{}", lost.digest());
    lab.fault("src", Fault::on("GET", &manifest).always().status(404));
    lab.run(["inspect", "src.lab/app:v1"])
        .stdout_like(format!(
            "...\nlinux/amd64 [..]  {}\nindex [..] -  {}  missing\n",
            image.digest(),
            lost.digest()
        ))
        .stderr(format!(
            "warning: {} is listed, and is not there\n",
            lost.digest()
        ))
        .code(0);
}
