//! `login --list`: every credential that is known of, and where it is; never what it is.

use crate::app::App;
use crate::auth::inventory::{Inventory, Kept, Place};
use crate::term::output::Row;
use crate::term::page::{Align, Page};
use serde::Serialize;
use std::fmt;

/// One credential.
#[derive(Debug, Serialize)]
struct Listed {
    registry: String,
    username: Option<String>,
    token: bool,
    place: &'static str,
    name: String,
}

impl From<&Kept> for Listed {
    fn from(kept: &Kept) -> Self {
        Self {
            registry: kept.key.to_string(),
            username: kept.username.clone(),
            token: kept.username.is_none(),
            place: match kept.place {
                Place::Variable(_) => "variable",
                Place::File(_) => "file",
                Place::Helper(_) => "helper",
                Place::Keyring => "keyring",
            },
            name: kept.place.name().to_owned(),
        }
    }
}

impl Listed {
    fn cells(&self) -> Vec<String> {
        let Self {
            registry,
            username,
            place,
            name,
            ..
        } = self;
        let username = username.as_deref().unwrap_or("(token)");
        vec![
            registry.clone(),
            username.to_owned(),
            format!("{place} {name}"),
        ]
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cells().join("  "))
    }
}

impl Row for Listed {}

/// All of them, for people.
#[derive(Debug, Serialize)]
struct All(Vec<Listed>);

impl fmt::Display for All {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut page = Page::default();
        let columns = ["REGISTRY", "USER", "FROM"].map(|title| (title, Align::Left));
        page.table(&columns, self.0.iter().map(Listed::cells));
        page.fmt(f)
    }
}

impl Row for All {}

pub(super) async fn run(app: &App) -> anyhow::Result<()> {
    let files = app.credential_files();
    let inventory = Inventory::take(&app.environment.variables, &files, &app.helpers).await;
    let inventory = inventory.with_keyring(&app.keyring);
    for failed in inventory.failed {
        app.output
            .note(&format!("{:#}", anyhow::Error::new(failed)));
    }
    let listed: Vec<Listed> = inventory.kept.iter().map(Listed::from).collect();
    if app.output.settings().json {
        app.output.list();
        app.output.rows(&listed)?;
    } else if listed.is_empty() {
        app.output.warn("no credential is stored");
    } else {
        app.output.block(&All(listed))?;
    }
    Ok(())
}
