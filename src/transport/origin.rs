//! Where a URL leads: scheme, host and port. The unit that secrets are bound to.

use super::address::Class;
use std::fmt;
use std::net::IpAddr;
use url::{Host, Url};

/// Scheme, canonical host and effective port of an `http` or `https` URL (RFC 6454).
///
/// The same host with another port is another origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    secure: bool,
    host: Host<String>,
    port: u16,
}

impl Origin {
    /// The origin of `url`, or `None` where it is not an HTTP one.
    pub fn of(url: &Url) -> Option<Self> {
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        Some(Self {
            secure,
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// Whether it is reached over TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host, typed, so that an address in disguise is an address.
    pub fn host(&self) -> &Host<String> {
        &self.host
    }

    /// The host, and the port where it is not the scheme's own: `registry.example:5000`.
    pub fn authority(&self) -> String {
        let default = if self.secure { 443 } else { 80 };
        if self.port == default {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Whether `text` is its `HOST[:PORT]`. The scheme's own port may be there or not.
    pub fn is_at(&self, text: &str) -> bool {
        text == self.authority() || text == format!("{}:{}", self.host, self.port)
    }

    /// What sort of place the host is, where it is an address and not a name.
    pub fn class(&self) -> Option<Class> {
        self.address().map(Class::of)
    }

    /// Whether it is this machine itself.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(_) | Host::Ipv6(_) => self.class() == Some(Class::Loopback),
        }
    }

    /// The address that the host is, where it is one and not a name.
    pub fn address(&self) -> Option<IpAddr> {
        match &self.host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(*address)),
            Host::Ipv6(address) => Some(IpAddr::V6(*address)),
        }
    }

    /// Whether both have the same registrable domain by the public suffix list
    /// (`auth.example.com` and `registry.example.com`). Addresses never do.
    pub fn same_site(&self, other: &Self) -> bool {
        match (&self.host, &other.host) {
            (Host::Domain(a), Host::Domain(b)) => match (site(a), site(b)) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
            _ => false,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

/// The registrable domain, where the suffix is one that the list knows: an unknown one such as
/// `internal` would make strangers neighbours.
fn site(host: &str) -> Option<&str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let domain = psl::domain_str(host)?;
    psl::suffix(host.as_bytes())?.is_known().then_some(domain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::of(&Url::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn the_port_is_part_of_it_and_the_default_port_is_not_shown() {
        assert_eq!(
            origin("https://a.example/"),
            origin("https://A.example:443/x")
        );
        assert_ne!(
            origin("https://a.example/"),
            origin("https://a.example:5000/")
        );
        assert_ne!(origin("https://a.example/"), origin("http://a.example/"));
        assert_eq!(origin("https://a.example:443/").authority(), "a.example");
        assert_eq!(origin("http://[::1]:5000/").authority(), "[::1]:5000");
    }

    #[test]
    fn addresses_in_disguise_are_addresses() {
        for url in ["http://2130706433/", "http://0x7f.1/", "http://127.1/"] {
            assert_eq!(origin(url), origin("http://127.0.0.1/"), "{url}");
        }
    }

    #[test]
    fn neighbours_share_a_registrable_domain() {
        let same = |a: &str, b: &str| origin(a).same_site(&origin(b));
        assert!(same(
            "https://registry-1.docker.io/",
            "https://auth.docker.io/"
        ));
        assert!(same("https://registry.gitlab.com/", "https://gitlab.com/"));
        assert!(!same(
            "https://a.example.com/",
            "https://a.example.com.evil.org/"
        ));
        assert!(!same("https://alice.github.io/", "https://bob.github.io/"));
        assert!(!same("https://a.co.uk/", "https://b.co.uk/"));
        assert!(!same("https://a.internal/", "https://b.internal/"));
        assert!(!same("https://10.0.0.1/", "https://10.0.0.1/"));
    }

    #[test]
    fn an_address_in_disguise_is_of_its_own_sort() {
        for (host, class) in [
            ("127.1", Some(Class::Loopback)),
            ("2130706433", Some(Class::Loopback)),
            ("0x7f.1", Some(Class::Loopback)),
            ("0177.0.0.1", Some(Class::Loopback)),
            ("%31%32%37.0.0.1", Some(Class::Loopback)),
            ("\u{2460}\u{2461}\u{2466}.0.0.1", Some(Class::Loopback)),
            ("127.0.0.1.", Some(Class::Loopback)),
            ("0", Some(Class::Unspecified)),
            ("2852039166", Some(Class::LinkLocal)),
            ("0xa9fea9fe", Some(Class::LinkLocal)),
            ("[::ffff:169.254.169.254]", Some(Class::LinkLocal)),
            ("[::169.254.169.254]", Some(Class::LinkLocal)),
            ("[::ffff:0:169.254.169.254]", Some(Class::LinkLocal)),
            ("[64:ff9b::a9fe:a9fe]", Some(Class::LinkLocal)),
            ("[2002:a9fe:a9fe::1]", Some(Class::LinkLocal)),
            ("[::ffff:a00:1]", Some(Class::Private)),
            ("localhost", None),
            ("registry.example", None),
        ] {
            let url = format!("http://{host}/");
            assert_eq!(origin(&url).class(), class, "{host}");
        }
    }
}
