//! Where `login` puts a credential that the registry accepted, and what is said of it.

use crate::app::App;
use crate::auth::credential::Credential;
use crate::auth::helper::{Answer, HelperName};
use crate::auth::inventory;
use crate::auth::key::Key;
use crate::auth::locations::Location;
use crate::auth::removal::Holder;
use crate::auth::store::{Stored, point, put};
use crate::oci::reference::Host;
use crate::term::exit::Hint;
use crate::term::output::Output;
use anyhow::Context as _;

/// Where a credential goes.
pub(super) enum Destination {
    /// Into this file.
    File(Location),
    /// To this credential helper, and the file says so.
    Helper(HelperName, Location),
    /// Into the system's keyring.
    Keyring,
}

/// Stores it, and says where.
pub(super) async fn store(
    host: &Host,
    credential: &Credential,
    destination: Destination,
    app: &App,
) -> anyhow::Result<String> {
    let stored = match destination {
        Destination::File(file) => in_file(host, credential, &file, app).await,
        Destination::Helper(helper, file) => by_helper(host, credential, &helper, &file, app).await,
        Destination::Keyring => in_keyring(host, credential, app).await,
    }?;
    for name in inventory::variables(&app.environment.variables, &Key::from(host)) {
        app.output.warn(&format!(
            "the variable {name} holds a credential for {host}, which is used instead of the one that was stored"
        ));
    }
    Ok(stored)
}

async fn in_file(
    host: &Host,
    credential: &Credential,
    file: &Location,
    app: &App,
) -> anyhow::Result<String> {
    let Location { path, name } = file;
    let stored = put(path, &Key::from(host), credential)
        .await
        .with_context(|| format!("the credential was accepted, and not stored in {name}"))?;
    warn_of(&stored, name, &app.output);
    if let Some(named) = &stored.helper {
        app.output.warn(&format!(
            "{name} names the credential helper `{named}` for {host}, which is asked first once it is installed"
        ));
    }
    Ok(format!("in {name}"))
}

async fn by_helper(
    host: &Host,
    credential: &Credential,
    helper: &HelperName,
    file: &Location,
    app: &App,
) -> anyhow::Result<String> {
    let (key, name) = (Key::from(host), &file.name);
    let former = Holder::at(file, &key)?;
    let stored = app.helpers.store(helper, &key.server(), credential).await;
    stored.map_err(|failure| {
        let hint = instead_of(helper, former.as_ref(), name);
        not_stored(failure.of(helper)).context(Hint(hint))
    })?;
    let stored = point(&file.path, &key, helper).await;
    let stored = stored.with_context(|| {
        format!("the credential helper `{helper}` has the credential, and {name} does not say so")
    })?;
    warn_of(&stored, name, &app.output);
    if let Some(former) = former.as_ref().filter(|former| former.helper != *helper) {
        forget(host, former, app).await;
    }
    if stored.helper.as_ref() == Some(helper) {
        Ok(format!("by the credential helper `{helper}`"))
    } else {
        Ok(format!(
            "by the credential helper `{helper}`, which {name} now names for {host}"
        ))
    }
}

/// What to do where a helper takes nothing. What the file names is asked first, so that the file
/// itself is a choice only where it names none.
fn instead_of(helper: &HelperName, named: Option<&Holder>, file: &str) -> String {
    let mend = format!("mend `docker-credential-{helper}`");
    match named.map(|named| &named.helper) {
        None => format!("choose another place, such as `--store file`, or {mend}"),
        Some(named) if named == helper => {
            format!("{mend}, or take `{helper}` out of {file} and log in again")
        }
        Some(named) => format!("choose another place, such as `--store helper:{named}`, or {mend}"),
    }
}

/// Nobody asks the helper any more that was named before.
async fn forget(host: &Host, former: &Holder, app: &App) {
    let helper = &former.helper;
    match former.forget(&app.helpers).await {
        Ok(Answer::Found(_)) => app.output.status(&format!(
            "removed the credential for {host} from the credential helper `{helper}`"
        )),
        // Nor does anybody ask one that is not there.
        Ok(Answer::Nothing | Answer::Missing) => {}
        Err(failed) => app.output.note(&format!(
            "the credential helper `{helper}` may still have a credential for {host}: {:#}",
            anyhow::Error::new(failed)
        )),
    }
}

async fn in_keyring(host: &Host, credential: &Credential, app: &App) -> anyhow::Result<String> {
    let key = Key::from(host);
    let stored = app.keyring.put(&key, credential).await;
    stored.map_err(|error| {
        not_stored(error).context(Hint(
            "choose another place, such as `--store file`".to_owned(),
        ))
    })?;
    for file in app.credential_files() {
        // What is wrong with it is said when it is read for a registry.
        if inventory::answers(&file, &key).unwrap_or(false) {
            app.output.warn(&format!(
                "{} has a credential for {host}, or names a credential helper, which is asked first",
                file.name
            ));
        }
    }
    Ok("in the keyring".to_owned())
}

fn not_stored(error: impl std::error::Error + Send + Sync + 'static) -> anyhow::Error {
    anyhow::Error::new(error).context("the credential was accepted, and not stored")
}

/// Says what else is to be known about the file that was written.
fn warn_of(stored: &Stored, name: &str, output: &Output) {
    if stored.was_foreign {
        output.warn(&format!("{name} belongs to another user"));
    }
    if stored.was_open {
        output.warn(&format!("others could read {name} until now"));
    }
}
