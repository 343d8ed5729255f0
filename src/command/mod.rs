//! What the user typed → one engine call → rows.

mod advice;
mod auth;
mod check;
mod completions;
mod copy;
mod demo;
mod diff;
mod digest;
mod failure;
mod help;
mod image;
mod inspect;
mod login;
mod logins;
mod logout;
mod ls;
mod man;
mod ping;
mod rm;
mod run;
mod search;
mod settings;
mod tag;

pub use crate::app::dumps::keep_memory_private;
pub use crate::app::environment::Environment;
pub use crate::term::fault::tell_faults;
pub use run::run;

use crate::app::flags::Flags;
use clap::{Parser, Subcommand};

/// Copies, inspects, checks, tags and removes container images in any registry, by digest.
#[derive(Debug, Parser)]
#[command(
    name = "crossdock",
    bin_name = "crossdock",
    version,
    about = "Copies, inspects, checks, tags and removes container images in any registry, by digest",
    long_about = "Copies, inspects, checks, tags and removes container images in any registry, by digest: \
                  no Docker daemon, no vendor tool.",
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "`crossdock help` lists the topics: references, credentials, settings, exit-codes, environment.\n`crossdock demo` shows the main commands on two registries inside the process."
)]
pub struct Cli {
    /// The common options.
    #[command(flatten)]
    pub flags: Flags,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check a credential against its registry, and store it
    ///
    /// It is stored where docker and the other tools find it too, and only if the registry
    /// accepts it. `--list` shows what is stored, and where.
    Login(login::Args),
    /// Forget a credential
    ///
    /// It is removed from every file that it is stored in.
    Logout(logout::Args),
    /// Copy an image or index, byte for byte
    ///
    /// An index is copied with all its platforms and attestations. Blobs that the destination has
    /// are not sent again, those that its registry has in the source's repository are linked, and
    /// a copy that was interrupted moves only what is missing. The tag is written last.
    #[command(visible_alias = "cp")]
    Copy(copy::Args),
    /// Point more tags at an image, without moving data
    Tag(tag::Args),
    /// Print what an image's digest is, without pulling it
    ///
    /// One line is printed for each image, in their order.
    #[command(alias = "resolve")]
    Digest(digest::Args),
    /// List a repository's tags, or a registry's repositories
    ///
    /// One name is printed a line, as they come; with `-l` a table of what the registry knows of each
    /// image. Times are those that it was pushed at where the registry keeps them, else when it was
    /// changed or made; CLOCK says which. A bare host (it has a dot or a port, or is
    /// `localhost`) and what ends in `/` are asked for repositories, all else for tags.
    #[command(aliases = ["list-tags", "catalog"])]
    Ls(ls::Args),
    /// Show what an image is: platforms, layers, config
    ///
    /// Of an index its platforms are shown, of an image (or with `--platform`) its config and
    /// layers. Layers are not read.
    Inspect(inspect::Args),
    /// Show how two images differ
    ///
    /// Layers that both have, that are new and that are gone, with their sizes; what their
    /// configs, labels and annotations say differently. Indexes are compared platform by platform.
    Diff(diff::Args),
    /// Check that an image is complete and intact
    ///
    /// Everything it refers to is read, hashed and compared: the manifests of an index, configs,
    /// layers. All that is missing or wrong is listed. Nothing is kept on disk.
    Check(check::Args),
    /// Remove a tag, or an image by its digest
    ///
    /// `REPO:TAG` removes that tag and no other, whatever else points to the same image.
    /// `REPO@DIGEST` removes the image; where tags point to it, or a tagged index needs it, only
    /// with `--force`. Space is freed by the registry's own garbage collection.
    #[command(alias = "delete")]
    Rm(rm::Args),
    /// Find repositories by a word, where the registry offers that
    ///
    /// Docker Hub, Harbor, Quay and zot do.
    Search(search::Args),
    /// Say what a registry is, who you are there, and what you may do
    ///
    /// Nothing is written there, unless `--write` names a repository to try things out in; what
    /// is written then is removed again.
    Ping(ping::Args),
    /// Show what applies to a registry and which file says it, check settings, begin a file
    Settings(settings::Args),
    /// A guided tour on two registries inside the process
    ///
    /// It shows the main commands; one of the registries wants a password. Nothing is left
    /// behind, and your own settings and credentials are neither read nor changed.
    Demo(demo::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Write the manual pages into a folder
    Man(man::Args),
    /// Explain a command or a topic
    Help(help::Args),
    /// `inspect --raw`, for old habits
    #[command(hide = true)]
    Manifest(inspect::Alias),
    /// `inspect --config`, for old habits
    #[command(hide = true)]
    Config(inspect::Alias),
    /// `login` and `logout`, for old habits
    #[command(hide = true)]
    Auth(auth::Args),
}
