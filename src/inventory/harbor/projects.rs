//! Harbor's repositories, and the projects that they are in.

use super::{PAGE, ask, total};
use crate::inventory::api::{Call, part};
use crate::inventory::open::Site;
use crate::inventory::pages::{Numbered, Page, numbered, walk};
use crate::inventory::{Catalog, Created, Creation, Found};
use crate::oci::reference::RepositoryName;
use crate::store::{Result, Wanted};
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use http::{HeaderName, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

/// Harbor's repositories.
#[derive(Clone)]
pub(in crate::inventory) struct Projects {
    site: Site,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Hits {
    repository: Option<Vec<Hit>>,
}

#[derive(Deserialize)]
struct Hit {
    repository_name: String,
}

impl Projects {
    pub(in crate::inventory) fn new(site: Site) -> Self {
        Self { site }
    }

    async fn page(self, path: String, number: usize) -> Result<Numbered<RepositoryName>> {
        let listed = async {
            let path = format!("{path}?page={number}&page_size={PAGE}");
            let answer = ask(&self.site, None, &[], Call::get(path)).await?;
            let named: Option<Vec<Named>> = answer.json()?;
            Ok((named.unwrap_or_default(), total(&answer)))
        };
        let (named, total) = listed.await.map_err(|error| {
            let what = format!("cannot list the repositories of {}", self.site.host);
            self.site.failed(what, Wanted::List, error)
        })?;
        let listed = named.len();
        let names = named.into_iter().filter_map(|one| one.name.parse().ok());
        Ok(Numbered {
            items: names.collect(),
            listed,
            total,
        })
    }

    /// Everything that it finds comes at once.
    async fn hits(self, term: String) -> Result<Page<Found, ()>> {
        let hits = async {
            let call = Call::get(format!("search?q={term}"));
            ask(&self.site, None, &[], call).await?.json::<Hits>()
        };
        let hits = hits.await.map_err(|error| {
            let what = format!("cannot search {}", self.site.host);
            self.site.failed(what, Wanted::List, error)
        })?;
        let found = |hit: Hit| {
            Some(Found {
                name: hit.repository_name.parse().ok()?,
                description: None,
                stars: None,
                is_official: false,
            })
        };
        let hits = hits.repository.unwrap_or_default().into_iter();
        Ok(Page {
            items: hits.filter_map(found).collect(),
            next: None,
        })
    }
}

#[async_trait]
impl Catalog for Projects {
    fn repositories(&self, prefix: &str) -> BoxStream<'static, Result<RepositoryName>> {
        let path = match prefix.split_once('/') {
            Some((project, _)) => format!("projects/{}/repositories", part(project)),
            None => "repositories".to_owned(),
        };
        let projects = self.clone();
        let what = format!("cannot list the repositories of {}", self.site.host);
        numbered(what, PAGE, move |number| {
            projects.clone().page(path.clone(), number)
        })
    }

    fn search(&self, term: &str) -> Option<BoxStream<'static, Result<Found>>> {
        let (projects, term) = (self.clone(), part(term));
        let what = format!("cannot search {}", self.site.host);
        Some(walk(what, (), move |()| {
            projects.clone().hits(term.clone())
        }))
    }

    /// Harbor makes repositories by itself, and their projects when asked. That tags never move is a
    /// rule of the project.
    async fn create(&self, name: &RepositoryName, creation: &Creation) -> Result<Created> {
        let project = name.as_str().split('/').next().unwrap_or_default();
        let failed = |error| {
            let what = format!("cannot make the project {project} at {}", self.site.host);
            self.site.failed(what, Wanted::Write, error)
        };
        let call = Call::new(Method::POST, "projects").json(&document(project, *creation));
        match ask(&self.site, None, &[], call).await {
            Err(error) if error.status() == Some(StatusCode::CONFLICT) => {
                return Ok(Created::Existed);
            }
            made => made.map_err(failed)?,
        };
        if creation.immutable {
            let path = format!("projects/{}/immutabletagrules", part(project));
            let name = HeaderName::from_static("x-is-resource-name");
            let call = Call::new(Method::POST, path).header(name, "true");
            let made = ask(&self.site, None, &[], call.json(&every_tag())).await;
            made.map_err(|error| {
                let host = &self.site.host;
                let what =
                    format!("cannot make the tags of the project {project} at {host} immutable");
                self.site.failed(what, Wanted::Write, error)
            })?;
        }
        Ok(Created::New)
    }
}

/// A new project. Its properties are texts.
fn document(project: &str, creation: Creation) -> Value {
    let text = |wanted: bool| if wanted { "true" } else { "false" };
    let mut metadata = json!({"public": text(creation.public)});
    if creation.scan_on_push {
        metadata["auto_scan"] = json!(text(true));
    }
    json!({"project_name": project, "metadata": metadata})
}

/// The rule that no tag of a project moves.
fn every_tag() -> Value {
    let every =
        |decoration| json!([{"kind": "doublestar", "decoration": decoration, "pattern": "**"}]);
    json!({
        "action": "immutable",
        "template": "immutable_template",
        "disabled": false,
        "tag_selectors": every("matches"),
        "scope_selectors": {"repository": every("repoMatches")},
    })
}
