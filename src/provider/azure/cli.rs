//! The Azure CLI, which somebody logged in with.

use super::ask::visible;
use super::error::{Error, Refusal, first_line, names_audience};
use super::variable;
use crate::provider::Surroundings;
use crate::provider::program::{self, Failure, Printed};
use crate::transport::secret::Secret;
use http::StatusCode;
use std::path::PathBuf;
use std::time::Duration;

/// How long it may take: it is slow to start, and may have to renew its own token first.
const PATIENCE: Duration = Duration::from_secs(30);
/// Where it keeps what it knows, if that is not in the user's home.
const FOLDER: &str = "AZURE_CONFIG_DIR";
/// What it is called.
const NAMES: &[&str] = if cfg!(windows) {
    &["az.cmd", "az.exe"]
} else {
    &["az"]
};

/// The Azure CLI.
pub(super) struct Cli {
    program: PathBuf,
}

impl Cli {
    /// The one that is installed, and was used.
    pub(super) fn of(surroundings: &Surroundings) -> Option<Self> {
        let named = variable(surroundings, FOLDER).map(PathBuf::from);
        let usual = || Some(surroundings.home.as_ref()?.join(".azure"));
        let folder = named.or_else(usual)?;
        let program = folder
            .is_dir()
            .then(|| program::find(surroundings, NAMES))??;
        Some(Self { program })
    }

    /// Who it is.
    pub(super) fn who() -> String {
        "the login of the Azure CLI (`az login`)".to_owned()
    }

    /// The token of whoever logged in, for `audience`. `None`: nobody did.
    pub(super) async fn token(
        &self,
        surroundings: &Surroundings,
        audience: &str,
    ) -> Result<Option<Secret>, Error> {
        let arguments = [
            "account",
            "get-access-token",
            "--resource",
            audience,
            "--output",
            "json",
        ];
        let printed = program::run(surroundings, &self.program, &arguments, PATIENCE).await;
        let printed = printed.map_err(|failure| match failure {
            Failure::Run(source) => Error::Run(source),
            failed => Error::Cli(format!("cannot be used: {failed}")),
        })?;
        if printed.is_success {
            return token(&printed).map(Some);
        }
        complaint(&printed)
    }
}

fn token(printed: &Printed) -> Result<Secret, Error> {
    let wrong = |reason: &str| Error::Cli(reason.to_owned());
    let reply: serde_json::Value =
        serde_json::from_slice(&printed.stdout).map_err(|_| wrong("printed no token"))?;
    let token = reply.get("accessToken").and_then(|token| token.as_str());
    visible(token.unwrap_or_default()).ok_or_else(|| wrong("printed no token"))
}

/// What it has to say where it prints no token.
fn complaint(printed: &Printed) -> Result<Option<Secret>, Error> {
    let text = String::from_utf8_lossy(&printed.stderr);
    // As `azure-cli-core` says it where nobody has logged in.
    if text.contains("to setup account") {
        return Ok(None);
    }
    let lines = text.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.starts_with("WARNING"));
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    let line = line.strip_prefix("ERROR: ").unwrap_or(line);
    let words = first_line(line, &[]);
    if names_audience(&text) {
        return Err(Error::Refused {
            who: Cli::who(),
            service: "the Azure CLI (`az`)".to_owned(),
            status: StatusCode::BAD_REQUEST,
            refusal: Refusal {
                code: "invalid_resource".to_owned(),
                words,
            },
        });
    }
    Err(Error::Cli(format!("gives no token: {words}")))
}
