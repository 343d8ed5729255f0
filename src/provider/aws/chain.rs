//! From an identity to credentials, by AWS's own crate. It sees our variables and sends our way.

use super::endpoint::Service;
use super::http::{Heard, Way};
use super::process;
use super::source::{
    CONTAINER, KEYS, Source, WEB_IDENTITY, chain, credential_process, credential_source,
    is_signed_in, may_ask_instance,
};
use crate::auth::identity::Failure;
use crate::provider::{Silence, Surroundings};
use aws_config::profile::{Profile, ProfileSet};
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::service_config::ServiceConfigKey;
use std::collections::{BTreeMap, HashMap};
use std::error::Error as StdError;
use std::time::Duration;

/// An instance's metadata are next to it, or not at all.
const INSTANCE: Duration = Duration::from_secs(1);

/// A machine's variables and profiles.
pub(super) struct Chain<'a> {
    surroundings: &'a Surroundings,
    pub(super) profiles: ProfileSet,
    /// Whether the instance's metadata were waited for in vain.
    pub(super) silence: Silence,
}

/// Credentials, and whose they are, for people to read.
pub(super) struct Known {
    pub(super) credentials: Credentials,
    pub(super) origin: String,
}

impl<'a> Chain<'a> {
    /// Reads the profiles. `chosen` is the one that is meant, where one is.
    pub(super) async fn read(
        surroundings: &'a Surroundings,
        chosen: Option<&str>,
    ) -> Result<Self, Failure> {
        let (env, disk) = (env(surroundings, &[], true), Fs::real());
        let chosen = chosen.map(|name| name.to_owned().into());
        // Its type has no name here that is not deprecated.
        #[allow(clippy::default_trait_access)]
        let files = Default::default();
        let read = aws_config::profile::load(&disk, &env, &files, chosen);
        let profiles = read.await.map_err(|error| {
            Failure::new("AWS's files of profiles cannot be read").caused(words(&error))
        })?;
        Ok(Self {
            surroundings,
            profiles,
            silence: Silence::default(),
        })
    }

    /// The region that variables and the profile say.
    pub(super) fn region(&self) -> Option<String> {
        let variables = &self.surroundings.variables;
        let set = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter();
        let mut set = set.filter_map(|name| variables.get(*name).cloned());
        let region = set.find(|region| !region.is_empty());
        region.or_else(|| self.profiles.get("region").map(str::to_owned))
    }

    /// The URL that the profile names for a service, in its `services` or for all of them.
    pub(super) async fn endpoint_url(&self, source: &Source, service: Service) -> Option<String> {
        let ignored = self.profiles.get("ignore_configured_endpoint_urls");
        if ignored.is_some_and(|value| value.trim().eq_ignore_ascii_case("true")) {
            return None;
        }
        let way = Way::new(self.surroundings.transport.clone());
        // No region is part of it.
        let config = self.config(source, "", "us-east-1", &way).await;
        let key = ServiceConfigKey::builder().service_id(service.id());
        let key = key.env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
        config.service_config()?.load_config(key.ok()?)
    }

    /// The credentials from `source`. Roles are asked for in `region` where nothing names another.
    /// `None`: there are none, and nothing says that there should be.
    pub(super) async fn load(
        &self,
        source: &Source,
        region: &str,
    ) -> Result<Option<Known>, Failure> {
        let way = Way::new(self.surroundings.transport.clone());
        let loading = self.credentials(source, region, &way);
        let loaded = match source {
            Source::Keys => Ok(self.keys()),
            Source::Instance if !may_ask_instance(&self.surroundings.variables) => return Ok(None),
            Source::Instance => {
                let Ok(loaded) = tokio::time::timeout(INSTANCE, loading).await else {
                    self.silence.note(true);
                    return Ok(None);
                };
                loaded
            }
            _ => loading.await,
        };
        let heard = way.heard();
        match loaded {
            Ok(credentials) => Ok(Some(Known {
                credentials,
                origin: origin(source, &heard),
            })),
            // An instance without a role, or none at all.
            Err(_) if *source == Source::Instance && heard.role.is_none() => Ok(None),
            Err(error) => Err(self.failure(source, &heard, &error)),
        }
    }

    /// The keys that are in variables.
    fn keys(&self) -> Credentials {
        let variable = |name: &str| {
            let value = self.surroundings.variables.get(name);
            value.map(|value| value.trim().to_owned())
        };
        let first = |names: &[&str]| {
            let mut values = names.iter().filter_map(|name| variable(name));
            values.find(|value| !value.is_empty()).unwrap_or_default()
        };
        let session = Some(first(&KEYS[3..])).filter(|token| !token.is_empty());
        Credentials::new(
            first(&KEYS[..1]),
            first(&KEYS[1..3]),
            session,
            None,
            "variables",
        )
    }

    async fn credentials(
        &self,
        source: &Source,
        region: &str,
        way: &Way,
    ) -> Result<Credentials, CredentialsError> {
        let chain = match source {
            Source::Profile(name) => chain(&self.profiles, name),
            _ => Vec::new(),
        };
        let from = credential_source(&chain).unwrap_or_default();
        let config = self.config(source, from, region, way).await;
        if let Some((chain, command)) = credential_process(&chain) {
            let keys = process::keys(self.surroundings, command).await;
            let keys = keys.map_err(CredentialsError::provider_error)?;
            return assumed(keys, chain, &config).await;
        }
        if from.eq_ignore_ascii_case("Environment") {
            let keys = self.keys();
            if keys.access_key_id().is_empty() {
                let missing =
                    "AWS_ACCESS_KEY_ID is not set, and `credential_source` says that it is";
                return Err(CredentialsError::not_loaded(missing));
            }
            return assumed(keys, &chain, &config).await;
        }
        let Some(provider) = config.credentials_provider() else {
            return Err(CredentialsError::not_loaded("nobody to ask"));
        };
        provider.provide_credentials().await
    }

    /// The settings of AWS's crate, with which nobody but `source` has credentials.
    async fn config(&self, source: &Source, from: &str, region: &str, way: &Way) -> SdkConfig {
        let instance =
            *source == Source::Instance || from.eq_ignore_ascii_case("Ec2InstanceMetadata");
        let container = *source == Source::Container || from.eq_ignore_ascii_case("EcsContainer");
        let mut hidden = KEYS.to_vec();
        if *source != Source::WebIdentity {
            hidden.extend(WEB_IDENTITY);
        }
        if !container {
            hidden.extend(CONTAINER);
        }
        let attempts = self.surroundings.transport.settings().retry.attempts;
        let region = self.region().unwrap_or_else(|| region.to_owned());
        let mut loader = ConfigLoader::default()
            .behavior_version(BehaviorVersion::latest())
            .env(env(self.surroundings, &hidden, instance))
            .http_client(way.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(attempts))
            .region(Region::new(region));
        if let Source::Profile(name) = source {
            loader = loader.profile_name(name);
        }
        loader.load().await
    }

    fn failure(&self, source: &Source, heard: &Heard, error: &CredentialsError) -> Failure {
        let failure = match (&heard.refusal, &heard.failed) {
            (Some(refusal), _) => Failure::new(format!("{source}: {refusal}")),
            (None, Some(failed)) => Failure::new(source.to_string()).caused(failed.clone()),
            (None, None) => Failure::new(format!("{source}: {}", heard.told.mask(&words(error)))),
        };
        failure.helped(self.help(source))
    }

    /// What makes an identity good again.
    pub(super) fn help(&self, source: &Source) -> Option<String> {
        let Source::Profile(name) = source else {
            return None;
        };
        let chain = chain(&self.profiles, name);
        if is_signed_in(&chain) {
            return Some(format!("run `aws sso login --profile {name}`"));
        }
        let mfa = chain
            .iter()
            .any(|profile| profile.get("mfa_serial").is_some());
        mfa.then(|| {
            format!("`mfa_serial` of `{name}` wants a code that nobody is asked for here: use a profile with the keys of a session, or `credential_process`")
        })
    }
}

/// The roles of a chain of profiles, the last one first, by these keys.
async fn assumed(
    mut credentials: Credentials,
    chain: &[&Profile],
    config: &SdkConfig,
) -> Result<Credentials, CredentialsError> {
    for profile in chain.iter().rev() {
        let Some(role) = profile.get("role_arn") else {
            continue;
        };
        let mut role = AssumeRoleProvider::builder(role).configure(config);
        if let Some(id) = profile.get("external_id") {
            role = role.external_id(id);
        }
        if let Some(name) = profile.get("role_session_name") {
            role = role.session_name(name);
        }
        let role = role.build_from_provider(credentials).await;
        credentials = role.provide_credentials().await?;
    }
    Ok(credentials)
}

/// The variables without those that are hidden, and the home that was given. An instance's metadata
/// are kept out of it where that is said.
fn env(surroundings: &Surroundings, hidden: &[&str], instance: bool) -> Env {
    const HOMES: [&str; 4] = ["HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH"];
    let variables: &BTreeMap<String, String> = &surroundings.variables;
    let given = variables.iter().filter(|(name, value)| {
        // Empty is as good as not set: not all of them read it so.
        let is_empty = name.starts_with("AWS_") && value.trim().is_empty();
        !is_empty && !hidden.contains(&name.as_str()) && !HOMES.contains(&name.as_str())
    });
    let mut given: HashMap<String, String> = given
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(home) = surroundings.home.as_ref().and_then(|home| home.to_str()) {
        for name in &HOMES[..2] {
            given.insert((*name).to_owned(), home.to_owned());
        }
    }
    if !instance {
        given.insert("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned());
    }
    Env::from(given)
}

fn origin(source: &Source, heard: &Heard) -> String {
    match (source, &heard.role) {
        (Source::Instance, Some(role)) => format!("the instance's role {role}"),
        _ => source.to_string(),
    }
}

/// What lies at the bottom of their errors. Their upper links only say that something is wrong.
fn words(error: &(dyn StdError + 'static)) -> String {
    const IDLE: [&str; 6] = [
        "the credential provider was not enabled",
        "the credentials provider was not properly configured",
        "an error occurred while loading credentials",
        "unexpected credentials error",
        "an error occurred while loading an access token",
        "no providers in chain provided credentials",
    ];
    let links = std::iter::successors(Some(error), |link| (*link).source());
    let texts = links.map(|link| link.to_string().trim().to_owned());
    let mut told: Vec<String> = Vec::new();
    for text in texts.filter(|text| !IDLE.contains(&text.as_str())) {
        // Some repeat what is behind them.
        if !told.iter().any(|earlier| earlier.contains(&text)) {
            told.push(text);
        }
    }
    if told.is_empty() {
        return "it holds no credentials".to_owned();
    }
    told.join(": ")
}
