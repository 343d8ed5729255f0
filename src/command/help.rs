//! `help`: commands and topics.

use super::Cli;
use super::failure::Usage;
use crate::term::exit::Hint;
use crate::term::output::Output;
use clap::CommandFactory;

/// Explains a command or a topic.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A command or a topic; without it, what there is
    #[arg(value_name = "TOPIC")]
    topic: Option<String>,
}

/// A page that belongs to no command.
struct Topic {
    name: &'static str,
    about: &'static str,
    text: &'static str,
}

const TOPICS: [Topic; 5] = [
    Topic {
        name: "references",
        about: "how images and repositories are named",
        text: include_str!("topics/references.txt"),
    },
    Topic {
        name: "credentials",
        about: "where credentials come from, and where they go",
        text: include_str!("topics/credentials.txt"),
    },
    Topic {
        name: "settings",
        about: "the file crossdock.yaml",
        text: include_str!("topics/settings.txt"),
    },
    Topic {
        name: "exit-codes",
        about: "what the exit codes mean",
        text: include_str!("topics/exit-codes.txt"),
    },
    Topic {
        name: "environment",
        about: "the variables that are read",
        text: include_str!("topics/environment.txt"),
    },
];

pub(super) fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let Args { topic } = args;
    let mut cli = Cli::command();
    cli.build();
    let text = match topic {
        None => overview(&mut cli),
        Some(name) => page(&mut cli, &name)?,
    };
    output.raw(text.as_bytes())?;
    Ok(())
}

fn overview(cli: &mut clap::Command) -> String {
    let mut text = cli.render_help().to_string();
    text.push_str("\nTopics:\n");
    let lines = TOPICS.iter();
    text.extend(lines.map(|Topic { name, about, .. }| format!("  {name:<13}{about}\n")));
    text
}

fn page(cli: &mut clap::Command, name: &str) -> anyhow::Result<String> {
    if let Some(topic) = TOPICS.iter().find(|topic| topic.name == name) {
        return Ok(topic.text.to_owned());
    }
    if let Some(command) = cli.find_subcommand_mut(name) {
        return Ok(command.render_long_help().to_string());
    }
    let commands = cli
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    let known: Vec<&str> = commands
        .map(clap::Command::get_name)
        .chain(TOPICS.iter().map(|topic| topic.name))
        .collect();
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    let nearer = |a: &&str, b: &&str| likeness(a).total_cmp(&likeness(b));
    let nearest = known.into_iter().max_by(nearer).unwrap_or("references");
    let hint = format!("did you mean `{nearest}`? `crossdock help` lists them all");
    Err(anyhow::Error::new(Usage(format!("there is no topic `{name}`"))).context(Hint(hint)))
}
