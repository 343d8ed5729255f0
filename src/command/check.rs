//! `check`: whether an image is complete and intact.

use super::failure::{at, at_tag};
use super::image::{check_tag, reference, wanted};
use super::tag::partial;
use crate::app::App;
use crate::engine::check::{Fault, Options, Problem, Report, Unread, check};
use crate::oci::Digest;
use crate::oci::reference::{Location, Reference};
use crate::store::{Error, Kind};
use crate::term::escape::escape;
use crate::term::exit::Hint;
use crate::term::output::Row;
use serde::Serialize;
use std::error::Error as StdError;
use std::fmt;

/// Checks that everything an image refers to is there, and is what its digest says.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock check registry.example.com/team/api:1.4.2
  crossdock check --fast registry.example.com/team/api:1.4.2
  crossdock check --referrers registry.example.com/team/api@sha256:…")]
pub struct Args {
    /// The images
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
    /// Only ask whether blobs are there, and read none
    #[arg(long)]
    fast: bool,
    /// Check what is attached to the image, too
    #[arg(long)]
    referrers: bool,
    /// With a tag and a digest: the tag must point to the digest now
    #[arg(long)]
    check_tag: bool,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Checked {
    reference: Reference,
    digest: Digest,
    verdict: Verdict,
    fast: bool,
    manifests: usize,
    blobs: usize,
    bytes: u64,
    skipped: Vec<Digest>,
    problems: Vec<Found>,
    unchecked: Vec<Unchecked>,
}

/// What is known of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// Everything is there, and as it is listed.
    Complete,
    /// Something is missing or wrong.
    Incomplete,
    /// Nothing is known to be wrong, and not everything could be read.
    Unknown,
}

/// A part that could not be read.
#[derive(Debug, Serialize)]
struct Unchecked {
    digest: Digest,
    places: Vec<String>,
    reason: String,
    #[serde(skip)]
    text: String,
}

/// A problem as it is printed.
#[derive(Debug, Serialize)]
struct Found {
    problem: &'static str,
    digest: Digest,
    places: Vec<String>,
    /// How many places are not named.
    #[serde(skip_serializing_if = "is_none")]
    more_places: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    listed_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip)]
    text: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks this way")]
fn is_none(number: &usize) -> bool {
    *number == 0
}

impl From<Problem> for Found {
    fn from(problem: Problem) -> Self {
        let Problem {
            digest,
            places,
            fault,
        } = problem;
        let text = format!("{digest} {fault} ({places})");
        let (listed_size, actual_size, reason) = match &fault {
            Fault::Size { listed, actual } => (Some(*listed), *actual, None),
            Fault::Unusable(why) => (None, None, Some(why.clone())),
            Fault::Missing | Fault::Digest => (None, None, None),
        };
        Self {
            problem: fault.name(),
            digest,
            places: places.first,
            more_places: places.more,
            listed_size,
            actual_size,
            reason,
            text,
        }
    }
}

impl From<&Unread> for Unchecked {
    fn from(unread: &Unread) -> Self {
        let Unread { digest, places, .. } = unread;
        Self {
            text: format!("{digest} not checked ({places})"),
            digest: digest.clone(),
            places: places.first.clone(),
            reason: chain(&unread.error),
        }
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pinned = pinned(&self.reference, &self.digest).to_string();
        let verdict = match self.verdict {
            Verdict::Complete => "complete",
            Verdict::Incomplete => "incomplete",
            Verdict::Unknown => "unknown",
        };
        write!(f, "{} {verdict}", escape(&pinned))?;
        let problems = self.problems.iter().map(|problem| &problem.text);
        let unchecked = self.unchecked.iter().map(|unchecked| &unchecked.text);
        let mut lines = problems.chain(unchecked);
        lines.try_for_each(|line| write!(f, "\n  {}", escape(line)))
    }
}

impl Row for Checked {}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args {
        images,
        fast,
        referrers,
        check_tag: checked,
    } = args;
    let images = images.iter().map(|typed| reference(typed, app));
    let images = images.collect::<Result<Vec<_>, _>>()?;
    let total = images.len();
    app.output.list();
    let mut failures = Vec::new();
    for image in images {
        let copying = app.copy_options([&image.location]);
        let options = Options {
            fast,
            referrers,
            jobs: copying.jobs,
            attempts: copying.attempts,
        };
        failures.extend(one(image, checked, options, app).await?);
    }
    partial(failures, total, "images were not found complete", app)
}

/// Checks an image, prints what was found, and returns what is wrong with it.
async fn one(
    image: Reference,
    checked: bool,
    options: Options,
    app: &App,
) -> anyhow::Result<Option<anyhow::Error>> {
    let store = match app.open_source(&image.location, []) {
        Ok(store) => store,
        Err(error) => return Ok(Some(error)),
    };
    let report = async {
        if checked {
            check_tag(&*store, &image).await?;
        }
        let target = wanted(&*store, &image).await?;
        check(&store, &target, options, &app.progress()).await
    };
    let report = match report.await {
        Ok(report) => report,
        Err(error) => {
            let target = image.target();
            let tag = target.as_ref().and_then(|target| target.tag());
            return Ok(Some(at_tag(error, &*store, tag).await));
        }
    };
    let (checked, failure) = judged(image, report, options.fast);
    app.output.block(&checked)?;
    Ok(failure)
}

/// What is printed, and what the command ends with.
fn judged(reference: Reference, report: Report, fast: bool) -> (Checked, Option<anyhow::Error>) {
    let unchecked: Vec<_> = report.unread.iter().map(Unchecked::from).collect();
    let parts = report.manifests + report.blobs;
    let problems: Vec<_> = report.problems.into_iter().map(Found::from).collect();
    let first = report.unread.into_iter().map(|unread| unread.error).next();
    let unknown = report.stopped.or(first);
    let (verdict, failure) = match unknown {
        _ if !problems.is_empty() => {
            let pinned = pinned(&reference, &report.digest);
            let error = incomplete(&pinned, &problems, parts);
            (Verdict::Incomplete, Some(error))
        }
        Some(error) => (Verdict::Unknown, Some(at(&reference.location)(error))),
        None => (Verdict::Complete, None),
    };
    let skipped = report.foreign.iter();
    let checked = Checked {
        reference,
        verdict,
        fast,
        manifests: report.manifests,
        blobs: report.blobs,
        bytes: report.bytes,
        skipped: skipped.map(|layer| layer.digest().clone()).collect(),
        problems,
        unchecked,
        digest: report.digest,
    };
    (checked, failure)
}

fn incomplete(pinned: &Reference, problems: &[Found], parts: usize) -> anyhow::Error {
    let wrong = problems.len();
    let are = if wrong == 1 { "is" } else { "are" };
    let what = format!("{pinned} is incomplete: {wrong} of {parts} parts {are} missing or wrong");
    let hint = remedy(&pinned.location, problems);
    let error = Error::new(Kind::Corrupt, what).at(&pinned.location);
    at(&pinned.location)(error).context(Hint(hint))
}

/// What helps: what a registry has under a digest is not written anew, whatever it is.
fn remedy(location: &Location, problems: &[Found]) -> String {
    let repair = "`crossdock copy --deep SRC DST` from where it is complete puts it right";
    let missing = Fault::Missing.name();
    let is_missing = problems.iter().all(|found| found.problem == missing);
    if is_missing || location.folder().is_some() {
        return repair.to_owned();
    }
    let kept = "the registry keeps what it has under a digest; once what is wrong is removed there";
    format!("{kept}, {repair}")
}

/// An error with its causes.
fn chain(error: &Error) -> String {
    let causes = std::iter::successors(StdError::source(error), |cause| (*cause).source());
    let links = causes.map(ToString::to_string);
    std::iter::once(error.to_string())
        .chain(links)
        .collect::<Vec<_>>()
        .join(": ")
}

/// The image with the digest that was checked.
fn pinned(image: &Reference, digest: &Digest) -> Reference {
    Reference {
        digest: Some(digest.clone()),
        ..image.clone()
    }
}
