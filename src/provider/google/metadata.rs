//! The metadata service of a machine that is Google's.
//!
//! Source: Google's Compute Engine documentation ("About VM metadata").

use super::error::Error;
use super::exchange::{Endpoint, Token};
use crate::provider::{Silence, Surroundings};
use crate::transport::{Attempts, Request, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use std::time::Duration;
use url::Url;

/// The variable that says where it is.
const VARIABLE: &str = "GCE_METADATA_HOST";
/// Where it is. The address and not the name: not every network knows nothing of the name.
const ADDRESS: &str = "169.254.169.254";
/// How long it may take to say that it is there.
const GLANCE: Duration = Duration::from_secs(1);
/// What keeps other places from being asked by mistake, and from being taken for it.
const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");
const TOKEN: &str = "computeMetadata/v1/instance/service-accounts/default/token";

/// Whether somebody says where it is.
pub(super) fn is_named(surroundings: &Surroundings) -> bool {
    named(surroundings).is_some()
}

/// The token of the machine's own service account, where this is a machine of Google's that has
/// one.
pub(super) async fn token(
    surroundings: &Surroundings,
    silence: &Silence,
) -> Result<Option<Token>, Error> {
    let named = named(surroundings);
    let host = named.unwrap_or(ADDRESS);
    let root = root(host)?;
    let transport = &surroundings.transport;
    let glance = Endpoint::machine(VARIABLE, &root)?;
    let glancing = request(&glance).attempts(Attempts::Once);
    let glanced = glance.send(transport, glancing, GLANCE).await;
    silence.note(matches!(glanced, Err(Error::Slow { .. })));
    match glanced {
        Ok(response) if is_google(&response) => {}
        Ok(_) if named.is_some() => {
            return Err(glance.reply("is none of a metadata service of Google's"));
        }
        Err(error) if named.is_some() => return Err(error),
        // Another cloud's, or none.
        Ok(_) | Err(_) => return Ok(None),
    }
    let endpoint = Endpoint::machine(VARIABLE, &format!("{root}{TOKEN}"))?;
    match endpoint.token(transport, request(&endpoint), &[]).await {
        // A machine without a service account.
        Err(Error::Refused { status, .. }) if status == StatusCode::NOT_FOUND => Ok(None),
        token => token.map(Some),
    }
}

fn named(surroundings: &Surroundings) -> Option<&str> {
    let named = surroundings.variables.get(VARIABLE)?;
    (!named.is_empty()).then_some(named)
}

fn root(host: &str) -> Result<String, Error> {
    let root = format!("http://{host}/");
    let is_host = Url::parse(&root).is_ok_and(|url| url.path() == "/" && url.query().is_none());
    if is_host && !host.contains(['/', '@', '?', '#', '\\']) {
        Ok(root)
    } else {
        Err(Error::Variable {
            variable: VARIABLE,
            reason: "is no `HOST[:PORT]`".to_owned(),
        })
    }
}

fn request(endpoint: &Endpoint) -> Request {
    endpoint
        .request(Method::GET)
        .header(FLAVOR, HeaderValue::from_static("Google"))
}

fn is_google(response: &Response) -> bool {
    response.header(&FLAVOR) == Some("Google")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_names_a_host_and_nothing_else() {
        for host in ["metadata.google.internal", "127.0.0.1:8080", "[::1]:80"] {
            assert_eq!(root(host).unwrap(), format!("http://{host}/"));
        }
        for odd in [
            "http://a", "a/b", "me@a", "a?b", "a#b", "a b", "a:x", "a\\b",
        ] {
            assert!(root(odd).is_err(), "{odd}");
        }
    }
}
