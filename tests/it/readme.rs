//! The README and the pages in docs/: what they show is what happens.
//!
//! A block marked `console` is run by the shell, block after block down a page, in one home. What
//! follows `$ ` is typed (`> ` goes on with it), all else is what is then printed, stdout and
//! stderr as they come. A command ends with code 0 unless the next one is `echo $?`.
//! `dev.example.com` and `prod.example.com` stand for two registries on this machine, the second
//! of which knows alice by what is in `$TOKEN`. Digests are cut after eight characters; times and
//! rates may be any.
//!
//! All other command lines, in code as in text, are at least understood.
//!
//! `CROSSDOCK_BLESS=1` writes what is printed into the pages.

use crate::generated::{bless, root, text};
use crate::lab::{Image, Lab};
use clap::Parser as _;
use crossdock::command::Cli;
use crossdock::server::{Anonymous, Options, User};
use crossdock::vendor::Kind;
use regex::{Captures, Regex};
use std::ops::Range;
use std::path::PathBuf;

const TOKEN: &str = "open-sesame";

/// The README, and all of docs/.
fn pages() -> Vec<PathBuf> {
    let folders = [root().join("docs"), registries()];
    let entries = folders.iter().flat_map(|f| std::fs::read_dir(f).unwrap());
    let entries = entries.map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    pages.push(root().join("README.md"));
    pages.push(root().join("CONTRIBUTING.md"));
    pages.sort();
    pages
}

/// A page for each kind of registry.
fn registries() -> PathBuf {
    root().join("docs/registries")
}

/// `dev`, open, with a few images; `prod`, empty, for alice.
fn lab() -> Lab {
    let prod = |address: &str| Options {
        access: crate::lab::tokens(
            address,
            "prod",
            vec![User::new("alice", TOKEN)],
            Anonymous::Nothing,
        ),
        ..Options::default()
    };
    let lab = Lab::empty().open("dev").registry("prod", prod);
    for (place, seed) in [("api:1.4.1", 1), ("api:1.4.2", 2), ("web:2.0.0", 3)] {
        let amd64 = Image::sized(10 * seed, &[3_000_000, 20_000]);
        let arm64 = Image::sized(10 * seed + 1, &[900_000, 20_000]);
        let index = Image::index(&[("linux/amd64", &amd64), ("linux/arm64", &arm64)]);
        lab.push(&format!("dev.lab/team/{place}"), &index);
    }
    lab.push("dev.lab/tools/shell:5", &Image::sized(40, &[20_000]));
    lab
}

/// The fenced blocks of a language: what is between the fences.
fn blocks(page: &str, language: &str) -> Vec<Range<usize>> {
    let (mut blocks, mut begun, mut at) = (Vec::new(), None, 0);
    for line in page.split_inclusive('\n') {
        let fence = line.trim_end().strip_prefix("```");
        match (begun, fence) {
            (None, Some(found)) => begun = Some((found == language, at + line.len())),
            (Some((wanted, start)), Some("")) => {
                blocks.extend(wanted.then_some(start..at));
                begun = None;
            }
            _ => {}
        }
        at += line.len();
    }
    assert!(begun.is_none(), "a block has no end");
    blocks
}

/// What is typed in a block, each with its lines.
fn typed(block: &str) -> Vec<Vec<&str>> {
    let mut commands: Vec<Vec<&str>> = Vec::new();
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            commands.push(vec![command]);
        } else if let (Some(more), Some(command)) = (line.strip_prefix("> "), commands.last_mut()) {
            command.push(more);
        }
    }
    commands
}

/// A script that prints what a terminal would show: prompts, commands and what they print.
fn script(commands: &[Vec<&str>]) -> String {
    const ASKS: &str = "echo $?";
    let mut script = vec!["exec 2>&1\nsaid=0".to_owned()];
    for (number, command) in commands.iter().enumerate() {
        let prompts = ["$ "].into_iter().chain(std::iter::repeat("> "));
        let shown = prompts.zip(command);
        let shown = shown.map(|(prompt, line)| quoted(&format!("{prompt}{line}")));
        let shown = shown.collect::<Vec<_>>().join(" ");
        script.push(format!("printf '%s\\n' {shown}\n(exit $said)"));
        script.push(format!("{}\nsaid=$?", command.join("\n")));
        let next = commands.get(number + 1);
        if next.is_none_or(|next| next[..] != [ASKS]) {
            script.push("[ $said = 0 ] || echo \"(unexpected exit code $said)\"".to_owned());
        }
    }
    script.push("exit 0\n".to_owned());
    script.join("\n")
}

fn quoted(line: &str) -> String {
    format!("'{}'", line.replace('\'', r"'\''"))
}

/// Digests cut, as the pages show them.
fn cut(text: &str) -> String {
    let digest = Regex::new("(sha256:[0-9a-f]{8})[0-9a-f]{56}").unwrap();
    digest.replace_all(text, "$1…").into_owned()
}

/// Without what differs from run to run: times, and what is only said where they are long.
fn settled(text: &str) -> String {
    let moved = Regex::new(r#"(?m)^\{"event":"moved".*\n"#).unwrap();
    let time = Regex::new(r#"in [0-9.]+ s(, [0-9.]+ [KMG]iB/s)?|"seconds":[0-9.]+"#).unwrap();
    time.replace_all(&moved.replace_all(&cut(text), ""), "TIME")
        .into_owned()
}

/// The page with what its blocks print now.
fn rendered(page: &str) -> String {
    let lab = lab();
    let mut rendered = page.to_owned();
    let mut fresh = Vec::new();
    for block in blocks(page, "console") {
        let commands = typed(&page[block.clone()]);
        let script = script(&commands).replace(".example.com", ".lab");
        let ran = lab.shell(&script).env("TOKEN", TOKEN).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran}");
        fresh.push((block, cut(&ran.stdout.replace(".lab", ".example.com"))));
    }
    for (block, printed) in fresh.into_iter().rev() {
        if settled(&page[block.clone()]) != settled(&printed) {
            rendered.replace_range(block, &printed);
        }
    }
    rendered
}

#[test]
fn examples_print_what_they_show() {
    for path in pages() {
        let page = text(&path);
        let fresh = rendered(&page);
        if bless() && fresh != page {
            std::fs::write(&path, &fresh).unwrap();
        } else {
            let changed = page
                .lines()
                .zip(fresh.lines())
                .find(|(old, new)| old != new);
            assert!(
                fresh == page,
                "{} shows what is not so; from here on: {changed:?}\n\
                 `CROSSDOCK_BLESS=1 cargo test --test it readme` renews it, unless the program is wrong\n{fresh}",
                path.display()
            );
        }
    }
}

/// The command lines on a page, in blocks and in text.
fn command_lines(page: &str) -> Vec<String> {
    let goes_on = Regex::new(r"\\\n(> )?\s*").unwrap();
    let in_block = Regex::new(r"(?m)(?:^|[\s(])crossdock ([^|)&;<>\n]+)").unwrap();
    let in_text = Regex::new(r"`crossdock ([^`|]+)`").unwrap();
    let mut lines = Vec::new();
    for language in ["console", "sh", "yaml"] {
        for block in blocks(page, language) {
            let mut text = page[block].to_owned();
            if language == "console" {
                text = typed(&text).concat().join("\n");
            }
            let text = goes_on.replace_all(&text, "").into_owned();
            lines.extend(
                in_block
                    .captures_iter(&text)
                    .map(|found| found[1].to_owned()),
            );
        }
    }
    lines.extend(in_text.captures_iter(page).map(|found| found[1].to_owned()));
    lines
}

/// A command line's words, without their quotes.
fn words(line: &str) -> Vec<String> {
    let word = Regex::new(r#"(?:[^\s"']|"[^"]*"|'[^']*')+"#).unwrap();
    let words = word
        .find_iter(line)
        .map(|word| word.as_str().replace(['"', '\''], ""));
    words.take_while(|word| !word.starts_with('#')).collect()
}

#[test]
fn command_lines_are_understood() {
    for path in pages() {
        for line in command_lines(&text(&path)) {
            let arguments = ["crossdock".to_owned()].into_iter().chain(words(&line));
            if let Err(error) = Cli::try_parse_from(arguments) {
                assert!(
                    !error.use_stderr(),
                    "{}: `crossdock {line}`\n{error}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#:]+)(#[^)]*)?\)").unwrap();
    for path in pages() {
        for found in link.captures_iter(&text(&path)) {
            let to = path.parent().unwrap().join(&found[1]);
            assert!(to.exists(), "{} links to {}", path.display(), &found[1]);
        }
    }
}

#[test]
fn anchors_are_headings() {
    let link = Regex::new(r"\]\(([^)#:]*)#([^)]+)\)").unwrap();
    for path in pages() {
        for found in link.captures_iter(&text(&path)) {
            let to = match &found[1] {
                "" => path.clone(),
                other => path.parent().unwrap().join(other),
            };
            let anchors = anchors(&text(&to));
            assert!(
                anchors.contains(&found[2].to_owned()),
                "{}: #{}",
                path.display(),
                &found[2]
            );
        }
    }
}

#[test]
fn json_can_be_pasted() {
    for path in pages() {
        let page = text(&path);
        for block in blocks(&page, "json") {
            let text = &page[block.clone()];
            let read = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
            let read: Result<Vec<_>, _> = read.collect();
            assert!(
                read.is_ok(),
                "{}: {read:?}\n{}",
                path.display(),
                &page[block]
            );
        }
    }
}

#[test]
fn every_kind_of_registry_has_its_page() {
    let table = text(&registries().join("README.md"));
    for kind in Kind::ALL {
        let page = format!("{kind}.md");
        assert!(registries().join(&page).exists(), "{page}");
        let row = table
            .lines()
            .find(|line| line.starts_with("| [") && line.contains(&format!("({page})")));
        let row = row.unwrap_or_else(|| panic!("no row for {kind}"));
        assert!(row.contains(&format!("| `{kind}` |")), "{row}");
    }
}

/// The anchors that a page's headings get.
fn anchors(page: &str) -> Vec<String> {
    let heading = Regex::new(r"(?m)^#+ (.+)$").unwrap();
    let plain = Regex::new(r"[^a-z0-9 _-]").unwrap();
    let anchor = |found: Captures<'_>| {
        let lower = found[1].to_lowercase();
        plain.replace_all(&lower, "").replace(' ', "-")
    };
    heading.captures_iter(page).map(anchor).collect()
}

#[test]
fn a_block_is_typed_and_printed_as_in_a_terminal() {
    let lab = lab();
    let shown = |block: &str| lab.shell(&script(&typed(block))).run().stdout;
    for block in [
        "$ echo one\none\n$ printf '%s\\n' \\\n> \"t'wo\"\nt'wo\n",
        "$ false\n$ echo $?\n1\n",
        "$ echo aside >&2\naside\n",
    ] {
        assert_eq!(shown(block), block);
    }
    assert_eq!(shown("$ false\n"), "$ false\n(unexpected exit code 1)\n");
}
