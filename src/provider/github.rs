//! Identities of GitHub, and what they come to: GHCR's passwords.
//!
//! Source: GitHub's pages on the container registry and on variables of workflows; the manual of
//! `gh`, "environment".

use super::{Minted, Place, Provider, Surroundings};
use crate::auth::credential::Credential;
use crate::auth::identity::Effort;
use crate::transport::BoxError;
use crate::transport::secret::Secret;
use async_trait::async_trait;

/// Any name goes with a token.
const ANYBODY: &str = "token";

/// What this machine is at GitHub: the token of a workflow's job, or one that somebody set.
pub(super) struct GitHub {
    surroundings: Surroundings,
}

impl GitHub {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        Self { surroundings }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let value = self.surroundings.variables.get(name)?.trim();
        Some(value).filter(|value| !value.is_empty())
    }

    /// The server that a job runs for: `github.com`, `acme.ghe.com`, or a company's own.
    fn server(&self) -> &str {
        let url = self.variable("GITHUB_SERVER_URL");
        url.map_or("github.com", |url| {
            let host = url.strip_prefix("https://").unwrap_or(url);
            host.strip_suffix('/').unwrap_or(host)
        })
    }

    /// The token for who makes this much effort. Outside of a workflow such a variable is often
    /// meant for something else (GHCR takes no fine-grained token), so that what everybody may read
    /// is read without it.
    fn token_for(&self, place: &Place, effort: Effort) -> Option<(&'static str, &str)> {
        let is_job = self.variable("GITHUB_ACTIONS") == Some("true");
        let is_meant = is_job || effort > Effort::Evident;
        self.token(place).filter(|_| is_meant)
    }

    /// The token for the registry of `place`, and the variable that holds it. A token of another
    /// server is none: this one must not see it.
    fn token(&self, place: &Place) -> Option<(&'static str, &str)> {
        let gh_server = self.variable("GH_HOST").unwrap_or_else(|| self.server());
        let tokens = [("GITHUB_TOKEN", self.server()), ("GH_TOKEN", gh_server)];
        tokens.into_iter().find_map(|(name, server)| {
            let is_its =
                registry_of(server).is_some_and(|registry| registry == place.host.as_str());
            Some((name, self.variable(name).filter(|_| is_its)?))
        })
    }
}

/// The container registry of one of GitHub's servers. A company's own server has one that is
/// nowhere near.
fn registry_of(server: &str) -> Option<String> {
    if server == "github.com" {
        return Some("ghcr.io".to_owned());
    }
    let name = server.strip_suffix(".ghe.com")?;
    let is_label = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_label.then(|| format!("containers.{server}"))
}

#[async_trait]
impl Provider for GitHub {
    async fn mint(&self, place: &Place, effort: Effort) -> Result<Option<Minted>, BoxError> {
        let Some((name, token)) = self.token_for(place, effort) else {
            return Ok(None);
        };
        let actor = self.variable("GITHUB_ACTOR").unwrap_or(ANYBODY);
        let credential = Credential::password(actor, Secret::new(token));
        Ok(Some(Minted {
            credential: credential
                .map_err(|error| format!("the variable GITHUB_ACTOR: {error}"))?,
            origin: format!("the variable {name}"),
            lifetime: None,
        }))
    }

    async fn evident(&self, place: &Place, effort: Effort) -> Option<String> {
        let (name, _) = self.token_for(place, effort)?;
        Some(format!("the variable {name}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::surroundings;
    use super::*;
    use crate::vendor::Kind;

    async fn found(host: &str, effort: Effort, variables: &[(&str, &str)]) -> Option<String> {
        let github = GitHub::new(surroundings(variables));
        let place = Place {
            host: host.parse().unwrap(),
            kind: Kind::Ghcr,
            aws_profile: None,
        };
        let minted = github.mint(&place, effort).await.unwrap()?;
        let Credential::Password { username, password } = &minted.credential else {
            unreachable!()
        };
        let password = password.expose_str().unwrap();
        Some(format!("{username}:{password} from {}", minted.origin))
    }

    const JOB: (&str, &str) = ("GITHUB_ACTIONS", "true");
    const TOKEN: (&str, &str) = ("GITHUB_TOKEN", "t");
    const GH: (&str, &str) = ("GH_TOKEN", "g");

    #[tokio::test]
    async fn a_token_is_for_the_registry_of_its_own_server_alone() {
        let server = |url| ("GITHUB_SERVER_URL", url);
        let (com, acme) = (server("https://github.com"), server("https://acme.ghe.com"));
        let gh_host = ("GH_HOST", "acme.ghe.com");
        let job = Some("token:t from the variable GITHUB_TOKEN".to_owned());
        let gh = Some("token:g from the variable GH_TOKEN".to_owned());
        for (host, variables, expected) in [
            ("ghcr.io", &[TOKEN][..], &job),
            ("ghcr.io", &[TOKEN, com], &job),
            ("ghcr.io", &[TOKEN, GH], &job),
            ("ghcr.io", &[GH], &gh),
            ("ghcr.io", &[TOKEN, acme], &None),
            ("ghcr.io", &[GH, acme], &None),
            ("ghcr.io", &[GH, gh_host], &None),
            (
                "ghcr.io",
                &[TOKEN, server("https://git.example.com")],
                &None,
            ),
            ("ghcr.io", &[("GITHUB_TOKEN", " \n")], &None),
            ("ghcr.io:8443", &[TOKEN], &None),
            ("containers.acme.ghe.com", &[TOKEN, acme], &job),
            ("containers.acme.ghe.com", &[GH, gh_host], &gh),
            ("containers.acme.ghe.com", &[GH, TOKEN, gh_host], &gh),
            ("containers.acme.ghe.com", &[TOKEN], &None),
            ("containers.other.ghe.com", &[TOKEN, acme], &None),
            (
                "containers.x.acme.ghe.com",
                &[TOKEN, server("https://x.acme.ghe.com")],
                &None,
            ),
            (
                "git.example.com",
                &[TOKEN, server("https://git.example.com")],
                &None,
            ),
            ("registry.example.com", &[TOKEN], &None),
            ("docker.pkg.github.com", &[TOKEN], &None),
        ] {
            let told = found(host, Effort::Thorough, variables).await;
            assert_eq!(told, *expected, "{host} {variables:?}");
        }
    }

    #[tokio::test]
    async fn only_a_job_s_token_is_used_where_nobody_asked_for_one() {
        let actor = ("GITHUB_ACTOR", "dependabot[bot]");
        let job = found("ghcr.io", Effort::Evident, &[JOB, TOKEN, actor]).await;
        let expected = "dependabot[bot]:t from the variable GITHUB_TOKEN";
        assert_eq!(job.as_deref(), Some(expected));
        assert_eq!(found("ghcr.io", Effort::Evident, &[TOKEN]).await, None);
    }
}
