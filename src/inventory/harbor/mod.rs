//! Harbor's own API: what is in its projects.
//!
//! Source: Harbor, `api/v2.0/swagger.yaml`, `src/server/v2.0/handler` and
//! `src/controller/artifact`.

mod artifacts;
mod projects;

pub(super) use artifacts::Artifacts;
pub(super) use projects::Projects;

use super::api::{Answer, Api, Call, Pass};
use super::open::Site;
use crate::auth::scope::Action;
use crate::oci::reference::RepositoryName;
use crate::registry::Error;

/// A page has no more items.
const PAGE: usize = 100;

/// Asks Harbor something about a repository, or about all: as a user with a password or, from
/// OIDC, a CLI secret, or as a robot.
async fn ask(
    site: &Site,
    name: Option<&RepositoryName>,
    actions: &[Action],
    call: Call,
) -> Result<Answer, Error> {
    let (home, _) = site.client.home().await?;
    let base = site.api.clone().unwrap_or(home);
    let base = base.join("api/v2.0/").map_err(|_| Error::Protocol {
        host: site.host.to_string(),
        what: "its address cannot be extended".to_owned(),
    })?;
    let found = site.client.credential(name, actions).await?;
    let pass = Pass::of(found.as_ref().map(|found| &found.credential));
    let api = Api::new(site.transport.clone(), base);
    api.call(call, &pass).await
}

/// How many items are on all pages of a list, as Harbor says it.
fn total(answer: &Answer) -> Option<usize> {
    answer.header("x-total-count")?.parse().ok()
}
