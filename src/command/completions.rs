//! `completions`: scripts for shells.

use super::Cli;
use crate::term::output::Output;
use clap::CommandFactory;
use clap_complete::Shell;

/// Prints a completion script for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock completions bash > ~/.local/share/bash-completion/completions/crossdock
  crossdock completions zsh > ~/.zfunc/_crossdock
  crossdock completions fish > ~/.config/fish/completions/crossdock.fish")]
pub struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args, output: &Output) -> anyhow::Result<()> {
    let Args { shell } = *args;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "crossdock", &mut script);
    output.raw(&script)?;
    Ok(())
}
