//! The section `registries`: how to speak to single registries.

use super::applied::Origins;
use super::creation::{self, Creation};
use super::error::{Place, Problem};
use super::origin::{Origin, Said};
use super::route::{Base, MirrorRule, Prefix, PrefixError, Rule, When};
use super::shape::{Entries, Switch, Text, Texts, Whole, given};
use crate::oci::reference::Host;
use crate::vendor::Kind;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use url::Url;

/// What holds for one registry, and for that host alone: none of it goes to its token service,
/// to where it redirects, or to anybody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrySettings {
    /// Spoken to in plain HTTP.
    pub plain_http: bool,
    /// Its certificate is not verified.
    pub insecure: bool,
    /// Spoken to in plain HTTP where it does not speak TLS.
    pub plain_http_fallback: bool,
    /// PEM files of certificate authorities that are trusted besides the system's.
    pub ca: Vec<PathBuf>,
    /// The certificate that crossdock shows there.
    pub client: Option<ClientCertificate>,
    /// Whether another program's files name some of these: what is wrong with them is a problem of
    /// this registry alone.
    pub foreign_trust: bool,
    /// Token services that this registry's credential may go to besides those it may anyway.
    pub token_realms: Vec<Host>,
    /// It may name loopback and private addresses as places to go on to.
    pub allow_private: bool,
    /// How many requests it gets at once, at most.
    pub concurrency: Option<usize>,
    /// What it is, where its name does not say it or says it wrongly.
    pub kind: Option<Kind>,
    /// Whether the identity that the machine has itself may stand in for a credential.
    pub identity: bool,
    /// The profile of AWS's files that is meant there.
    pub aws_profile: Option<String>,
    /// Where its vendor's own API is, where that is not where it usually is.
    pub api: Option<Url>,
    /// Whether a copy makes repositories that are not there, and what they are like.
    pub create: Option<Creation>,
}

impl Default for RegistrySettings {
    fn default() -> Self {
        Self {
            plain_http: false,
            insecure: false,
            plain_http_fallback: false,
            ca: Vec::new(),
            client: None,
            foreign_trust: false,
            token_realms: Vec::new(),
            allow_private: false,
            concurrency: None,
            kind: None,
            identity: true,
            aws_profile: None,
            api: None,
            create: None,
        }
    }
}

/// A certificate for TLS clients and its key, both as PEM files; they may be one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, with its chain behind it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// The section as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(rename = "Registries", inline)]
pub(super) struct Section(Entries<Option<Written>>);

// What is said here of each key, editors show to people who write the file.
/// How to speak to this registry.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Registry")]
struct Written {
    /// HTTP without TLS.
    plain_http: Switch,
    /// TLS, but the certificate is not verified.
    insecure: Switch,
    /// A PEM file of certificate authorities to trust for this registry too.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "String")]
    ca: Option<Text>,
    /// The certificate that crossdock shows there, a PEM file.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "String")]
    client_cert: Option<Text>,
    /// The private key of `client_cert`, a PEM file.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "String")]
    client_key: Option<Text>,
    /// Token services that this registry's credential may go to besides those it may anyway.
    token_realm: Texts,
    /// The registry may send crossdock on to loopback and private addresses.
    allow_private: Switch,
    /// How many requests the registry gets at once, at most.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Whole<1, 256>")]
    concurrency: Option<Whole<1, 256>>,
    /// What the registry is, where its name does not say it or says it wrongly.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "String", extend("enum" = kinds()))]
    kind: Option<Text>,
    /// Whether the identity that the machine has itself may stand in for a credential.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Switch")]
    identity: Option<Switch>,
    /// The profile of AWS's files that is meant there.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "String")]
    aws_profile: Option<Text>,
    /// The address of its vendor's own API (`https://HOST[/PATH]`), where that is not where it
    /// usually is. The registry's credential goes there too.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "String")]
    api: Option<Text>,
    /// A copy makes repositories that are not there: `true`, or what they are to be like.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "creation::Written")]
    create: Option<creation::Written>,
    /// `HOST[/PATH]`s that have copies of what is there; asked before it.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Texts")]
    mirrors: Option<Texts>,
    /// `HOST[/PATH]` that is read and written instead.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "String")]
    location: Option<Text>,
    /// Nothing there may be read or written.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Switch")]
    blocked: Option<Switch>,
}

fn kinds() -> Vec<&'static str> {
    Kind::ALL.iter().map(|kind| kind.name()).collect()
}

/// The lines of the keys of each registry, as it is written.
pub(super) type Lines = BTreeMap<String, BTreeMap<String, u64>>;

/// The section, checked.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) registries: BTreeMap<Host, RegistrySettings>,
    /// Where each value was said.
    pub(super) origins: BTreeMap<Host, Origins>,
    /// Where their repositories are.
    pub(super) rules: Vec<Rule>,
}

/// The keys of a registry.
const KEYS: [&str; 16] = [
    "plain_http",
    "insecure",
    "ca",
    "client_cert",
    "client_key",
    "token_realm",
    "allow_private",
    "concurrency",
    "kind",
    "identity",
    "aws_profile",
    "api",
    "create",
    "mirrors",
    "location",
    "blocked",
];

impl Section {
    /// Checks the section of the file at `path`, whose folder is where relative paths begin.
    pub(super) fn check(self, path: &Path, lines: &Lines) -> Result<Checked, Problem> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut checked = Checked::default();
        let mut seen = BTreeMap::new();
        for (name, written) in self.0.0 {
            let host = host(&name)?;
            let here = (host.clone(), Place::of(name.referenced));
            if let Some((earlier, place)) = seen.insert(host.without_default_port(), here) {
                return Err(again(&name, &earlier, place));
            }
            let written = written.unwrap_or_default();
            let lines = lines.get(&name.value);
            let line = |key: &str| lines.and_then(|lines| lines.get(key)).copied();
            let said = KEYS
                .iter()
                .filter_map(|key| Some((*key, Origin::line(path, line(key)?))))
                .collect();
            checked.rules.extend(written.rule(&host, path, &said)?);
            checked.origins.insert(host.clone(), said);
            checked.registries.insert(host, written.check(folder)?);
        }
        Ok(checked)
    }
}

impl Written {
    fn check(self, folder: &Path) -> Result<RegistrySettings, Problem> {
        Ok(RegistrySettings {
            plain_http: self.plain_http.0,
            insecure: self.insecure.0,
            plain_http_fallback: false,
            ca: self
                .ca
                .iter()
                .map(|ca| path(ca, folder))
                .collect::<Result<_, _>>()?,
            client: client(self.client_cert, self.client_key, folder)?,
            foreign_trust: false,
            token_realms: self
                .token_realm
                .0
                .iter()
                .map(host)
                .collect::<Result<_, _>>()?,
            allow_private: self.allow_private.0,
            concurrency: self
                .concurrency
                .map(|count| count.0)
                .map(usize::try_from)
                .transpose()
                .expect("256 fits"),
            kind: self.kind.as_ref().map(kind).transpose()?,
            identity: self.identity.is_none_or(|identity| identity.0),
            aws_profile: self.aws_profile.as_ref().map(profile).transpose()?,
            api: self.api.as_ref().map(api).transpose()?,
            create: self.create.and_then(|create| create.0),
        })
    }
}

impl Written {
    /// Where the registry's repositories are, as far as anything is said about that.
    fn rule(&self, host: &Host, path: &Path, said: &Origins) -> Result<Option<Rule>, Problem> {
        if self.mirrors.is_none() && self.location.is_none() && self.blocked.is_none() {
            return Ok(None);
        }
        let origin = |key: &str| said.get(key).cloned().unwrap_or(Origin::file(path));
        let mut rule = Rule::new(Prefix::of_host(host), Origin::file(path));
        rule.blocked = self
            .blocked
            .map(|blocked| Said::new(blocked.0, origin("blocked")));
        if let Some(location) = &self.location {
            rule.location = Some(Said::new(base(location)?, origin("location")));
        }
        if let Some(mirrors) = &self.mirrors {
            let mirror = |text: &Text| {
                let place = Place::of(text.referenced);
                Ok(MirrorRule {
                    base: base(text)?,
                    when: When::Always,
                    origin: place.map_or(origin("mirrors"), |at| Origin::line(path, at.line)),
                })
            };
            let mirrors = mirrors.0.iter().map(mirror);
            rule.mirrors = Some(mirrors.collect::<Result<_, Problem>>()?);
        }
        Ok(Some(rule))
    }
}

fn base(text: &Text) -> Result<Base, Problem> {
    let base = text.value.parse();
    base.map_err(|error: PrefixError| Problem::with(text, error.to_string()))
}

fn host(name: &Text) -> Result<Host, Problem> {
    // The reason names the text itself, unless it may hold a password.
    let host = name.value.parse();
    host.map_err(|error: <Host as FromStr>::Err| Problem::with(name, error.to_string()))
}

fn kind(name: &Text) -> Result<Kind, Problem> {
    name.value.parse().map_err(|_| {
        let reason = format!(
            "`{}` is no kind of registry; known are `{}`",
            name.value,
            kinds().join("`, `")
        );
        Problem::with(name, reason)
    })
}

fn profile(name: &Text) -> Result<String, Problem> {
    match name.value.trim() {
        "" => Err(Problem::with(name, "the profile's name is empty")),
        name => Ok(name.to_owned()),
    }
}

/// An address that requests can be made below of. One with a secret in it is shown to nobody.
fn api(text: &Text) -> Result<Url, Problem> {
    let reason = |reason: &str| Problem::with(text, format!("`api` {reason}"));
    let url =
        Url::parse(&text.value).map_err(|_| reason("is no address: `https://HOST[/PATH]`"))?;
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        return Err(reason("is not one of HTTP: `https://HOST[/PATH]`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(reason(
            "has a user name or password, which come from elsewhere",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(reason("ends with its path: no `?`, no `#`"));
    }
    Ok(url)
}

/// Two names of one registry would otherwise decide by their order.
fn again(name: &Text, earlier: &Host, place: Option<Place>) -> Problem {
    let line = place.map_or_else(String::new, |place| format!(" in line {}", place.line));
    let reason = format!(
        "`{}` is `{}`, which is there already{line}",
        name.value,
        earlier.as_str()
    );
    Problem::with(name, reason)
}

fn client(
    certificate: Option<Text>,
    key: Option<Text>,
    folder: &Path,
) -> Result<Option<ClientCertificate>, Problem> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(ClientCertificate {
            certificate: path(&certificate, folder)?,
            key: path(&key, folder)?,
        })),
        (Some(lonely), None) => Err(Problem::with(
            &lonely,
            "`client_cert` needs `client_key` too",
        )),
        (None, Some(lonely)) => Err(Problem::with(
            &lonely,
            "`client_key` needs `client_cert` too",
        )),
    }
}

/// A path as it is meant: from the file's folder.
fn path(text: &Text, folder: &Path) -> Result<PathBuf, Problem> {
    match text.value.as_str() {
        "" => Err(Problem::with(text, "the path is empty")),
        home if home == "~" || home.starts_with("~/") => Err(Problem::with(
            text,
            "`~` means nothing here; write the whole path, or one from this file's folder",
        )),
        path => Ok(folder.join(path)),
    }
}
