//! Where repositories really are: rewrites, mirrors, blocked places and short names, as the
//! settings want them.

use super::App;
use crate::config::Settings;
use crate::config::origin::Origin;
use crate::config::route::{Mirror, Route, When};
use crate::oci::reference::{Host, Location, Reference, Repository};
use crate::store::Store;
use crate::store::mirrored::{self, Remarks};
use std::sync::Arc;

/// A place that the settings forbid. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("{place} is blocked, as {by} says")]
pub struct Blocked {
    place: String,
    by: Origin,
}

impl App {
    /// The store at a location, or where that is said to be. Nothing is sent.
    pub fn open(&self, location: &Location) -> anyhow::Result<Arc<dyn Store>> {
        let Some(repository) = location.repository() else {
            return Ok(self.stores.open(location));
        };
        let route = self.route(repository)?;
        Ok(self.stores.open_at(&route.location, location))
    }

    /// The same to read images from, with its mirrors. Where it is one of the `destinations` too,
    /// it has none: what a mirror has need not be there.
    pub fn open_source<'a>(
        &self,
        location: &Location,
        destinations: impl IntoIterator<Item = &'a Location>,
    ) -> anyhow::Result<Arc<dyn Store>> {
        let Some(repository) = location.repository() else {
            return Ok(self.stores.open(location));
        };
        let route = self.route(repository)?;
        let own = |to: &Location| {
            let to = to.repository()?;
            Some(place(&self.settings, to) == route.location)
        };
        let mut destinations = destinations.into_iter();
        if route.mirrors.is_empty() || destinations.any(|to| own(to) == Some(true)) {
            return Ok(self.stores.open_at(&route.location, location));
        }
        let mirrors = self.allowed_mirrors(&route).into_iter();
        let others = mirrors.filter(|mirror| mirror.repository != route.location);
        let mirrors: Vec<mirrored::Mirror> = others.map(asked).collect();
        let (place, remarks) = (&route.location, self.remarks());
        Ok(self
            .stores
            .open_mirrored(place, location, &mirrors, &remarks))
    }

    /// Refuses a registry of which the settings forbid everything.
    pub fn refuse_blocked(&self, host: &Host) -> Result<(), Blocked> {
        match self.settings.routes.blocked_whole(host) {
            Some(by) => Err(Blocked {
                place: host.to_string(),
                by: by.clone(),
            }),
            None => Ok(()),
        }
    }

    /// What was typed, with what a short name stands for in its place.
    pub fn unabbreviated(&self, typed: &str) -> String {
        let folder = |reference: Reference| reference.location.folder().is_some();
        if typed.parse().is_ok_and(folder) {
            return typed.to_owned();
        }
        let plain = typed.strip_prefix("docker://").unwrap_or(typed);
        let name = plain.split('@').next().unwrap_or_default();
        let name = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => name,
            _ => name,
        };
        let Some(alias) = self.settings.alias(name) else {
            return typed.to_owned();
        };
        let (repository, by) = (&alias.repository, &alias.origin);
        self.told
            .say(&format!("{name} stands for {repository}, as {by} says"));
        format!("{repository}{}", &plain[name.len()..])
    }

    /// Where a repository really is. It fails where that is forbidden, by either name.
    pub fn route(&self, repository: &Repository) -> anyhow::Result<Route> {
        let route = self.settings.route(repository)?;
        if let Some(by) = route.blocked {
            let place = repository.to_string();
            return Err(Blocked { place, by }.into());
        }
        if let Some(by) = &route.rewritten {
            let place = &route.location;
            self.told
                .say(&format!("{repository} is at {place}, as {by} says"));
            if let Some(by) = self.settings.routes.blocked(place) {
                let (place, by) = (place.to_string(), by.clone());
                return Err(Blocked { place, by }.into());
            }
        }
        Ok(route)
    }

    /// The mirrors of a route that nobody forbids.
    pub fn allowed_mirrors<'a>(&self, route: &'a Route) -> Vec<&'a Mirror> {
        let allowed = |mirror: &&Mirror| {
            let place = &mirror.repository;
            let by = self.settings.routes.blocked(place);
            if let Some(by) = by {
                self.told.say(&format!(
                    "the mirror {place} is not asked: it is blocked, as {by} says"
                ));
            }
            by.is_none()
        };
        route.mirrors.iter().filter(allowed).collect()
    }

    /// The registries at these places, with the mirrors of the first.
    pub(super) fn hosts<'a>(&self, locations: impl IntoIterator<Item = &'a Location>) -> Vec<Host> {
        let repositories = locations.into_iter().map(Location::repository).enumerate();
        let routes = repositories.filter_map(|(at, repository)| {
            let route = self.settings.route(repository?).ok()?;
            Some((route, at == 0))
        });
        let hosts = routes.flat_map(|(route, is_source)| {
            let mirrors = route.mirrors.into_iter().filter(move |_| is_source);
            let mirrors = mirrors.map(|mirror| mirror.repository.host);
            [route.location.host].into_iter().chain(mirrors)
        });
        hosts.collect()
    }

    fn remarks(&self) -> Remarks {
        let (detail, warning) = (self.output.clone(), self.output.clone());
        Remarks {
            detail: Arc::new(move |text| detail.detail(text)),
            warning: Arc::new(move |text| warning.warn(text)),
        }
    }
}

/// Where a repository really is.
pub(super) fn place(settings: &Settings, repository: &Repository) -> Repository {
    let route = settings.route(repository).ok();
    route.map_or_else(|| repository.clone(), |route| route.location)
}

fn asked(mirror: &Mirror) -> mirrored::Mirror {
    mirrored::Mirror {
        repository: mirror.repository.clone(),
        resolves_tags: mirror.when != When::DigestOnly,
        has_content: mirror.when != When::TagOnly,
    }
}
