//! From a path to what it names.
//!
//! Source: OCI distribution-spec 1.1, "Endpoints". Repository names contain slashes, so a path is
//! read from its end.

use crate::oci::Digest;
use crate::server::grammar;
use crate::server::problem::{Code, Problem};
use http::StatusCode;
use percent_encoding::percent_decode_str;

/// Where the token service is.
pub(super) const TOKEN_PATH: &str = "/token";

/// What a manifest is asked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Tag(String),
    Digest(Digest),
}

/// What a path names. The first field is the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    Base,
    Token,
    Catalog,
    Tags(String),
    Manifest(String, Target),
    Blob(String, Digest),
    Uploads(String),
    Upload(String, String),
    Referrers(String, Digest),
}

impl Endpoint {
    /// Reads a path as it came, escapes and all. It is decoded once, segment by segment, so that
    /// an escaped slash never becomes a separator.
    pub(super) fn parse(path: &str) -> Result<Self, Problem> {
        match path {
            TOKEN_PATH => return Ok(Self::Token),
            "/v2" | "/v2/" => return Ok(Self::Base),
            "/v2/_catalog" => return Ok(Self::Catalog),
            _ => {}
        }
        let rest = path.strip_prefix("/v2/").ok_or_else(no_page)?;
        let segments: Option<Vec<String>> = rest.split('/').map(decode).collect();
        let segments = segments.ok_or_else(|| bad_name(rest))?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        Self::of(&segments)
    }

    fn of(segments: &[&str]) -> Result<Self, Problem> {
        match segments {
            [name @ .., "tags", "list"] => Ok(Self::Tags(repository(name)?)),
            [name @ .., "manifests", target] => {
                Ok(Self::Manifest(repository(name)?, parse_target(target)?))
            }
            [name @ .., "referrers", of] => Ok(Self::Referrers(repository(name)?, digest(of)?)),
            [name @ .., "blobs", "uploads"] | [name @ .., "blobs", "uploads", ""] => {
                Ok(Self::Uploads(repository(name)?))
            }
            [name @ .., "blobs", "uploads", id] => {
                Ok(Self::Upload(repository(name)?, (*id).to_owned()))
            }
            [name @ .., "blobs", of] => Ok(Self::Blob(repository(name)?, digest(of)?)),
            _ => Err(no_page()),
        }
    }

    /// The methods that the endpoint knows, as an `Allow` header lists them.
    pub(super) fn allow(&self) -> &'static str {
        match self {
            Self::Base | Self::Catalog | Self::Tags(_) | Self::Referrers(..) => "GET, HEAD",
            Self::Token => "GET, POST",
            Self::Manifest(..) => "GET, HEAD, PUT, DELETE",
            Self::Blob(..) => "GET, HEAD, DELETE",
            Self::Uploads(_) => "POST",
            Self::Upload(..) => "GET, PATCH, PUT, DELETE",
        }
    }
}

fn decode(segment: &str) -> Option<String> {
    let text = percent_decode_str(segment).decode_utf8().ok()?;
    Some(text.into_owned())
}

fn repository(segments: &[&str]) -> Result<String, Problem> {
    let name = segments.join("/");
    // An escaped slash makes a segment that is no component, whatever the joined name looks like.
    let whole = segments.iter().all(|segment| !segment.contains('/'));
    if whole && grammar::is_repository(&name) {
        Ok(name)
    } else {
        Err(bad_name(&name))
    }
}

fn digest(text: &str) -> Result<Digest, Problem> {
    let refused = || {
        Problem::new(
            Code::DigestInvalid,
            "the digest is not one that can be verified",
        )
    };
    grammar::digest(text).ok_or_else(refused)
}

fn parse_target(text: &str) -> Result<Target, Problem> {
    if text.contains(':') {
        digest(text).map(Target::Digest)
    } else if grammar::is_tag(text) {
        Ok(Target::Tag(text.to_owned()))
    } else {
        Err(Problem::new(Code::TagInvalid, "the tag is not valid"))
    }
}

fn bad_name(name: &str) -> Problem {
    Problem::new(Code::NameInvalid, "the repository's name is not valid")
        .detail(serde_json::json!({"name": name}))
}

fn no_page() -> Problem {
    Problem::new(Code::Unknown, "page not found").status(StatusCode::NOT_FOUND)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sha256() -> String {
        format!("sha256:{}", "ab".repeat(32))
    }

    #[test]
    fn paths_are_read_from_their_end() {
        let digest = sha256();
        let parsed = Digest::try_from(digest.as_str()).unwrap();
        let tag = |name: &str, tag: &str| Endpoint::Manifest(name.into(), Target::Tag(tag.into()));
        let cases = [
            ("/v2".to_owned(), Endpoint::Base),
            ("/v2/".to_owned(), Endpoint::Base),
            ("/token".to_owned(), Endpoint::Token),
            ("/v2/_catalog".to_owned(), Endpoint::Catalog),
            ("/v2/a/tags/list".to_owned(), Endpoint::Tags("a".into())),
            (
                "/v2/a/manifests/tags/list".to_owned(),
                Endpoint::Tags("a/manifests".into()),
            ),
            ("/v2/a/b/manifests/v1".to_owned(), tag("a/b", "v1")),
            (
                "/v2/blobs/uploads/manifests/v1".to_owned(),
                tag("blobs/uploads", "v1"),
            ),
            (
                "/v2/a/tags/manifests/list".to_owned(),
                tag("a/tags", "list"),
            ),
            (
                format!("/v2/a/manifests/{digest}"),
                Endpoint::Manifest("a".into(), Target::Digest(parsed.clone())),
            ),
            (
                format!("/v2/a/blobs/{}", digest.replace(':', "%3A")),
                Endpoint::Blob("a".into(), parsed.clone()),
            ),
            (
                format!("/v2/blobs/sha256/blobs/{digest}"),
                Endpoint::Blob("blobs/sha256".into(), parsed.clone()),
            ),
            (
                "/v2/a/blobs/uploads/".to_owned(),
                Endpoint::Uploads("a".into()),
            ),
            (
                "/v2/a/blobs/uploads".to_owned(),
                Endpoint::Uploads("a".into()),
            ),
            (
                "/v2/a/blobs/uploads/12".to_owned(),
                Endpoint::Upload("a".into(), "12".into()),
            ),
            (
                format!("/v2/a/referrers/{digest}"),
                Endpoint::Referrers("a".into(), parsed),
            ),
        ];
        for (path, endpoint) in cases {
            assert_eq!(Endpoint::parse(&path).ok(), Some(endpoint), "{path}");
        }
    }

    /// SRV-03: nothing that could climb out of a repository is a repository.
    #[test]
    fn traversal_is_refused_everywhere() {
        let names = [
            "..",
            ".",
            "a/..",
            "../a",
            "a/../b",
            "%2e%2e",
            "a/%2e%2e/b",
            "%2e",
            "a%2fb",
            "a%2Fb",
            "..%2f..%2fetc",
            "%252e%252e",
            "a//b",
            "",
            "/a",
            "a/",
            "a\\b",
            "a%5cb",
            "%5c..%5c..",
            "a%00",
            "%00",
            "a%00b",
            "A",
            "a/B",
            "%c0%ae%c0%ae",
            "%ff",
            "a;b",
            "~",
            "a%20b",
            "a%0d%0ab",
        ];
        let digest = sha256();
        for name in names {
            for suffix in [
                "tags/list",
                "manifests/v1",
                "blobs/uploads/",
                &format!("blobs/{digest}"),
            ] {
                let path = format!("/v2/{name}/{suffix}");
                let status = Endpoint::parse(&path).unwrap_err().into_response().status();
                assert!(matches!(status.as_u16(), 400 | 404), "{path}: {status}");
            }
        }
        for reference in [
            "..",
            "%2e%2e",
            "a%2fb",
            "sha256:..%2fx",
            "sha256:ab",
            "",
            ".a",
            "md5:00",
        ] {
            let path = format!("/v2/a/manifests/{reference}");
            let status = Endpoint::parse(&path).unwrap_err().into_response().status();
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        }
    }

    #[test]
    fn other_paths_are_not_found() {
        for path in [
            "",
            "/",
            "/v1/",
            "/v2x",
            "/v2/a",
            "/v2/a/b/c",
            "//v2/",
            "/v2/_catalog/x",
        ] {
            let status = Endpoint::parse(path).unwrap_err().into_response().status();
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
