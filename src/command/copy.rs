//! `copy`: an image or index, or all tags of a repository, byte for byte, to one place or several.

mod explain;
mod places;
mod row;
mod tags;

use super::failure::{Usage, at};
use super::image::{check_tag, reference, wanted};
use super::tag::partial;
use crate::app::App;
use crate::engine::copy::{Name, Options, Plan, Run, Summary};
use crate::oci::reference::{Reference, Target};
use explain::{describe, explained};
use places::{Place, places};
use row::Outcome;
use std::sync::Arc;

/// Copies an image or index, byte for byte, to one or several repositories or folders.
///
/// With several destinations the source is read once. Only several `--platform`, or one with a
/// `*`, make a new index.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock copy alpine:3.20 registry.example.com/base/alpine:3.20
  crossdock copy dev.example.com/team/api:1.4.2 prod.example.com/
  crossdock copy ghcr.io/acme/api:1.4 eu.example.com/acme/api us.example.com/acme/api
  crossdock copy --platform linux/amd64 --platform linux/arm64 golang:1.24 registry.example.com/golang
  crossdock copy --all-tags --exclude '*-rc*' dev.example.com/team/api prod.example.com/team/api
  crossdock copy --referrers ghcr.io/acme/api@sha256:… oci:./images:api")]
pub struct Args {
    /// The image: [HOST/]PATH[:TAG][@DIGEST], or oci:DIR[:TAG][@DIGEST] for a folder; `latest`
    /// where neither is given
    #[arg(value_name = "SRC")]
    from: String,
    /// Where to; without a tag, the source's; ending in `/`, the source's path is appended
    #[arg(value_name = "DST", required = true)]
    to: Vec<String>,
    /// Copy all tags of SRC, which has none of its own
    #[arg(short, long)]
    all_tags: bool,
    /// Copy the tags that match this pattern; may be repeated
    #[arg(long, value_name = "GLOB")]
    tags: Vec<String>,
    /// With --all-tags or --tags: not those that match this one; may be repeated
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Only this platform: os/arch[/variant], `local`, or with `*` for any; may be repeated, and
    /// makes a new index then
    #[arg(long, value_name = "PLATFORM")]
    platform: Vec<String>,
    /// Take along what is attached: signatures, attestations, bills of materials
    #[arg(long)]
    referrers: bool,
    /// Leave a tag alone that points to something else already (exit 5; with several tags, a note)
    #[arg(short, long)]
    no_clobber: bool,
    /// Look for everything at the destination, and send what is missing, though the image is there
    #[arg(long)]
    deep: bool,
    /// Say what would be copied, and copy nothing
    #[arg(long)]
    dry_run: bool,
    /// With a tag and a digest: the tag must point to the digest now
    #[arg(long)]
    check_tag: bool,
    /// Move a tag although a rule of the settings calls it immutable
    #[arg(long)]
    force_immutable: bool,
}

/// How the parts of one command line are treated alike.
struct Job<'a> {
    run: Arc<Run>,
    from: Reference,
    places: Vec<Place>,
    dry_run: bool,
    force_immutable: bool,
    app: &'a App,
}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args {
        from,
        to,
        all_tags,
        tags,
        exclude,
        platform,
        referrers,
        no_clobber,
        deep,
        dry_run,
        check_tag: checked,
        force_immutable,
    } = args;
    let from = reference(&from)?;
    let places = places(&from, &to)?;
    let selection = tags::selection(all_tags, &tags, &exclude, referrers)?;
    let locations: Vec<_> = places.iter().map(|place| &place.location).collect();
    let all = [&from.location]
        .into_iter()
        .chain(locations.iter().copied());
    let options = Options {
        no_clobber,
        platforms: app.platforms(&platform)?,
        referrers,
        deep,
        only_plans: dry_run,
        ..app.copy_options(all)
    };
    let stores = locations.iter().map(|location| app.open(location));
    let job = Job {
        run: Run::new(
            app.open(&from.location),
            stores.collect(),
            options,
            app.progress(),
        ),
        from,
        places,
        dry_run,
        force_immutable,
        app,
    };
    let Some(selection) = selection else {
        return job.image(checked).await;
    };
    job.tags(&selection).await
}

impl Job<'_> {
    /// Copies the one image that was named.
    async fn image(&self, checked: bool) -> anyhow::Result<()> {
        let source = self.run.source();
        let at_source = at(&self.from.location);
        if checked {
            check_tag(&**source, &self.from).await.map_err(&at_source)?;
        }
        let wanted = wanted(&**source, &self.from).await.map_err(&at_source)?;
        let names: Vec<_> = self.places.iter().map(|p| self.names(p, &wanted)).collect();
        if names.iter().map(Vec::len).sum::<usize>() > 1 {
            self.app.output.list();
        }
        let plan = match self.run.plan(&wanted, &names).await {
            Ok(plan) => plan,
            Err(error) => return Err(explained(error, &self.run, wanted.tag()).await),
        };
        if let Some(whole) = &plan.chosen_from {
            let new = &plan.digest;
            let note = format!("{new} is a new index: what signs {whole} does not cover it");
            self.app.output.note(&note);
        }
        let outcomes = self.carry_out(&self.from, plan).await;
        self.app.finish_progress();
        // A place that failed did so once, however many tags it was to get.
        let (mut failures, total) = (Vec::new(), outcomes.len());
        for outcome in outcomes {
            match outcome {
                Outcome::There(row) => {
                    if !row.changed && !row.dry_run {
                        let there = format!("{} is up to date", row.destination);
                        self.app.output.status(&there);
                    }
                    self.app.output.row(&*row)?;
                }
                Outcome::Kept(error) | Outcome::Failed(error) => {
                    failures.push(explained(error, &self.run, None).await);
                }
            }
        }
        partial(failures, total, "destinations were not written", self.app)
    }

    /// Does what the plan says, or only says it: what came of each name, place by place.
    async fn carry_out(&self, from: &Reference, mut plan: Plan) -> Vec<Outcome> {
        let rows = self.places.iter().zip(&plan.parts);
        let rows = rows.map(|(place, part)| match part {
            Ok(part) => row::rows(from, &plan, place, part, self.dry_run),
            Err(_) => Vec::new(),
        });
        let mut rows: Vec<Vec<Outcome>> = rows.collect();
        if self.dry_run {
            for (place, part) in self.places.iter().zip(&plan.parts) {
                if let Ok(part) = part {
                    let several = self.places.len() > 1 || *from != self.from;
                    describe(&plan, part, place, several, self.app);
                }
            }
        }
        let results: Vec<_> = if self.dry_run {
            let parts = plan.parts.drain(..);
            parts.map(|part| part.map(|_| Summary::default())).collect()
        } else {
            self.run.apply(plan).await
        };
        for (rows, result) in rows.iter_mut().zip(results) {
            row::settle(rows, result);
        }
        rows.into_iter().flatten().collect()
    }

    /// What an image is to be written under at a place: the tags that were typed, or the source's.
    fn names(&self, place: &Place, wanted: &Target) -> Vec<Name> {
        let typed = place.targets.iter();
        let targets = typed.map(|target| target.clone().unwrap_or_else(|| wanted.clone()));
        let mut names: Vec<Name> = Vec::new();
        for target in targets {
            if names.iter().any(|name| name.target == target) {
                continue;
            }
            let guard = self
                .app
                .guard_target(&place.location, &target, self.force_immutable);
            names.push(Name { target, guard });
        }
        names
    }
}

/// A pattern for tags.
fn glob(flag: &str, typed: &str) -> anyhow::Result<globset::GlobMatcher> {
    let glob = globset::Glob::new(typed).map_err(|error| Usage(format!("`{flag}`: {error}")))?;
    Ok(glob.compile_matcher())
}
