//! Repositories that are not there yet and are wanted, before anything is copied to them.

use super::super::failure::at_host;
use super::Job;
use crate::inventory::{Created, Creation};
use crate::oci::reference::{Location, Repository, Target};
use crate::store::{Result, Store};

impl Job<'_> {
    /// Makes the destinations' repositories, where that is wanted and what is copied is there.
    pub(super) async fn create(&self, flag: bool, wanted: Option<&Target>) -> anyhow::Result<()> {
        let places = self.places.iter().map(|place| &place.location);
        let wishes: Vec<(&Repository, Creation)> = places
            .filter_map(|location| self.wish(location, flag))
            .collect();
        if wishes.is_empty() || !is_there(&**self.run.source(), wanted).await? {
            return Ok(());
        }
        for (repository, creation) in wishes {
            self.make(repository, &creation).await?;
        }
        Ok(())
    }

    fn wish<'l>(&self, location: &'l Location, flag: bool) -> Option<(&'l Repository, Creation)> {
        let repository = location.repository()?;
        let own = self.app.settings().registry(&repository.host);
        let creation = own.and_then(|own| own.create);
        let creation = creation.or(flag.then(Creation::default))?;
        Some((repository, creation))
    }

    async fn make(&self, repository: &Repository, creation: &Creation) -> anyhow::Result<()> {
        let output = &self.app.output;
        if self.dry_run {
            output.status(&format!("{repository} would be made where it is not there"));
            return Ok(());
        }
        let catalog = self.app.catalog(&repository.host);
        let made = catalog.create(&repository.name, creation).await;
        match made.map_err(at_host(&repository.host))? {
            Created::New => output.status(&format!("{repository} is made")),
            Created::ByPush if creation.public => output.note(&format!(
                "{repository} is made by the first push, as visible as new ones are there"
            )),
            Created::Existed | Created::ByPush => {}
        }
        Ok(())
    }
}

/// Whether there is something to copy: nothing is made for what does not exist. Why it cannot be
/// read, the copy itself says.
async fn is_there(source: &dyn Store, wanted: Option<&Target>) -> Result<bool> {
    match wanted {
        Some(target) => Ok(source.look(target).await.is_ok_and(|there| there.is_some())),
        None => Ok(true),
    }
}
