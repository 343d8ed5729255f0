//! TLS, HTTP/2, client certificates and proxies: whom crossdock trusts, whom it shows what, and
//! what it does when a connection ends at the wrong moment.
//!
//! Names that no resolver knows are reached through a proxy.

mod apart;
pub(crate) mod certificates;
mod connections;
mod frames;
pub(crate) mod front;
mod identity;
mod peer;
mod proxies;
pub(crate) mod proxy;
mod refused;
mod streams;
mod trusted;

use crate::lab::{Image, Lab};
use certificates::Certificate;
use crossdock::server::{Access, Anonymous, Options, TokenService, User};
use front::{Front, Port};
use proxy::Proxy;
use std::time::Duration;

/// The host of most registries here. Its neighbours are below the same domain.
const NAME: &str = "registry.example.com";

/// `src`, a registry that wants a password, with an image; the user has the password for `hosts`.
fn guarded(hosts: &[&str]) -> (Lab, Image) {
    let lab = Lab::empty().registry("src", |_| Options {
        access: Access::Basic {
            users: vec![User::new("ann", "apple")],
        },
        ..Options::default()
    });
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    let logins: Vec<_> = hosts.iter().map(|host| (*host, "ann:apple")).collect();
    lab.docker_login(&logins);
    (lab, image)
}

/// TLS with this certificate in front of a registry of the lab.
fn front(lab: &Lab, node: &str, certificate: &Certificate) -> Front {
    Port::take().front(certificate, lab.address(node))
}

/// A proxy that knows where these names are, at the port of `https`.
fn names(places: &[(&str, &Front)]) -> Proxy {
    let places = places.iter();
    let places: Vec<(String, String)> = places
        .map(|(name, front)| (format!("{name}:443"), front.address()))
        .collect();
    Proxy::to(places)
}

/// Writes what the user's own settings say of registries, each a host and its keys.
fn registries(lab: &Lab, settings: &[(&str, String)]) {
    let lines = settings.iter();
    let lines = lines.map(|(host, keys)| format!("  \"{host}\": {{{keys}}}"));
    let lines = lines.collect::<Vec<_>>().join("\n");
    lab.home.user_settings(&format!("registries:\n{lines}\n"));
}

/// Tokens of a service at `realm`, which nobody gets without a password.
fn tokens(realm: &str) -> Access {
    Access::Token(TokenService {
        realm: realm.to_owned(),
        service: "lab".to_owned(),
        users: vec![User::new("ann", "apple")],
        lifetime: Duration::from_mins(5),
        anonymous: Anonymous::Nothing,
        oauth2: false,
    })
}
