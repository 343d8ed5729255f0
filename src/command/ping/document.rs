//! What `ping --json` prints.

use super::page::page;
use crate::engine::ping::{
    Abilities, Allowed, By, Finding, Limit, Login, Recognition, Report, Said, Written,
};
use crate::oci::reference::Tag;
use crate::store::Error;
use crate::term::output::Row;
use crate::transport::redact::Redacted;
use serde::Serialize;
use std::fmt;
use url::Url;

/// The whole document.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    pub(super) host: String,
    pub(super) kind: Option<&'static str>,
    #[serde(skip)]
    pub(super) title: Option<&'static str>,
    /// `settings`, `name` or `answer`.
    pub(super) recognised_by: Option<&'static str>,
    pub(super) sign: Option<String>,
    pub(super) resembles_distribution: bool,
    pub(super) version: Option<String>,
    pub(super) login: Option<ShownLogin>,
    pub(super) you: You,
    pub(super) http: String,
    pub(super) tls: bool,
    pub(super) latency_ms: Option<f64>,
    pub(super) clock_ahead_seconds: Option<i64>,
    pub(super) mirror: Option<String>,
    pub(super) rate_limit: Option<ShownLimit>,
    pub(super) abilities: Option<ShownAbilities>,
    pub(super) repository: Option<ShownRights>,
    pub(super) written: Option<ShownWritten>,
}

/// How users log in there.
#[derive(Debug, Serialize)]
pub(super) struct ShownLogin {
    pub(super) scheme: String,
    pub(super) realm: Option<String>,
    pub(super) service: Option<String>,
}

/// Who was let in.
#[derive(Debug, Serialize)]
pub(super) struct You {
    pub(super) let_in: bool,
    /// Whether somebody had to say who he is.
    pub(super) asked: bool,
    pub(super) user: Option<String>,
    pub(super) origin: Option<String>,
    pub(super) problem: Option<String>,
}

/// How much may still be asked.
#[derive(Debug, Serialize)]
pub(super) struct ShownLimit {
    pub(super) limit: Option<u64>,
    pub(super) remaining: Option<u64>,
    pub(super) window_seconds: Option<u64>,
    pub(super) reset: Option<String>,
    pub(super) source: Option<String>,
}

/// What the registry can do.
#[derive(Debug, Serialize)]
pub(super) struct ShownAbilities {
    pub(super) catalog: Shown,
    pub(super) tag_pages: Shown,
    pub(super) referrers: Shown,
    pub(super) subject: Shown,
    pub(super) single_upload: Shown,
    pub(super) chunked_upload: Shown,
    pub(super) mount: Shown,
    pub(super) delete_by_tag: Shown,
    pub(super) delete_by_digest: Shown,
}

/// What may be done with a repository.
#[derive(Debug, Serialize)]
pub(super) struct ShownRights {
    pub(super) name: String,
    pub(super) pull: Shown,
    pub(super) push: Shown,
    pub(super) delete: Shown,
}

/// What was written.
#[derive(Debug, Serialize)]
pub(super) struct ShownWritten {
    pub(super) repository: String,
    pub(super) tag: Tag,
    pub(super) left: Vec<ShownLeft>,
}

/// What could not be removed again.
#[derive(Debug, Serialize)]
pub(super) struct ShownLeft {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) reason: String,
}

/// An answer.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    pub(super) answer: &'static str,
    pub(super) by: Option<&'static str>,
    pub(super) detail: Option<String>,
}

impl Document {
    /// `failure`: why nobody was let in.
    pub(super) fn new(report: Report, failure: Option<&Error>) -> Self {
        let identity = report.identity;
        let (recognised_by, sign) = match identity.by {
            None => (None, None),
            Some(Recognition::Settings) => (Some("settings"), None),
            Some(Recognition::Name) => (Some("name"), None),
            Some(Recognition::Answer(sign)) => (Some("answer"), Some(sign)),
        };
        let let_in = report.entry.is_some();
        let entry = report.entry.unwrap_or_default();
        let problem = failure.filter(|_| !let_in).map(Error::causes_text);
        Self {
            host: report.host.to_string(),
            kind: identity.kind.map(crate::vendor::Kind::name),
            title: identity.kind.map(crate::vendor::Kind::title),
            recognised_by,
            sign,
            resembles_distribution: identity.resembles_distribution,
            version: report.version,
            you: You {
                let_in,
                asked: entry.was_asked || report.login.is_some(),
                user: entry.user,
                origin: entry.origin,
                problem: entry.failed.or(problem),
            },
            login: report.login.map(ShownLogin::from),
            http: report.http,
            tls: report.tls,
            latency_ms: report.latency.map(|time| milliseconds(time.as_secs_f64())),
            clock_ahead_seconds: report.clock,
            mirror: report.mirror,
            rate_limit: report.limit.map(ShownLimit::from),
            abilities: let_in.then(|| ShownAbilities::from(report.abilities)),
            repository: report.allowed.map(ShownRights::from),
            written: report.written.map(ShownWritten::from),
        }
    }
}

/// With one digit behind the point.
fn milliseconds(seconds: f64) -> f64 {
    (seconds * 10_000.0).round() / 10.0
}

impl From<Login> for ShownLogin {
    fn from(login: Login) -> Self {
        // A realm may be an address with a password or a token in it.
        let shown = |realm: String| {
            let url = Url::parse(&realm).ok();
            url.map_or(realm, |url| Redacted::new(&url).to_string())
        };
        Self {
            scheme: login.scheme,
            realm: login.realm.map(shown),
            service: login.service,
        }
    }
}

impl From<Limit> for ShownLimit {
    fn from(limit: Limit) -> Self {
        Self {
            limit: limit.limit,
            remaining: limit.remaining,
            window_seconds: limit.window,
            reset: limit.reset,
            source: limit.source,
        }
    }
}

impl From<Abilities> for ShownAbilities {
    fn from(own: Abilities) -> Self {
        Self {
            catalog: own.catalog.into(),
            tag_pages: own.pages.into(),
            referrers: own.referrers.into(),
            subject: own.subject.into(),
            single_upload: own.upload.into(),
            chunked_upload: own.chunks.into(),
            mount: own.mount.into(),
            delete_by_tag: own.delete_tag.into(),
            delete_by_digest: own.delete_digest.into(),
        }
    }
}

impl From<Allowed> for ShownRights {
    fn from(allowed: Allowed) -> Self {
        Self {
            name: allowed.name.to_string(),
            pull: allowed.pull.into(),
            push: allowed.push.into(),
            delete: allowed.delete.into(),
        }
    }
}

impl From<Written> for ShownWritten {
    fn from(written: Written) -> Self {
        let left = written.left.into_iter().map(|left| ShownLeft {
            kind: left.kind,
            name: left.name,
            reason: left.why,
        });
        Self {
            repository: written.name.to_string(),
            tag: written.tag,
            left: left.collect(),
        }
    }
}

impl From<Finding> for Shown {
    fn from(finding: Finding) -> Self {
        Self {
            answer: match finding.said {
                Said::Yes => "yes",
                Said::No => "no",
                Said::Unknown => "unknown",
                Said::NotAsked => "not_asked",
            },
            by: match finding.by {
                By::Asked => Some("asked"),
                By::Token => Some("token"),
                By::Written => Some("written"),
                By::Kind => Some("kind"),
                By::Nobody => None,
            },
            detail: finding.detail,
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        page(self).fmt(f)
    }
}

impl Row for Document {}
