//! `--deep`: an image whose tag is there and whose parts are not is made whole.

use crate::lab::image::{Part, layer};
use crate::lab::{Image, Lab};

const SRC: &str = "src.lab/app:v1";
const DST: &str = "dst.lab/app:v1";
const DEEP: [&str; 6] = ["copy", "--progress", "none", "--deep", SRC, DST];

fn image() -> Image {
    let one = Image::of(1, vec![layer(1, 100_000), layer(2, 70_000)]);
    Image::index(&[("linux/amd64", &one), ("linux/arm64", &Image::small(2))])
}

/// The image at both ends, and one part of it taken away from the destination.
fn without(image: &Image, kind: &str, part: &Part) -> Lab {
    let lab = Lab::new();
    lab.push(SRC, image);
    lab.push(DST, image);
    let path = format!("/v2/app/{kind}/{}", part.digest);
    let reply = lab.node("dst").call("DELETE", &path, "", b"");
    assert_eq!(reply.status, 202);
    lab
}

fn copied(image: &Image) -> String {
    format!("{DST}@{}\n", image.digest())
}

#[test]
fn whatever_is_missing_is_put_there() {
    let image = image();
    let children = &image.manifests[..2];
    let manifests = children.iter().map(|part| ("manifests", part));
    let blobs = image.blobs.iter().map(|part| ("blobs", part));
    for (kind, part) in manifests.chain(blobs) {
        let lab = without(&image, kind, part);
        // That the tag is there is all that is asked otherwise.
        lab.run(["copy", "-q", SRC, DST])
            .stdout(copied(&image))
            .code(0);
        assert_eq!(lab.requests("dst").to_string(), "HEAD manifests 1");
        lab.heal();
        lab.run(DEEP).stdout(copied(&image)).code(0);
        lab.assert_holds(DST, &image);
        let requests = lab.requests("dst");
        let written = usize::from(kind == "manifests");
        assert_eq!(requests.count("PUT", "manifests"), written, "{part:?}");
        let sent = if written == 0 { part.bytes.len() } else { 0 };
        assert_eq!(requests.uploaded(), sent as u64, "{part:?}");
    }
}

#[test]
fn where_all_is_there_nothing_is_written() {
    let image = image();
    let lab = Lab::new();
    lab.push(SRC, &image);
    lab.push(DST, &image);
    let ran = lab
        .run([&DEEP[..], &["--json"]].concat())
        .any_stdout()
        .any_stderr()
        .code(0);
    let requests = lab.requests("dst");
    let writes = requests.all().iter().filter(|seen| seen.method == "PUT");
    assert_eq!((writes.count(), requests.uploaded()), (0, 0), "{requests}");
    let row = ran.json();
    assert_eq!(
        (&row["changed"], &row["manifests"]),
        (&false.into(), &0.into()),
        "{ran}"
    );
    lab.run(DEEP)
        .stdout(copied(&image))
        .stderr("dst.lab/app:v1 is up to date\n")
        .code(0);
}

#[test]
fn what_was_repaired_is_counted() {
    let image = image();
    let lab = without(&image, "manifests", &image.manifests[0]);
    let row = lab
        .run([&DEEP[..], &["--json"]].concat())
        .any_stdout()
        .any_stderr()
        .code(0)
        .json();
    assert_eq!(
        (&row["changed"], &row["manifests"]),
        (&true.into(), &1.into())
    );
}

#[test]
fn one_of_two_destinations_is_repaired() {
    let image = image();
    let lab = without(&image, "blobs", &image.blobs[1]).open("far");
    let far = "far.lab/app:v1";
    lab.push(far, &image);
    lab.run([&DEEP[..], &[far]].concat())
        .stdout(format!("{}{far}@{}\n", copied(&image), image.digest()))
        .any_stderr()
        .code(0);
    lab.assert_holds(DST, &image);
    assert_eq!(lab.requests("far").uploaded(), 0);
    assert_eq!(lab.requests("src").count("GET", "blobs"), 1);
}
