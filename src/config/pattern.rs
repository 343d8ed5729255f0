//! Patterns for tags and repositories, and the mistakes that would make one match nothing.
//!
//! The grammar is that of globs: `*`, `?`, `[a-z]`, `[!a-z]`, `{a,b}`, and in repositories `**`.

use super::error::Problem;
use super::shape::{Text, Texts};
use crate::oci::reference::{Host, Repository, Tag};
use globset::{Glob, GlobBuilder, GlobSet};

/// Longer than any tag or host can be, and short enough to compile quickly.
const LENGTH_LIMIT: usize = 512;

/// Several patterns for tags.
#[derive(Debug, Clone)]
pub(super) struct TagPatterns {
    texts: Vec<String>,
    set: GlobSet,
}

impl TagPatterns {
    /// Compiles patterns, each of which has to be one that some tag can match.
    pub(super) fn compile(patterns: &Texts) -> Result<Self, Problem> {
        let mut globs = Vec::new();
        for pattern in &patterns.0 {
            globs.push(tag_glob(&pattern.value).map_err(|reason| wrong("tag", pattern, &reason))?);
        }
        let set = GlobSet::new(&globs).map_err(|_| match patterns.0.first() {
            Some(first) => Problem::with(first, "the patterns from here on are too many"),
            None => Problem::whole("too many patterns"),
        })?;
        let texts = patterns.0.iter().map(|pattern| pattern.value.clone());
        Ok(Self {
            texts: texts.collect(),
            set,
        })
    }

    /// The first pattern that `tag` matches.
    pub(super) fn matching(&self, tag: &Tag) -> Option<&str> {
        let first = self.set.matches(tag.as_str()).into_iter().min()?;
        self.texts.get(first).map(String::as_str)
    }
}

/// A pattern for repositories: for their path, and where it has one, for their host.
#[derive(Debug, Clone)]
pub(super) struct RepositoryPattern {
    host: HostPattern,
    path: PathPattern,
}

#[derive(Debug, Clone)]
enum HostPattern {
    Any,
    Is(Host),
    Like(GlobSet),
}

#[derive(Debug, Clone)]
enum PathPattern {
    Any,
    Like(GlobSet),
}

impl RepositoryPattern {
    /// The pattern that every repository matches.
    pub(super) fn all() -> Self {
        Self {
            host: HostPattern::Any,
            path: PathPattern::Any,
        }
    }

    /// Compiles a pattern that has to be one that some repository can match.
    pub(super) fn compile(pattern: &Text) -> Result<Self, Problem> {
        Self::of(&pattern.value).map_err(|reason| wrong("repository", pattern, &reason))
    }

    fn of(text: &str) -> Result<Self, String> {
        if matches!(text, "*" | "**") {
            return Ok(Self::all());
        }
        if text.ends_with('/') {
            return Err(format!("write `{text}**` for everything below"));
        }
        let (host, path) = match text.split_once('/') {
            Some((first, rest)) if is_host(first) => (Some(first), rest),
            None if is_host(text) && !has_tag(text) => {
                return Err(format!(
                    "host or path? Write `{text}/**` for a host, `**/{text}` for a path"
                ));
            }
            _ => (None, text),
        };
        Ok(Self {
            host: host.map_or(Ok(HostPattern::Any), HostPattern::of)?,
            path: PathPattern::of(path)?,
        })
    }

    /// Whether `repository` matches. Docker Hub's `library/app` is also its `app`.
    pub(super) fn matches(&self, repository: &Repository) -> bool {
        let host = repository.host.without_default_port();
        let path = repository.name.as_str();
        let short = path
            .strip_prefix("library/")
            .filter(|_| host.is_docker_hub());
        self.host.matches(&host)
            && (self.path.matches(path) || short.is_some_and(|short| self.path.matches(short)))
    }
}

impl HostPattern {
    fn of(text: &str) -> Result<Self, String> {
        let host: Result<Host, _> = text.parse();
        match host {
            Ok(host) => return Ok(Self::Is(host.without_default_port())),
            Err(error) if !text.contains(['*', '?', '[', '{']) => return Err(error.to_string()),
            Err(_) => {}
        }
        let text = text.to_lowercase();
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:".contains(c);
        refuse_unmatchable(&text, "a host", allowed)?;
        Ok(Self::Like(set(&text)?))
    }

    /// `host` is without the default port. A pattern that only fits it with that port means it
    /// too: `*.reg.io:443`.
    fn matches(&self, host: &Host) -> bool {
        match self {
            Self::Any => true,
            Self::Is(one) => one == host,
            Self::Like(set) => {
                set.is_match(host.as_str())
                    || host.port().is_none() && set.is_match(format!("{host}:443"))
            }
        }
    }
}

impl PathPattern {
    fn of(text: &str) -> Result<Self, String> {
        if text == "**" {
            return Ok(Self::Any);
        }
        if text.starts_with('/') || text.contains("//") {
            return Err("there is nothing before a `/`".to_owned());
        }
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c);
        refuse_unmatchable(text, "a repository's path", allowed)?;
        Ok(Self::Like(set(text)?))
    }

    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Like(set) => set.is_match(path),
        }
    }
}

/// Whether a pattern's first component means a host, as it would in a reference.
fn is_host(component: &str) -> bool {
    component.contains(['.', ':']) || component.eq_ignore_ascii_case("localhost")
}

/// Whether what looks like a port is none: `app:v1`.
fn has_tag(text: &str) -> bool {
    let after = text.rsplit_once(':').map(|(_, after)| after);
    after.is_some_and(|after| after.parse::<u16>().is_err())
}

fn tag_glob(text: &str) -> Result<Glob, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    refuse_unmatchable(text, "a tag", allowed)?;
    if text.starts_with(['.', '-']) {
        return Err("no tag begins with `.` or `-`".to_owned());
    }
    glob(text)
}

fn set(text: &str) -> Result<GlobSet, String> {
    // Through a set, since a single glob's matcher panics where its expression is too large.
    GlobSet::new([glob(text)?]).map_err(|error| error.kind().to_string())
}

fn glob(text: &str) -> Result<Glob, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.len() > LENGTH_LIMIT {
        return Err(format!("longer than {LENGTH_LIMIT} bytes"));
    }
    GlobBuilder::new(text)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|error| error.kind().to_string())
}

/// Refuses a character outside the pattern syntax that `what` never has: a rule that protects
/// nothing must not look like one that does.
fn refuse_unmatchable(
    text: &str,
    what: &str,
    allowed: impl Fn(char) -> bool,
) -> Result<(), String> {
    let mut class = false;
    let mut braces = 0_usize;
    let mut before = None;
    for c in text.chars() {
        let syntax = match c {
            '!' | '^' => class && before == Some('['),
            ']' => class,
            _ if class => false,
            '[' | '{' | '*' | '?' => true,
            '}' | ',' => braces > 0,
            _ => false,
        };
        if !syntax && !allowed(c) {
            return Err(format!("{what} has no `{c}`"));
        }
        match c {
            '[' => class = true,
            ']' => class = false,
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        before = Some(c);
    }
    Ok(())
}

fn wrong(kind: &str, pattern: &Text, reason: &str) -> Problem {
    let reason = format!("{kind} pattern `{}`: {reason}", pattern.value);
    Problem::with(pattern, reason)
}
