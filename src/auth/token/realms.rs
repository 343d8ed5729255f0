//! Where a challenge may send its reader for a token.

#![allow(clippy::unwrap_used)]

use super::*;

/// Where a registry that is reached over TLS sends its readers for a token, with a password.
#[test]
fn a_password_goes_to_the_registry_and_its_neighbours_over_tls() {
    let origin = |url: &str| Origin::of(&Url::parse(url).unwrap()).unwrap();
    let registry = Home::new(origin("https://reg.example.com/"), Vec::new());
    let credential = Credential::Password {
        username: "ann".to_owned(),
        password: Secret::new("apple"),
    };
    let check = |realm: &str, credential: Option<&Credential>| {
        let exchange = Exchange {
            registry: &registry,
            realm: Url::parse(realm).unwrap(),
            service: None,
            scopes: Scopes::none(),
            credential,
        };
        exchange.check_realm().map_err(|error| error.to_string())
    };
    for (realm, with_password, without) in [
        ("https://reg.example.com/token", "", ""),
        ("https://auth.example.com/token?x=1", "", ""),
        ("https://reg.example.com:8443/token", "", ""),
        ("http://reg.example.com/token", "leaves TLS", "leaves TLS"),
        ("http://auth.example.com/token", "leaves TLS", "leaves TLS"),
        (
            "https://evil.example.org/token",
            "is not sent to evil.example.org",
            "",
        ),
        (
            "https://example.com.evil.org/",
            "is not sent to example.com.evil.org",
            "",
        ),
        ("https://127.0.0.1/token", "is not sent to 127.0.0.1", ""),
        ("https://2130706433/token", "is not sent to 127.0.0.1", ""),
        ("https://localhost./token", "is not sent to localhost.", ""),
        (
            "https://[::ffff:127.0.0.1]/",
            "is not sent to [::ffff:7f00:1]",
            "",
        ),
        ("https://169.254.169.254/", "link-local", "link-local"),
        ("https://0/", "link-local", "link-local"),
        (
            "https://ann@reg.example.com/",
            "password of its own",
            "password of its own",
        ),
        ("ftp://reg.example.com/", "is not HTTP", "is not HTTP"),
        ("file:///etc/passwd", "is not HTTP", "is not HTTP"),
    ] {
        for (credential, told) in [(Some(&credential), with_password), (None, without)] {
            match check(realm, credential) {
                Ok(()) => assert_eq!(told, "", "{realm} is asked"),
                Err(error) => {
                    assert!(!told.is_empty() && error.contains(told), "{realm}: {error}");
                }
            }
        }
    }
}
