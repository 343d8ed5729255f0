//! GitHub's container packages: those of one owner, or of whoever asks.

use super::FIRST;
use super::access::Visitor;
use crate::inventory::Catalog;
use crate::inventory::api::Call;
use crate::inventory::open::Site;
use crate::inventory::pages::{Page, walk};
use crate::oci::reference::RepositoryName;
use crate::store::{Result, Wanted};
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use serde::Deserialize;

/// GitHub's container packages.
pub(in crate::inventory) struct Packages {
    site: Site,
    visitor: Visitor,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    owner: Option<Owner>,
}

#[derive(Deserialize)]
struct Owner {
    login: String,
}

impl Packages {
    pub(in crate::inventory) fn new(site: Site) -> Self {
        Self {
            visitor: Visitor::new(site.clone()),
            site,
        }
    }
}

async fn packages(
    site: Site,
    visitor: Visitor,
    owner: Option<String>,
    query: String,
) -> Result<Page<RepositoryName, String>> {
    let listed = async {
        let path = match &owner {
            Some(owner) => visitor.packages(None, owner).await?,
            None => "user/packages".to_owned(),
        };
        let call = Call::get(format!("{path}?{query}"));
        let answer = visitor.ask(None, &[], call).await?;
        Ok((answer.json::<Vec<Package>>()?, answer.next_query()))
    };
    let (packages, next) = listed.await.map_err(|error| {
        let what = format!("cannot list the repositories of {}", site.host);
        site.failed(what, Wanted::List, error)
    })?;
    let named = |package: Package| {
        let login = package.owner.map(|owner| owner.login);
        let owner = login.or_else(|| owner.clone())?;
        let name = format!("{owner}/{}", package.name);
        name.to_ascii_lowercase().parse().ok()
    };
    let items = packages.into_iter().filter_map(named).collect();
    Ok(Page { items, next })
}

/// Packages are made by the first push, and are private then.
#[async_trait]
impl Catalog for Packages {
    /// Those of one owner; without one, of whoever asks.
    fn repositories(&self, prefix: &str) -> BoxStream<'static, Result<RepositoryName>> {
        let owner = prefix.split_once('/').map(|(owner, _)| owner.to_owned());
        let (site, visitor) = (self.site.clone(), self.visitor.clone());
        let what = format!("cannot list the repositories of {}", site.host);
        let first = format!("package_type=container&{FIRST}");
        walk(what, first, move |query| {
            packages(site.clone(), visitor.clone(), owner.clone(), query)
        })
    }
}
