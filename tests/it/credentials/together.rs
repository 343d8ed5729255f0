//! SEC-01, P17: many logins at once, and logins that are killed.

use super::{FILE, LOGIN, stored, users};
use crate::lab::Lab;
use crossdock::server::{Access, Options};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Registries `r0`, `r1`, and so on, that want a login.
fn registries(count: usize) -> (Lab, Vec<String>) {
    let names: Vec<String> = (0..count).map(|n| format!("r{n}x")).collect();
    let access = |_: &str| Options {
        access: Access::Basic { users: users() },
        ..Options::default()
    };
    let lab = names
        .iter()
        .fold(Lab::empty(), |lab, name| lab.registry(name, access));
    (lab, names)
}

fn login(lab: &Lab, name: &str) -> crate::lab::Run {
    let mut typed = LOGIN.map(str::to_owned);
    typed[1] = format!("{name}.lab");
    lab.run(typed).stdin("apple").any_stderr()
}

/// What is nobody's business but its owner's.
fn foreign() -> Value {
    json!({"z": {"b": 1, "a": [null, 1.5]}, "auths": {"old.example": {"auth": "eDp5", "email": "a@b"}}, "a": "\u{e9}"})
}

#[track_caller]
fn assert_foreign_is_kept(stored: &Value) {
    let mut kept = stored.clone();
    let auths = kept["auths"].as_object_mut().unwrap();
    auths.retain(|name, _| name == "old.example");
    // As text, because its order counts.
    assert_eq!(kept.to_string(), foreign().to_string());
}

#[test]
fn fifty_logins_at_once_leave_fifty_entries_and_no_reader_sees_a_broken_file() {
    let (lab, names) = registries(50);
    lab.home.docker_config(&foreign());
    let done = AtomicBool::new(false);
    let reads = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !done.load(Ordering::SeqCst) {
                assert_foreign_is_kept(&stored(&lab));
                reads += 1;
                std::thread::sleep(Duration::from_millis(1));
            }
            reads
        });
        let logins: Vec<_> = names
            .iter()
            .map(|name| login(&lab, name).patience(Duration::from_mins(5)))
            .map(|login| scope.spawn(move || login.run()))
            .collect();
        let ended: Vec<_> = logins
            .into_iter()
            .map(|login| login.join().unwrap())
            .collect();
        done.store(true, Ordering::SeqCst);
        for ran in ended {
            assert_eq!(ran.code, 0, "{ran}");
        }
        reader.join().unwrap()
    });
    assert!(reads > 10, "{reads} reads");
    let stored = stored(&lab);
    assert_foreign_is_kept(&stored);
    for name in &names {
        assert_eq!(
            stored["auths"][lab.address(name)],
            json!({"auth": "YW5uOmFwcGxl"})
        );
    }
    assert_eq!(left(&lab), ["config.json", "config.json.lock"]);
}

/// Somebody else holds the lock, and does not let go of it.
#[test]
fn the_wait_for_another_writer_ends_when_it_is_told_to() {
    let (lab, names) = registries(1);
    let path = lab
        .home
        .docker_config(&json!({"auths": {lab.address(&names[0]): {"auth": "eDp5"}}}));
    let before = std::fs::read(&path).unwrap();
    let lock = std::fs::File::create(lab.home.path(&format!("{FILE}.lock"))).unwrap();
    lock.lock().unwrap();
    let logout = || {
        lab.run(["logout", &format!("{}.lab", names[0]), "--deadline", "3s"])
            .any_stderr()
    };
    let login = || {
        let mut typed = LOGIN.map(str::to_owned).to_vec();
        typed[1] = format!("{}.lab", names[0]);
        typed.extend(["--deadline", "3s"].map(str::to_owned));
        lab.run(typed).stdin("apple").any_stderr()
    };
    for run in [login(), logout()] {
        let ran = run.code(7);
        assert!(ran.elapsed < Duration::from_secs(20), "{ran}");
    }
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let running = lab
            .run(["logout", &format!("{}.lab", names[0])])
            .any_stderr()
            .start();
        std::thread::sleep(Duration::from_secs(2));
        running.signal(signal);
        let ran = running.code(code);
        assert!(ran.elapsed < Duration::from_secs(20), "{ran}");
    }
    lock.unlock().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

/// What is in the file's folder.
fn left(lab: &Lab) -> Vec<String> {
    let folder = lab.home.path(FILE);
    let entries = std::fs::read_dir(folder.parent().unwrap()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The moments are spread over the time that a login takes, so that some come while it writes.
#[test]
fn a_login_that_is_killed_loses_nothing_and_leaves_nothing() {
    const KILLS: u32 = 40;
    let (lab, names) = registries(KILLS as usize + 1);
    lab.home.docker_config(&foreign());
    let last = &names[KILLS as usize];
    let whole = (0..3).map(|_| login(&lab, last).code(0).elapsed);
    let whole = whole.min().unwrap_or_default();
    let mut acknowledged = vec![last.clone()];
    for (n, name) in (0..KILLS).zip(&names) {
        let running = login(&lab, name).start();
        std::thread::sleep(whole * n * 5 / 4 / KILLS);
        running.signal("KILL");
        if running.wait().code == 0 {
            acknowledged.push(name.clone());
        }
        let stored = stored(&lab);
        assert_foreign_is_kept(&stored);
        for name in &acknowledged {
            assert_eq!(
                stored["auths"][lab.address(name)],
                json!({"auth": "YW5uOmFwcGxl"})
            );
        }
    }
    // The first one at least, at once.
    assert!(acknowledged.len() <= KILLS as usize);
    login(&lab, &names[0]).code(0);
    assert_eq!(left(&lab), ["config.json", "config.json.lock"]);
}
