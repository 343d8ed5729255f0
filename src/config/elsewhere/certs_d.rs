//! `certs.d` of docker and of the containers tools: a folder `HOST[:PORT]` for each registry, in
//! it `*.crt` (authorities), and `NAME.cert` with `NAME.key` (the client's certificate).
//!
//! docker's "Verify repository client with certificates"; containers-certs.d(5).

use super::super::origin::Origin;
use super::super::registries::ClientCertificate;
use super::Layer;
use super::document::names;
use crate::oci::reference::Host;
use std::path::Path;

/// What the folder `certs.d` in `folder` says. The files themselves are read when their registry
/// is: a key of the service's own is nothing that this user may read.
pub(super) fn load(folder: Option<&Path>, layer: &mut Layer) {
    let Some(folder) = folder.map(|folder| folder.join("certs.d")) else {
        return;
    };
    for name in names(&folder) {
        let Ok(host) = name.parse::<Host>() else {
            continue;
        };
        of_host(&host, &folder.join(name), layer);
    }
}

fn of_host(host: &Host, folder: &Path, layer: &mut Layer) {
    let names = names(folder);
    let ending = |ending: &'static str| {
        let stems = names
            .iter()
            .filter_map(move |name| name.strip_suffix(ending));
        stems.filter(|stem| !stem.is_empty())
    };
    let origin = Origin::file(folder);
    let authorities: Vec<_> = ending(".crt")
        .map(|stem| folder.join(format!("{stem}.crt")))
        .collect();
    let mut pairs = ending(".cert").filter(|stem| names.contains(&format!("{stem}.key")));
    let pair = pairs.next();
    if !authorities.is_empty() || pair.is_some() {
        layer.files.push(folder.to_owned());
    }
    layer.host(host).say_authorities(authorities, &origin);
    if let Some(stem) = pair {
        let client = ClientCertificate {
            certificate: folder.join(format!("{stem}.cert")),
            key: folder.join(format!("{stem}.key")),
        };
        layer.host(host).say_client(client, &origin);
    }
    if let Some(stem) = pairs.next() {
        let text = format!("`{stem}.cert` is not used: a registry is shown one certificate");
        layer.warn(origin.clone(), text);
    }
    for stem in ending(".cert").filter(|stem| !names.contains(&format!("{stem}.key"))) {
        let text = format!("`{stem}.cert` is not used: there is no `{stem}.key`");
        layer.warn(origin.clone(), text);
    }
}
