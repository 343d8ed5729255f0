//! `logout`: forget a credential, wherever it is stored.

use super::image::explained;
use crate::app::App;
use crate::auth::inventory;
use crate::auth::key::Key;
use crate::auth::locations::Location;
use crate::auth::removal::{Removed, remove};
use crate::oci::reference::Host;
use crate::term::exit::Hint;

/// Removes a registry's credential from every file that it is stored in, from the credential
/// helpers that those files name for it, and from the keyring.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The registry; Docker Hub where it is left out
    #[arg(value_name = "HOST")]
    host: Option<String>,
}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args { host } = args;
    let host = host.map_or_else(
        || Ok(Host::docker_hub()),
        |typed| Host::from_url_or_host(&typed).map_err(explained),
    )?;
    let (key, mut found, mut failed) = (Key::from(&host), false, None);
    for location in app.credential_files() {
        match remove(&location, &key, &app.helpers).await {
            Ok(removed) => {
                tell(&removed, &host, &location, app);
                found = found || removed.from_file || removed.from_helper.is_some();
            }
            // The others are no less to be forgotten.
            Err(error) => failed = failed.or_else(|| Some(anyhow::Error::new(error))),
        }
    }
    match app.keyring.remove(&key).await {
        Ok(None) => {}
        Ok(Some(had_it)) => {
            tell_of_keyring(had_it, &host, app);
            found = true;
        }
        Err(error) => {
            let hint = format!(
                "unlock the keyring, or remove the item `crossdock {key}` with its own program"
            );
            let error = anyhow::Error::new(error).context(Hint(hint));
            failed = failed.or(Some(error));
        }
    }
    let set = inventory::variables(&app.environment.variables, &key);
    for name in &set {
        app.output.warn(&format!(
            "the variable {name} holds a credential for {host}, which is still used"
        ));
    }
    if let Some(error) = failed {
        return Err(error);
    }
    if !found && set.is_empty() {
        app.output
            .warn(&format!("no credential for {host} is stored"));
    }
    Ok(())
}

fn tell(removed: &Removed, host: &Host, location: &Location, app: &App) {
    let name = &location.name;
    let told = |from: &str| {
        app.output
            .status(&format!("removed the credential for {host} from {from}"));
    };
    if let Some(helper) = &removed.from_helper {
        told(&format!("the credential helper `{helper}`"));
    }
    if removed.from_file {
        told(name);
    }
    if let Some(helper) = &removed.missing {
        app.output.note(&format!(
            "{name} names the credential helper `{helper}` for {host}, which is not installed"
        ));
    }
    for other in &removed.others {
        app.output
            .note(&format!("the credential for {other} stays in {name}"));
    }
}

fn tell_of_keyring(had_it: bool, host: &Host, app: &App) {
    if had_it {
        app.output.status(&format!(
            "removed the credential for {host} from the keyring"
        ));
    } else {
        app.output.note(&format!(
            "the keyring no longer had the credential for {host}"
        ));
    }
}
