//! What a copy does when a registry, or the way to it, fails. Each test is named after its fault.
//!
//! One rule holds for all: the tag at the destination is the old image until everything is there,
//! and what did arrive is not sent again.

mod asked;
mod deadline;
mod login;
mod moved;
mod parts;
mod patience;
mod silence;
mod slots;
mod source;
#[cfg(unix)]
mod stopped;
mod tags;
mod together;
mod upload;

use crate::lab::{Fault, Image, Lab, Ran};

const SRC: &str = "src.lab/team/app:v1";
const DST: &str = "dst.lab/team/app:v1";
/// Big enough for a break in the middle to be one.
const SIZE: usize = 3_000_000;

/// An image to copy over another one that is there.
struct Bench {
    lab: Lab,
    old: Image,
    new: Image,
}

impl Bench {
    fn new() -> Self {
        Self::on(Lab::new(), Image::sized(2, &[SIZE, 50_000, 10]))
    }

    fn on(lab: Lab, new: Image) -> Self {
        let old = Image::small(1);
        lab.push(SRC, &new);
        lab.push(DST, &old);
        Self { lab, old, new }
    }

    fn fault(self, at: &str, fault: Fault) -> Self {
        self.lab.fault(at, fault);
        self
    }

    fn copy(&self, options: &[&str]) -> crate::lab::Run {
        self.lab.run([&["copy", "-q", SRC, DST], options].concat())
    }

    /// The copy succeeds in spite of it all.
    #[track_caller]
    fn succeeds(&self, options: &[&str]) -> Ran {
        let told = format!("{DST}@{}\n", self.new.digest());
        let ran = self.copy(options).stdout(told).code(0);
        self.lab.assert_holds(DST, &self.new);
        ran
    }

    /// The copy fails with this code, the tag is the old image, and once everything works again
    /// the copy succeeds with nothing sent but what is missing.
    #[track_caller]
    fn fails(&self, options: &[&str], code: i32) -> Ran {
        let ran = self.copy(options).any_stderr().code(code);
        self.lab.assert_holds(DST, &self.old);
        self.lab.heal();
        let there: Vec<bool> = self
            .new
            .blobs
            .iter()
            .map(|blob| self.has(&blob.digest))
            .collect();
        let missing = self.new.blobs.iter().zip(there).filter(|(_, there)| !there);
        let missing: u64 = missing.map(|(blob, _)| blob.bytes.len() as u64).sum();
        self.succeeds(&[]);
        assert_eq!(
            self.lab.requests("dst").uploaded(),
            missing,
            "only what is missing is sent"
        );
        ran
    }

    fn has(&self, digest: &str) -> bool {
        let target = format!("/v2/team/app/blobs/{digest}");
        self.lab.node("dst").call("HEAD", &target, "", b"").status == 200
    }

    /// The digest of the big layer.
    fn layer(&self) -> &str {
        &self.new.blobs[1].digest
    }
}

/// A proxy that lets no blob through in one request.
fn chunked(layer: usize) -> Bench {
    let bench = Bench::on(Lab::new(), Image::sized(2, &[layer]));
    bench.fault("dst", Fault::on("PUT", "/uploads/").status(413))
}

/// What is repeated, and on which side.
const REPEATED: [(&str, &str, &str); 7] = [
    ("src", "HEAD", "/manifests/"),
    ("src", "GET", "/manifests/"),
    ("src", "GET", "/blobs/"),
    ("dst", "HEAD", "/manifests/"),
    ("dst", "POST", "/uploads/"),
    ("dst", "PUT", "/uploads/"),
    ("dst", "PUT", "/manifests/"),
];
