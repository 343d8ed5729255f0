//! The one decision on where a secret may go.

use super::origin::Origin;
use url::Url;

/// What a URL is to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Road {
    /// A request to the registry itself, or wherever it redirects to.
    Registry,
    /// The token service that the registry's challenge names as its `realm`.
    TokenService,
}

/// Where a secret belongs: the registry it was given for, and the token services that the user
/// named for it (`token_realm`, each `HOST[:PORT]`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Home {
    origin: Origin,
    token_services: Vec<String>,
}

impl Home {
    /// The home of a secret that belongs to the registry at `origin`.
    pub fn new(origin: Origin, token_services: Vec<String>) -> Self {
        Self {
            origin,
            token_services,
        }
    }

    /// The registry's origin.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether the user named `origin` as a token service.
    pub fn names(&self, origin: &Origin) -> bool {
        self.token_services.iter().any(|named| origin.is_at(named))
    }
}

/// Whether a secret that lives at `home` may be sent to `url`.
///
/// To its own origin always. To a token service also where it is reached over TLS and has the
/// registry's registrable domain, or where the user named it; one that the user named may be
/// plain HTTP only if the registry is. Never to a URL that brings its own user information.
pub fn may_carry(home: &Home, url: &Url, road: Road) -> bool {
    let Some(to) = Origin::of(url) else {
        return false;
    };
    if !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    if to == home.origin {
        return true;
    }
    let downgrade = home.origin.is_secure() && !to.is_secure();
    if road == Road::Registry || downgrade {
        return false;
    }
    home.names(&to) || (to.is_secure() && home.origin.is_secure() && to.same_site(&home.origin))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn home(url: &str, named: &[&str]) -> Home {
        let origin = Origin::of(&Url::parse(url).unwrap()).unwrap();
        Home::new(origin, named.iter().map(ToString::to_string).collect())
    }

    fn carries(home: &Home, url: &str, road: Road) -> bool {
        may_carry(home, &Url::parse(url).unwrap(), road)
    }

    #[test]
    fn a_request_carries_it_only_to_its_own_origin() {
        let home = home("https://registry.example.com/", &["auth.example.org"]);
        for (url, expected) in [
            ("https://registry.example.com/v2/x", true),
            ("https://registry.example.com:443/other", true),
            ("https://registry.example.com:8443/", false),
            ("http://registry.example.com/", false),
            ("https://cdn.example.com/", false),
            ("https://auth.example.org/", false),
            ("https://user@registry.example.com/", false),
            ("https://registry.example.com.evil.org/", false),
            ("ftp://registry.example.com/", false),
        ] {
            assert_eq!(carries(&home, url, Road::Registry), expected, "{url}");
        }
    }

    #[test]
    fn a_token_service_is_a_neighbour_or_was_named() {
        let home = home(
            "https://registry.example.com/",
            &["auth.example.org", "sso.internal:8443", "sso:443"],
        );
        for (url, expected) in [
            ("https://registry.example.com/token", true),
            ("https://auth.example.com/token", true),
            ("http://auth.example.com/token", false),
            ("https://auth.example.org/token", true),
            ("https://auth.example.org:8443/token", false),
            ("https://sso.internal:8443/token", true),
            ("http://sso.internal:8443/token", false),
            ("https://sso/token", true),
            ("https://sso:8443/token", false),
            ("https://evil.org/token", false),
            ("https://me:pw@auth.example.com/token", false),
            ("https://169.254.169.254/token", false),
        ] {
            assert_eq!(carries(&home, url, Road::TokenService), expected, "{url}");
        }
    }

    #[test]
    fn a_plain_registry_has_no_neighbours_but_those_that_were_named() {
        let home = home("http://127.0.0.1:5000/", &["127.0.0.1:5001"]);
        assert!(carries(
            &home,
            "http://127.0.0.1:5000/token",
            Road::TokenService
        ));
        assert!(carries(
            &home,
            "http://127.0.0.1:5001/token",
            Road::TokenService
        ));
        assert!(!carries(
            &home,
            "http://127.0.0.1:5002/token",
            Road::TokenService
        ));
    }
}
