//! The files below `src`, and what of them is compiled into the binary.

use std::fs;
use std::path::{Path, PathBuf};

/// A file below `src`, without its tests and comments once it is looked at.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Source {
    /// The names of the modules from the crate's root to this file.
    pub(super) fn modules(&self) -> Vec<String> {
        let path = self.path.with_extension("");
        let parts = path.iter().map(|part| part.to_string_lossy().into_owned());
        parts.filter(|part| part != "mod").collect()
    }

    pub(super) fn room(&self) -> String {
        self.modules().swap_remove(0)
    }
}

/// What of a file is compiled into the binary: no comments, no tests.
pub(super) fn code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if is_for_tests(line.trim_start()) {
            skip_item(&mut lines);
        } else if !line.trim_start().starts_with("//") {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

/// Whether an attribute leaves its item to tests alone.
fn is_for_tests(line: &str) -> bool {
    line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test")
}

/// An item ends with its first line that ends in a semicolon, or with its closing brace, which is
/// as far to the left as its beginning.
fn skip_item<'a>(lines: &mut impl Iterator<Item = &'a str>) {
    let mut begin = None;
    for line in lines {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().starts_with('#') || line.is_empty() {
            continue;
        }
        let first = begin.is_none();
        let begin = *begin.get_or_insert(indent);
        let done = (first && line.ends_with(['}', ';'])) || (indent == begin && line.trim() == "}");
        if done {
            return;
        }
    }
}

/// Every file below `src` that is not there for tests alone.
pub(super) fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    read(&root, &root, &mut files);
    assert!(files.len() > 100, "the sources are not all there");
    let tests: Vec<PathBuf> = files.iter().flat_map(test_modules).collect();
    files.retain(|file| {
        let module = file.path.with_extension("");
        !tests.iter().any(|test| module.starts_with(test))
    });
    files
}

fn read(root: &Path, folder: &Path, files: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            files.push(Source {
                path: path.strip_prefix(root).unwrap().to_owned(),
                text,
            });
        }
    }
}

/// The modules that a file declares for tests alone.
fn test_modules(source: &Source) -> Vec<PathBuf> {
    let folder: PathBuf = source.modules().iter().collect();
    let mut found = Vec::new();
    let mut lines = source.text.lines();
    while let Some(line) = lines.next() {
        if !is_for_tests(line) {
            continue;
        }
        let item = lines.by_ref().find(|line| !line.starts_with("#["));
        let declared = item.and_then(|item| item.split("mod ").nth(1)?.strip_suffix(';'));
        found.extend(declared.map(|name| folder.join(name)));
    }
    found
}
