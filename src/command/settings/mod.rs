//! `settings`: what applies to a registry and who said it, whether the files hold up, a first file.

mod check;
mod example;
mod show;

use crate::app::App;
use crate::app::environment::Environment;
use crate::app::flags::Flags;
use crate::config;
use crate::term::output::Output;
use anyhow::Context as _;
use std::path::PathBuf;

/// Shows, checks and begins settings files.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock settings show registry.example.com
  crossdock settings check
  crossdock settings init")]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show what applies to a registry, and which file says it in which line
    ///
    /// Without a registry: the files that were read, and the registries that they name. Of
    /// credentials it is shown whose they are and where they are kept, never what they are.
    Show {
        /// The registry
        #[arg(value_name = "HOST")]
        host: Option<String>,
    },
    /// Find everything that is wrong with the settings
    Check {
        /// The file; without one, all that would be read
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Write an example with comments, in which nothing is switched on
    Init {
        /// The file; without one, your own. One that is there is left as it is
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Print the JSON Schema of the settings file, for editors
    Schema,
}

impl Args {
    /// Whether it wants settings that hold up.
    pub(super) fn needs_app(&self) -> bool {
        matches!(self.command, Command::Show { .. })
    }
}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    match args.command {
        Command::Show { host } => show::run(host.as_deref(), app).await,
        other => run_without(
            other,
            &app.environment,
            &Flags::clone(app.flags()),
            &app.output,
        ),
    }
}

/// The same without settings.
pub(super) fn run_apart(
    args: Args,
    flags: &Flags,
    environment: &Environment,
    output: &Output,
) -> anyhow::Result<()> {
    run_without(args.command, environment, flags, output)
}

fn run_without(
    command: Command,
    environment: &Environment,
    flags: &Flags,
    output: &Output,
) -> anyhow::Result<()> {
    let search = crate::app::search(flags, environment);
    match command {
        Command::Show { .. } => Ok(()),
        Command::Check { file } => check::run(file, search, output),
        Command::Init { file } => example::run(file, &search, output),
        Command::Schema => {
            let schema = serde_json::to_string_pretty(&config::schema());
            let schema = schema.context("cannot write the schema")?;
            Ok(output.raw(format!("{schema}\n").as_bytes())?)
        }
    }
}
