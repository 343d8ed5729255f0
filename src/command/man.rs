//! `man`: manual pages.

use super::Cli;
use crate::term::output::Output;
use anyhow::Context as _;
use clap::CommandFactory;
use std::path::PathBuf;

/// Writes the manual pages, one for each command, into a folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock man ~/.local/share/man/man1")]
pub struct Args {
    /// The folder; it is made where it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let Args { folder } = args;
    let doing = || format!("cannot write manual pages to {}", folder.display());
    std::fs::create_dir_all(&folder).with_context(doing)?;
    clap_mangen::generate_to(Cli::command(), &folder).with_context(doing)?;
    output.status(&format!("wrote the manual pages to {}", folder.display()));
    Ok(())
}
