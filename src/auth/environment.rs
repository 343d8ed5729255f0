//! Credentials from the environment, which is handed in.
//!
//! `CROSSDOCK_AUTH_<N>_HOST` with `_USERNAME`, `_PASSWORD`, `_TOKEN`; `CROSSDOCK_REGISTRY` with
//! `CROSSDOCK_USERNAME`, `_PASSWORD`, `_TOKEN`; and docker's `DOCKER_AUTH_CONFIG`.
//! A variable that is set to nothing counts as not set.

use crate::auth::chain::Fixed;
use crate::auth::credential::Credential;
use crate::auth::docker_source::DockerSource;
use crate::auth::helper::Helper;
use crate::auth::key::Key;
use crate::auth::notes::Notes;
pub use crate::auth::variable_group::{EnvironmentError, Variables};
use crate::auth::variable_group::{Group, PREFIX, SUFFIXES, value};
use crate::transport::secret::Secret;
use std::collections::HashMap;
use std::sync::Arc;

/// The variable that holds the text of a docker `config.json`.
pub(super) const DOCKER_AUTH_CONFIG: &str = "DOCKER_AUTH_CONFIG";

/// A credential that variables hold.
pub(super) struct Held {
    /// The variable that names the registry.
    pub(super) variable: String,
    pub(super) key: Key,
    pub(super) credential: Credential,
}

/// The credentials of crossdock's own variables.
pub fn own(variables: &Variables) -> Result<Fixed, EnvironmentError> {
    let fixed = Fixed::new("the environment");
    Ok(held(variables)?.into_iter().fold(fixed, |fixed, held| {
        let origin = format!("{} ({})", held.variable, held.key);
        fixed.with(held.key, held.credential, origin)
    }))
}

/// The variable that a credential comes from that was found at `origin`, `None` where it was
/// elsewhere.
pub fn variable(origin: &str) -> Option<&str> {
    let name = origin.split([' ', '`']).find(|word| !word.is_empty())?;
    (name == DOCKER_AUTH_CONFIG || name.starts_with("CROSSDOCK_")).then_some(name)
}

pub(super) fn held(variables: &Variables) -> Result<Vec<Held>, EnvironmentError> {
    let mut all = Vec::new();
    let mut seen: HashMap<Key, String> = HashMap::new();
    let numbered = numbers(variables);
    for number in &numbered {
        let group = Group::numbered(number);
        if group.lacks_secret(variables) {
            return Err(EnvironmentError::NoSecret(group.host));
        }
    }
    let groups = numbered.iter().map(|number| Group::numbered(number));
    for group in groups.chain([Group::single()]) {
        let Some((key, credential)) = group.read(variables)? else {
            continue;
        };
        if let Some(other) = seen.insert(key.clone(), group.host.clone()) {
            return Err(EnvironmentError::TwiceTheSame(other, group.host));
        }
        all.push(Held {
            variable: group.host,
            key,
            credential,
        });
    }
    Ok(all)
}

/// The content of `DOCKER_AUTH_CONFIG`, which has the form of docker's `config.json`.
pub fn docker(
    variables: &Variables,
    helper: Arc<dyn Helper>,
    notes: Notes,
) -> Option<DockerSource> {
    let content = Secret::new(value(variables, DOCKER_AUTH_CONFIG)?);
    let name = format!("`{DOCKER_AUTH_CONFIG}`");
    Some(DockerSource::text(name, content, helper, notes))
}

/// What stands for `<N>`, each once.
fn numbers(variables: &Variables) -> Vec<&str> {
    let names = variables
        .keys()
        .filter_map(|name| name.strip_prefix(PREFIX));
    let number = |name| {
        SUFFIXES
            .iter()
            .find_map(|suffix| str::strip_suffix(name, suffix))
    };
    let mut numbers: Vec<&str> = names.filter_map(number).filter(|n| !n.is_empty()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::auth::credential::{CredentialSource, Found, Subject};
    use crate::auth::helper::{Known, Programs};
    use crate::oci::reference::Repository;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn repository(host: &str, name: &str) -> Subject {
        Subject::Repository(Repository {
            host: host.parse().unwrap(),
            name: name.parse().unwrap(),
        })
    }

    #[tokio::test]
    async fn numbered_and_single_variables_are_read() {
        let source = own(&variables(&[
            ("CROSSDOCK_AUTH_1_HOST", "reg.io"),
            ("CROSSDOCK_AUTH_1_USERNAME", "u"),
            ("CROSSDOCK_AUTH_1_PASSWORD", "one"),
            ("CROSSDOCK_AUTH_2_HOST", "https://reg.io/team/"),
            ("CROSSDOCK_AUTH_2_USERNAME", "u"),
            ("CROSSDOCK_AUTH_2_TOKEN", "two"),
            ("CROSSDOCK_AUTH_PROD_HOST", "docker.io"),
            ("CROSSDOCK_AUTH_PROD_TOKEN", "prod"),
            ("CROSSDOCK_REGISTRY", "last.io:5000"),
            ("CROSSDOCK_TOKEN", "single"),
            ("CROSSDOCK_PASSWORD", ""),
        ]))
        .unwrap();
        let password = |text: &str| Credential::Password {
            username: "u".to_owned(),
            password: Secret::new(text),
        };
        let registry = |text: &str| Credential::Registry(Secret::new(text));
        for (host, name, credential, origin) in [
            (
                "reg.io",
                "app",
                password("one"),
                "CROSSDOCK_AUTH_1_HOST (reg.io)",
            ),
            (
                "reg.io",
                "team/app",
                password("two"),
                "CROSSDOCK_AUTH_2_HOST (reg.io/team)",
            ),
            (
                "docker.io",
                "a/b",
                registry("prod"),
                "CROSSDOCK_AUTH_PROD_HOST (docker.io)",
            ),
            (
                "last.io:5000",
                "app",
                registry("single"),
                "CROSSDOCK_REGISTRY (last.io:5000)",
            ),
        ] {
            let found = source.credential(&repository(host, name)).await.unwrap();
            assert_eq!(
                found.unwrap(),
                Found {
                    credential,
                    origin: origin.to_owned(),
                }
            );
        }
        assert_eq!(
            source
                .credential(&repository("last.io", "app"))
                .await
                .unwrap(),
            None
        );
    }

    #[test]
    fn what_cannot_be_meant_is_an_error_that_shows_no_secret() {
        for (pairs, message) in [
            (
                &[
                    ("CROSSDOCK_PASSWORD", "s3cret"),
                    ("CROSSDOCK_USERNAME", "u"),
                ][..],
                "`CROSSDOCK_USERNAME` is set without `CROSSDOCK_REGISTRY`",
            ),
            (
                &[("CROSSDOCK_TOKEN", "s3cret"), ("CROSSDOCK_REGISTRY", "")],
                "`CROSSDOCK_TOKEN` is set without `CROSSDOCK_REGISTRY`",
            ),
            (
                &[("CROSSDOCK_AUTH_1_TOKEN", "s3cret")],
                "`CROSSDOCK_AUTH_1_TOKEN` is set without `CROSSDOCK_AUTH_1_HOST`",
            ),
            (
                &[("CROSSDOCK_AUTH_1_HOST", "reg.io")],
                "`CROSSDOCK_AUTH_1_HOST` is set without a user name and password, or a token",
            ),
            (
                &[
                    ("CROSSDOCK_REGISTRY", "u:s3cret@reg.io"),
                    ("CROSSDOCK_TOKEN", "s3cret"),
                ],
                "`CROSSDOCK_REGISTRY` is not a registry, nor a path on one",
            ),
            (
                &[
                    ("CROSSDOCK_REGISTRY", "reg.io"),
                    ("CROSSDOCK_USERNAME", "u"),
                ],
                "`CROSSDOCK_USERNAME` is set without a password or token",
            ),
            (
                &[
                    ("CROSSDOCK_REGISTRY", "reg.io"),
                    ("CROSSDOCK_PASSWORD", "s3cret"),
                ],
                "`CROSSDOCK_PASSWORD` is set without a user name",
            ),
            (
                &[
                    ("CROSSDOCK_REGISTRY", "reg.io"),
                    ("CROSSDOCK_PASSWORD", "s3cret"),
                    ("CROSSDOCK_TOKEN", "s3cret"),
                ],
                "`CROSSDOCK_PASSWORD` and `CROSSDOCK_TOKEN` are both set",
            ),
            (
                &[
                    ("CROSSDOCK_AUTH_1_HOST", "reg.io"),
                    ("CROSSDOCK_AUTH_1_TOKEN", "s3cret"),
                    ("CROSSDOCK_AUTH_2_HOST", "https://REG.io:443/v2/"),
                    ("CROSSDOCK_AUTH_2_TOKEN", "s3cret"),
                ],
                "`CROSSDOCK_AUTH_1_HOST` and `CROSSDOCK_AUTH_2_HOST` name the same registry",
            ),
            (
                &[
                    ("CROSSDOCK_REGISTRY", "reg.io"),
                    ("CROSSDOCK_TOKEN", "s3cret\n"),
                ],
                "`CROSSDOCK_TOKEN`",
            ),
        ] {
            let error = own(&variables(pairs)).err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), Some(message));
        }
    }

    #[test]
    fn variables_that_are_empty_or_foreign_say_nothing() {
        for pairs in [
            &[][..],
            &[("CROSSDOCK_REGISTRY", "reg.io")],
            &[("CROSSDOCK_REGISTRY", "not a host")],
            &[("CROSSDOCK_PASSWORD", ""), ("CROSSDOCK_TOKEN", "")],
            &[
                ("CROSSDOCK_AUTH_1_HOST", "reg.io"),
                ("CROSSDOCK_AUTH_1_TOKEN", ""),
            ],
            &[("CROSSDOCK_AUTH_1_HOST", ""), ("CROSSDOCK_AUTH_", "x")],
            &[("DOCKER_AUTH_CONFIG", "{}"), ("REGISTRY_AUTH", "x")],
        ] {
            assert!(own(&variables(pairs)).unwrap().is_empty(), "{pairs:?}");
        }
    }

    #[tokio::test]
    async fn docker_auth_config_is_read_like_a_file() {
        let read = |content| {
            docker(
                &variables(&[(DOCKER_AUTH_CONFIG, content)]),
                Arc::new(Known::new(Programs::new(&[], Vec::new(), Notes::silent()))),
                Notes::silent(),
            )
        };
        let subject = repository("reg.io", "team/app");
        let source = read(r#"{"auths":{"reg.io/team":{"auth":"dTpw"}}}"#).unwrap();
        let found = source.credential(&subject).await.unwrap().unwrap();
        assert_eq!(found.origin, "`DOCKER_AUTH_CONFIG` (reg.io/team)");
        let error = read("s3cret")
            .unwrap()
            .credential(&subject)
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`DOCKER_AUTH_CONFIG`: expected value at line 1 column 1"
        );
        assert!(read("").is_none());
    }
}
