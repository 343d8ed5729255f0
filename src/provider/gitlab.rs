//! Identities of GitLab, and what they come to: passwords of its registry and of its dependency
//! proxy.
//!
//! Source: GitLab's pages on predefined variables of pipelines, the container registry and the
//! dependency proxy.

use super::{Minted, Place, Provider, Surroundings};
use crate::auth::credential::Credential;
use crate::auth::identity::Effort;
use crate::oci::reference::Host;
use crate::transport::BoxError;
use crate::transport::secret::Secret;
use async_trait::async_trait;

/// The user that a job's token goes with.
const JOB_USER: &str = "gitlab-ci-token";

/// Variables that name a host, and those with the user and the password there.
const PLACES: [(&str, &str, &str); 2] = [
    ("CI_REGISTRY", "CI_REGISTRY_USER", "CI_REGISTRY_PASSWORD"),
    (
        "CI_DEPENDENCY_PROXY_SERVER",
        "CI_DEPENDENCY_PROXY_USER",
        "CI_DEPENDENCY_PROXY_PASSWORD",
    ),
];

/// What this machine is at GitLab: the job of a pipeline.
pub(super) struct GitLab {
    surroundings: Surroundings,
}

/// A user and a password, and the variable that the password is in.
struct Login<'a> {
    username: &'a str,
    password: &'a str,
    variable: &'static str,
}

impl GitLab {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        Self { surroundings }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let value = self.surroundings.variables.get(name)?.trim();
        Some(value).filter(|value| !value.is_empty())
    }

    /// Whether the variable names this very host.
    fn names(&self, variable: &str, host: &Host) -> bool {
        let named = self.variable(variable).map(str::parse::<Host>);
        matches!(named, Some(Ok(named)) if named.without_default_port() == *host)
    }

    fn login(&self, host: &Host) -> Option<Login<'_>> {
        let mut named = PLACES.iter().filter(|(name, _, _)| self.names(name, host));
        named.find_map(|(_, user, password)| {
            let given = self.variable(user).zip(self.variable(password));
            let given = given.map(|(username, secret)| Login {
                username,
                password: secret,
                variable: password,
            });
            given.or_else(|| {
                Some(Login {
                    username: JOB_USER,
                    password: self.variable("CI_JOB_TOKEN")?,
                    variable: "CI_JOB_TOKEN",
                })
            })
        })
    }
}

#[async_trait]
impl Provider for GitLab {
    async fn mint(&self, place: &Place, _: Effort) -> Result<Option<Minted>, BoxError> {
        let Some(login) = self.login(&place.host) else {
            return Ok(None);
        };
        let credential = Credential::password(login.username, Secret::new(login.password));
        let origin = format!("the variable {}", login.variable);
        Ok(Some(Minted {
            credential: credential.map_err(|error| format!("{origin}: {error}"))?,
            origin,
            lifetime: None,
        }))
    }

    async fn evident(&self, place: &Place, _: Effort) -> Option<String> {
        let login = self.login(&place.host)?;
        Some(format!("the variable {}", login.variable))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::surroundings;
    use super::*;
    use crate::vendor::Kind;

    async fn found(host: &str, variables: &[(&str, &str)]) -> Option<String> {
        let gitlab = GitLab::new(surroundings(variables));
        let host: Host = host.parse().unwrap();
        let place = Place {
            host: host.without_default_port(),
            kind: Kind::GitLab,
            aws_profile: None,
        };
        let minted = gitlab.mint(&place, Effort::Evident).await.unwrap()?;
        let Credential::Password { username, password } = &minted.credential else {
            unreachable!()
        };
        let password = password.expose_str().unwrap();
        Some(format!("{username}:{password} from {}", minted.origin))
    }

    const JOB: [(&str, &str); 8] = [
        ("CI_REGISTRY", "registry.gitlab.com"),
        ("CI_REGISTRY_USER", "gitlab-ci-token"),
        ("CI_REGISTRY_PASSWORD", "r"),
        ("CI_DEPENDENCY_PROXY_SERVER", "gitlab.com:443"),
        ("CI_DEPENDENCY_PROXY_USER", "proxy"),
        ("CI_DEPENDENCY_PROXY_PASSWORD", "p"),
        ("CI_JOB_TOKEN", "j"),
        ("CI_SERVER_HOST", "other.example.com"),
    ];

    fn but(
        without: &[&str],
        with: &[(&'static str, &'static str)],
    ) -> Vec<(&'static str, &'static str)> {
        let kept = JOB.into_iter().filter(|(name, _)| !without.contains(name));
        kept.chain(with.iter().copied()).collect()
    }

    #[tokio::test]
    async fn a_job_s_password_is_for_the_hosts_that_its_variables_name_alone() {
        let registry = Some("gitlab-ci-token:r from the variable CI_REGISTRY_PASSWORD");
        let proxy = Some("proxy:p from the variable CI_DEPENDENCY_PROXY_PASSWORD");
        let token = Some("gitlab-ci-token:j from the variable CI_JOB_TOKEN");
        let own = but(&["CI_REGISTRY"], &[("CI_REGISTRY", "git.example.com:5050")]);
        for (host, variables, expected) in [
            ("registry.gitlab.com", JOB.to_vec(), registry),
            ("registry.gitlab.com:443", JOB.to_vec(), registry),
            ("gitlab.com", JOB.to_vec(), proxy),
            ("registry.gitlab.com:5050", JOB.to_vec(), None),
            ("registry.gitlab.com.evil.io", JOB.to_vec(), None),
            ("other.example.com", JOB.to_vec(), None),
            ("docker.io", JOB.to_vec(), None),
            ("git.example.com:5050", own.clone(), registry),
            ("git.example.com", own.clone(), None),
            ("registry.gitlab.com", own, None),
            (
                "registry.gitlab.com",
                but(&["CI_REGISTRY_PASSWORD"], &[]),
                token,
            ),
            ("gitlab.com", but(&["CI_DEPENDENCY_PROXY_USER"], &[]), token),
            ("registry.gitlab.com", but(&["CI_REGISTRY"], &[]), None),
            (
                "registry.gitlab.com",
                but(&["CI_REGISTRY_PASSWORD", "CI_JOB_TOKEN"], &[]),
                None,
            ),
        ] {
            let told = found(host, &variables).await;
            assert_eq!(told.as_deref(), expected, "{host} {variables:?}");
        }
    }
}
