//! `check`: whether an image is complete and intact.

use super::failure::{at, at_tag};
use super::image::{check_tag, reference, wanted};
use super::tag::partial;
use crate::app::App;
use crate::engine::check::{Fault, Options, Problem, Report, check};
use crate::oci::Digest;
use crate::oci::reference::Reference;
use crate::store::{Error, Kind};
use crate::term::escape::escape;
use crate::term::exit::Hint;
use crate::term::output::Row;
use serde::Serialize;
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
    complete: bool,
    /// Whether everything was looked at.
    finished: bool,
    fast: bool,
    manifests: usize,
    blobs: usize,
    bytes: u64,
    skipped: Vec<Digest>,
    problems: Vec<Found>,
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

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pinned = pinned(&self.reference, &self.digest).to_string();
        let verdict = if self.complete {
            "complete"
        } else {
            "incomplete"
        };
        write!(f, "{} {verdict}", escape(&pinned))?;
        let mut problems = self.problems.iter();
        problems.try_for_each(|problem| write!(f, "\n  {}", escape(&problem.text)))
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
    let images = images.iter().map(|typed| reference(typed));
    let images = images.collect::<Result<Vec<_>, _>>()?;
    let total = images.len();
    app.output.list();
    let mut failures = Vec::new();
    for image in images {
        let copying = app.copy_options(&[&image.location]);
        let options = Options {
            fast,
            referrers,
            jobs: copying.jobs,
            attempts: copying.attempts,
        };
        failures.extend(one(image, checked, options, app).await?);
    }
    partial(failures, total, "images are not complete", app)
}

/// Checks an image, prints what was found, and returns what is wrong with it.
async fn one(
    image: Reference,
    checked: bool,
    options: Options,
    app: &App,
) -> anyhow::Result<Option<anyhow::Error>> {
    let store = app.open(&image.location);
    let report = async {
        if checked {
            check_tag(&*store, &image).await?;
        }
        let target = wanted(&*store, &image).await?;
        check(&store, &target, options, &app.progress()).await
    };
    let mut report = match report.await {
        Ok(report) => report,
        Err(error) => {
            let target = image.target();
            let tag = target.as_ref().and_then(|target| target.tag());
            return Ok(Some(at_tag(error, &*store, tag).await));
        }
    };
    let stopped = report.stopped.take();
    let finished = stopped.is_none();
    if report.problems.is_empty()
        && let Some(error) = stopped
    {
        return Ok(Some(at(&image.location)(error)));
    }
    if let Some(error) = stopped {
        let why = format!("{:#}", anyhow::Error::new(error));
        app.output.warn(&format!("there may be more: {why}"));
    }
    let failure = incomplete(&image, &report);
    app.output
        .block(&found(image, report, options.fast, finished))?;
    Ok(failure)
}

fn found(reference: Reference, report: Report, fast: bool, finished: bool) -> Checked {
    Checked {
        reference,
        complete: report.problems.is_empty(),
        finished,
        fast,
        manifests: report.manifests,
        blobs: report.blobs,
        bytes: report.bytes,
        skipped: report
            .foreign
            .iter()
            .map(|layer| layer.digest().clone())
            .collect(),
        problems: report.problems.into_iter().map(Found::from).collect(),
        digest: report.digest,
    }
}

fn incomplete(image: &Reference, report: &Report) -> Option<anyhow::Error> {
    let wrong = report.problems.len();
    if wrong == 0 {
        return None;
    }
    let (parts, pinned) = (
        report.manifests + report.blobs,
        pinned(image, &report.digest),
    );
    let are = if wrong == 1 { "is" } else { "are" };
    let what = format!("{pinned} is incomplete: {wrong} of {parts} parts {are} missing or wrong");
    let hint = "`crossdock copy --deep` from where it is complete puts it right".to_owned();
    let error = Error::new(Kind::Corrupt, what).at(&image.location);
    Some(at(&image.location)(error).context(Hint(hint)))
}

/// The image with the digest that was checked.
fn pinned(image: &Reference, digest: &Digest) -> Reference {
    Reference {
        digest: Some(digest.clone()),
        ..image.clone()
    }
}
