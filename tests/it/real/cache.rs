//! A real registry as a pull-through cache before another one: Debian's, told whose content it is
//! to have.

use super::distribution::Distribution;
use crate::lab::{Image, Lab};

const APP: &str = "src.lab/team/app:v1";

/// What crossdock itself asked the registry behind the cache, in the order of names.
fn asked(lab: &Lab) -> Vec<String> {
    let requests = lab.requests("src");
    let ours = requests
        .all()
        .iter()
        .filter(|seen| seen.header("user-agent").starts_with("crossdock/"));
    ours.map(|seen| format!("{} {}", seen.method, seen.kind()))
        .collect()
}

#[test]
fn a_cache_gives_what_the_registry_behind_it_has() {
    let lab = Lab::empty().open("src").open("dst");
    let image = Image::sized(1, &[300_000, 1000, 10]);
    lab.push(APP, &image);
    let cache = Distribution::cache_of(lab.address("src"));
    let text = format!(
        "registries: {{\"src.lab\": {{mirrors: [\"{}\"]}}}}\n",
        cache.host()
    );
    lab.home.user_settings(&lab.addressed(&text));
    let digest = || {
        let found = format!("{}\n", image.digest());
        lab.run(["digest", APP]).stdout(found).code(0)
    };
    digest();
    for tag in ["v1", "again"] {
        let place = format!("dst.lab/{tag}:x");
        lab.run(["copy", "-q", APP, &place])
            .stdout(format!("{place}@{}\n", image.digest()))
            .code(0);
        lab.assert_holds(&place, &image);
    }
    assert_eq!(asked(&lab), Vec::<String>::new());
    let blobs = lab.requests("src").count("GET", "blobs");
    assert!(blobs >= image.blobs.len(), "the cache fetched them");

    // Which tags there are is the registry's own word.
    lab.run(["ls", "src.lab/team/app"]).stdout("v1\n").code(0);
    assert_eq!(asked(&lab), ["GET tags"]);

    drop(cache);
    lab.heal();
    digest();
    assert_eq!(asked(&lab), ["HEAD manifests"]);
    lab.run(["copy", "-q", APP, "dst.lab/late:x"])
        .stdout(format!("dst.lab/late:x@{}\n", image.digest()))
        .code(0);
    lab.assert_holds("dst.lab/late:x", &image);
}
