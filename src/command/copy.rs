//! `copy`: an image or index, or all tags of a repository, byte for byte, to one place or several.

mod create;
mod explain;
mod order;
mod places;
mod row;
mod tags;

use super::failure::{Usage, at};
use super::image::{check_tag, reference, wanted};
use super::tag::partial;
use crate::app::App;
use crate::engine::copy::{Name, Options, Patience, Plan, Run};
use crate::oci::Digest;
use crate::oci::reference::{Reference, Target};
use crate::store::Error;
use crate::term::output::WriteError;
use explain::{counted, describe, explained};
use order::InOrder;
use places::{Place, places};
use row::{Copied, Outcome};
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
    /// Make the repositories that are not there, where the registry wants that (ECR, Harbor's
    /// projects, Quay, Artifact Registry); `create` in the settings says how
    #[arg(long)]
    create: bool,
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

/// An image that some places have not got because they took long to answer.
struct Late {
    from: Reference,
    /// What it is to be written under where the user said nothing else.
    wanted: Target,
    /// What the others got, or what that was chosen from.
    image: Digest,
    places: Vec<usize>,
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
        create,
        dry_run,
        check_tag: checked,
        force_immutable,
    } = args;
    let from = reference(&from, app)?;
    let places = places(&from, &to, app)?;
    let platforms = app.platforms(&platform)?;
    let omits = referrers || !platforms.is_empty();
    let selection = tags::selection(all_tags, &tags, &exclude, omits)?;
    let is_pinned = selection.is_none() && from.tag.is_some() && from.digest.is_some();
    if checked && !is_pinned {
        let what = "`--check-tag` wants a source with a tag and a digest".to_owned();
        return Err(Usage(what).into());
    }
    let locations: Vec<_> = places.iter().map(|place| &place.location).collect();
    let all = [&from.location]
        .into_iter()
        .chain(locations.iter().copied());
    let options = Options {
        no_clobber,
        platforms,
        referrers,
        deep,
        only_plans: dry_run,
        ..app.copy_options(all)
    };
    let source = app.open_source(&from.location, locations.iter().copied())?;
    let stores = locations.iter().map(|location| app.open(location));
    let stores = stores.collect::<anyhow::Result<_>>()?;
    let job = Job {
        run: Run::new(
            source,
            stores,
            options,
            app.guards(force_immutable),
            app.progress(),
        ),
        from,
        places,
        dry_run,
        force_immutable,
        app,
    };
    let Some(selection) = selection else {
        return job.image(checked, create).await;
    };
    job.create(create, None).await?;
    job.tags(&selection).await
}

impl Job<'_> {
    /// Copies the one image that was named.
    async fn image(&self, checked: bool, create: bool) -> anyhow::Result<()> {
        let source = self.run.source();
        let at_source = at(source.location());
        if checked {
            check_tag(&**source, &self.from).await.map_err(&at_source)?;
        }
        let wanted = wanted(&**source, &self.from).await.map_err(&at_source)?;
        self.create(create, Some(&wanted)).await?;
        let names = self.places.iter().map(|place| self.names(place, &wanted));
        if names.map(|names| names.len()).sum::<usize>() > 1 {
            self.app.output.list();
        }
        let (mut there, mut failed, mut written) = (Vec::new(), Vec::new(), Ok(()));
        // One row is the last line of all; several are printed as they come.
        let at_once = self.places.len() > 1;
        let mut ends = InOrder::new(|end| match end {
            Outcome::There(row) => {
                if at_once && written.is_ok() {
                    written = self.tell(&row);
                }
                there.push(row);
            }
            Outcome::Kept(error) | Outcome::Failed(error) => failed.push(error),
        });
        let mut told = |place, outcomes| ends.add(place, outcomes);
        let copied = self.copy(&self.from, &wanted, &mut told).await;
        drop(ends);
        if let Err(error) = copied {
            return Err(explained(error, &self.run, wanted.tag()).await);
        }
        self.app.finish_progress();
        written?;
        if !at_once {
            there.iter().try_for_each(|row| self.tell(row))?;
        }
        let new = there
            .iter()
            .find_map(|row| Some((&row.digest, row.chosen_from.as_ref()?)));
        if let Some((new, whole)) = new {
            let note = format!("{new} is a new index: what signs {whole} does not cover it");
            self.app.output.note(&note);
        }
        let total = there.len() + failed.len();
        let mut failures = Vec::new();
        for error in failed {
            failures.push(explained(error, &self.run, None).await);
        }
        partial(failures, total, "destinations were not written", self.app)
    }

    /// Prints what is there.
    fn tell(&self, row: &Copied) -> Result<(), WriteError> {
        if !row.changed && !row.dry_run {
            let there = format!("{} is up to date", row.destination);
            self.app.output.status(&there);
        }
        self.app.output.row(row)
    }

    /// Copies one image to all places. Those that take long to answer hold up no other, and come
    /// last.
    async fn copy(
        &self,
        from: &Reference,
        wanted: &Target,
        told: &mut (dyn FnMut(usize, Vec<Outcome>) + Send),
    ) -> Result<(), Error> {
        if let Some(late) = self.copy_in_time(from, wanted, told).await? {
            self.copy_late(late, told).await;
        }
        Ok(())
    }

    /// Copies to the places that answer in time. Returns what is left for later.
    async fn copy_in_time(
        &self,
        from: &Reference,
        wanted: &Target,
        told: &mut (dyn FnMut(usize, Vec<Outcome>) + Send),
    ) -> Result<Option<Late>, Error> {
        let names: Vec<_> = self.places.iter().map(|p| self.names(p, wanted)).collect();
        let mut plan = self.run.plan(wanted, &names, Patience::Short).await?;
        let late = Late {
            from: from.clone(),
            wanted: wanted.clone(),
            image: plan.chosen_from.as_ref().unwrap_or(&plan.digest).clone(),
            places: std::mem::take(&mut plan.late),
        };
        self.carry_out(from, plan, told).await;
        Ok((!late.places.is_empty()).then_some(late))
    }

    /// Copies to places that were late, and waits for them. They get what the others got, whatever
    /// the source's tag points to by now; a failure is theirs.
    async fn copy_late(&self, late: Late, told: &mut (dyn FnMut(usize, Vec<Outcome>) + Send)) {
        let Late {
            from,
            wanted,
            image,
            places,
        } = late;
        let names = self.places.iter().enumerate().map(|(place, named)| {
            let takes_part = places.contains(&place);
            takes_part.then(|| self.names(named, &wanted))
        });
        let names: Vec<Vec<Name>> = names.map(Option::unwrap_or_default).collect();
        let image = Target::Digest(image);
        match self.run.plan(&image, &names, Patience::Long).await {
            Ok(plan) => self.carry_out(&from, plan, told).await,
            Err(error) => {
                for place in places {
                    told(place, vec![Outcome::Failed(error.again())]);
                }
            }
        }
    }

    /// Does what the plan says, or only says it. `told` is given each place's position and what
    /// came of its names, as soon as it is known.
    async fn carry_out(
        &self,
        from: &Reference,
        mut plan: Plan,
        told: &mut (dyn FnMut(usize, Vec<Outcome>) + Send),
    ) {
        let root = plan.chosen_from.as_ref().unwrap_or(&plan.digest);
        let mirror = self.run.source().mirror_of(root);
        let source = (from, mirror.as_ref());
        let rows = self.places.iter().zip(&plan.parts);
        let rows = rows.map(|(place, part)| match part {
            Ok(part) => row::rows(source, &plan, place, part, self.dry_run),
            Err(_) => Vec::new(),
        });
        let mut rows: Vec<Vec<Outcome>> = rows.collect();
        if plan.left_out > 0 && !plan.is_second {
            let entries = counted(plan.left_out, "entry", "entries");
            let note = format!("{entries} of {from} without a platform left out");
            self.app.output.note(&note);
        }
        if !self.dry_run {
            let mut told = |to: usize, applied| {
                let mut rows: Vec<Outcome> = std::mem::take(&mut rows[to]);
                row::settle(&mut rows, applied);
                told(to, rows);
            };
            return self.run.apply(plan, &mut told).await;
        }
        let several = self.places.len() > 1 || *from != self.from;
        for (place, part) in self.places.iter().zip(&plan.parts) {
            if let Ok(part) = part {
                describe(&plan, part, place, several, self.app);
            }
        }
        let rows = rows.into_iter().zip(plan.parts.drain(..));
        for (to, (mut rows, part)) in rows.enumerate() {
            if let Err(error) = part {
                row::settle(&mut rows, Err(error));
            }
            told(to, rows);
        }
    }

    /// What an image is to be written under at a place: the tags that were typed, or the source's.
    fn names(&self, place: &Place, wanted: &Target) -> Vec<Name> {
        let mut names: Vec<Name> = Vec::new();
        for typed in &place.targets {
            let target = typed.clone().unwrap_or_else(|| wanted.clone());
            if names.iter().any(|name| name.target == target) {
                continue;
            }
            let guard = self
                .app
                .guard_target(&place.location, &target, self.force_immutable);
            names.push(Name {
                target,
                guard,
                is_sources: typed.is_none(),
            });
        }
        names
    }
}
