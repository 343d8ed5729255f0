//! What a machine is by itself at a registry: when that is asked for, what it comes to, and what
//! stands before it.

mod claims;
mod login;
mod pipelines;
mod precedence;
#[cfg(unix)]
mod stopped;
mod withheld;

use crate::clouds::world::World;
use crate::lab::{Image, Lab, Seen};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossdock::server::{Access, Anonymous, Options, TokenService, User};
use std::time::Duration;

/// GitHub's registry, where `job` may do everything with this token, and everybody may read what
/// `anonymous` says.
fn github(token: &str, anonymous: Anonymous) -> World {
    let access = Access::Token(TokenService {
        realm: "https://ghcr.io/token".to_owned(),
        service: "ghcr.io".to_owned(),
        users: vec![User::new("octocat", token)],
        lifetime: Duration::from_mins(5),
        anonymous,
        oauth2: false,
    });
    let lab = Lab::empty().registry("hub", |_| Options {
        access,
        ..Options::default()
    });
    lab.push("hub.lab/acme/api:v1", &Image::small(1));
    World::new(lab).registry("ghcr.io", "hub")
}

/// Who asked, by name and password.
fn user(seen: &Seen) -> Option<String> {
    let pair = seen.header("authorization").strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(pair).unwrap()).unwrap();
    Some(pair.split_once(':').unwrap().0.to_owned())
}
