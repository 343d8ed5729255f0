//! What a hostile registry can answer: a table for each place where it can do so, of what it
//! answers, how the run ends, and what is told.
//!
//! One rule holds for every row: the run ends in good time, prints nothing that a terminal would
//! obey, shows no secret, and takes none to anybody else.

mod challenges;
mod configs;
mod endless;
mod framing;
mod headers;
mod links;
mod locations;
mod manifests;
mod parts;
mod redirects;
mod tokens;

use crate::lab::{Image, Lab, Ran, Requests};
use crate::secrets::{assert_clean, forms, password};
use crossdock::server::{Access, Options, User};

/// What is asked about, as far as a row does not say otherwise.
const APP: &str = "reg.lab/team/app:v1";
/// No wait of ours makes a table slow.
const ONCE: [&str; 2] = ["--retries", "0"];

/// A registry `reg` that wants to see a password, with an image, one that is no business of it,
/// `evil`, and one to copy from and to, `own`.
fn lab() -> Lab {
    lab_of(|_, password| Access::Basic {
        users: vec![User::new("ann", password)],
    })
}

fn lab_of(access: impl FnOnce(&str, &str) -> Access) -> Lab {
    let secret = password("hostile");
    let lab = Lab::empty().open("own").open("evil");
    let lab = lab.registry("reg", |address| Options {
        access: access(address, &secret),
        ..Options::default()
    });
    lab.docker_login(&[
        ("reg.lab", &format!("ann:{secret}")),
        ("evil.lab", &format!("eve:{}", password("evil"))),
    ]);
    lab.push(APP, &image());
    lab
}

fn image() -> Image {
    Image::small(1)
}

/// Tries every row, a few side by side, so that one that fails hides no other.
fn each<R: Send>(rows: impl IntoIterator<Item = R>, row: impl Fn(R) + Sync) {
    let rows = std::sync::Mutex::new(rows.into_iter().collect::<Vec<_>>().into_iter());
    let failed = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let next = rows.lock().unwrap().next();
                    let Some(next) = next else { break };
                    let tried = std::panic::AssertUnwindSafe(|| row(next));
                    if std::panic::catch_unwind(tried).is_err() {
                        failed.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    }
                }
            });
        }
    });
    assert_eq!(failed.into_inner(), 0, "rows failed; each is told above");
}

/// Runs, and holds the run against its row and against what holds for all. Where nothing is to be
/// told, nothing may be.
#[track_caller]
fn ends(lab: &Lab, name: &str, args: &[&str], code: i32, told: &[&str]) -> Ran {
    let once: &[&str] = if args.contains(&"--retries") {
        &[]
    } else {
        &ONCE
    };
    let ran = lab.run([args, once].concat()).run();
    assert_eq!(ran.code, code, "{name}: {ran}");
    for text in told {
        assert!(
            ran.stderr.contains(text),
            "{name}: {text:?} is not told: {ran}"
        );
    }
    assert!(
        !told.is_empty() || ran.stderr.is_empty(),
        "{name}: something is told: {ran}"
    );
    assert_harmless(lab, name, &ran);
    ran
}

/// Holds for every run, whatever a registry answers.
#[track_caller]
fn assert_harmless(lab: &Lab, name: &str, ran: &Ran) {
    for (stream, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        let obeyed = text.chars().find(|c| is_obeyed(*c));
        assert_eq!(obeyed, None, "{name}: on {stream} of {ran}");
        assert!(
            text.len() < 16_384,
            "{name}: {} bytes on {stream}",
            text.len()
        );
    }
    assert!(!ran.stderr.contains("panicked"), "{name}: {ran}");
    assert_clean(ran, lab, &[lab.home.path("home/.docker/config.json")]);
    assert_no_secret(name, &lab.requests("evil"));
}

/// Whether a terminal does something else with a character than to show it.
fn is_obeyed(c: char) -> bool {
    let bidi = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    bidi || (c.is_control() && !matches!(c, '\n' | '\t'))
}

#[track_caller]
fn assert_no_secret(name: &str, requests: &Requests) {
    for seen in requests.all() {
        let headers = format!("{:?}", seen.headers);
        let whole = format!("{} {} {headers}", seen.path, seen.query);
        for form in forms() {
            assert!(!whole.contains(&form), "{name}: {form} in {whole}");
        }
        for name in ["authorization", "cookie", "referer"] {
            assert_eq!(seen.header(name), "", "{name} of {whole}");
        }
    }
}

/// Nobody asked it anything.
#[track_caller]
fn assert_unasked(lab: &Lab, name: &str) {
    let requests = lab.requests("evil");
    assert_eq!(requests.len(), 0, "{name}: {requests}");
}
