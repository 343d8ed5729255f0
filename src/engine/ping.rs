//! What a registry is, who somebody is there, what it can do and what he may do.
//!
//! Nothing is written, unless a repository is named that may be written to. What cannot be found
//! out so is said to be unknown, or is taken from what is known of that kind of registry.

mod abilities;
mod clock;
mod finding;
mod known;
pub mod limit;
mod parts;
mod rights;
mod write;

pub use abilities::Abilities;
pub use finding::{By, Finding, Said};
pub use limit::Limit;
pub use rights::Allowed;
pub use write::{Left, Written};

use crate::engine::guard::Guard;
use crate::oci::reference::{Host, RepositoryName, Tag};
use crate::store::registry::{Answer, Entry, Question, Registry};
pub use crate::store::registry::{Identity, Recognition};
use crate::store::{Error, Kind as ErrorKind, Result};
use crate::vendor::Kind;
use crate::vendor::headers;
use std::time::{Duration, SystemTime};

/// How often the way to the registry and back is measured.
const SAMPLES: usize = 3;

/// What is wanted to be known.
pub struct Options<'a> {
    /// The repository that rights are wanted on.
    pub repository: Option<RepositoryName>,
    /// The repository that may be written to.
    pub write: Option<RepositoryName>,
    /// The mirror that is asked before it.
    pub mirror: Option<String>,
    /// The user's rules on the tags of the repository that is written to.
    pub guard: &'a (dyn Fn(&Tag) -> Guard + Send + Sync),
    /// What time it is.
    pub now: &'a (dyn Fn() -> SystemTime + Send + Sync),
}

/// What was found out.
#[derive(Debug)]
pub struct Report {
    /// The registry.
    pub host: Host,
    /// What it is.
    pub identity: Identity,
    /// The version that it tells.
    pub version: Option<String>,
    /// How it wants its users to log in.
    pub login: Option<Login>,
    /// Who has been let in. `None`: nobody.
    pub entry: Option<Entry>,
    /// The protocol that was spoken: `HTTP/1.1`.
    pub http: String,
    /// Whether TLS was.
    pub tls: bool,
    /// How long an answer takes.
    pub latency: Option<Duration>,
    /// By how many seconds its clock is ahead of this machine's.
    pub clock: Option<i64>,
    /// What it can do.
    pub abilities: Abilities,
    /// What may be done with the repository.
    pub allowed: Option<Allowed>,
    /// How much may still be asked.
    pub limit: Option<Limit>,
    /// The mirror that is asked before it.
    pub mirror: Option<String>,
    /// What was written, and what of it is still there.
    pub written: Option<Written>,
    /// Why nobody was let in, or something that was wanted is not allowed.
    pub failure: Option<Error>,
}

/// How a registry wants its users to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// `bearer`, `basic`.
    pub scheme: String,
    /// Where tokens are, or what the password is for.
    pub realm: Option<String>,
    /// The name that the token service knows the registry by.
    pub service: Option<String>,
}

/// Asks a registry for everything that it can be asked for. `Err`: it cannot be reached, or is no
/// registry.
pub async fn ping(registry: &Registry, options: &Options<'_>) -> Result<Report> {
    let begun = registry.greet().await?;
    let clock = clock::ahead(&begun, (options.now)());
    let samples = samples(registry, &begun).await;
    let mut report = Report::of(registry, options, &begun);
    report.clock = clock;
    report.latency = median(samples);
    enter(registry, options, &begun, &mut report).await?;
    if report.entry.is_none() {
        return Ok(report);
    }
    // What cannot be told is none.
    let kind = registry.kind().await.unwrap_or_default();
    report.identity = registry.identity();
    report.abilities = Abilities::known_of(kind);
    report.abilities.ask(registry).await;
    let mut told = vec![begun];
    if let Some(name) = &options.repository {
        let asked = rights::ask(registry, name, kind, &mut report.abilities).await;
        report.allowed = Some(asked.allowed);
        report.failure = asked.failure;
        told.extend(asked.answers);
    }
    report.limit = limit::ask(registry, kind, &told).await;
    if let Some(name) = &options.write {
        let (written, failure) = write::write(registry, name, options.guard, &mut report).await;
        report.written = written;
        report.failure = failure.or(report.failure);
    }
    Ok(report)
}

/// Logs in. Where that is not possible the report says so, and where it is no registry, it ends.
async fn enter(
    registry: &Registry,
    options: &Options<'_>,
    begun: &Answer,
    report: &mut Report,
) -> Result<()> {
    let by_answer = matches!(report.identity.by, Some(Recognition::Answer(_)));
    let is_told = report.login.is_some() || by_answer;
    if begun.status.is_success() && begun.is_markup() {
        let what = "it answers with a web page";
        return Err(no_registry(registry, what, None));
    }
    let error = match registry.enter(begun, options.repository.as_ref()).await {
        Ok(entry) => {
            report.entry = Some(entry);
            return Ok(());
        }
        Err(error) => error,
    };
    // A repository may be open where the registry as a whole is not, and not every registry
    // answers at the root of its API.
    let is_answer = !matches!(begun.status.as_u16(), 401 | 403 | 408 | 429 | 500..);
    if let Some(name) = &options.repository
        && (is_answer || error.is_about_nobody())
    {
        let tags = registry.ask(&Question::Tags(name.clone())).await;
        if tags.is_ok_and(|tags| tags.status.is_success() && !tags.is_markup()) {
            report.entry = Some(Entry {
                was_asked: begun.status.as_u16() == 401,
                ..Entry::default()
            });
            return Ok(());
        }
    }
    if is_answer && !is_told {
        let what = format!("it answers `/v2/` with {}", begun.status.as_u16());
        return Err(no_registry(registry, &what, Some(error)));
    }
    report.failure = Some(error);
    Ok(())
}

fn no_registry(registry: &Registry, what: &str, cause: Option<Error>) -> Error {
    let what = format!("{} is no registry: {what}", registry.host());
    match cause {
        Some(cause) => Error::caused(ErrorKind::Corrupt, what, cause),
        None => Error::new(ErrorKind::Corrupt, what),
    }
}

/// How long the first answer and some more took.
async fn samples(registry: &Registry, begun: &Answer) -> Vec<Duration> {
    let mut samples = Vec::from_iter(begun.elapsed);
    for _ in 1..SAMPLES {
        // One that is out of patience is not asked more than it must be.
        if begun.status.is_server_error() || begun.status.as_u16() == 429 {
            break;
        }
        let again = registry.greet_again().await;
        samples.extend(again.ok().and_then(|answer| answer.elapsed));
    }
    samples
}

fn median(mut samples: Vec<Duration>) -> Option<Duration> {
    samples.sort_unstable();
    samples.get(samples.len() / 2).copied()
}

impl Report {
    fn of(registry: &Registry, options: &Options<'_>, begun: &Answer) -> Self {
        let login = begun.offer().map(|offer| Login {
            scheme: offer.scheme,
            realm: offer.realm,
            service: offer.service,
        });
        let identity = registry.identity();
        Self {
            host: registry.host().clone(),
            abilities: Abilities::known_of(identity.kind),
            version: version(identity.kind, begun),
            identity,
            login,
            entry: None,
            http: format!("{:?}", begun.version),
            tls: begun.is_secure,
            latency: None,
            clock: None,
            allowed: None,
            limit: None,
            mirror: options.mirror.clone(),
            written: None,
            failure: None,
        }
    }
}

fn version(kind: Option<Kind>, answer: &Answer) -> Option<String> {
    headers::version(kind?, &answer.headers)
}
