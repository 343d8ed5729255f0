//! What a registry is by how it answers `/v2/`, where its name does not say it.
//!
//! Each sign is one that its vendor gives and others do not; none is a guess. What only looks like
//! CNCF distribution may be anything that is built on it, and is not called that.

use super::Kind;
use super::acr::AcrHost;
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use url::Url;

/// A version that is longer is none, in characters.
const LONGEST: usize = 64;

/// What `/v2/` answers, as far as it can tell something.
#[derive(Debug, Clone, Copy)]
pub struct Signs<'a> {
    /// The answer's headers.
    pub headers: &'a HeaderMap,
    /// What its challenge says, where there is one.
    pub realm: Option<&'a str>,
    /// The name that its token service knows it by.
    pub service: Option<&'a str>,
}

/// What a registry was recognised as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// What it is. `None`: CNCF distribution, or something that is built on it.
    pub kind: Option<Kind>,
    /// The sign: ``the header `X-Jfrog-Version` ``.
    pub sign: String,
}

/// Something that tells a kind.
#[derive(Debug, Clone, Copy)]
enum Sign {
    /// A header that is there.
    Header(&'static str),
    /// A header whose value begins so.
    Begins(&'static str, &'static str),
    /// The name of the service in the challenge.
    Service(&'static str),
    /// The challenge's realm, word for word.
    Realm(&'static str),
    /// A realm that is a URL, and the end of its path.
    Path(&'static str),
    /// A realm that is a URL, and a part of its path.
    Within(&'static str),
    /// A realm that is a URL at one of Azure's registries, whatever this one calls itself.
    Azure,
}

/// The most telling come first: what only the vendor's own program sends, before what its
/// challenge says, which a program in front may have written.
const TABLE: [(Sign, Kind); 19] = [
    // GitLab's container-registry, `docs/spec/gitlab/api.md`, "Custom Headers on GET /v2/".
    (
        Sign::Header("gitlab-container-registry-version"),
        Kind::GitLab,
    ),
    // renovate, `lib/modules/datasource/util.ts`: how it tells Artifactory.
    (
        Sign::Begins("x-jfrog-version", "Artifactory/"),
        Kind::Artifactory,
    ),
    // Answers in earthly issue 1017 (7.9) and jfrog/charts issue 455 (6.11).
    (Sign::Begins("server", "Artifactory/"), Kind::Artifactory),
    (Sign::Header("x-artifactory-id"), Kind::Artifactory),
    (Sign::Header("x-artifactory-node-id"), Kind::Artifactory),
    // nexus-public, `ServletHelper`: the product's name and version.
    (Sign::Begins("server", "Nexus/"), Kind::Nexus),
    // go-containerregistry, `pkg/v1/google`: what serves gcr.io's names now.
    (Sign::Header("x-gcr-using-artifact-registry"), Kind::Google),
    // docker/docs, registry API, "auth.md".
    (Sign::Service("registry.docker.io"), Kind::DockerHub),
    // ECR's challenge: `Basic realm="https://…/",service="ecr.amazonaws.com"`.
    (Sign::Service("ecr.amazonaws.com"), Kind::Ecr),
    (Sign::Service("public.ecr.aws"), Kind::EcrPublic),
    // GHCR's challenge: `realm="https://ghcr.io/token",service="ghcr.io"`.
    (Sign::Service("ghcr.io"), Kind::Ghcr),
    // Harbor, `src/core/service/token`: the registry's name there.
    (Sign::Service("harbor-registry"), Kind::Harbor),
    // Azure/acr, `docs/AAD-OAuth.md`: also behind a domain of one's own.
    (Sign::Azure, Kind::Acr),
    // GitLab, `doc/administration/packages/container_registry.md`.
    (Sign::Path("/jwt/auth"), Kind::GitLab),
    // quay, `endpoints/v2/v2auth.py`.
    (Sign::Path("/v2/auth"), Kind::Quay),
    // Artifactory's challenge: `https://HOST/artifactory/api/docker/REPOSITORY/v2/token`.
    (Sign::Within("/api/docker/"), Kind::Artifactory),
    (Sign::Realm("Artifactory Realm"), Kind::Artifactory),
    // nexus-public issue 921.
    (
        Sign::Realm("Sonatype Nexus Repository Manager"),
        Kind::Nexus,
    ),
    // goharbor/harbor, `src/server/middleware/v2auth`: where a login by password is wanted.
    (Sign::Realm("harbor"), Kind::Harbor),
];

/// What a registry is that answers so. `None`: nothing tells.
pub fn recognise(signs: &Signs<'_>) -> Option<Recognised> {
    let known = TABLE.iter().find(|(sign, _)| sign.is_given(signs));
    let known = known.map(|(sign, kind)| Recognised {
        kind: Some(*kind),
        sign: sign.words(),
    });
    known.or_else(|| resembling(signs))
}

/// What says nothing but that the API is distribution's.
fn resembling(signs: &Signs<'_>) -> Option<Recognised> {
    const API: &str = "docker-distribution-api-version";
    Sign::Begins(API, "registry/2")
        .is_given(signs)
        .then(|| Recognised {
            kind: None,
            sign: Sign::Header(API).words(),
        })
}

/// The version that a registry of this kind tells in its headers.
pub fn version(kind: Kind, headers: &HeaderMap) -> Option<String> {
    let places: &[(&str, &str)] = match kind {
        Kind::GitLab => &[("gitlab-container-registry-version", "")],
        Kind::Artifactory => &[
            ("x-jfrog-version", "Artifactory/"),
            ("server", "Artifactory/"),
        ],
        Kind::Nexus => &[("server", "Nexus/")],
        _ => &[],
    };
    places.iter().find_map(|(name, before)| {
        let told = text(headers, name)?.strip_prefix(before)?;
        let version = told.split_ascii_whitespace().next()?;
        (version.len() <= LONGEST).then(|| version.to_owned())
    })
}

/// Whether this is zot's list of its extensions, by which alone it can be told.
///
/// Source: zot, `pkg/extensions`; distribution-spec, "Extensions": `/v2/_oci/ext/discover`.
pub fn lists_extensions_of_zot(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct List {
        extensions: Vec<Extension>,
    }
    #[derive(Deserialize)]
    struct Extension {
        name: String,
    }
    let list = serde_json::from_slice(body);
    list.is_ok_and(|list: List| list.extensions.iter().any(|own| own.name == "_zot"))
}

impl Sign {
    fn is_given(self, signs: &Signs<'_>) -> bool {
        let url = || Url::parse(signs.realm?).ok();
        match self {
            Self::Header(name) => signs.headers.contains_key(name),
            Self::Begins(name, before) => {
                text(signs.headers, name).is_some_and(|value| value.starts_with(before))
            }
            Self::Service(name) => signs.service == Some(name),
            Self::Realm(name) => signs.realm == Some(name),
            Self::Path(end) => url().is_some_and(|url| url.path().ends_with(end)),
            Self::Within(part) => url().is_some_and(|url| url.path().contains(part)),
            Self::Azure => url()
                .filter(|url| url.path() == "/oauth2/token")
                .and_then(|url| url.host_str()?.parse().ok())
                .is_some_and(|host| AcrHost::of(&host).is_some()),
        }
    }

    fn words(self) -> String {
        match self {
            Self::Header(name) => format!("the header `{name}`"),
            Self::Begins(name, before) => {
                let before = before.trim_end_matches('/');
                format!("the header `{name}`, which names {before}")
            }
            Self::Service(name) => format!("the service `{name}` that its challenge names"),
            Self::Realm(name) => format!("the realm `{name}` that its challenge names"),
            Self::Path(_) | Self::Within(_) | Self::Azure => {
                "the address of its token service".to_owned()
            }
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(HeaderValue::to_str)?.ok()
}

#[cfg(test)]
#[allow(clippy::option_option, clippy::unwrap_used)]
mod tests {
    use super::*;
    use http::HeaderName;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            let name: HeaderName = name.parse().unwrap();
            (name, value.parse().unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    fn kind(pairs: &[(&str, &str)], realm: &str, service: &str) -> Option<Option<Kind>> {
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let signs = Signs {
            headers: &headers(pairs),
            realm: some(realm),
            service: some(service),
        };
        recognise(&signs).map(|recognised| recognised.kind)
    }

    const API: (&str, &str) = ("docker-distribution-api-version", "registry/2.0");

    #[test]
    fn headers_that_one_program_alone_sends_tell_it() {
        for (name, value, told) in [
            (
                "Gitlab-Container-Registry-Version",
                "4.15.2-gitlab",
                Kind::GitLab,
            ),
            (
                "X-Jfrog-Version",
                "Artifactory/7.98.9 79809900",
                Kind::Artifactory,
            ),
            ("X-Artifactory-Id", "x", Kind::Artifactory),
            ("X-Artifactory-Node-Id", "x", Kind::Artifactory),
            ("Server", "Artifactory/7.9.1 70901900", Kind::Artifactory),
            ("Server", "Nexus/3.71.0-06 (PRO)", Kind::Nexus),
            ("X-Gcr-Using-Artifact-Registry", "true", Kind::Google),
        ] {
            assert_eq!(kind(&[API, (name, value)], "", ""), Some(Some(told)));
        }
    }

    #[test]
    fn a_challenge_tells_it() {
        for (realm, service, told) in [
            (
                "https://auth.docker.io/token",
                "registry.docker.io",
                Kind::DockerHub,
            ),
            ("https://x/", "ecr.amazonaws.com", Kind::Ecr),
            (
                "https://public.ecr.aws/token/",
                "public.ecr.aws",
                Kind::EcrPublic,
            ),
            ("https://ghcr.io/token", "ghcr.io", Kind::Ghcr),
            (
                "https://h.io/service/token",
                "harbor-registry",
                Kind::Harbor,
            ),
            (
                "https://myregistry.azurecr.io/oauth2/token",
                "own.io",
                Kind::Acr,
            ),
            (
                "https://git.io/jwt/auth",
                "container_registry",
                Kind::GitLab,
            ),
            ("https://q.io/v2/auth", "q.io", Kind::Quay),
            (
                "https://a.io/artifactory/api/docker/r/v2/token",
                "a.io",
                Kind::Artifactory,
            ),
            ("Artifactory Realm", "", Kind::Artifactory),
            ("Sonatype Nexus Repository Manager", "", Kind::Nexus),
        ] {
            assert_eq!(kind(&[API], realm, service), Some(Some(told)), "{realm}");
        }
    }

    #[test]
    fn what_only_looks_like_distribution_is_not_called_that() {
        assert_eq!(kind(&[API], "", ""), Some(None));
        assert_eq!(
            kind(&[API], "https://a.io/token", "registry.a.io"),
            Some(None)
        );
    }

    /// Nexus' and Google's token services have the same path, and so may anybody's.
    #[test]
    fn what_many_have_tells_nothing() {
        for (realm, service) in [
            ("", ""),
            ("https://a.io/v2/token", ""),
            ("https://a.io/oauth2/token", "a.io"),
            ("https://azurecr.io.evil.io/oauth2/token", "a.io"),
            ("https://a.io/?/v2/auth", "a.io"),
            ("Authorization Required", ""),
            ("https://a.io/token", "evil-harbor-registry"),
        ] {
            assert_eq!(kind(&[("server", "nginx")], realm, service), None);
        }
        let other = ("x-jfrog-version", "Xray/3.1");
        assert_eq!(kind(&[other], "", ""), None);
    }

    #[test]
    fn the_most_telling_sign_decides() {
        let ours = ("gitlab-container-registry-version", "4.1.0-gitlab");
        let front = ("server", "Nexus/3.71.0-06 (PRO)");
        let realm = "https://h.io/service/token";
        assert_eq!(
            kind(&[front, ours], realm, "harbor-registry"),
            Some(Some(Kind::GitLab))
        );
        assert_eq!(
            kind(&[front], realm, "harbor-registry"),
            Some(Some(Kind::Nexus))
        );
    }

    #[test]
    fn a_version_is_that_of_the_kind_alone() {
        let sent = headers(&[
            ("server", "Nexus/3.71.0-06 (PRO)"),
            ("x-jfrog-version", "Artifactory/7.98.9 79809900"),
            ("gitlab-container-registry-version", "4.15.2-gitlab"),
        ]);
        for (kind, told) in [
            (Kind::Nexus, Some("3.71.0-06")),
            (Kind::Artifactory, Some("7.98.9")),
            (Kind::GitLab, Some("4.15.2-gitlab")),
            (Kind::Harbor, None),
        ] {
            assert_eq!(version(kind, &sent).as_deref(), told, "{kind}");
        }
        let long = headers(&[("server", &format!("Nexus/{}", "3".repeat(65)))]);
        assert_eq!(version(Kind::Nexus, &long), None);
    }

    #[test]
    fn zot_lists_its_own_extensions() {
        for (body, is_zot) in [
            (
                r#"{"extensions":[{"name":"_zot","url":"x","endpoints":[]}]}"#,
                true,
            ),
            (r#"{"extensions":[{"name":"_other"}]}"#, false),
            (r#"{"extensions":[]}"#, false),
            (r#"{"name":"_zot"}"#, false),
            ("_zot", false),
        ] {
            assert_eq!(lists_extensions_of_zot(body.as_bytes()), is_zot, "{body}");
        }
    }
}
