//! What every vendor's inventory has to do, whatever its API is like.

use super::shelf::{Stand, Vendor};
use crate::lab::Image;
use serde_json::Value;

/// What a kind of registry tells and does.
#[derive(Clone, Copy)]
pub(crate) struct Promises {
    /// The clock of its times.
    pub(crate) clock: &'static str,
    /// Images without a tag are listed.
    pub(crate) untagged: bool,
    /// Sizes are listed.
    pub(crate) sizes: bool,
    /// When an image was pulled is listed.
    pub(crate) pulled: bool,
    /// An image stays when its last tag is removed.
    pub(crate) keeps: bool,
    /// The registry knows locks or immutable tags, and refuses to touch them.
    pub(crate) locks: bool,
    /// So many items are on a page of its lists at most.
    pub(crate) page: usize,
}

fn listed<V: Vendor>(stand: &Stand<V>, args: &[&str]) -> Vec<Value> {
    let run = stand.run([&["ls", "-l", "--json"], args].concat());
    let ran = run.any_stdout().any_stderr().code(0);
    ran.json().as_array().unwrap().clone()
}

fn names(rows: &[Value]) -> Vec<String> {
    let name = |row: &Value| row["name"].as_str().unwrap_or_default().to_owned();
    rows.iter().map(name).collect()
}

/// Tags with their digests, sizes and times; the newest first where that is wanted.
pub(crate) fn lists<V: Vendor>(vendor: V, promises: Promises) {
    let stand = Stand::new(vendor);
    let (one, two) = (Image::small(1), Image::small(2));
    stand.push("team/app:v1", &one, 2, Some(5));
    stand.push("team/app:v2", &two, 3, None);
    let rows = listed(&stand, &["reg.lab/team/app", "--sort", "name"]);
    assert_eq!(names(&rows), ["v1", "v2"]);
    for (row, (image, day)) in rows.iter().zip([(&one, 2), (&two, 3)]) {
        assert_eq!(row["digest"], image.digest().to_string());
        assert_eq!(row["clock"], promises.clock, "{row}");
        let time = row["time"].as_str().unwrap();
        assert!(
            time.starts_with(&format!("2026-01-{day:02}T00:00:00")),
            "{row}"
        );
        assert_eq!(row["size"].is_null(), !promises.sizes, "{row}");
    }
    let pulled = rows[0]["pulled"].as_str().unwrap_or_default();
    assert_eq!(
        pulled.starts_with("2026-01-05T"),
        promises.pulled,
        "{rows:?}"
    );
    assert!(rows[1]["pulled"].is_null(), "{rows:?}");
    let rows = listed(
        &stand,
        &["reg.lab/team/app", "--sort", "time", "--limit", "1"],
    );
    assert_eq!(names(&rows), ["v2"]);
    let rows = listed(&stand, &["reg.lab/team/app", "--filter", "*1"]);
    assert_eq!(names(&rows), ["v1"]);
}

/// One more tag than a page holds.
pub(crate) fn pages<V: Vendor>(vendor: V, promises: Promises) {
    let stand = Stand::new(vendor);
    for number in 0..=promises.page {
        let image = Image::small(number as u64);
        stand.push(&format!("app/many:v{number}"), &image, 2, None);
    }
    let rows = listed(&stand, &["reg.lab/app/many"]);
    let mut names = names(&rows);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), promises.page + 1);
}

/// Images without a tag, and only those.
pub(crate) fn untagged<V: Vendor>(vendor: V, promises: Promises) {
    let stand = Stand::new(vendor);
    let (kept, lost) = (Image::small(1), Image::small(2));
    stand.push("team/app:v1", &kept, 2, None);
    stand.push("team/app", &lost, 3, None);
    let run = stand.run(["ls", "--untagged", "reg.lab/team/app"]);
    if promises.untagged {
        run.stdout(format!("{}\n", lost.digest())).code(0);
    } else {
        run.stderr_has("does not list images without a tag").code(1);
    }
}

/// A tag goes, and what else points to the same image stays.
pub(crate) fn untags<V: Vendor>(vendor: V, promises: Promises) {
    let stand = Stand::new(vendor);
    let image = Image::small(1);
    stand.push("team/app:v1", &image, 2, None);
    stand.push("team/app:v2", &image, 2, None);
    let removed = |tag: &str| format!("reg.lab/team/app:{tag}@{}\n", image.digest());
    stand
        .run(["rm", "reg.lab/team/app:v1"])
        .stdout(removed("v1"))
        .code(0);
    assert_eq!(
        stand.tags("team/app"),
        [("v2".to_owned(), image.digest().to_string())]
    );
    stand
        .run(["rm", "reg.lab/team/app:v1"])
        .any_stderr()
        .code(3);
    let last = stand.run(["rm", "reg.lab/team/app:v2"]);
    if promises.keeps {
        last.stdout(removed("v2")).code(0);
        assert!(stand.has("team/app", &image));
    } else {
        last.stderr_has("last tag").stderr_has("--force").code(5);
        assert_eq!(stand.tags("team/app").len(), 1);
        let forced = stand.run(["rm", "--force", "reg.lab/team/app:v2"]);
        forced.stdout(removed("v2")).code(0);
        assert!(!stand.has("team/app", &image));
    }
    assert_eq!(stand.tags("team/app"), []);
}

/// An image goes with its tags, when that is meant.
pub(crate) fn deletes<V: Vendor>(vendor: V, _: Promises) {
    let stand = Stand::new(vendor);
    let (image, other) = (Image::small(1), Image::small(2));
    for tag in ["v1", "v2"] {
        stand.push(&format!("team/app:{tag}"), &image, 2, None);
    }
    stand.push("team/app:v3", &other, 2, None);
    let place = format!("reg.lab/team/app@{}", image.digest());
    stand.run(["rm", &place]).stderr_has("v1, v2").code(5);
    assert_eq!(stand.tags("team/app").len(), 3);
    let forced = stand.run(["rm", "--force", &place]);
    forced.stdout(format!("{place} (v1, v2)\n")).code(0);
    assert!(!stand.has("team/app", &image));
    assert_eq!(
        stand.tags("team/app"),
        [("v3".to_owned(), other.digest().to_string())]
    );
}

/// A part of an index is not removed while the index is there.
pub(crate) fn guards_parts<V: Vendor>(vendor: V, _: Promises) {
    let stand = Stand::new(vendor);
    let (one, two) = (Image::small(1), Image::small(2));
    let index = Image::index(&[("linux/amd64", &one), ("linux/arm64", &two)]);
    stand.push("team/app:v1", &index, 2, None);
    let part = Image::small(1);
    let place = format!("reg.lab/team/app@{}", part.digest());
    stand.run(["rm", &place]).any_stderr().code(5);
    assert!(stand.has("team/app", &part));
}

/// What is locked is not touched, and named.
pub(crate) fn respects_locks<V: Vendor>(vendor: V, promises: Promises) {
    if !promises.locks {
        return;
    }
    let stand = Stand::new(vendor);
    let image = Image::small(1);
    stand.push("team/app:v1", &image, 2, None);
    stand.push("team/app:v2", &image, 2, None);
    stand.lock("team/app", "v1");
    stand
        .run(["rm", "reg.lab/team/app:v1"])
        .stderr_has("team/app:v1")
        .code(5);
    assert_eq!(stand.tags("team/app").len(), 2);
    let rows = listed(&stand, &["reg.lab/team/app", "--filter", "v1"]);
    assert!(rows[0]["lock"].is_string(), "{rows:?}");
}

/// An API that is asked too much is waited for.
pub(crate) fn waits<V: Vendor>(vendor: V, _: Promises) {
    let stand = Stand::new(vendor);
    stand.push("team/app:v1", &Image::small(1), 2, None);
    stand.throttle(2);
    assert_eq!(names(&listed(&stand, &["reg.lab/team/app"])), ["v1"]);
}

/// Whoever is not let in at the API lists what anybody may list, and removes nothing.
pub(crate) fn an_expired_credential<V: Vendor>(vendor: V, _: Promises) {
    let stand = Stand::new(vendor);
    let image = Image::small(1);
    stand.push("team/app:v1", &image, 2, None);
    stand.push("team/app:v2", &image, 2, None);
    stand.expire();
    let run = stand.run(["ls", "-l", "--json", "reg.lab/team/app", "--filter", "v1"]);
    let ran = run.any_stdout().stderr_has("less is known").code(0);
    assert_eq!(ran.json()[0]["digest"], image.digest().to_string());
    stand
        .run(["rm", "reg.lab/team/app:v1"])
        .any_stderr()
        .code(4);
    assert_eq!(stand.tags("team/app").len(), 2);
}

/// The contract as tests of one vendor's.
macro_rules! contract {
    ($vendor:expr, $promises:expr; $($test:ident),+ $(,)?) => {
        $(
            #[test]
            fn $test() {
                crate::vendors::contract::$test($vendor, $promises);
            }
        )+
    };
}

pub(crate) use contract;
