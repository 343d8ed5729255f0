//! A registry's repositories.

use super::super::failure::{at_host, kinds};
use super::{Listed, print};
use crate::app::App;
use crate::oci::reference::{Host, RepositoryName};
use crate::store::Result;
use crate::term::exit::{Class, Hint};
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use globset::GlobMatcher;

/// Which repositories, and how they are printed.
pub(super) struct Wanted {
    pub(super) prefix: String,
    pub(super) filter: Vec<GlobMatcher>,
    pub(super) by_name: bool,
    pub(super) limit: Option<usize>,
    pub(super) full_ref: bool,
}

pub(super) async fn list(host: &Host, wanted: Wanted, app: &App) -> anyhow::Result<()> {
    app.refuse_blocked(host)?;
    let (limit, full) = (wanted.limit.unwrap_or(usize::MAX), wanted.full_ref);
    let row = |name: RepositoryName| Listed {
        reference: format!("{host}/{name}"),
        name: name.to_string(),
        full,
    };
    let all = app.catalog(host).repositories(&wanted.prefix);
    let names = repositories(all, wanted.prefix, wanted.filter, wanted.by_name).await;
    let names = names.map_err(at_host(host))?.take(limit);
    let printed = print(names.map_ok(row).boxed(), &at_host(host), app).await;
    printed.map_err(unlisted)
}

/// Many registries answer for their images and not for a list of them.
fn unlisted(error: anyhow::Error) -> anyhow::Error {
    use crate::store::Kind::{Denied, NotFound, Unauthenticated, Unsupported};
    let refused = [Denied, NotFound, Unauthenticated, Unsupported].map(Class::Kind);
    if !refused.contains(&kinds().class(&error)) {
        return error;
    }
    let hint = "Docker Hub and most clouds do not list their repositories this way; others want more rights for it than for images";
    error.context(Hint(hint.to_owned()))
}

async fn repositories(
    all: BoxStream<'static, Result<RepositoryName>>,
    prefix: String,
    filter: Vec<GlobMatcher>,
    by_name: bool,
) -> Result<BoxStream<'static, Result<RepositoryName>>> {
    let wanted = move |name: &RepositoryName| {
        let name = name.as_str();
        let matches = filter.is_empty() || filter.iter().any(|filter| filter.is_match(name));
        name.starts_with(&prefix) && matches
    };
    let selected = all.try_filter(move |name| std::future::ready(wanted(name)));
    if !by_name {
        return Ok(selected.boxed());
    }
    let mut names: Vec<RepositoryName> = selected.try_collect().await?;
    names.sort_unstable();
    Ok(futures_util::stream::iter(names.into_iter().map(Ok)).boxed())
}
