//! SEC-03: whatever road a secret comes by, it is in no output, no other file, and no request to
//! anybody else.

mod addresses;
mod elsewhere;
mod foreign;
mod roads;
mod tokens;

use crate::lab::{Fault, Image, Lab, Ran};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use crossdock::server::{Access, Anonymous, Options, User};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What every secret begins with. It is followed by characters that percent, JSON and base64
/// each write in a way of their own.
const CANARY: &str = "CANARY";

/// A password that no output may show.
pub(crate) fn password(road: &str) -> String {
    format!("{CANARY}-{road}/+\"\\%é")
}

/// The same for what only some characters are allowed in.
fn token(road: &str) -> String {
    format!("{CANARY}.{road}_~-")
}

/// Every way to write the canary that is worth looking for.
pub(crate) fn forms() -> Vec<String> {
    let mut forms = vec![CANARY.to_owned()];
    // Base64 depends on what stands before: of each of three positions the part that does not.
    for before in ["", "x", "xx"] {
        let text = format!("{before}{CANARY}");
        for alphabet in [STANDARD, URL_SAFE] {
            let encoded = alphabet.encode(&text);
            let safe = (before.len() * 4).div_ceil(3)..text.len() / 3 * 4;
            forms.push(encoded[safe].to_owned());
        }
    }
    for pattern in ["%{:02X}", "%{:02x}", "\\u{:04x}", "{:02x}"] {
        let write = |byte: u8| match pattern {
            "%{:02X}" => format!("%{byte:02X}"),
            "%{:02x}" => format!("%{byte:02x}"),
            "\\u{:04x}" => format!("\\u{byte:04x}"),
            _ => format!("{byte:02x}"),
        };
        forms.push(CANARY.bytes().map(write).collect());
    }
    forms
}

#[track_caller]
pub(crate) fn assert_clean(ran: &Ran, lab: &Lab, but: &[PathBuf]) {
    for form in forms() {
        assert!(!ran.stdout.contains(&form), "{form} on stdout: {ran}");
        assert!(!ran.stderr.contains(&form), "{form} on stderr: {ran}");
        for (path, content) in lab.home.files() {
            let text = String::from_utf8_lossy(&content);
            assert!(
                but.contains(&path) || !text.contains(&form),
                "{form} in {}",
                path.display()
            );
        }
    }
}

#[test]
fn the_forms_are_what_encoders_make_of_a_canary() {
    let text = password("x");
    for before in ["", "a", "ab", "abc", "ann:"] {
        let encoded = STANDARD.encode(format!("{before}{text}"));
        assert!(
            forms().iter().any(|form| encoded.contains(form)),
            "{encoded}"
        );
    }
    let escaped = serde_json::to_string(&text).unwrap();
    assert!(forms().iter().any(|form| escaped.contains(form)));
    assert!(
        !forms()
            .iter()
            .any(|form| "canary in a coal mine".contains(form.as_str()))
    );
}

fn token_service(address: &str, password: &str) -> Access {
    crate::lab::tokens(
        address,
        "dst",
        vec![User::new("ann", password)],
        Anonymous::Nothing,
    )
}

fn guarded(password: &str, tokens: bool) -> Lab {
    let lab = Lab::empty().open("src").registry("dst", |address| Options {
        access: if tokens {
            token_service(address, password)
        } else {
            Access::Basic {
                users: vec![User::new("ann", password)],
            }
        },
        ..Options::default()
    });
    lab.push("src.lab/app:v1", &Image::small(1));
    lab.push("dst.lab/app:v0", &Image::small(2));
    lab
}

/// Every command that asks a registry something.
const COMMANDS: [&[&str]; 7] = [
    &["copy", "src.lab/app:v1", "dst.lab/app:v1"],
    &["copy", "dst.lab/app:v0", "src.lab/app:v0"],
    &["digest", "dst.lab/app:v0", "dst.lab/app:none"],
    &["tag", "dst.lab/app:v0", "v2"],
    &["ls", "dst.lab/app"],
    &["ls", "dst.lab"],
    &["rm", "--dry-run", "dst.lab/app:v0"],
];

/// How the runs are made to talk.
const LOUD: [&[&str]; 2] = [
    &["-vv", "--retries", "0"],
    &["-vv", "--json", "--retries", "0"],
];

#[cfg(target_os = "linux")]
#[test]
fn no_core_dump_is_written() {
    let lab = Lab::new();
    lab.fault(
        "src",
        Fault::on("HEAD", "/manifests/").delay(Duration::from_secs(20)),
    );
    let running = lab.run(["digest", "src.lab/team/app:v1"]).start();
    let begun = Instant::now();
    while lab.requests("src").count("HEAD", "manifests") == 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "nothing is asked"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<&str> = core.unwrap().split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"]);
    running.signal("KILL");
    running.wait();
}
