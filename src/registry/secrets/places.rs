//! Registries, who may be told what of each, and places that look like them.

#![allow(clippy::unwrap_used)]

/// A registry, and who may be told what by hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Registry {
    pub(super) host: &'static str,
    pub(super) plain: bool,
    pub(super) named: Option<&'static str>,
    /// Its scheme, host and port.
    pub(super) own: &'static str,
    /// Whether a token service's scheme, host and port may be told the password.
    pub(super) near: fn(&str) -> bool,
}

pub(super) const REGISTRIES: [Registry; 6] = [
    Registry {
        host: "registry.example.com",
        plain: false,
        named: None,
        own: "https registry.example.com 443",
        near: is_neighbour,
    },
    Registry {
        host: "registry.example.com:8443",
        plain: false,
        named: None,
        own: "https registry.example.com 8443",
        near: is_neighbour,
    },
    Registry {
        host: "registry.example.com",
        plain: false,
        named: Some("sso.example.net:8443"),
        own: "https registry.example.com 443",
        near: |place| is_neighbour(place) || place == "https sso.example.net 8443",
    },
    Registry {
        host: "registry.example.com",
        plain: true,
        named: None,
        own: "http registry.example.com 80",
        near: |_| false,
    },
    Registry {
        host: "127.0.0.1:5000",
        plain: true,
        named: None,
        own: "http 127.0.0.1 5000",
        near: |_| false,
    },
    Registry {
        host: "10.0.0.7",
        plain: false,
        named: None,
        own: "https 10.0.0.7 443",
        near: |_| false,
    },
];

fn is_neighbour(place: &str) -> bool {
    let mut words = place.split(' ');
    let (scheme, host) = (words.next().unwrap(), words.next().unwrap());
    let host = host.strip_suffix('.').unwrap_or(host);
    scheme == "https" && (host == "example.com" || host.ends_with(".example.com"))
}

/// Places that answers name: near, far, and far that looks near.
pub(super) const PLACES: [&str; 40] = [
    "/v2/own",
    "up/1",
    "?next=1",
    "//registry.example.com/x",
    "//evil.org/x",
    "\\\\evil.org\\x",
    "https:/x",
    "https://registry.example.com/x",
    "https://REGISTRY.Example.COM:443/x",
    "https://\u{ff52}egistry.example.com/x",
    "https://registry%2eexample.com/x",
    "https://registry.example.com:8443/x",
    "https://registry.example.com:5000/x",
    "https://registry.example.com./x",
    "http://registry.example.com/x",
    "http://registry.example.com:443/x",
    "https://auth.example.com/token",
    "https://auth.example.com:8443/token",
    "http://auth.example.com/token",
    "https://example.com/token",
    "https://sso.example.net:8443/token",
    "https://sso.example.net/token",
    "https://registry.example.com.evil.org/x",
    "https://registry.example.com%2eevil.org/x",
    "https://evilexample.com/x",
    "https://evil.org/token",
    "https://evil.org:8443/registry.example.com/",
    "https://me@registry.example.com/x",
    "https://registry.example.com@evil.org/x",
    "https://registry.example.com:443@evil.org/x",
    "http://127.0.0.1:5000/x",
    "http://2130706433:5000/x",
    "http://0x7f.1:5000/x",
    "http://127.0.0.1:5001/token",
    "http://[::ffff:127.0.0.1]:5000/x",
    "http://localhost:5000/x",
    "https://10.0.0.7/x",
    "https://167772167/token",
    "https://10.0.0.7:5000/token",
    "ftp://registry.example.com/x",
];
