//! `login` without a user and a password: what the machine is by itself at a registry.

use super::super::failure::{Usage, at_host};
use crate::app::App;
use crate::auth::chain::Fixed;
use crate::auth::credential::{CredentialError, Found};
use crate::auth::key::Key;
use crate::oci::reference::Host;
use crate::store::Welcome;
use crate::store::error::{Error, Kind};
use crate::term::exit::{At, Hint};
use std::sync::Arc;

/// Logs in with the machine's identity, of which nothing has to be stored. `false`: it has none
/// there, and somebody may be asked.
pub(super) async fn login(host: &Host, app: &App) -> anyhow::Result<bool> {
    if app.identities.sought(host).is_some() {
        let given = app.given(host).await;
        if let Some(given) = given.map_err(|failed| broken(host, failed))? {
            return goes_first(host, &given.origin, app);
        }
    }
    if let Some(withheld) = app.withheld(host).await {
        if app.environment.stdin_is_terminal {
            app.output.status(&withheld.to_string());
            return Ok(false);
        }
        let what = format!("cannot log in to {host}");
        let error = Error::caused(Kind::Unauthenticated, what, withheld);
        return Err(hinted(host, error));
    }
    let found = app.identity(host).await;
    let Some(found) = found.map_err(|failed| broken(host, failed))? else {
        return match app.identities.sought(host) {
            Some((kind, sought)) if !app.environment.stdin_is_terminal => {
                Err(missing(host, kind, sought))
            }
            _ => Ok(false),
        };
    };
    let origin = found.origin.clone();
    let said = match check(host, found, app).await? {
        Welcome::Verified => format!("{host}: logged in as {origin}; nothing needs to be stored"),
        Welcome::Unasked => {
            let warning = "asks nobody to log in: the identity was not verified";
            app.output.warn(&format!("{host} {warning}"));
            format!("{host}: this machine is {origin}; nothing needs to be stored")
        }
    };
    app.output.status(&said);
    Ok(true)
}

/// No identity is of use where somebody gave a credential. `false`: somebody may give another.
fn goes_first(host: &Host, origin: &str, app: &App) -> anyhow::Result<bool> {
    let what = format!("{host}: the credential from {origin} goes before this machine's identity");
    if app.environment.stdin_is_terminal {
        app.output.status(&what);
        return Ok(false);
    }
    let missing = "no user name, and no terminal to ask for one".to_owned();
    let hint = format!(
        "the credential from {origin} goes before this machine's identity: take it away, or name the user of another with `-u USER`"
    );
    Err(anyhow::Error::new(Usage(missing)).context(Hint(hint)))
}

async fn check(host: &Host, found: Found, app: &App) -> anyhow::Result<Welcome> {
    let Found { credential, origin } = found;
    let name = "this machine's identity";
    let identity = Fixed::new(name).with(Key::from(host), credential, origin.clone());
    let stores = app.stores_with(Arc::new(identity));
    stores.ping(host).await.map_err(|error| {
        if matches!(error.kind(), Kind::Unauthenticated | Kind::Denied) {
            let what = format!("{origin} is of no use at {host}");
            return hinted(host, Error::caused(error.kind(), what, error));
        }
        at_host(host)(error)
    })
}

fn broken(host: &Host, failed: CredentialError) -> anyhow::Error {
    let what = format!("cannot log in to {host}");
    hinted(host, Error::caused(Kind::Unauthenticated, what, failed))
}

fn missing(host: &Host, kind: &str, sought: &str) -> anyhow::Error {
    let what = format!("this machine has no identity for {kind}; looked for {sought}");
    hinted(host, Error::new(Kind::Unauthenticated, what))
}

fn hinted(host: &Host, error: Error) -> anyhow::Error {
    let hint = format!(
        "give it a credential of another kind: `crossdock login {host} -u USER --password-stdin`"
    );
    let error = anyhow::Error::new(error).context(At(host.to_string()));
    error.context(Hint(hint))
}
