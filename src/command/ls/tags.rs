//! A repository's tags, and no more of them than their names.

use super::super::failure::at;
use super::{Listed, print};
use crate::app::App;
use crate::engine::list::{Options, other_names, tags};
use crate::oci::reference::{Location, Tag};
use futures_util::stream::{StreamExt, TryStreamExt};

pub(super) async fn list(
    location: &Location,
    options: &Options,
    full: bool,
    app: &App,
) -> anyhow::Result<()> {
    let store = app.open(location)?;
    let failed = at(store.location());
    let listed = tags(&*store, options).await.map_err(&failed)?;
    let row = |tag: Tag| Listed {
        reference: location.reference(&tag.clone().into()).to_string(),
        name: tag.to_string(),
        full,
    };
    print(listed.map_ok(row).boxed(), &failed, app).await?;
    let others = other_names(&*store).await.map_err(&failed)?;
    if others > 0 {
        let are = if others == 1 { "name is" } else { "names are" };
        app.output
            .note(&format!("{others} {are} no tag there, and not listed"));
    }
    Ok(())
}
