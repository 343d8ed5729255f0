//! Where an upload goes on: the `Location` of a registry's answer.
//!
//! Source: distribution-spec 1.1, "Pushing blobs": absolute or relative, opaque but for the digest.

use super::error::Error;
use crate::oci::Digest;
use crate::oci::reference::Host;
use crate::transport::Response;
use crate::transport::origin::Origin;
use http::header::LOCATION;
use url::Url;

/// No registry needs a longer one.
const LONGEST: usize = 8 * 1024;

/// The upload URL that an answer names. It stays at the registry, whose own URL `home` is, also
/// where the answer came from elsewhere: `http` behind a TLS proxy is taken for `https`, and
/// another host, port or scheme is refused.
pub(super) fn upload_url(response: &Response, home: &Url, host: &Host) -> Result<Url, Error> {
    let refuse = |what: &str| Error::protocol(host, what.to_owned());
    let location = response
        .header(&LOCATION)
        .filter(|location| !location.is_empty())
        .ok_or_else(|| refuse("its upload has no single `Location`"))?;
    resolve(response.url(), home, location).map_err(refuse)
}

/// The URL that `location`, of the answer to a request for `asked`, leads to, or why it is refused:
/// it has to be at the registry, whose own URL `home` is.
pub fn resolve(asked: &Url, home: &Url, location: &str) -> Result<Url, &'static str> {
    if location.len() > LONGEST {
        return Err("the `Location` of its upload is too long");
    }
    let lower = location.to_ascii_lowercase();
    let encoded = ["%00", "%0a", "%0d"].iter().any(|bad| lower.contains(bad));
    if encoded || lower.contains(|c: char| c.is_control()) {
        return Err("the `Location` of its upload holds control characters");
    }
    let mut url = asked
        .join(location)
        .map_err(|_| "the `Location` of its upload is not a URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the `Location` of its upload brings a password of its own");
    }
    url.set_fragment(None);
    let same_host = url.host() == asked.host();
    if asked.scheme() == "https" && url.scheme() == "http" && same_host {
        let port = url.port().or(asked.port());
        let plain_port = url.port_or_known_default() == Some(80);
        let mended = url
            .set_scheme("https")
            .and_then(|()| url.set_port(if plain_port { asked.port() } else { port }));
        mended.map_err(|()| "the `Location` of its upload leaves TLS")?;
    }
    if Origin::of(&url) != Origin::of(home) {
        return Err("the `Location` of its upload leads to another host");
    }
    Ok(url)
}

/// The URL that ends an upload: the last `Location` with the digest appended, and not a byte of
/// its query changed.
pub fn with_digest(upload: &Url, digest: &Digest) -> Url {
    let mut url = upload.clone();
    let digest = format!("digest={}", digest.as_ref().replace(':', "%3A"));
    let others = upload.query().unwrap_or_default().split('&');
    let kept: Vec<&str> = others
        .filter(|p| !p.is_empty() && !p.starts_with("digest="))
        .collect();
    let query = kept
        .into_iter()
        .chain([digest.as_str()])
        .collect::<Vec<_>>()
        .join("&");
    url.set_query(Some(&query));
    url
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn resolved(asked: &str, location: &str) -> Result<String, &'static str> {
        let asked = Url::parse(asked).unwrap();
        resolve(&asked, &asked, location).map(String::from)
    }

    #[test]
    fn locations_that_stay_at_the_registry() {
        let asked = "https://reg.example/v2/a/blobs/uploads/";
        for (location, url) in [
            ("up/1", "https://reg.example/v2/a/blobs/uploads/up/1"),
            ("/u/1?_state=a%2Fb", "https://reg.example/u/1?_state=a%2Fb"),
            ("https://reg.example/u#x", "https://reg.example/u"),
            ("http://reg.example/u", "https://reg.example/u"),
            (
                "?digest=x",
                "https://reg.example/v2/a/blobs/uploads/?digest=x",
            ),
        ] {
            assert_eq!(resolved(asked, location).as_deref(), Ok(url), "{location}");
        }
        let behind = resolved("https://reg.example:8443/v2/", "http://reg.example/u");
        assert_eq!(behind.as_deref(), Ok("https://reg.example:8443/u"));
    }

    #[test]
    fn locations_that_do_not() {
        for location in [
            "//evil/u",
            "\\\\evil/u",
            "https://reg@evil/u",
            "https://reg.example.evil.com/u",
            "https://reg.example:444/u",
            "https://me:pw@reg.example/u",
            "file:///etc/passwd",
            "data:x",
            "javascript:1",
            "/u%00",
            "/u%0d%0aX",
            "/u\0",
            "/\tu",
            &"x".repeat(LONGEST + 1),
        ] {
            assert!(
                resolved("https://reg.example/v2/", location).is_err(),
                "{location:.40}"
            );
        }
    }

    /// What a redirected answer calls its own is not the registry's.
    #[test]
    fn locations_of_an_answer_from_elsewhere() {
        let home = Url::parse("https://reg.example/v2/").unwrap();
        let asked = Url::parse("https://evil.example/v2/").unwrap();
        for location in ["/u", "up/1", "https://evil.example/u"] {
            assert!(resolve(&asked, &home, location).is_err(), "{location}");
        }
        let back = resolve(&asked, &home, "https://reg.example/u").map(String::from);
        assert_eq!(back.as_deref(), Ok("https://reg.example/u"));
    }

    #[test]
    fn the_digest_is_appended_and_the_query_kept() {
        let digest = crate::oci::digest::sha256(b"");
        let hex = digest.digest();
        for (upload, query) in [
            ("https://r/u", format!("digest=sha256%3A{hex}")),
            (
                "https://r/u?_state=a%2Bb+c",
                format!("_state=a%2Bb+c&digest=sha256%3A{hex}"),
            ),
            (
                "https://r/u?digest=old&x=1",
                format!("x=1&digest=sha256%3A{hex}"),
            ),
        ] {
            let url = with_digest(&Url::parse(upload).unwrap(), &digest);
            assert_eq!(url.query(), Some(query.as_str()));
        }
    }
}
