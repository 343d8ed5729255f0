//! Copies that are killed at random moments: the tag is the old image or the new one, whole, and
//! the same copy once more moves what is missing and nothing else.

use super::{kills, random, tell};
use crate::lab::image::Part;
use crate::lab::{Fault, Image, Lab, Run};
use crate::layouts::{self, FILES, NAME};
use std::fmt;
use std::time::{Duration, Instant};

/// Where a copy comes from and where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Road {
    Registries,
    IntoFolder,
    OutOfFolder,
}

const FOLDER: &str = "one";

/// An image that is copied over another one.
pub(super) struct Scene {
    road: Road,
    pub(super) lab: Lab,
    old: Image,
    new: Image,
}

/// Two platforms, with something that both have.
fn image(seed: u64) -> Image {
    let layers = |seed| {
        let sizes = [900_000, 300_000, 40_000, 10];
        let own = sizes.iter().zip(0..);
        let own = own.map(|(size, number)| crate::lab::image::layer(seed * 100 + number, *size));
        own.chain([crate::lab::image::layer(7, 200_000)]).collect()
    };
    let platforms = [
        Image::of(seed, layers(seed)),
        Image::of(seed + 1, layers(seed + 1)),
    ];
    Image::index(&[
        ("linux/amd64", &platforms[0]),
        ("linux/arm64", &platforms[1]),
    ])
}

impl Scene {
    pub(super) fn new(road: Road) -> Self {
        let (lab, old, new) = (Lab::new(), image(10), image(20));
        let scene = Self {
            road,
            lab,
            old,
            new,
        };
        let (lab, [from, to]) = (&scene.lab, scene.places());
        lab.push("src.lab/team/app:old", &scene.old);
        lab.push("src.lab/team/app:new", &scene.new);
        if road == Road::OutOfFolder {
            lab.run(["copy", "-q", "src.lab/team/app:new", from])
                .any_stdout()
                .code(0);
        }
        lab.run(["copy", "-q", "src.lab/team/app:old", to])
            .any_stdout()
            .code(0);
        lab.heal();
        scene.slow_down();
        scene
    }

    fn places(&self) -> [&'static str; 2] {
        match self.road {
            Road::Registries => ["src.lab/team/app:new", "dst.lab/team/app:v1"],
            Road::IntoFolder => ["src.lab/team/app:new", "oci:one:v1"],
            Road::OutOfFolder => ["oci:one:new", "dst.lab/team/app:v1"],
        }
    }

    /// Lets everything take its time, so that there are moments to be killed in.
    fn slow_down(&self) {
        let late = |method, part: &str, wait| {
            Fault::on(method, part)
                .always()
                .delay(Duration::from_millis(wait))
        };
        let blobs = Fault::on("GET", "/blobs/").always();
        self.lab.fault("src", blobs.pace(3_000_000));
        self.lab.fault("src", late("GET", "/manifests/", 15));
        self.lab.fault("dst", late("POST", "/uploads/", 15));
        let taken = Fault::on("PUT", "/uploads/").always();
        self.lab.fault("dst", taken.take_at(4_000_000));
        self.lab.fault("dst", late("PUT", "/manifests/", 25));
    }

    pub(super) fn copy(&self) -> Run {
        let [from, to] = self.places();
        let few = if self.road == Road::OutOfFolder {
            "2"
        } else {
            "8"
        };
        self.lab.run(["copy", "-q", "-j", few, from, to])
    }

    /// How long a run takes that nobody ends, the longest of so many.
    pub(super) fn length(road: Road, runs: usize) -> Duration {
        let length = |_| Self::new(road).copy().any_stdout().code(0).elapsed;
        (0..runs).map(length).max().unwrap_or_default()
    }

    /// Waits until the registries have noticed that nobody listens any more.
    pub(super) fn settle(&self) {
        let seen = || {
            let both = ["src", "dst"].map(|node| self.lab.requests(node));
            let all = both.iter().flat_map(|requests| requests.all().to_vec());
            let ends = all.map(|seen| {
                (
                    seen.status,
                    seen.received.load(std::sync::atomic::Ordering::SeqCst),
                )
            });
            ends.collect::<Vec<_>>()
        };
        let begun = Instant::now();
        let (mut before, mut since) = (seen(), Instant::now());
        while since.elapsed() < Duration::from_millis(80)
            && begun.elapsed() < Duration::from_secs(10)
        {
            std::thread::sleep(Duration::from_millis(10));
            let now = seen();
            if now != before {
                (before, since) = (now, Instant::now());
            }
        }
    }

    /// Whether the tag is the new image. It is that or the old one, and that one is whole.
    #[track_caller]
    pub(super) fn is_new(&self) -> bool {
        let (tag, folder) = match self.road {
            Road::IntoFolder => {
                let folder = layouts::folder(&self.lab, FOLDER);
                layouts::assert_whole(&folder);
                let [(name, digest)] = &layouts::tags(&folder)[..] else {
                    panic!("one tag in {}", layouts::index(&folder));
                };
                assert_eq!(name, "v1", "{NAME}");
                (digest.clone(), Some(folder))
            }
            _ => (self.lab.digest("dst.lab/team/app:v1").expect("a tag"), None),
        };
        let mut either = [&self.old, &self.new].into_iter();
        let named = either
            .find(|image| image.digest() == tag)
            .expect("old or new");
        match folder {
            Some(folder) => layouts::assert_holds(&folder, named),
            // By digest: what a killed run has sent may still be under way to the tag.
            None => self
                .lab
                .assert_holds(&format!("dst.lab/team/app@{tag}"), named),
        }
        named.digest() == self.new.digest()
    }

    /// The bytes of the new image's blobs that are not at the destination.
    pub(super) fn missing(&self) -> u64 {
        let mut blobs: Vec<&Part> = self.new.blobs.iter().collect();
        blobs.sort_unstable_by_key(|blob| &blob.digest);
        blobs.dedup_by_key(|blob| &blob.digest);
        let missing = blobs.into_iter().filter(|blob| !self.has(&blob.digest));
        missing.map(|blob| blob.bytes.len() as u64).sum()
    }

    fn has(&self, digest: &str) -> bool {
        if self.road == Road::IntoFolder {
            return layouts::blob(&layouts::folder(&self.lab, FOLDER), digest).exists();
        }
        let target = format!("/v2/team/app/blobs/{digest}");
        self.lab.node("dst").call("HEAD", &target, "", b"").status == 200
    }

    /// Bytes of blobs that were moved since it was last healed.
    pub(super) fn moved(&self) -> u64 {
        match self.road {
            Road::IntoFolder => self.lab.requests("src").downloaded(),
            _ => self.lab.requests("dst").uploaded(),
        }
    }

    /// Files, or uploads, that nobody will finish.
    pub(super) fn left(&self) -> Vec<String> {
        if self.road == Road::IntoFolder {
            let names = layouts::names(&layouts::folder(&self.lab, FOLDER)).into_iter();
            return names
                .filter(|name| !FILES.contains(&name.as_str()))
                .collect();
        }
        vec!["an upload".to_owned(); self.lab.node("dst").registry.upload_count()]
    }

    /// The same copy once more, undisturbed.
    #[track_caller]
    pub(super) fn again(&self) {
        let to = self.places()[1];
        let told = format!("{to}@{}\n", self.new.digest());
        self.copy().stdout(told).code(0);
        assert!(self.is_new());
        if self.road == Road::IntoFolder {
            assert_eq!(layouts::names(&layouts::folder(&self.lab, FOLDER)), FILES);
        }
    }
}

/// What a sweep came to.
#[derive(Debug, Default)]
struct Figures {
    kills: usize,
    /// Runs that were over before they were to be killed.
    late: usize,
    old: usize,
    new: usize,
    /// Kills that found some of the new blobs there, and not all.
    between: usize,
    left: usize,
    moved: u64,
    moved_again: u64,
    /// Bytes that were moved more than once, all runs together.
    twice: u64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kills,
            late,
            old,
            new,
            between,
            left,
            moved,
            moved_again,
            twice,
        } = self;
        write!(
            f,
            "{kills} kills, {late} of them after the end; the tag was old {old} times and new {new} \
             times; {between} times some blobs were there and not all; {left} files or uploads were \
             left over; {moved} bytes were moved before, {moved_again} after, {twice} twice"
        )
    }
}

#[track_caller]
fn sweep(road: Road) {
    let of = format!("kill sweep, {road:?}");
    let mut random = random(&of);
    let length = Scene::length(road, 3);
    let mut figures = Figures::default();
    let total = Scene::new(road).missing();
    for _ in 0..kills() {
        let scene = Scene::new(road);
        let moment = length.mul_f64(random.f64());
        let started = Instant::now();
        let running = scene.copy().any_stdout().any_stderr().start();
        std::thread::sleep(moment.saturating_sub(started.elapsed()));
        running.signal("KILL");
        let ran = running.wait();
        scene.settle();
        figures.kills += 1;
        figures.late += usize::from(ran.code == 0);
        let is_new = scene.is_new();
        figures.old += usize::from(!is_new);
        figures.new += usize::from(is_new);
        figures.left += scene.left().len();
        let (moved, missing) = (scene.moved(), scene.missing());
        figures.between += usize::from(missing > 0 && missing < total);
        scene.lab.heal();
        scene.again();
        let again = scene.moved();
        assert_eq!(
            again, missing,
            "only what is missing is moved: killed after {moment:?}"
        );
        figures.moved += moved;
        figures.moved_again += again;
        figures.twice += (moved + again).saturating_sub(total);
    }
    tell(&of, &figures);
    assert!(
        figures.between > 0,
        "no run was killed in its middle: {figures}"
    );
}

#[test]
fn f01_a_copy_between_registries_may_be_killed_at_any_moment() {
    sweep(Road::Registries);
}

#[test]
fn f01_a_copy_into_a_folder_may_be_killed_at_any_moment() {
    sweep(Road::IntoFolder);
}

#[test]
fn f01_a_copy_out_of_a_folder_may_be_killed_at_any_moment() {
    sweep(Road::OutOfFolder);
}
