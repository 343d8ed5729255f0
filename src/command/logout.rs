//! `logout`: forget a credential, wherever it is stored.

use super::image::explained;
use crate::app::App;
use crate::auth::key::Key;
use crate::auth::store::erase;
use crate::oci::reference::Host;

/// Removes a registry's credential from every file that it is stored in.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The registry; Docker Hub where it is left out
    #[arg(value_name = "HOST")]
    host: Option<String>,
}

pub(super) fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args { host } = args;
    let host = host.map_or_else(
        || Ok(Host::docker_hub()),
        |typed| Host::from_url_or_host(&typed).map_err(explained),
    )?;
    let mut found = false;
    for location in app.credential_files() {
        if !erase(&location.path, &Key::from(&host))?.is_empty() {
            found = true;
            app.output.status(&format!(
                "removed the credential for {host} from {}",
                location.name
            ));
        }
    }
    if !found {
        app.output
            .warn(&format!("no file holds a credential for {host}"));
    }
    Ok(())
}
