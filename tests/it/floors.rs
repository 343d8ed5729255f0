//! The floors: which room uses which, and which words belong to one room alone.

mod paths;
mod source;

use paths::{is_word, uses};
use source::{Source, code, sources};
use std::path::Path;

/// What a room may use of ours: whole rooms, or one item of a room.
const FLOORS: [(&str, &[&str]); 16] = [
    ("disk", &[]),
    ("oci", &[]),
    ("transport", &[]),
    ("vendor", &["oci"]),
    ("auth", &["disk", "oci", "transport"]),
    ("config", &["oci", "vendor"]),
    ("registry", &["auth", "oci", "transport", "vendor"]),
    (
        "store",
        &["auth", "disk", "oci", "registry", "transport", "vendor"],
    ),
    (
        "provider",
        &["auth", "config", "disk", "oci", "transport", "vendor"],
    ),
    (
        "inventory",
        &[
            "auth",
            "config",
            "oci",
            "provider",
            "registry",
            "store",
            "transport",
            "vendor",
        ],
    ),
    (
        "engine",
        &[
            "inventory",
            "oci",
            "store",
            "transport::BoxError",
            "transport::ByteStream",
            "vendor",
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
            "inventory",
            "oci",
            "provider",
            "registry",
            "server",
            "store",
            "term",
            "transport",
            "vendor",
        ],
    ),
    (
        "command",
        &[
            "app",
            "auth",
            "config",
            "engine",
            "inventory",
            "oci",
            "server",
            "store",
            "term",
            "transport",
            "vendor",
        ],
    ),
    ("main", &["command"]),
];

/// Words, and the rooms that may say them.
const WORDS: [(&str, &[&str]); 12] = [
    ("std::env::", &["app", "main"]),
    ("println!", &[]),
    ("print!", &[]),
    ("eprintln!", &[]),
    ("eprint!", &[]),
    ("dbg!", &[]),
    ("Timestamp::now", &["app"]),
    // A clock that somebody sets is for dates from outside, and for signatures, alone: all waits go
    // by another one.
    ("SystemTime::now", &["provider", "transport"]),
    ("reqwest::", &["transport"]),
    ("process::exit", &[]),
    (".unwrap()", &[]),
    // Of tokio's channels it parks the thread, and takes the wake-up of whoever waits on it.
    (".try_recv()", &[]),
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
            "engine/x.rs",
            "while let Ok(x) = arrivals.try_recv() {}",
            "engine says .try_recv()",
        ),
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
