//! Which errors mean what, and what helps.

use super::advice;
use crate::app::environment::Environment;
use crate::app::flags::Flags;
use crate::app::network::TrustError;
use crate::app::proxy::ProxyError;
use crate::app::routes::Blocked;
use crate::app::{self, App};
use crate::auth;
use crate::auth::credential::CredentialError;
use crate::auth::environment::{EnvironmentError, variable};
use crate::auth::store::StoreError;
use crate::config::error::SettingsError;
use crate::oci::platform::PlatformError;
use crate::oci::reference::{Host, Location, ReferenceError, Tag};
use crate::store::Store;
use crate::store::error::{Error, Kind};
use crate::term::exit::{At, Class, Code, Failure, Hint, Kinds, report};
use crate::term::output::Color;
use crate::term::progress::Mode;
use crate::transport;
use crate::transport::tls::Flaw;
use clap::error::ErrorKind;
use std::time::Duration;

/// Arguments that cannot be meant.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub(super) String);

/// Every error type that a command can end with, besides those of the engines.
pub(super) fn kinds() -> Kinds {
    Kinds::default()
        .with::<Usage>(Kind::Usage)
        .with::<ReferenceError>(Kind::Usage)
        .with::<PlatformError>(Kind::Usage)
        .with::<EnvironmentError>(Kind::Usage)
        .with::<ProxyError>(Kind::Usage)
        .with::<TrustError>(Kind::Usage)
        .with::<Blocked>(Kind::Refused)
        .by(|error: &SettingsError| match error {
            SettingsError::Unreadable { .. } => Kind::Local,
            SettingsError::Missing { .. } | SettingsError::Wrong { .. } => Kind::Usage,
        })
        .by(of_credentials)
        .by(|error: &StoreError| match error {
            StoreError::Existing(error) => of_credentials(error),
            StoreError::Locked { .. } | StoreError::Unwritable { .. } => Kind::Local,
        })
}

/// Of places that are written to; where one is read for a registry, that is the registry's error.
fn of_credentials(error: &CredentialError) -> Kind {
    match error {
        CredentialError::Unreadable { .. }
        | CredentialError::Helper { .. }
        | CredentialError::Identity { .. }
        | CredentialError::Keyring { .. } => Kind::Local,
        CredentialError::Malformed { .. } => Kind::Usage,
    }
}

/// Ends a run whose arguments were not understood, or that only asked for help.
pub(super) fn of_arguments(error: &clap::Error, json: bool, environment: &Environment) -> Code {
    if !error.use_stderr() {
        let output = app::output(&defaults(false), environment);
        let text = error.render().to_string();
        return match output.raw(text.as_bytes()).and_then(|()| output.finish()) {
            Ok(()) => Code::Done,
            Err(error) => report(&error.into(), &kinds(), &output),
        };
    }
    let output = app::output(&defaults(json), environment);
    let text = error.render().to_string();
    let nothing_typed = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if nothing_typed && !json {
        text.lines().for_each(|line| output.status(line));
        return Code::Usage;
    }
    let (message, hint) = if nothing_typed {
        let hint = "`crossdock help` lists the commands".to_owned();
        ("a command is missing".to_owned(), hint)
    } else {
        taken_apart(&text)
    };
    let mut failed = anyhow::Error::new(Usage(message));
    if !hint.is_empty() {
        failed = failed.context(Hint(hint));
    }
    report(&failed, &kinds(), &output)
}

/// The parser's message, which is its first paragraph, and what it says to help: its tips and the
/// usage line.
fn taken_apart(text: &str) -> (String, String) {
    let words = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let (message, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let message = words(message.strip_prefix("error: ").unwrap_or(message));
    let paragraphs = rest.split("\n\n").map(words);
    let helps = paragraphs.filter(|p| !p.is_empty() && !p.starts_with("For more information"));
    let tips = helps.map(|p| p.replace("tip: ", "").replace("Usage: ", "usage: "));
    (message, tips.collect::<Vec<_>>().join("; "))
}

/// The common options as if none had been typed, nor set by a variable: one of them may be what
/// was not understood.
fn defaults(json: bool) -> Flags {
    Flags {
        json,
        quiet: false,
        verbose: 0,
        progress: Mode::default(),
        color: Color::default(),
        config_file: None,
        plain_http: Vec::new(),
        insecure: Vec::new(),
        ca_cert: None,
        retries: 0,
        idle_timeout: Duration::MAX,
        deadline: None,
        jobs: None,
    }
}

/// Says what helps where a host could not be reached, or wants a login.
pub(super) fn at_host(host: &Host) -> impl Fn(Error) -> anyhow::Error {
    move |error| {
        let hint = hint(&error, host);
        let error = anyhow::Error::new(error).context(At(host.to_string()));
        match hint {
            Some(hint) => error.context(Hint(hint)),
            None => error,
        }
    }
}

/// The same for whatever is at `location`.
pub(super) fn at(location: &Location) -> impl Fn(Error) -> anyhow::Error {
    move |error| match location {
        Location::Remote(repository) => at_host(&repository.host)(error),
        Location::Layout(_) => anyhow::Error::new(error),
    }
}

/// The same, with the nearest tags where the one that was asked for is not there.
pub(super) async fn at_tag(error: Error, store: &dyn Store, tag: Option<&Tag>) -> anyhow::Error {
    let location = store.location();
    let near = match tag {
        Some(tag) if error.kind() == Kind::NotFound => {
            crate::engine::list::nearest(store, tag).await
        }
        _ => Vec::new(),
    };
    let failed = at(location)(error);
    if near.is_empty() {
        failed
    } else {
        failed.context(Hint(nearest(location, &near)))
    }
}

fn nearest(location: &Location, near: &[Tag]) -> String {
    let names: Vec<&str> = near.iter().map(Tag::as_str).collect();
    format!("{location} has {}", names.join(", "))
}

/// Says that a metadata service gave no answer, where somebody is wanted and nobody asked: a machine
/// of a cloud may be somebody the next time.
pub(super) fn with_silence(error: anyhow::Error, app: &App) -> anyhow::Error {
    let failed = Failure::new(&error, &kinds());
    let host = error.downcast_ref::<At>().map(|At(host)| host.parse());
    let is_silent = matches!(host, Some(Ok(host)) if app.identities.met_silence(&host));
    if !is_silent
        || !matches!(
            failed.class(),
            Class::Kind(Kind::Unauthenticated | Kind::Denied)
        )
    {
        return error;
    }
    let said = "this machine's metadata service, which could say who it is, gave no answer in time: in that cloud, try again";
    let before = failed.hint().map(|hint| format!("{hint}; "));
    error.context(Hint(before.unwrap_or_default() + said))
}

/// What helps against failures on the way to a host, or to one that it led to.
fn hint(error: &Error, host: &Host) -> Option<String> {
    match (error.transport(), error.login()) {
        (Some(failed), _) => of_transport(failed, host),
        (None, Some(failed)) => of_auth(failed, host).or_else(|| advice::of(error, host)),
        (None, None) => advice::of(error, host),
    }
}

fn of_transport(failed: &transport::Error, asked: &Host) -> Option<String> {
    let host = failed.host().unwrap_or(asked.as_str());
    let hint = match failed.kind() {
        transport::Kind::NoSuchHost => format!("is `{host}` spelled right?"),
        transport::Kind::Refused => format!("is a registry running at {host}?"),
        transport::Kind::Proxy => {
            "is the proxy running that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names? hosts in `NO_PROXY` are reached without one".to_owned()
        }
        transport::Kind::ProxyLogin => {
            "put its user and password into the proxy's variable: `http://USER:PASSWORD@HOST:PORT`".to_owned()
        }
        transport::Kind::NoAuthorities => {
            "install the system's (`ca-certificates`), or name some with `--ca-cert FILE` or the variable `SSL_CERT_FILE`".to_owned()
        }
        transport::Kind::Certificate(flaw) => of_certificate(flaw, host),
        transport::Kind::ClientCertificate => format!(
            "name one with `client_cert` and `client_key` under `registries: {{\"{host}\": ...}}` in your own crossdock.yaml"
        ),
        transport::Kind::NotTls => {
            format!("if {host} speaks plain HTTP, say `--plain-http={host}`")
        }
        transport::Kind::NotHttp => {
            format!("if {host} speaks TLS, do without `--plain-http` and `plain_http`")
        }
        transport::Kind::OffLimits => no_business(asked),
        transport::Kind::PrivateAddress => {
            let line = settings_line(asked, "allow_private: true");
            format!("if that is meant, put this into {line}")
        }
        _ => return None,
    };
    Some(hint)
}

fn of_certificate(flaw: Flaw, host: &str) -> String {
    let without = format!("do without the check with `--insecure={host}`");
    match flaw {
        Flaw::Unknown => {
            format!("name its certificate authority with `--ca-cert FILE`, or {without}")
        }
        Flaw::Time => {
            format!("is this machine's clock right? if so, have it renewed, or {without}")
        }
        Flaw::Name => format!("use a name that it is for, or {without}"),
        Flaw::Other => format!("have it replaced, or {without}"),
    }
}

fn of_auth(error: &auth::Error, host: &Host) -> Option<String> {
    match error {
        auth::Error::Realm { .. } => Some(no_business(host)),
        auth::Error::Withheld { realm, .. } => {
            // What is no host to the settings file is none that a line in it could name.
            let Ok(realm) = realm.parse::<Host>() else {
                return Some(no_business(host));
            };
            let line = settings_line(host, &format!("token_realm: [\"{realm}\"]"));
            Some(format!(
                "if that is its token service, put this into {line}"
            ))
        }
        auth::Error::Rejected { origin, .. } => Some(match variable(origin) {
            Some(name) => {
                format!("mend the credential that the variable {name} brings, or unset it")
            }
            None => format!("log in again with `crossdock login {host}`"),
        }),
        auth::Error::Unaccepted { .. } => Some(format!(
            "give a credential that may: `crossdock login {host} -u USER`"
        )),
        auth::Error::Exposed { .. } => Some(format!(
            "others could take it on the way: reach the place over TLS that is verified, or give a credential all the same: `crossdock login {host} -u USER`"
        )),
        auth::Error::Credential(CredentialError::Helper { helper, .. }) => Some(format!(
            "mend `docker-credential-{helper}`, or give the credential in another way: `crossdock help credentials` lists them"
        )),
        auth::Error::Credential(CredentialError::Identity { source, .. }) => {
            let failure = source.downcast_ref::<auth::identity::Failure>()?;
            failure.help().map(str::to_owned)
        }
        auth::Error::Credential(CredentialError::Keyring { .. }) => Some(format!(
            "unlock the keyring, or store the credential elsewhere: `crossdock login {host} --store file`"
        )),
        _ => None,
    }
}

fn no_business(host: &Host) -> String {
    format!("no setting allows that: ask whoever runs {host}")
}

/// The line of the user's settings that says this of a registry.
fn settings_line(host: &Host, setting: &str) -> String {
    format!("your own crossdock.yaml: `registries: {{\"{host}\": {{{setting}}}}}`")
}
