//! Where inputs come from: a target's seeds, and `tests/fuzz/found/`, which keeps what once broke
//! something.

use crate::target::{Target, named};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// Every input that is kept for a target, with what to call it.
fn kept(target: &Target) -> Vec<(String, Vec<u8>)> {
    let seeds = target.seeds.iter().enumerate();
    let mut all: Vec<_> = seeds
        .map(|(number, seed)| (format!("seed-{number:03}"), seed.to_vec()))
        .collect();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/found")
        .join(target.name);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        all.push((format!("found-{name}"), std::fs::read(file).unwrap()));
    }
    all
}

/// Checks everything that is kept for the target of that name, and names the input that fails.
pub(crate) fn replay(name: &str) {
    let target = named(name);
    assert!(!target.seeds.is_empty());
    // libFuzzer takes no longer words.
    assert!(target.words.iter().all(|word| word.len() <= 64));
    for (input, bytes) in kept(target) {
        assert!(bytes.len() <= target.longest, "{name}: {input} is too long");
        let checked = catch_unwind(AssertUnwindSafe(|| (target.check)(&bytes)));
        assert!(checked.is_ok(), "{name}: {input}: {}", bytes.escape_ascii());
    }
}

/// Writes the inputs into the folder `FUZZ_CORPUS`, where libFuzzer looks for them, and the words
/// into the file `FUZZ_WORDS`.
#[cfg(fuzzing)]
pub(crate) fn write_out(target: &Target) {
    use std::fmt::Write as _;
    let path = |name| std::env::var_os(name).map(PathBuf::from);
    if let Some(folder) = path("FUZZ_CORPUS") {
        for (name, bytes) in kept(target) {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }
    if let Some(file) = path("FUZZ_WORDS") {
        let mut lines = String::new();
        for word in target.words {
            lines.push('"');
            for byte in word.bytes() {
                let _ = write!(lines, "\\x{byte:02x}");
            }
            lines.push_str("\"\n");
        }
        std::fs::write(file, lines).unwrap();
    }
}
