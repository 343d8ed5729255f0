//! From a registry's kind to its inventory.

use super::acr::Acr;
use super::artifactory::Artifactory;
use super::distribution::Distribution;
use super::ecr::{Ecr, EcrCatalog};
use super::fallback::{Remark, WithFallback};
use super::generic::Generic;
use super::ghcr::{self, Ghcr, Packages};
use super::gitlab::{GitLab, Groups};
use super::google;
use super::harbor::{Artifacts, Projects};
use super::hub::{self, Hub};
use super::nexus::Nexus;
use super::quay;
use super::time::Times;
use super::zot::{self, Zot};
use super::{Catalog, Inventory};
use crate::oci::reference::{Host, Location, Repository, RepositoryName};
use crate::provider::machine::Machine;
use crate::registry::{self, Client};
use crate::store::open::{Reach, Stores};
use crate::store::{Error, Store, Wanted};
use crate::transport::Transport;
use crate::vendor::Kind;
use jiff::Timestamp;
use std::sync::Arc;
use url::Url;

/// A registry, and the ways to it and to its vendor's API.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) host: Host,
    /// What it is, where that is known.
    pub(super) kind: Option<Kind>,
    /// Where the vendor's API is, as the user says it.
    pub(super) api: Option<Url>,
    pub(super) client: Arc<Client>,
    pub(super) transport: Arc<Transport>,
    pub(super) machine: Arc<Machine>,
    pub(super) times: Times,
}

impl Site {
    /// What was being done, and why it did not work.
    pub(super) fn failed(&self, what: String, wanted: Wanted, error: registry::Error) -> Error {
        Error::of_registry(what, error).asked(self.kind, wanted)
    }

    /// The same of one repository.
    pub(super) fn failed_at(
        &self,
        name: &RepositoryName,
        what: String,
        wanted: Wanted,
        error: registry::Error,
    ) -> Error {
        let (host, name) = (self.host.clone(), name.clone());
        let location = Location::Remote(Repository { host, name });
        self.failed(what, wanted, error).at(&location)
    }
}

/// Opens inventories.
#[derive(Clone)]
pub struct Inventories {
    /// The way to everything that is asked over HTTP.
    pub transport: Arc<Transport>,
    /// What the machine is by itself.
    pub machine: Arc<Machine>,
    /// What the user says about reaching registries.
    pub reach: Reach,
    /// What time it is.
    pub now: Timestamp,
    /// Who is told that less is known than could be.
    pub remark: Remark,
}

impl Inventories {
    /// The inventory of a store, by what is known of its registry. Nothing is sent yet.
    pub fn of(&self, stores: &Stores, store: Arc<dyn Store>) -> Arc<dyn Inventory> {
        let times = Times::at(self.now);
        let generic: Arc<dyn Inventory> = Arc::new(Generic::new(Arc::clone(&store), times));
        let Some(repository) = store.location().repository() else {
            return generic;
        };
        let site = self.site(stores, &repository.host);
        let name = repository.name.clone();
        let (vendor, api): (Arc<dyn Inventory>, _) = match site.kind {
            Some(Kind::Ecr) => (Arc::new(Ecr::new(site, name)), "ECR's API"),
            Some(Kind::EcrPublic) => (Arc::new(Ecr::new(site, name)), "ECR Public's API"),
            Some(Kind::DockerHub) if hub::home(&site).is_some() => {
                (Arc::new(Hub::new(site, name)), "Docker Hub's API")
            }
            Some(Kind::Ghcr) if ghcr::home(&site).is_some() => {
                (Arc::new(Ghcr::new(site, name)), "GitHub's API")
            }
            Some(Kind::Harbor) => (Arc::new(Artifacts::new(site, name)), "Harbor's API"),
            Some(Kind::Quay) => (Arc::new(quay::Tags::new(site, name)), "Quay's API"),
            Some(Kind::Acr) => (Arc::new(Acr::new(site, name)), "Azure's API"),
            Some(Kind::Google) => (Arc::new(google::Google::new(site, name)), "Google's list"),
            Some(Kind::GitLab) => (Arc::new(GitLab::new(site, name, store)), "GitLab's API"),
            Some(Kind::Zot) => {
                let whole = Arc::clone(&generic);
                (Arc::new(Zot::new(site, name, store, whole)), "zot's search")
            }
            Some(Kind::Artifactory) => {
                (Arc::new(Artifactory::new(site, name)), "Artifactory's API")
            }
            Some(Kind::Nexus) => (Arc::new(Nexus::new(site, name)), "Nexus' API"),
            _ => return generic,
        };
        Arc::new(WithFallback::new(
            vendor,
            generic,
            api,
            Arc::clone(&self.remark),
        ))
    }

    /// The repositories of a registry. Nothing is sent yet.
    pub fn catalog(&self, stores: &Stores, host: &Host) -> Arc<dyn Catalog> {
        let site = self.site(stores, host);
        match site.kind {
            Some(Kind::Ecr | Kind::EcrPublic) => Arc::new(EcrCatalog::new(site)),
            Some(Kind::DockerHub) if hub::home(&site).is_some() => {
                Arc::new(hub::Namespaces::new(site))
            }
            Some(Kind::Ghcr) if ghcr::home(&site).is_some() => Arc::new(Packages::new(site)),
            Some(Kind::Google) => Arc::new(google::Projects::new(site)),
            Some(Kind::Harbor) => Arc::new(Projects::new(site)),
            Some(Kind::Quay) => Arc::new(quay::Namespaces::new(site)),
            Some(Kind::GitLab) => {
                let whole = Arc::new(Distribution::new(site.clone()));
                Arc::new(Groups::new(site, whole))
            }
            Some(Kind::Zot) => {
                let whole = Arc::new(Distribution::new(site.clone()));
                Arc::new(zot::Repositories::new(site, whole))
            }
            _ => Arc::new(Distribution::new(site)),
        }
    }

    fn site(&self, stores: &Stores, host: &Host) -> Site {
        let client = stores.client(host);
        Site {
            host: host.clone(),
            kind: client.known_kind(),
            api: self.reach.api(host).cloned(),
            client,
            transport: Arc::clone(&self.transport),
            machine: Arc::clone(&self.machine),
            times: Times::at(self.now),
        }
    }
}
