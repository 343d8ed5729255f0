//! Which requests a registry answered, from its own access log.

use std::fmt;

/// The path that marks a place in the log.
pub(super) const MARK: &str = "/v2/?mark=";

/// One answered request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) status: u16,
}

impl Answered {
    /// Reads a line of the combined log format; others are none.
    fn parse(line: &str) -> Option<Self> {
        let mut quoted = line.split('"');
        let request = quoted.nth(1)?;
        let status = quoted.next()?.split_whitespace().next()?.parse().ok()?;
        let (method, rest) = request.split_once(' ')?;
        let (target, _) = rest.rsplit_once(' ')?;
        Some(Self {
            method: method.to_owned(),
            target: target.to_owned(),
            status,
        })
    }

    /// What was asked for, in one word.
    fn subject(&self) -> &'static str {
        let path = self.target.split('?').next().unwrap_or_default();
        match path {
            "/v2/" => "ping",
            path if path.contains("/blobs/uploads/") => "upload",
            path if path.contains("/blobs/") => "blob",
            path if path.contains("/manifests/") => "manifest",
            path if path.ends_with("/tags/list") => "tags",
            _ => "other",
        }
    }
}

/// Requests in the order in which their answers ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requests(Vec<Answered>);

impl Requests {
    pub(super) fn parse(log: &str) -> Self {
        Self(log.lines().filter_map(Answered::parse).collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Answered> {
        self.0.iter()
    }

    /// Without pings that carry a mark, and without what was answered before.
    pub(super) fn since(&self, before: &Self) -> Self {
        Self(self.0.iter().skip(before.0.len()).cloned().collect()).without_marks()
    }

    fn without_marks(mut self) -> Self {
        self.0.retain(|one| !one.target.starts_with(MARK));
        self
    }

    /// How many times each kind of request was answered how, as sorted `METHOD subject STATUS`.
    pub(super) fn tally(&self) -> Vec<(String, usize)> {
        let mut kinds: Vec<String> = self
            .iter()
            .map(|one| format!("{} {} {}", one.method, one.subject(), one.status))
            .collect();
        kinds.sort_unstable();
        let mut tally: Vec<(String, usize)> = Vec::new();
        for kind in kinds {
            match tally.last_mut() {
                Some((last, count)) if *last == kind => *count += 1,
                _ => tally.push((kind, 1)),
            }
        }
        tally
    }

    /// Fails unless these, and no others, were answered.
    #[track_caller]
    pub(super) fn assert(&self, expected: &[(&str, usize)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|&(kind, count)| (kind.to_owned(), count))
            .collect();
        assert_eq!(self.tally(), expected, "{self}");
    }
}

/// The last requests, cut short.
impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 30;
        let skipped = self.0.len().saturating_sub(SHOWN);
        if skipped > 0 {
            writeln!(f, "… {skipped} more …")?;
        }
        for Answered {
            method,
            target,
            status,
        } in self.iter().skip(skipped)
        {
            writeln!(f, "{status} {method} {target:.120}")?;
        }
        Ok(())
    }
}
