//! Quay's own API. It takes OAuth tokens alone: whoever logs in with a robot or a password is
//! nobody there, and sees what is public.
//!
//! Source: Quay, `endpoints/api/{tag,repository,search}.py` and `endpoints/v2/manifest.py`.

mod namespaces;
mod tags;

pub(super) use namespaces::Namespaces;
pub(super) use tags::Tags;

use super::api::{Api, Pass};
use super::open::Site;
use crate::auth::credential::{Credential, Found};
use crate::auth::scope::Action;
use crate::oci::reference::RepositoryName;
use crate::registry::Error;

/// The user whose password is an OAuth token.
const OAUTH: &str = "$oauthtoken";

/// The API, and what is shown to it. `None`: nothing that it takes.
async fn api(
    site: &Site,
    name: Option<&RepositoryName>,
    actions: &[Action],
) -> Result<(Api, Option<Pass>), Error> {
    let (home, _) = site.client.home().await?;
    let base = site.api.clone().unwrap_or(home);
    let base = base.join("api/v1/").map_err(|_| Error::Protocol {
        host: site.host.to_string(),
        what: "its address cannot be extended".to_owned(),
    })?;
    let found = site.client.credential(name, actions).await?;
    let pass = found.as_ref().and_then(pass);
    Ok((Api::new(site.transport.clone(), base), pass))
}

fn pass(found: &Found) -> Option<Pass> {
    match &found.credential {
        Credential::Password { username, password } if username == OAUTH => {
            Some(Pass::bearer(password))
        }
        _ => None,
    }
}

/// A repository's namespace and its name in that; the usual namespace has this name where nothing
/// else is configured.
fn parts(name: &RepositoryName) -> (&str, &str) {
    let name = name.as_str();
    name.split_once('/').unwrap_or(("library", name))
}
