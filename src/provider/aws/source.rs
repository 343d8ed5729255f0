//! Which identity a machine has at AWS, by what its variables and files say. Nobody is asked.
//!
//! The order is that of AWS's own tools: keys, a profile, a web identity, the container, the
//! instance.

use super::endpoint::is_true;
use aws_config::profile::{Profile, ProfileSet};
use std::collections::BTreeMap;
use std::fmt;

/// The variables that hold keys.
pub(super) const KEYS: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];
/// The variables that say where a web identity is.
pub(super) const WEB_IDENTITY: [&str; 1] = ["AWS_WEB_IDENTITY_TOKEN_FILE"];
/// The variables that say where a container's credentials are.
pub(super) const CONTAINER: [&str; 2] = [
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];
/// The settings of a profile that make it one that somebody can be.
const IDENTIFYING: [&str; 7] = [
    "aws_access_key_id",
    "role_arn",
    "source_profile",
    "credential_process",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
];
/// The setting of a profile of whoever signed in by `aws login`, which nobody is here.
const LOGIN: &str = "login_session";
/// No longer chain of profiles is followed.
const LONGEST: usize = 8;

/// Where an identity is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// In variables.
    Keys,
    /// In a profile of AWS's files.
    Profile(String),
    /// In a file with a token of somebody else's.
    WebIdentity,
    /// At the container's agent.
    Container,
    /// In the metadata of the machine.
    Instance,
}

/// Why a profile that is named is nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoProfile {
    /// It is not there.
    #[error("there is no AWS profile `{name}` in {files}")]
    Missing { name: String, files: String },
    /// It only has what is of no use here.
    #[error(
        "the AWS profile `{name}` only has `login_session`: the sign-in of `aws login` is not supported"
    )]
    Login { name: String },
}

impl Source {
    /// The first that there is. `chosen` is the profile that is meant for this registry, and then
    /// no other identity is.
    pub(super) fn find(
        variables: &BTreeMap<String, String>,
        profiles: &ProfileSet,
        chosen: Option<&str>,
    ) -> Result<Self, NoProfile> {
        let is_set = |name: &&str| variables.get(*name).is_some_and(|v| !v.trim().is_empty());
        if chosen.is_none() && is_set(&KEYS[0]) && KEYS[1..3].iter().any(is_set) {
            return Ok(Self::Keys);
        }
        let named = chosen.or_else(|| profile_variable(variables));
        let name = named.unwrap_or("default");
        let profile = profiles.get_profile(name);
        let missing = || NoProfile::Missing {
            name: name.to_owned(),
            files: files(variables),
        };
        match profile {
            None if named.is_some() => return Err(missing()),
            Some(profile) if named.is_some() && is_login(profile) => {
                let name = name.to_owned();
                return Err(NoProfile::Login { name });
            }
            Some(profile) if chosen.is_some() || is_identifying(profile) => {
                return Ok(Self::Profile(name.to_owned()));
            }
            _ => {}
        }
        if WEB_IDENTITY.iter().any(is_set) {
            return Ok(Self::WebIdentity);
        }
        if CONTAINER.iter().any(is_set) {
            return Ok(Self::Container);
        }
        Ok(Self::Instance)
    }

    /// Whether somebody has to be asked to know that it is there.
    pub(super) fn is_a_guess(&self) -> bool {
        *self == Self::Instance
    }
}

/// As it stands before what went wrong.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys => f.write_str("AWS_ACCESS_KEY_ID"),
            Self::Profile(name) => write!(f, "the AWS profile `{name}`"),
            Self::WebIdentity => f.write_str("AWS_WEB_IDENTITY_TOKEN_FILE"),
            Self::Container => f.write_str("the container's role"),
            Self::Instance => f.write_str("the instance's role"),
        }
    }
}

/// The profile that a variable names.
pub(super) fn profile_variable(variables: &BTreeMap<String, String>) -> Option<&str> {
    let name = variables.get("AWS_PROFILE")?;
    Some(name.as_str()).filter(|name| !name.is_empty())
}

/// Whether an instance's metadata may be asked for.
pub(super) fn may_ask_instance(variables: &BTreeMap<String, String>) -> bool {
    !is_true(variables, "AWS_EC2_METADATA_DISABLED")
}

/// The files that profiles are looked for in, for people to read.
fn files(variables: &BTreeMap<String, String>) -> String {
    let file = |name: &str, usual: &str| {
        let set = variables.get(name).filter(|path| !path.is_empty());
        set.cloned().unwrap_or_else(|| usual.to_owned())
    };
    let config = file("AWS_CONFIG_FILE", "~/.aws/config");
    let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    format!("{config} or {credentials}")
}

fn is_identifying(profile: &Profile) -> bool {
    IDENTIFYING.iter().any(|name| profile.get(name).is_some())
}

fn is_login(profile: &Profile) -> bool {
    profile.get(LOGIN).is_some() && !is_identifying(profile)
}

/// The profiles behind `name`, itself first, by `source_profile`, each once.
pub(super) fn chain<'a>(profiles: &'a ProfileSet, name: &str) -> Vec<&'a Profile> {
    let mut chain: Vec<&Profile> = Vec::new();
    let mut next = Some(name);
    while let Some(profile) = next.and_then(|name| profiles.get_profile(name)) {
        let seen = chain.iter().any(|seen| seen.name() == profile.name());
        if seen || chain.len() == LONGEST {
            break;
        }
        chain.push(profile);
        next = profile.get("source_profile");
    }
    chain
}

/// The profiles of a chain whose roles are taken by the keys that a program hands out, the one that
/// names the program last, and that program.
pub(super) fn credential_process<'a, 'b>(
    chain: &'b [&'a Profile],
) -> Option<(&'b [&'a Profile], &'a str)> {
    let own = |profile: &Profile| {
        let names = ["role_arn", "web_identity_token_file"];
        names.map(|name| profile.get(name).is_some()) != [true, false]
    };
    let is_base = |(at, profile): (usize, &&Profile)| {
        own(profile) || at > 0 && profile.get("aws_access_key_id").is_some()
    };
    let base = chain.iter().enumerate().position(is_base);
    let base = base.unwrap_or(chain.len().checked_sub(1)?);
    let profile = chain[base];
    let before = [
        "credential_source",
        "web_identity_token_file",
        "sso_session",
        "sso_start_url",
    ];
    let is_other = before.iter().any(|name| profile.get(name).is_some())
        || base > 0 && profile.get("aws_access_key_id").is_some();
    // Whoever takes a role names its source, which is to be there.
    let is_role = profile.get("role_arn").is_some();
    if is_role && profile.get("source_profile") != Some(profile.name()) {
        return None;
    }
    let program = profile.get("credential_process").filter(|_| !is_other)?;
    Some((&chain[..=base], program))
}

/// What the last of a chain of profiles takes its credentials from, such as `Environment`.
pub(super) fn credential_source<'a>(chain: &[&'a Profile]) -> Option<&'a str> {
    chain.last()?.get("credential_source")
}

/// Whether somebody has to sign in in a browser for it.
pub(super) fn is_signed_in(chain: &[&Profile]) -> bool {
    let settings = ["sso_session", "sso_start_url"];
    let mut all = chain.iter();
    all.any(|profile| settings.iter().any(|name| profile.get(name).is_some()))
}
