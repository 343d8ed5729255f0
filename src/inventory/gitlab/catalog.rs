//! The repositories of a group, or of a project.

use super::service::Service;
use crate::inventory::Catalog;
use crate::inventory::api::part;
use crate::inventory::open::Site;
use crate::inventory::pages::{Page, walk};
use crate::oci::reference::RepositoryName;
use crate::registry::Error as ApiError;
use crate::store::{Result, Wanted};
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// A page has no more repositories.
const PAGE: usize = 100;

/// GitLab's groups and projects. The registry as a whole is listed to administrators alone, by
/// its `_catalog`.
pub(in crate::inventory) struct Groups {
    site: Site,
    whole: Arc<dyn Catalog>,
}

#[derive(Deserialize)]
struct Listed {
    path: String,
}

/// A place that may be meant by the beginning of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    /// `groups/PATH`, `projects/PATH`.
    path: String,
    query: String,
}

impl Groups {
    /// `whole` lists what is in no group in particular.
    pub(in crate::inventory) fn new(site: Site, whole: Arc<dyn Catalog>) -> Self {
        Self { site, whole }
    }
}

/// What is looked at for a beginning: the group or the project of that path, or the project that a
/// repository of it is in, which is at most two levels above.
fn places(prefix: &str) -> Vec<Place> {
    let whole = prefix.rsplit_once('/').map_or("", |(whole, _)| whole);
    let place = |kind: &str, path: &str| Place {
        path: format!("{kind}/{}", part(path)),
        query: format!("per_page={PAGE}"),
    };
    let mut places = vec![place("groups", whole)];
    let mut path = Some(whole).filter(|path| path.contains('/'));
    for _ in 0..3 {
        let Some(own) = path else { break };
        places.push(place("projects", own));
        path = own.rsplit_once('/').map(|(above, _)| above);
        path = path.filter(|path| path.contains('/'));
    }
    places
}

/// A page of the first of these places that there is.
async fn page(
    service: &Service,
    places: Vec<Place>,
) -> Result<Page<RepositoryName, Vec<Place>>, ApiError> {
    let last = places.len().saturating_sub(1);
    for (number, place) in places.into_iter().enumerate() {
        let Place { path, query } = place;
        let wanted = format!("{path}/registry/repositories?{query}");
        let answer = match service.get(&wanted).await {
            Err(error) if number < last && error.status() == Some(StatusCode::NOT_FOUND) => {
                continue;
            }
            answer => answer?,
        };
        let listed: Vec<Listed> = answer.json()?;
        let items = listed.into_iter();
        return Ok(Page {
            items: items.filter_map(|one| one.path.parse().ok()).collect(),
            next: answer.next_query().map(|query| vec![Place { path, query }]),
        });
    }
    Ok(Page {
        items: Vec::new(),
        next: None,
    })
}

#[async_trait]
impl Catalog for Groups {
    fn repositories(&self, prefix: &str) -> BoxStream<'static, Result<RepositoryName>> {
        if !prefix.contains('/') {
            return self.whole.repositories(prefix);
        }
        let site = self.site.clone();
        let what = format!("cannot list the repositories of {}", site.host);
        let said = what.clone();
        let known: Arc<OnceCell<Service>> = Arc::default();
        walk(what, places(prefix), move |places: Vec<Place>| {
            let (site, said, known) = (site.clone(), said.clone(), Arc::clone(&known));
            async move {
                let service = known.get_or_try_init(|| Service::of(&site, None, &[]));
                let listed = page(service.await?, places).await;
                listed.map_err(|error| site.failed(said, Wanted::List, error))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_a_group_or_a_project() {
        for (prefix, expected) in [
            ("team/", &["groups/team"][..]),
            ("team/ap", &["groups/team"]),
            ("team/app/", &["groups/team%2Fapp", "projects/team%2Fapp"]),
            (
                "a/b/c/",
                &["groups/a%2Fb%2Fc", "projects/a%2Fb%2Fc", "projects/a%2Fb"],
            ),
        ] {
            let found = places(prefix).into_iter().map(|place| place.path);
            assert_eq!(found.collect::<Vec<_>>(), expected, "{prefix}");
        }
    }
}
