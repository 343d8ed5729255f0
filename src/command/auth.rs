//! `auth login` and `auth logout`, as other tools spell them.

use super::{login, logout};

/// `login` and `logout`, for old habits.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Which.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Check a credential against its registry, and store it
    Login(login::Args),
    /// Forget a credential
    Logout(logout::Args),
}
