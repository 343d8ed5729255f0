//! What is made from the command line's definition: completions, which are committed, and a
//! reference that leaves nothing out.

use crate::lab::{Home, crossdock};
use clap::{Arg, Command, CommandFactory as _};
use crossdock::command::Cli;
use crossdock::store::Kind;
use crossdock::term::exit::Class;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the sources are.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether committed files are to be renewed rather than compared.
pub(crate) fn bless() -> bool {
    std::env::var_os("CROSSDOCK_BLESS").is_some_and(|value| !value.is_empty())
}

/// A file's text, with line ends as in the repository.
pub(crate) fn text(path: &Path) -> String {
    let text = fs::read_to_string(path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.replace("\r\n", "\n")
}

fn cli() -> Command {
    let mut cli = Cli::command();
    cli.build();
    cli
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn completions_are_fresh() {
    let home = Home::new();
    for (shell, file) in [
        ("bash", "crossdock.bash"),
        ("zsh", "_crossdock"),
        ("fish", "crossdock.fish"),
        ("powershell", "_crossdock.ps1"),
    ] {
        let path: PathBuf = root().join("completions").join(file);
        let fresh = crossdock(&home, ["completions", shell])
            .any_stdout()
            .code(0)
            .stdout;
        if bless() {
            fs::write(&path, fresh).unwrap();
            continue;
        }
        assert!(
            fs::read_to_string(&path).is_ok_and(|there| there.replace("\r\n", "\n") == fresh),
            "completions/{file} is not what `crossdock completions {shell}` prints; \
             `CROSSDOCK_BLESS=1 cargo test --test it generated` renews it"
        );
    }
}

#[test]
fn the_schema_is_fresh() {
    let path = root().join("docs/crossdock.schema.json");
    let fresh = crossdock(&Home::new(), ["settings", "schema"])
        .any_stdout()
        .code(0)
        .stdout;
    if bless() {
        fs::write(&path, fresh).unwrap();
        return;
    }
    assert!(
        fs::read_to_string(&path).is_ok_and(|there| there.replace("\r\n", "\n") == fresh),
        "docs/crossdock.schema.json is not what `crossdock settings schema` prints; \
         `CROSSDOCK_BLESS=1 cargo test --test it generated` renews it"
    );
}

/// The part of a page below the heading `## title`.
fn section<'a>(page: &'a str, title: &str) -> Option<&'a str> {
    let heading = format!("\n## {title}\n");
    let (_, below) = page.split_once(&heading)?;
    Some(below.split("\n## ").next().unwrap_or(below))
}

fn is_documented(section: &str, arg: &Arg) -> bool {
    match (arg.get_long(), arg.get_value_names()) {
        (Some(long), _) => {
            section.contains(&format!("`--{long}")) || section.contains(&format!(", `--{long}"))
        }
        (None, Some(names)) => names
            .iter()
            .flat_map(|name| name.split('|'))
            .all(|name| section.contains(name)),
        (None, None) => false,
    }
}

#[test]
fn the_reference_has_every_command_and_every_option() {
    let page = text(&root().join("docs/commands.md"));
    let mut missing = Vec::new();
    let cli = cli();
    let common = section(&page, "Common options").unwrap_or_default();
    for arg in cli.get_arguments().filter(|arg| arg.is_global_set()) {
        let variable = arg
            .get_env()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !is_documented(common, arg) || !common.contains(&variable) {
            missing.push(format!("{} among the common options", arg.get_id()));
        }
    }
    for command in cli
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        let name = command.get_name();
        let Some(section) = section(&page, &format!("`{name}`")) else {
            missing.push(format!("a section `{name}`"));
            continue;
        };
        let own = command
            .get_arguments()
            .filter(|arg| !arg.is_hide_set() && !arg.is_global_set() && arg.get_id() != "help");
        for arg in own.filter(|arg| !is_documented(section, arg)) {
            missing.push(format!("{} of `{name}`", arg.get_id()));
        }
        for alias in command.get_all_aliases() {
            if !section.contains(&format!("`{alias}`")) {
                missing.push(format!("`{alias}`, which is `{name}`"));
            }
        }
    }
    assert!(missing.is_empty(), "docs/commands.md lacks {missing:#?}");
}

#[test]
fn every_exit_code_and_every_class_is_explained() {
    let page = text(&root().join("docs/scripting.md"));
    let topic = crossdock(&Home::new(), ["help", "exit-codes"])
        .any_stdout()
        .code(0)
        .stdout;
    let codes: Vec<&str> = topic
        .lines()
        .filter(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    assert!(codes.len() > 10, "the topic lists {codes:?}");
    for code in codes {
        assert!(
            page.contains(&format!("\n| {code} | ")),
            "docs/scripting.md lacks exit code {code}"
        );
    }
    let kinds = [
        Kind::Usage,
        Kind::NotFound,
        Kind::Unauthenticated,
        Kind::Denied,
        Kind::Withheld,
        Kind::Refused,
        Kind::Gate,
        Kind::Unavailable,
        Kind::Corrupt,
        Kind::Unsupported,
        Kind::Local,
        Kind::Other,
    ];
    let ends = [Class::Partial, Class::Interrupted, Class::Terminated];
    for class in kinds.map(Class::Kind).into_iter().chain(ends) {
        let row = format!("\n| `{}` | {} | ", class.name(), class.code().number());
        assert!(
            page.contains(&row),
            "docs/scripting.md lacks the row {row:?}"
        );
    }
}
