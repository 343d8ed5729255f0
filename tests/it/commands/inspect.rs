//! `inspect`: what an image is, for people, for programs, and byte for byte.

mod attached;
mod config;
mod platform;

use crate::lab::image::{CONFIG, EMPTY, MANIFEST, Part, layer};
use crate::lab::{Fault, Image, Lab};
use serde_json::{Value, json};

/// An image with this config and two layers.
fn image(config: &Value) -> Image {
    with_bytes(config.to_string())
}

fn with_bytes(config: impl Into<Vec<u8>>) -> Image {
    let layers = vec![layer(1, 2048), layer(2, 1024)];
    let more = json!({"annotations": {"org.example.team": "blue"}});
    Image::assembled(MANIFEST, Part::new(CONFIG, config), layers, &more)
}

/// How many manifests were read, besides looks for what is attached.
fn manifests(lab: &Lab) -> usize {
    let requests = lab.requests("src");
    let read = requests.of("GET", "manifests");
    read.filter(|seen| !seen.path.contains("/sha256-")).count()
}

fn full() -> Value {
    json!({
        "created": "2024-05-01T10:00:00Z", "author": "ann", "architecture": "amd64", "os": "linux",
        "os.features": ["a", "b"], "config": {
            "User": "app", "WorkingDir": "/srv", "Entrypoint": ["/bin/app", "a b"], "Cmd": ["serve"],
            "Env": ["PATH=/bin", "MODE=live"], "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/data": {}},
            "Labels": {"version": "1"}, "StopSignal": "SIGINT",
        },
        "history": [
            {"created_by": "ADD rootfs.tar /"},
            {"created_by": "ENV MODE=live", "empty_layer": true},
            {"created": "2024-05-01T09:00:00Z", "created_by": "RUN  make\n\tinstall"},
        ],
        "rootfs": {"type": "layers", "diff_ids": ["sha256:a", "sha256:b"]},
    })
}

#[test]
fn an_image_is_shown_with_its_config_and_the_steps_of_its_layers() {
    let lab = Lab::new();
    let image = image(&full());
    lab.push("src.lab/team/app:v1", &image);
    let (root, size) = (image.digest(), image.blobs[0].bytes.len() + 3072);
    let [_, low, high] = &image.blobs[..] else {
        panic!("a config and two layers")
    };
    let size = indicatif::BinaryBytes(size as u64);
    let expected = format!(
        "name:         src.lab/team/app:v1\n\
         digest:       {root}\n\
         media type:   {MANIFEST}\n\
         platform:     linux/amd64\n\
         os features:  a, b\n\
         created:      2024-05-01T10:00:00Z\n\
         author:       ann\n\
         size:         {size} (2 layers)\n\
         user:         app\n\
         working dir:  /srv\n\
         entrypoint:   [\"/bin/app\",\"a b\"]\n\
         cmd:          [\"serve\"]\n\
         stop signal:  SIGINT\n\
         ports:        80/tcp\n\
         volumes:      /data\n\
         env:\n  PATH=/bin\n  MODE=live\n\
         labels:\n  version=1\n\
         annotations:\n  org.example.team=blue\n\
         \n\
         \x20   SIZE  {:<71}  CREATED BY\n\
         2.00 KiB  {}  ADD rootfs.tar /\n\
         1.00 KiB  {}  RUN make install\n",
        "LAYER", low.digest, high.digest
    );
    lab.run(["inspect", "src.lab/team/app:v1"])
        .stdout(expected)
        .code(0);
    assert_eq!(
        (lab.requests("src").count("GET", "blobs"), manifests(&lab)),
        (1, 1)
    );
}

#[test]
fn in_json_an_image_is_one_object() {
    let lab = Lab::new();
    let image = image(&full());
    lab.push("src.lab/team/app:v1", &image);
    let document = lab
        .run(["--json", "inspect", "src.lab/team/app:v1"])
        .any_stdout()
        .code(0)
        .json();
    let blob = |at: usize| {
        let part: &Part = &image.blobs[at];
        json!({"digest": part.digest, "size": part.bytes.len(), "media_type": part.media_type})
    };
    let mut layers = [blob(1), blob(2)];
    layers[0]["created_by"] = json!("ADD rootfs.tar /");
    layers[1]["created_by"] = json!("RUN  make\n\tinstall");
    assert_eq!(
        document,
        json!({
            "reference": "src.lab/team/app:v1", "name": "src.lab/team/app",
            "digest": image.digest(), "media_type": MANIFEST,
            "annotations": {"org.example.team": "blue"},
            "config": blob(0), "total_size": image.blob_bytes(), "layers": layers,
            "created": "2024-05-01T10:00:00Z", "author": "ann",
            "platform": "linux/amd64", "os": "linux", "architecture": "amd64",
            "os_features": ["a", "b"], "user": "app", "working_dir": "/srv", "stop_signal": "SIGINT",
            "entrypoint": ["/bin/app", "a b"], "cmd": ["serve"],
            "env": ["PATH=/bin", "MODE=live"], "exposed_ports": ["80/tcp"],
            "volumes": ["/data"], "labels": {"version": "1"},
            "history": [
                {"created_by": "ADD rootfs.tar /", "empty_layer": false},
                {"created_by": "ENV MODE=live", "empty_layer": true},
                {"created": "2024-05-01T09:00:00Z", "created_by": "RUN  make\n\tinstall",
                 "empty_layer": false},
            ],
            "diff_ids": ["sha256:a", "sha256:b"], "attached": [],
        })
    );
}

#[test]
fn an_index_is_shown_with_its_platforms_and_their_attestations() {
    let lab = Lab::new();
    let index = Image::attested(1);
    lab.push("src.lab/app:v1", &index);
    let digests: Vec<&str> = index.manifests.iter().map(|m| &*m.digest).collect();
    let ran = lab.run(["inspect", "src.lab/app:v1"]).any_stdout().code(0);
    let (_, table) = ran.stdout.split_once("\n\n").unwrap();
    let starts = [
        ("PLATFORM", "DIGEST".to_owned()),
        ("linux/amd64", digests[0].to_owned()),
        ("linux/arm64", digests[1].to_owned()),
        ("attestation", format!("{}  of {}", digests[2], digests[0])),
        ("attestation", format!("{}  of {}", digests[3], digests[1])),
    ];
    assert_eq!(table.lines().count(), starts.len(), "{table}");
    for (line, (start, end)) in table.lines().zip(starts) {
        assert!(line.starts_with(start) && line.ends_with(&end), "{line}");
    }
    assert!(
        table.lines().nth(1).unwrap().contains(" KiB  sha256:"),
        "{table}"
    );
    // The index and four children; no blob.
    assert_eq!(
        (lab.requests("src").count("GET", "blobs"), manifests(&lab)),
        (0, 5)
    );

    let document = lab
        .run(["--json", "inspect", "src.lab/app:v1"])
        .any_stdout()
        .code(0)
        .json();
    let platforms = document["platforms"].as_array().unwrap();
    let child = Image::small(1);
    assert_eq!(
        platforms[0],
        json!({
            "platform": "linux/amd64", "os": "linux", "architecture": "amd64",
            "kind": "image", "digest": digests[0],
            "media_type": MANIFEST, "total_size": child.blob_bytes(), "missing": false,
        })
    );
    assert_eq!(platforms[2]["kind"], "attestation");
    assert_eq!(platforms[2]["subject"], digests[0]);
    assert_eq!(document.get("layers"), None);
}

#[test]
fn raw_is_the_manifest_byte_for_byte() {
    let lab = Lab::new();
    let mut image = image(&json!({"config": {"Env": ["A=\u{1b}[31m"]}}));
    // The escape itself, not as JSON spells it, in a place where parsers do not mind.
    let text = String::from_utf8(image.manifests[0].bytes.clone()).unwrap();
    let text = text.replace("blue", "bl\u{9b}\u{202e}ue");
    image.manifests[0] = Part::new(MANIFEST, text.clone());
    lab.push("src.lab/app:v1", &image);
    for command in [
        &["inspect", "--raw"][..],
        &["manifest"][..],
        &["--json", "manifest"][..],
    ] {
        lab.run([command, &["src.lab/app:v1"]].concat())
            .stdout(text.clone())
            .code(0);
    }
    assert_eq!(lab.requests("src").count("GET", "blobs"), 0);
}

#[test]
fn config_is_the_config_byte_for_byte() {
    let lab = Lab::new();
    let escape = "not JSON \u{1b}[31m\n\n";
    let image = with_bytes(escape);
    lab.push("src.lab/app:v1", &image);
    for command in [&["inspect", "--config"][..], &["config"][..]] {
        lab.run([command, &["src.lab/app:v1"]].concat())
            .stdout(escape)
            .code(0);
    }
    lab.run(["inspect", "--config", "--raw", "src.lab/app:v1"])
        .any_stderr()
        .code(2);
}

#[test]
fn what_is_no_image_is_shown_without_a_config() {
    let lab = Lab::new();
    let artifact = Image::artifact(1);
    lab.push("src.lab/notes:v1", &artifact);
    lab.run(["inspect", "src.lab/notes:v1"])
        .stdout_like(format!(
            "...\nartifact type:  application/vnd.example.notes\n\
             size:           302 B (1 layer)\n\
             config:         {} ({EMPTY})\n\n SIZE  LAYER[..]\n300 B  {}\n",
            artifact.blobs[0].digest, artifact.blobs[1].digest
        ))
        .code(0);
    // Nothing that nobody wants is read.
    assert_eq!(lab.requests("src").count("GET", "blobs"), 0);
}

#[test]
fn text_from_outside_is_escaped() {
    let lab = Lab::new();
    let hostile = "\u{1b}[2J\u{202e}\nfake: line";
    let mut config = full();
    config["created"] = json!(hostile);
    config["author"] = json!(hostile);
    config["os"] = json!(hostile);
    config["history"][0]["created_by"] = json!(hostile);
    for name in ["User", "WorkingDir", "StopSignal"] {
        config["config"][name] = json!(hostile);
    }
    for name in ["Entrypoint", "Cmd", "Env"] {
        config["config"][name] = json!([hostile]);
    }
    for name in ["Labels", "Volumes", "ExposedPorts"] {
        config["config"][name] = json!({hostile: hostile});
    }
    lab.push("src.lab/app:v1", &image(&config));
    for command in [&["inspect"][..], &["--json", "inspect"][..]] {
        let ran = lab
            .run([command, &["src.lab/app:v1"]].concat())
            .any_stdout()
            .code(0);
        assert!(!ran.stdout.contains(['\u{1b}', '\u{202e}']), "{ran}");
        assert!(
            !ran.stdout.lines().any(|l| l.trim().starts_with("fake")),
            "{ran}"
        );
    }
}

#[test]
fn what_an_index_lists_and_lacks_is_a_remark() {
    let lab = Lab::new();
    let index = Image::attested(1);
    lab.push("src.lab/app:v1", &index);
    let gone = &index.manifests[1].digest;
    let manifest = format!("/manifests/{gone}");
    lab.fault(
        "src",
        Fault::on("GET", &manifest)
            .always()
            .refusal(404, "MANIFEST_UNKNOWN", "no"),
    );
    lab.run(["inspect", "src.lab/app:v1"])
        .stdout_like(format!("...\nlinux/arm64 [..] -  {gone}  missing\n..."))
        .stderr(format!("warning: {gone} is listed, and is not there\n"))
        .code(0);
    lab.run(["inspect", "--platform", "linux/arm64", "src.lab/app:v1"])
        .stderr_has(format!("{gone} is listed, and is not there"))
        .code(8);
}

#[test]
fn what_is_not_there_is_answered_with_what_is() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &Image::small(1));
    lab.run(["inspect", "src.lab/app:v2"])
        .stderr_like("error: [..]src.lab/app:v2[..]not found[..]\nhint: src.lab/app has v1\n")
        .code(3);
    let ran = lab
        .run(["--json", "inspect", "src.lab/app:v2"])
        .any_stderr()
        .code(3);
    assert_eq!(ran.json_error()["class"], "not_found");
}

#[test]
fn the_tag_is_checked_where_that_is_wanted() {
    let lab = Lab::new();
    let (old, new) = (Image::small(1), Image::small(2));
    lab.push("src.lab/app:v1", &old);
    lab.push("src.lab/app:v1", &new);
    let typed = format!("src.lab/app:v1@{}", old.digest());
    lab.run(["inspect", &typed]).any_stdout().code(0);
    lab.run(["inspect", "--check-tag", &typed])
        .any_stderr()
        .code(5);
}
