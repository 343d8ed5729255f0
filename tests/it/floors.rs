//! The floors: which room uses which, and which words belong to one room alone.

use std::fs;
use std::path::{Path, PathBuf};

/// What a room may use of ours: whole rooms, or one item of a room.
const FLOORS: [(&str, &[&str]); 12] = [
    ("oci", &[]),
    ("transport", &[]),
    ("auth", &["oci", "transport"]),
    ("config", &["oci"]),
    ("registry", &["auth", "oci", "transport"]),
    ("store", &["auth", "oci", "registry", "transport"]),
    (
        "engine",
        &[
            "oci",
            "store",
            "transport::BoxError",
            "transport::ByteStream",
        ],
    ),
    (
        "server",
        &[
            "oci",
            "store",
            "transport::BoxError",
            "transport::ByteStream",
            "transport::secret",
        ],
    ),
    ("term", &["engine", "oci", "store", "transport::secret"]),
    (
        "app",
        &[
            "auth",
            "config",
            "engine",
            "oci",
            "registry",
            "server",
            "store",
            "term",
            "transport",
        ],
    ),
    (
        "command",
        &[
            "app",
            "auth",
            "config",
            "engine",
            "oci",
            "server",
            "store",
            "term",
            "transport",
        ],
    ),
    ("main", &["command"]),
];

/// Words, and the rooms that may say them.
const WORDS: [(&str, &[&str]); 10] = [
    ("std::env::", &["app", "main"]),
    ("println!", &[]),
    ("print!", &[]),
    ("eprintln!", &[]),
    ("eprint!", &[]),
    ("dbg!", &[]),
    ("Timestamp::now", &["app"]),
    ("reqwest::", &["transport"]),
    ("process::exit", &[]),
    (".unwrap()", &[]),
];

#[test]
fn each_floor_uses_only_floors_below_it() {
    assert_eq!(violations(&sources(), edges), Vec::<String>::new());
}

#[test]
fn words_stay_in_their_rooms() {
    assert_eq!(violations(&sources(), words), Vec::<String>::new());
}

#[test]
fn no_two_rooms_use_each_other() {
    for (room, uses) in FLOORS {
        for used in uses
            .iter()
            .map(|used| used.split("::").next().unwrap_or_default())
        {
            assert!(
                reaches(used, room, 0).is_none(),
                "{room} and {used} use each other"
            );
        }
    }
}

fn reaches(from: &str, to: &str, depth: usize) -> Option<()> {
    assert!(depth < FLOORS.len(), "a circle through {from}");
    let (_, uses) = FLOORS.iter().find(|(room, _)| *room == from)?;
    let mut rooms = uses
        .iter()
        .map(|used| used.split("::").next().unwrap_or_default());
    rooms
        .any(|used| used == to || reaches(used, to, depth + 1).is_some())
        .then_some(())
}

#[test]
fn planted_violations_are_found() {
    for (path, text, found) in [
        (
            "oci/x.rs",
            "use crate::transport::Url;",
            "oci uses transport::Url",
        ),
        (
            "oci/x.rs",
            "use crate::{oci::Digest, store};",
            "oci uses store",
        ),
        (
            "engine/copy/x.rs",
            "use crate::transport::{\n  BoxError,\n  Transport,\n};",
            "engine uses transport::Transport",
        ),
        (
            "engine/x.rs",
            "fn f() -> crate::term::Code {}",
            "engine uses term::Code",
        ),
        (
            "auth/a/x.rs",
            "use super::super::super::registry::Client;",
            "auth uses registry::Client",
        ),
        (
            "registry/mod.rs",
            "use super::store;",
            "registry uses store",
        ),
        ("main.rs", "crossdock::app::run()", "main uses app::run"),
        ("term/x.rs", "fn f() { println!(); }", "term says println!"),
        (
            "store/x.rs",
            "std::env::var(\"HOME\")",
            "store says std::env::",
        ),
        ("oci/x.rs", "x.unwrap()", "oci says .unwrap()"),
        (
            "term/x.rs",
            "x.unwrap();\n#[cfg(test)]\nmod tests {\n}\n",
            "term says .unwrap()",
        ),
        (
            "term/x.rs",
            "#[cfg(test)]\nmod tests {\n}\nx.unwrap();\n",
            "term says .unwrap()",
        ),
        ("new/x.rs", "", "new is not on any floor"),
    ] {
        let planted = [Source {
            path: path.into(),
            text: text.into(),
        }];
        let mut all = violations(&planted, edges);
        all.extend(violations(&planted, words));
        assert_eq!(all, [format!("{path}: {found}")], "{text}");
    }
}

#[test]
fn what_is_allowed_is_no_violation() {
    for (path, text) in [
        (
            "auth/x.rs",
            "use crate::oci::Digest;\nuse crate::auth::Error;\nuse super::error;",
        ),
        ("auth/a/x.rs", "use super::super::scope;"),
        (
            "server/x.rs",
            "use crate::transport::{BoxError, ByteStream, secret::Secret};",
        ),
        ("oci/x.rs", "// println! in crate::term\n/// std::env::var"),
        (
            "oci/x.rs",
            "#[cfg(test)]\n#[allow(clippy::unwrap_used)]\nmod tests {\n  x.unwrap();\n}\n",
        ),
        ("main.rs", "crossdock::command::run()"),
        ("app.rs", "std::env::vars_os()"),
    ] {
        let source = [Source {
            path: path.into(),
            text: text.into(),
        }];
        assert_eq!(violations(&source, edges), Vec::<String>::new(), "{text}");
        assert_eq!(violations(&source, words), Vec::<String>::new(), "{text}");
    }
}

/// A file below `src`, without its tests and comments once it is looked at.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// The names of the modules from the crate's root to this file.
    fn modules(&self) -> Vec<String> {
        let path = self.path.with_extension("");
        let parts = path.iter().map(|part| part.to_string_lossy().into_owned());
        parts.filter(|part| part != "mod").collect()
    }

    fn room(&self) -> String {
        self.modules().swap_remove(0)
    }
}

fn violations(sources: &[Source], check: fn(&Source, &str) -> Vec<String>) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources
        .iter()
        .filter(|source| source.path != Path::new("lib.rs"))
    {
        let code = code(&source.text);
        let broken = check(source, &code);
        found.extend(
            broken
                .into_iter()
                .map(|what| format!("{}: {what}", source.path.display())),
        );
    }
    found
}

fn edges(source: &Source, code: &str) -> Vec<String> {
    let room = source.room();
    let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == room) else {
        return vec![format!("{room} is not on any floor")];
    };
    let uses = uses(source, code).into_iter();
    let wrong = uses.filter(|path| {
        let own = path.split("::").next() == Some(&room);
        let below = |allowed: &&str| {
            path == *allowed
                || path
                    .strip_prefix(*allowed)
                    .is_some_and(|rest| rest.starts_with("::"))
        };
        !own && !allowed.iter().any(below)
    });
    wrong.map(|path| format!("{room} uses {path}")).collect()
}

/// Paths from the crate's root, such as `oci::Digest`.
fn uses(source: &Source, code: &str) -> Vec<String> {
    let modules = source.modules();
    // From the room's own file one `super` leads to the root, from one below it two.
    let climb = "super::".repeat(modules.len());
    let root = if modules == ["main"] {
        "crossdock::"
    } else {
        "crate::"
    };
    let mut found = Vec::new();
    for start in [root, &climb] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if !before.is_some_and(|before| is_word(before) || before == ':') {
                expand(&code[at + start.len()..], "", &mut found);
            }
        }
    }
    found
}

/// Reads one path with its groups: `a::{b, c::d}` is `a::b` and `a::c`. Two names are enough.
fn expand(text: &str, prefix: &str, found: &mut Vec<String>) -> usize {
    let text_start = text.len();
    let mut rest = text.trim_start();
    if let Some(mut group) = rest.strip_prefix('{') {
        loop {
            let read = expand(group, prefix, found);
            group = group[read..].trim_start();
            match group.strip_prefix(',') {
                Some(more) => group = more,
                None => break,
            }
        }
        return text_start - group.strip_prefix('}').unwrap_or(group).len();
    }
    let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let name = &rest[..end];
    rest = &rest[end..];
    if name.is_empty() {
        return text_start - rest.len();
    }
    let path = if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}::{name}")
    };
    if let Some(deeper) = rest.strip_prefix("::").filter(|_| prefix.is_empty()) {
        let read = expand(deeper, &path, found);
        return text_start - deeper[read..].len();
    }
    found.push(path);
    // What follows the second name does not matter, but its group must be skipped.
    while let Some(deeper) = rest.strip_prefix("::") {
        let read = expand(deeper, "", &mut Vec::new());
        rest = &deeper[read..];
    }
    if let Some(alias) = rest.trim_start().strip_prefix("as ") {
        rest = alias.trim_start().trim_start_matches(is_word);
    }
    text_start - rest.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn words(source: &Source, code: &str) -> Vec<String> {
    let room = source.room();
    let said = WORDS.iter().filter(|(word, rooms)| {
        let mut places = code.match_indices(word);
        let alone = |at: usize| {
            !code[..at].chars().next_back().is_some_and(is_word) || word.starts_with('.')
        };
        !rooms.contains(&room.as_str()) && places.any(|(at, _)| alone(at))
    });
    said.map(|(word, _)| format!("{room} says {word}"))
        .collect()
}

/// What of a file is compiled into the binary: no comments, no tests.
fn code(text: &str) -> String {
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
fn sources() -> Vec<Source> {
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
