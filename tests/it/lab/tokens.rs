//! Registries that give tokens themselves.

use crossdock::server::{Access, Anonymous, TokenService, User};
use std::time::Duration;

/// Access by the tokens of a service at the registry's own `address`, which live for as long as a
/// test does.
pub(crate) fn tokens(
    address: &str,
    service: &str,
    users: Vec<User>,
    anonymous: Anonymous,
) -> Access {
    Access::Token(TokenService {
        realm: format!("http://{address}/token"),
        service: service.to_owned(),
        users,
        lifetime: Duration::from_mins(5),
        anonymous,
        oauth2: true,
    })
}
