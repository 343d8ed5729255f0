//! The options that every command has. Each also has a `CROSSDOCK_…` variable; no other option has
//! one, so that nothing that deletes or forces can be armed from the environment.

use crate::term::output::Color;
use crate::term::progress::Mode;
use clap::builder::BoolishValueParser;
use jiff::SignedDuration;
use std::path::PathBuf;
use std::time::Duration;

/// The options that every command has.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Common options")]
pub struct Flags {
    /// Print one JSON document on stdout; errors are JSON objects on stderr
    #[arg(long, global = true, value_parser = BoolishValueParser::new(), env = "CROSSDOCK_JSON", hide_env = true)]
    pub json: bool,
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true, value_parser = BoolishValueParser::new(), env = "CROSSDOCK_QUIET", hide_env = true)]
    pub quiet: bool,
    /// Say more; twice: every request, with secrets masked
    #[arg(short, long, global = true, action = clap::ArgAction::Count, env = "CROSSDOCK_VERBOSE", hide_env = true)]
    pub verbose: u8,
    /// How progress is shown on stderr
    #[arg(
        long,
        global = true,
        value_name = "HOW",
        default_value = "auto",
        hide_possible_values = false,
        env = "CROSSDOCK_PROGRESS",
        hide_env = true
    )]
    pub progress: Mode,
    /// When stderr is coloured
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "CROSSDOCK_COLOR",
        hide_env = true
    )]
    pub color: Color,
    /// Read the settings from this file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CROSSDOCK_CONFIG_FILE",
        hide_env = true
    )]
    pub config_file: Option<PathBuf>,
    /// Speak plain HTTP with this host, and with no other
    #[arg(
        long,
        global = true,
        value_name = "HOST",
        require_equals = true,
        value_delimiter = ',',
        env = "CROSSDOCK_PLAIN_HTTP",
        hide_env = true
    )]
    pub plain_http: Vec<String>,
    /// Do not check the certificate of this host, and of no other
    #[arg(
        long,
        global = true,
        value_name = "HOST",
        require_equals = true,
        value_delimiter = ',',
        env = "CROSSDOCK_INSECURE",
        hide_env = true
    )]
    pub insecure: Vec<String>,
    /// Trust the certificate authorities in this PEM file too
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CROSSDOCK_CA_CERT",
        hide_env = true
    )]
    pub ca_cert: Option<PathBuf>,
    /// Try again so often when a registry is busy or out of reach
    #[arg(
        long,
        global = true,
        value_name = "N",
        default_value_t = 4,
        env = "CROSSDOCK_RETRIES",
        hide_env = true
    )]
    pub retries: u32,
    /// Give up on a registry that is silent for so long, as in 30s or 2m
    #[arg(long, global = true, value_name = "DURATION", default_value = "60s", value_parser = duration, env = "CROSSDOCK_IDLE_TIMEOUT", hide_env = true)]
    pub idle_timeout: Duration,
    /// End everything after so long
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration, env = "CROSSDOCK_DEADLINE", hide_env = true)]
    pub deadline: Option<Duration>,
    /// So many transfers at once
    #[arg(short, long, global = true, value_name = "N", value_parser = jobs, env = "CROSSDOCK_JOBS", hide_env = true)]
    pub jobs: Option<usize>,
}

impl Flags {
    /// Attempts in all, the first included.
    pub fn attempts(&self) -> u32 {
        self.retries.saturating_add(1)
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a time has a number and a unit, as in 30s, 500ms, 2m or 1h".to_owned();
    let parsed: SignedDuration = text.parse().map_err(|_| wrong())?;
    let duration = Duration::try_from(parsed).map_err(|_| wrong())?;
    if duration.is_zero() {
        Err("the time must be longer than nothing".to_owned())
    } else {
        Ok(duration)
    }
}

fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs @ 1..=1024) => Ok(jobs),
        _ => Err("a number from 1 to 1024".to_owned()),
    }
}
