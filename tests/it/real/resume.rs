//! A copy that was ended in the middle is taken up where it stopped.

use super::distribution::Distribution;
use super::program;
use super::user::User;
use super::wire::{self, Request};
use super::{images, skopeo};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const NAME: &str = "team/app:v1";
const LAYERS: u64 = 12;
const MIB: usize = 1024 * 1024;

fn arrived(registry: &Distribution) -> usize {
    let sent = |(kind, _): &&(String, usize)| kind == "PUT upload 201";
    registry
        .requests()
        .tally()
        .iter()
        .find(sent)
        .map_or(0, |&(_, count)| count)
}

#[test]
fn a_killed_copy_started_again_sends_only_what_is_missing() {
    let (from, to) = (Distribution::open(), Distribution::open());
    let image = images::layered(LAYERS, 16 * MIB);
    skopeo::push(&image, &from, NAME);
    let (here, there) = (from.image(NAME), to.image(NAME));

    let mut first = program::start(
        Command::new(env!("CARGO_BIN_EXE_crossdock"))
            .args(["copy", "--quiet", "--jobs=1", &here, &there])
            .env_clear()
            .stdout(Stdio::null()),
    );
    let begun = Instant::now();
    while arrived(&to) < 3 {
        assert!(begun.elapsed() < Duration::from_mins(1), "nothing arrives");
        thread::sleep(Duration::from_millis(2));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let before = arrived(&to);
    assert!(
        before < 1 + usize::try_from(LAYERS).unwrap(),
        "it was over too soon"
    );
    let tag = wire::send(
        to.host(),
        &Request::new("HEAD", "/v2/team/app/manifests/v1"),
    );
    assert_eq!(tag.status, 404, "no tag before its blobs");

    User::nobody().copies(&here, &there, image.digest());
    assert_eq!(
        arrived(&to),
        1 + usize::try_from(LAYERS).unwrap(),
        "each blob arrived once"
    );
    skopeo::pull(&to, NAME);
}
