//! Images that are made to wear a client out, or to lead it astray.

use super::{COPY, copied};
use crate::lab::image::{CONFIG, INDEX, LAYER, MANIFEST, Part};
use crate::lab::{Fault, Image, Lab};
use serde_json::json;

/// An image under so many indexes.
fn nested(indexes: usize) -> Image {
    (0..indexes).fold(Image::small(1), |inner, _| Image::index(&[("", &inner)]))
}

#[test]
fn indexes_are_followed_eight_deep_and_no_deeper() {
    for (indexes, code) in [(8, 0), (9, 8)] {
        let lab = Lab::new();
        let image = nested(indexes);
        lab.push("src.lab/team/app:v1", &image);
        let run = lab.run(COPY).any_stdout().any_stderr();
        run.code(code);
        let there = lab.digest("dst.lab/team/app:v1");
        assert_eq!(there.as_deref() == Some(image.digest()), code == 0);
    }
}

/// Eight levels of 32 manifests, each of which lists all of the next level: 2^40 ways through 257
/// manifests.
#[test]
fn what_is_met_again_and_again_is_read_once() {
    const WIDE: usize = 32;
    let mut all = Image::small(1);
    let mut below: Vec<Part> = (0..WIDE)
        .map(|at| {
            let config = Part::new(CONFIG, json!({"author": at.to_string()}).to_string());
            let document = json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": config.descriptor(),
                "layers": [],
            });
            all.blobs.push(config);
            Part::new(MANIFEST, document.to_string())
        })
        .collect();
    all.manifests.clone_from(&below);
    for level in 0..8 {
        let listing = |at: usize| {
            let listed = below.iter().cycle().skip(at).take(WIDE);
            let listed: Vec<_> = listed.map(Part::descriptor).collect();
            let document = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed});
            Part::new(INDEX, document.to_string())
        };
        let width = if level == 7 { 1 } else { WIDE };
        below = (0..width).map(listing).collect();
        all.manifests.extend(below.iter().cloned());
    }
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &all);
    lab.run(COPY).stdout(copied(&all)).code(0);
    assert_eq!(lab.requests("src").count("GET", "manifests"), 257);
    assert_eq!(lab.requests("dst").count("PUT", "manifests"), 257);
}

#[test]
fn a_manifest_without_an_end_is_not_held() {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &Image::small(1));
    let body = " ".repeat(9 << 20);
    let endless = Fault::on("GET", "/manifests/").always();
    lab.fault(
        "src",
        endless.answer(200, &[("content-type", MANIFEST)], &body),
    );
    lab.run(COPY).stderr_has("more than 8388608 bytes").code(8);
    assert_eq!(lab.digest("dst.lab/team/app:v1"), None);
}

/// A layer that may not be distributed is neither read nor sent, wherever its `urls` lead.
#[test]
fn urls_of_layers_are_not_followed() {
    let mut image = Image::small(1);
    let config = image.blobs[0].descriptor();
    let absent = Part::new(
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "x",
    );
    let mut foreign = absent.descriptor();
    foreign["urls"] = json!(["file:///etc/passwd", "http://169.254.169.254/latest"]);
    let document = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": [foreign],
    });
    image.blobs.truncate(1);
    image.manifests = vec![Part::new(MANIFEST, document.to_string())];
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &image);
    lab.run(["copy", "--progress", "none", COPY[2], COPY[3]])
        .stdout(copied(&image))
        .stderr_has("may not be distributed")
        .code(0);
    assert_eq!(lab.requests("src").count("GET", "blobs"), 1, "the config");
    lab.assert_holds("dst.lab/team/app:v1", &image);
}

/// Three thousand layers of 2^53-1 bytes: more than a sum of 64 bits holds, and none is there.
#[test]
fn sizes_beyond_all_sums_are_no_trouble() {
    let config = Part::new(CONFIG, "{}");
    let layer = |number: u32| {
        let digest = format!("sha256:{number:064x}");
        json!({"mediaType": LAYER, "digest": digest, "size": (1_u64 << 53) - 1})
    };
    let layers: Vec<_> = (0..3000).map(layer).collect();
    let config_entry = config.descriptor();
    let document = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config_entry,
        "layers": layers,
    });
    let manifest = Part::new(MANIFEST, document.to_string());
    let mut image = Image::small(1);
    image.manifests.push(manifest);
    let lab = Lab::new().open("far");
    lab.push("src.lab/team/app:v1", &Image::small(1));
    let digest = [
        ("content-type", MANIFEST),
        ("docker-content-digest", image.digest()),
    ];
    let body = String::from_utf8(image.root().bytes.clone()).unwrap();
    let huge = Fault::on("*", "/manifests/").always();
    lab.fault("src", huge.answer(200, &digest, &body));
    let far = "far.lab/team/app:v1";
    lab.run(["copy", "--dry-run", COPY[2], COPY[3], far])
        .stdout(format!("{}{far}@{}\n", copied(&image), image.digest()))
        .stderr_has("would write 1 image manifest and 0 indexes, with 3001 blobs (16.00 EiB)")
        .code(0);
    for progress in ["none", "plain", "json"] {
        let copy = ["copy", "--progress", progress, COPY[2], COPY[3], far];
        let ran = lab.run(copy).stderr_has("error: ").code(3);
        assert!(!ran.stderr.contains("panicked"), "{ran}");
    }
    assert_eq!(lab.digest(COPY[3]), None);
}

/// An index of images with so many layers in all, none of which may be distributed, so that they
/// need not be there.
fn of_layers(most: usize) -> Image {
    const EACH: usize = 20_000;
    let config = Part::new(CONFIG, "{}");
    let layer = |number: usize| {
        let kind = "application/vnd.oci.image.layer.nondistributable.v1.tar";
        json!({"mediaType": kind, "digest": format!("sha256:{number:064x}"), "size": 1})
    };
    let images = (0..most).step_by(EACH).map(|first| {
        let layers: Vec<_> = (first..most.min(first + EACH)).map(layer).collect();
        let config = config.descriptor();
        let document =
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        Part::new(MANIFEST, document.to_string())
    });
    let mut manifests: Vec<_> = images.collect();
    let listed: Vec<_> = manifests.iter().map(Part::descriptor).collect();
    let document = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed});
    manifests.push(Part::new(INDEX, document.to_string()));
    let mut image = Image::small(1);
    image.blobs = vec![config];
    image.manifests = manifests;
    image
}

/// A few are left free on either side: the manifests are parts, too.
#[test]
fn an_image_has_so_many_parts_and_no_more() {
    for (most, code) in [(199_900, 0), (200_001, 8)] {
        let lab = Lab::new();
        let image = of_layers(most);
        lab.push("src.lab/team/app:v1", &image);
        let ran = lab.run(COPY).any_stdout().any_stderr().code(code);
        let told = "consists of more than 200000 manifests and blobs";
        assert_eq!(ran.stderr.contains(told), code != 0, "{}", ran.stderr);
        let there = lab.digest("dst.lab/team/app:v1");
        assert_eq!(there.as_deref() == Some(image.digest()), code == 0);
        assert!(ran.peak < 512 << 20, "{} bytes of memory", ran.peak);
    }
}
