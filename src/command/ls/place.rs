//! What is to be listed: a repository's images, or a registry's repositories.

use super::super::failure::Usage;
use super::super::image::{explained, location};
use crate::app::App;
use crate::oci::reference::{Host, Location, Reference, RepositoryName};
use crate::term::exit::Hint;

/// What is to be listed.
pub(super) enum Place {
    Images(Location),
    /// The repositories whose path begins so.
    Repositories(Host, String),
}

/// A bare host (it has a dot, a port, or is `localhost`) and whatever ends in `/` hold
/// repositories; all else is a repository.
pub(super) fn place(typed: &str, app: &App) -> anyhow::Result<Place> {
    // A folder may look like a host, and end in `/`.
    let folder = |reference: Reference| reference.location.folder().is_some();
    if typed.parse().is_ok_and(folder) {
        return location(typed, app).map(Place::Images);
    }
    let plain = typed.strip_prefix("docker://").unwrap_or(typed);
    let (host, path) = plain.split_once('/').unwrap_or((plain, ""));
    let bare = !plain.contains('/') && is_host(host);
    if !bare && !plain.ends_with('/') {
        return location(typed, app).map(Place::Images);
    }
    if !is_host(host) {
        let what = format!("`{typed}` names no registry");
        let hint = format!("a host comes first, as in `docker.io/{plain}`");
        return Err(anyhow::Error::new(Usage(what)).context(Hint(hint)));
    }
    let host = host.parse().map_err(explained)?;
    let prefix = path.to_owned();
    let name = prefix.trim_end_matches('/');
    if !name.is_empty() {
        name.parse::<RepositoryName>().map_err(explained)?;
    }
    Ok(Place::Repositories(host, prefix))
}

fn is_host(text: &str) -> bool {
    let port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let has_port = text.rsplit_once(':').is_some_and(|(_, after)| port(after));
    let dotted = text.contains('.') && !text.contains('@');
    text == "localhost" || text.starts_with('[') || has_port || dotted
}
