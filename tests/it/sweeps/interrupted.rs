//! Copies that are interrupted at random moments: they end soon, give up their uploads and their
//! files, and leave the tag whole.

use super::killed::{Road, Scene};
use super::{kills, random, tell};
use std::time::{Duration, Instant};

/// Longer than it takes to give up uploads, on a busy machine.
const SOON: Duration = Duration::from_secs(8);

fn sweep(road: Road, signal: &str, code: i32) {
    let of = format!("interruption sweep, {road:?}, {signal}");
    let mut random = random(&of);
    let length = Scene::length(road, 2);
    let (mut stopped, mut left, mut longest) = (0, Vec::new(), Duration::ZERO);
    for _ in 0..kills() {
        let scene = Scene::new(road);
        let moment = length.mul_f64(random.f64());
        let started = Instant::now();
        let running = scene.copy().any_stdout().any_stderr().start();
        std::thread::sleep(moment.saturating_sub(started.elapsed()));
        running.signal(signal);
        let begun = Instant::now();
        let ran = running.wait();
        longest = longest.max(begun.elapsed());
        assert!(begun.elapsed() < SOON, "{signal} after {moment:?}: {ran}");
        assert!(
            ran.code == code || ran.code == 0,
            "{signal} after {moment:?}: {ran}"
        );
        stopped += usize::from(ran.code == code);
        scene.settle();
        scene.is_new();
        left.extend(scene.left());
        let missing = scene.missing();
        scene.lab.heal();
        scene.again();
        assert_eq!(scene.moved(), missing, "{signal} after {moment:?}");
    }
    let runs = kills();
    let told = format!(
        "{runs} signals, {stopped} runs ended with {code} and the others before; {} files or \
         uploads were left over; the longest took {longest:?} to end",
        left.len(),
    );
    tell(&of, &told);
    assert!(stopped > 0, "no run was stopped");
    // A request that was just on its way may have opened one that nobody knows of.
    let most = if road == Road::IntoFolder { 0 } else { runs };
    assert!(left.len() <= most, "left over: {left:?}");
}

#[test]
fn f40_a_copy_between_registries_may_be_interrupted_at_any_moment() {
    sweep(Road::Registries, "INT", 130);
}

#[test]
fn f40_a_copy_into_a_folder_may_be_interrupted_at_any_moment() {
    sweep(Road::IntoFolder, "INT", 130);
}

#[test]
fn f41_a_copy_between_registries_may_be_terminated_at_any_moment() {
    sweep(Road::Registries, "TERM", 143);
}
