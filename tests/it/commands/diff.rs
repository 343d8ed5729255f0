//! `diff`: how two images differ, wherever they are.

use crate::lab::image::{CONFIG, MANIFEST, Part, layer};
use crate::lab::{Fault, Image, Lab};
use serde_json::{Value, json};

/// An image with this config and these layers, each of 1 KiB by its number.
fn image(config: &Value, layers: &[u64]) -> Image {
    annotated(config, layers, &json!({}))
}

fn annotated(config: &Value, layers: &[u64], annotations: &Value) -> Image {
    let layers: Vec<Part> = layers.iter().map(|seed| layer(*seed, 1024)).collect();
    let more = json!({"annotations": annotations});
    Image::assembled(
        MANIFEST,
        Part::new(CONFIG, config.to_string()),
        layers,
        &more,
    )
}

fn on(architecture: &str, mode: &str) -> Value {
    json!({
        "os": "linux", "architecture": architecture, "config": {"Env": [format!("MODE={mode}")]},
        "history": [{"created_by": "base"}, {"created_by": format!("make {mode}")}],
    })
}

#[test]
fn two_images_are_compared_layer_by_layer_and_setting_by_setting() {
    let lab = Lab::new();
    let old = annotated(
        &json!({"created": "2024-01-01T00:00:00Z", "config": {
            "Env": ["A=1", "SAME=x"], "User": "app", "Labels": {"l": "old"},
            "ExposedPorts": {"80/tcp": {}}, "Cmd": ["a", "b"],
        }, "history": [{"created_by": "base"}, {"created_by": "make old"}]}),
        &[1, 2],
        &json!({"team": "blue"}),
    );
    let new = annotated(
        &json!({"created": "2024-02-01T00:00:00Z", "config": {
            "Env": ["SAME=x", "A=2"], "Labels": {"l": "new", "m": "n"},
            "ExposedPorts": {"81/tcp": {}}, "Cmd": ["a", "c"],
        }, "history": [{"created_by": "base"}, {"created_by": "make new"}]}),
        &[1, 3],
        &json!({"team": "red"}),
    );
    lab.push("src.lab/app:v1", &old);
    lab.push("dst.lab/other:v2", &new);
    let (shared, gone, fresh) = (
        &old.blobs[1].digest,
        &old.blobs[2].digest,
        &new.blobs[2].digest,
    );
    let expected = format!(
        "--- src.lab/app:v1@{}\n\
         +++ dst.lab/other:v2@{}\n\
         - annotation team=blue\n\
         + annotation team=red\n\
         layers: 1 shared (1.00 KiB), 1 added (1.00 KiB), 1 removed (1.00 KiB)\n\
         =  1.00 KiB  {shared}  base\n\
         +  1.00 KiB  {fresh}  make new\n\
         -  1.00 KiB  {gone}  make old\n\
         - created: 2024-01-01T00:00:00Z\n\
         + created: 2024-02-01T00:00:00Z\n\
         - user: app\n\
         - cmd: [\"a\",\"b\"]\n\
         + cmd: [\"a\",\"c\"]\n\
         - port 80/tcp\n\
         + port 81/tcp\n\
         - env A=1\n\
         + env A=2\n\
         - label l=old\n\
         + label l=new\n\
         + label m=n\n",
        old.digest(),
        new.digest(),
    );
    let diff = ["diff", "src.lab/app:v1", "dst.lab/other:v2"];
    lab.run(diff).stdout(expected.clone()).code(0);
    for place in ["src", "dst"] {
        let requests = lab.requests(place).to_string();
        assert_eq!(requests, "GET blobs 1, GET manifests 1", "{place}");
    }
    lab.run([&diff[..], &["--exit-code"]].concat())
        .stdout(expected)
        .code(1);
    let told = lab.run([&diff[..], &["--exit-code", "--json"]].concat());
    let told = told.any_stdout().any_stderr().code(1).json_error();
    assert_eq!(
        (&told["class"], &told["exit"]),
        (&json!("different"), &json!(1))
    );

    let document = lab
        .run([&["--json"][..], &diff].concat())
        .any_stdout()
        .code(0)
        .json();
    assert_eq!(document["identical"], false);
    assert_eq!(
        document["from"],
        json!({"reference": "src.lab/app:v1", "digest": old.digest()})
    );
    assert_eq!(
        document["changes"],
        json!([{"part": "annotation", "name": "team", "from": "blue", "to": "red"}])
    );
    let image = &document["images"][0];
    assert_eq!(
        (&image["status"], &image["added_bytes"]),
        (&json!("changed"), &json!(1024))
    );
    assert_eq!(
        image["layers"][2],
        json!({
            "status": "removed", "digest": gone, "size": 1024,
            "media_type": old.blobs[2].media_type, "created_by": "make old",
        })
    );
    assert_eq!(
        image["changes"][2],
        json!({"part": "cmd", "from": ["a", "b"], "to": ["a", "c"]})
    );
    assert_eq!(
        image["changes"].as_array().unwrap().last(),
        Some(&json!({"part": "label", "name": "m", "to": "n"}))
    );
}

#[test]
fn what_is_the_same_is_said_to_be() {
    let lab = Lab::new();
    let image = Image::attested(1);
    lab.push("src.lab/app:v1", &image);
    lab.push("dst.lab/app:v1", &image);
    let diff = ["diff", "--exit-code", "src.lab/app:v1", "dst.lab/app:v1"];
    lab.run(diff)
        .stdout(format!("identical: {}\n", image.digest()))
        .code(0);
    // The children need not be looked at.
    assert_eq!(lab.requests("dst").to_string(), "GET manifests 1");
    let run = lab.run([&["--json"][..], &diff].concat());
    let document = run.any_stdout().code(0).json();
    let named =
        |place| json!({"reference": format!("{place}.lab/app:v1"), "digest": image.digest()});
    assert_eq!(
        document,
        json!({"from": named("src"), "to": named("dst"), "identical": true, "changes": [], "images": []})
    );
}

#[test]
fn indexes_are_compared_platform_by_platform() {
    let lab = Lab::new();
    let same = image(&on("arm64", "old"), &[1, 2]);
    let (old, new) = (
        image(&on("amd64", "old"), &[1, 2]),
        image(&on("amd64", "new"), &[1, 3]),
    );
    let (gone, fresh) = (
        image(&on("386", "old"), &[4, 5]),
        image(&on("s390x", "new"), &[6, 7]),
    );
    let from = [
        ("linux/386", &gone),
        ("linux/amd64", &old),
        ("linux/arm64", &same),
    ];
    let to = [
        ("linux/arm64", &same),
        ("linux/amd64", &new),
        ("linux/s390x", &fresh),
    ];
    let (from, to) = (Image::index(&from), Image::index(&to));
    lab.push("src.lab/app:v1", &from);
    lab.push("src.lab/app:v2", &to);
    let expected = format!(
        "--- src.lab/app:v1@{}\n\
         +++ src.lab/app:v2@{}\n\
         = linux/arm64 {same}\n\
         ~ linux/amd64 {old} {new}\n\
         \x20 layers: 1 shared (1.00 KiB), 1 added (1.00 KiB), 1 removed (1.00 KiB)\n\
         \x20 =  1.00 KiB  {}  base\n\
         \x20 +  1.00 KiB  {}  make new\n\
         \x20 -  1.00 KiB  {}  make old\n\
         \x20 - env MODE=old\n\
         \x20 + env MODE=new\n\
         + linux/s390x {}\n\
         - linux/386 {}\n",
        from.digest(),
        to.digest(),
        old.blobs[1].digest,
        new.blobs[2].digest,
        old.blobs[2].digest,
        fresh.digest(),
        gone.digest(),
        same = same.digest(),
        old = old.digest(),
        new = new.digest(),
    );
    lab.run(["diff", "src.lab/app:v1", "src.lab/app:v2"])
        .stdout(expected)
        .code(0);
    // Both indexes, and the two images that differ.
    assert_eq!(
        lab.requests("src").to_string(),
        "GET blobs 2, GET manifests 4"
    );
    let platform = ["diff", "--platform", "linux/arm64"];
    lab.run([&platform[..], &["src.lab/app:v1", "src.lab/app:v2"]].concat())
        .stdout(format!("identical: {}\n", same.digest()))
        .code(0);
    lab.run([
        "diff",
        "--platform",
        "linux/386",
        "src.lab/app:v1",
        "src.lab/app:v2",
    ])
    .stderr_has("there is no image for linux/386, only for linux/arm64, linux/amd64, linux/s390x")
    .code(3);
}

/// An image alone is compared with what is for its platform.
#[test]
fn an_image_is_compared_with_its_place_in_an_index() {
    let lab = Lab::new();
    let (amd64, arm64) = (
        image(&on("amd64", "x"), &[1, 2]),
        image(&on("arm64", "x"), &[1, 3]),
    );
    lab.push("src.lab/app:one", &arm64);
    let both = Image::index(&[("linux/amd64", &amd64), ("linux/arm64", &arm64)]);
    lab.push("src.lab/app:both", &both);
    lab.run(["diff", "src.lab/app:one", "src.lab/app:both"])
        .stdout_like(format!(
            "--- [..]\n+++ [..]\n- media_type: {MANIFEST}\n+ media_type: [..]\n\
             + linux/amd64 {}\n= linux/arm64 {}\n",
            amd64.digest(),
            arm64.digest()
        ))
        .code(0);
}

#[test]
fn where_nothing_that_is_shown_differs_that_is_said() {
    let lab = Lab::new();
    let config = on("amd64", "x");
    let one = image(&config, &[1, 2]);
    let mut other = one.clone();
    let spaced = [&one.manifests[0].bytes[..], b"\n"].concat();
    other.manifests[0] = Part::new(MANIFEST, spaced);
    lab.push("src.lab/app:v1", &one);
    lab.push("src.lab/app:v2", &other);
    lab.run(["diff", "src.lab/app:v1", "src.lab/app:v2"])
        .stdout_like(
            "--- [..]\n+++ [..]\nlayers: 2 shared (2.00 KiB)\n=[..]\n=[..]\n\
             the same layers and settings; what differs is how it is written, or an attestation\n",
        )
        .code(0);
}

#[test]
fn configs_that_cannot_be_compared_are_a_remark() {
    let lab = Lab::new();
    let (old, new) = (
        image(&on("amd64", "x"), &[1, 2]),
        image(&on("amd64", "y"), &[1, 3]),
    );
    lab.push("src.lab/app:v1", &old);
    lab.push("src.lab/app:v2", &new);
    let blob = format!("/blobs/{}", old.blobs[0].digest);
    lab.fault("src", Fault::on("GET", &blob).always().status(404));
    lab.run(["diff", "src.lab/app:v1", "src.lab/app:v2"])
        .stdout_like(format!(
            "...\nlayers: 1 shared (1.00 KiB), 1 added [..]\n=[..]\n+[..]\n-[..]\n- config: {}\n+ config: {}\n",
            old.blobs[0].digest, new.blobs[0].digest
        ))
        .stderr("warning: the configs are not compared: it is not there\n")
        .code(0);
    let run = lab.run(["--json", "diff", "src.lab/app:v1", "src.lab/app:v2"]);
    let document = run.any_stdout().any_stderr().code(0).json();
    assert_eq!(document["images"][0]["problem"], "it is not there");
    assert_eq!(document["images"][0]["changes"][0]["part"], "config");
    lab.heal();
    lab.fault("src", Fault::on("GET", &blob).always().spoil());
    lab.run(["diff", "src.lab/app:v1", "src.lab/app:v2"])
        .stderr_has("the bytes are not those of its digest")
        .code(8);
}

/// The same layers, and still not the same: nothing is said that is not known.
#[test]
fn only_what_was_compared_is_called_the_same() {
    let lab = Lab::new();
    let chart = |text: &str| {
        let config = Part::new("application/vnd.cncf.helm.config.v1+json", text);
        Image::assembled(MANIFEST, config, vec![layer(1, 1024)], &json!({}))
    };
    let (one, other) = (chart("{\"version\":\"1\"}"), chart("{\"version\":\"2\"}"));
    lab.push("src.lab/chart:v1", &one);
    lab.push("src.lab/chart:v2", &other);
    lab.run(["diff", "src.lab/chart:v1", "src.lab/chart:v2"])
        .stdout_like(format!(
            "--- [..]\n+++ [..]\nlayers: 1 shared (1.00 KiB)\n=[..]\n- config: {}\n+ config: {}\n",
            one.blobs[0].digest, other.blobs[0].digest
        ))
        .code(0);
    let config = on("amd64", "x");
    lab.push("src.lab/app:v1", &image(&config, &[1, 2]));
    lab.push("src.lab/app:v2", &image(&config, &[2, 1]));
    let diff = ["diff", "src.lab/app:v1", "src.lab/app:v2"];
    lab.run(diff)
        .stdout_like(
            "--- [..]\n+++ [..]\nlayers: 2 shared (2.00 KiB); those shared are in another order\n=[..]\n=[..]\n",
        )
        .code(0);
    let run = lab.run([&["--json"][..], &diff].concat());
    let document = run.any_stdout().code(0).json();
    assert_eq!(document["images"][0]["reordered"], true);
}

#[test]
fn an_image_that_is_listed_and_not_there_is_a_broken_index() {
    let lab = Lab::new();
    let (old, new) = (
        image(&on("amd64", "x"), &[1, 2]),
        image(&on("amd64", "y"), &[1, 3]),
    );
    lab.push("src.lab/app:v1", &Image::index(&[("linux/amd64", &old)]));
    lab.push("src.lab/app:v2", &Image::index(&[("linux/amd64", &new)]));
    let manifest = format!("/manifests/{}", old.digest());
    lab.fault("src", Fault::on("GET", &manifest).always().status(404));
    lab.run(["diff", "src.lab/app:v1", "src.lab/app:v2"])
        .stderr_has(format!("{} is listed, and is not there", old.digest()))
        .code(8);
}

#[test]
fn artifacts_are_compared_by_what_they_hold() {
    let lab = Lab::new();
    let (old, new) = (Image::artifact(1), Image::artifact(2));
    lab.push("src.lab/notes:v1", &old);
    lab.push("src.lab/notes:v2", &new);
    lab.run(["diff", "src.lab/notes:v1", "src.lab/notes:v2"])
        .stdout_like(format!(
            "--- [..]\n+++ [..]\nlayers: 1 added (300 B), 1 removed (300 B)\n+  300 B  {}\n-  300 B  {}\n",
            new.blobs[1].digest, old.blobs[1].digest
        ))
        .code(0);
}

#[test]
fn text_from_outside_is_escaped() {
    let lab = Lab::new();
    let hostile = "\u{1b}[2J\u{202e}\n+ fake";
    let config = json!({"created": hostile, "config": {
        "Env": [hostile], "User": hostile, "Labels": {hostile: hostile}, "Volumes": {hostile: {}},
        "Cmd": [hostile],
    }, "history": [{"created_by": hostile}]});
    lab.push("src.lab/app:v1", &image(&json!({}), &[1]));
    lab.push(
        "src.lab/app:v2",
        &annotated(&config, &[2], &json!({hostile: hostile})),
    );
    for command in [&["diff"][..], &["--json", "diff"][..]] {
        let args = [command, &["src.lab/app:v1", "src.lab/app:v2"]].concat();
        let ran = lab.run(args).any_stdout().code(0);
        assert!(!ran.stdout.contains(['\u{1b}', '\u{202e}']), "{ran}");
        assert!(!ran.stdout.lines().any(|line| line == "+ fake"), "{ran}");
    }
}

#[test]
fn either_side_may_be_missing() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &Image::small(1));
    lab.push("dst.lab/app:v1", &Image::small(1));
    for (from, to) in [
        ("src.lab/app:v1", "dst.lab/app:v2"),
        ("dst.lab/app:v2", "src.lab/app:v1"),
    ] {
        lab.run(["diff", from, to])
            .stderr_like("error: [..]dst.lab/app:v2[..]not found[..]\nhint: dst.lab/app has v1\n")
            .code(3);
    }
}
