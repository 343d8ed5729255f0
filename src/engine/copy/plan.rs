//! What must be where: for each destination what it lacks of an image, and the names to be written.

use super::attachments::{self, Attachment, Role};
use super::choice;
use super::first::{Chosen, First, read_root};
use super::looks::{Look, Patience};
use super::run::Run;
use super::walk::{Node, Side, Walk, Which, Work};
use crate::engine::guard::Guard;
use crate::oci::Digest;
use crate::oci::manifest::Manifest;
use crate::oci::reference::{Location, Reference, Target};
use crate::store::{Error, Kind, Result};

/// What an image is to be written under.
#[derive(Debug, Clone)]
pub struct Name {
    /// The tag, or its digest where there is none.
    pub target: Target,
    /// The user's rule on that tag.
    pub guard: Guard,
    /// It is what the source was asked for by, and not named by the user: a digest is then that of
    /// what is chosen.
    pub is_sources: bool,
}

/// What is to be done for one image.
#[derive(Debug)]
pub struct Plan {
    /// What the names will point to.
    pub digest: Digest,
    /// What of it some destination lacks.
    pub work: Work,
    /// What is attached to it and goes along.
    pub attachments: Vec<Attachment>,
    pub(super) roles: Vec<Role>,
    pub(super) root_is_attached: bool,
    /// The image is a choice of another's platforms, of which this is the digest.
    pub chosen_from: Option<Digest>,
    /// So many entries were left out because they say no platform.
    pub left_out: usize,
    /// Each destination's part, in the run's order; an error where it takes no part.
    pub parts: Vec<Result<Part>>,
    /// Destinations that have not answered in time, whose names this plan leaves out.
    pub late: Vec<usize>,
    /// It is for those that were late: what there is to say of the image was said.
    pub is_second: bool,
}

/// One destination's part in a plan.
#[derive(Debug)]
pub struct Part {
    /// What the image is to be written under.
    pub names: Vec<PlannedName>,
    /// Which of [`Work::nodes`] it lacks.
    pub(super) lacks: Vec<bool>,
    /// It is the place that the image is read from.
    pub(super) is_source: bool,
    /// It gets what is attached to the image.
    pub(super) attaches: bool,
}

/// A name at a destination.
#[derive(Debug)]
pub struct PlannedName {
    /// The tag or digest.
    pub target: Target,
    /// What it points to now.
    pub replaces: Option<Digest>,
    /// It points to the image already.
    pub is_there: bool,
    /// It points to something else, and the user wants it left alone.
    pub is_kept: bool,
    /// A rule, or the user, wants the tag as it was found: it is looked at again before it is
    /// written.
    pub(super) is_guarded: bool,
}

impl Plan {
    /// Whether every destination that takes part has everything.
    pub fn is_nothing(&self) -> bool {
        let nothing = |part: &Part| part.is_nothing();
        self.parts.iter().flatten().all(nothing)
    }

    /// The nodes that a destination lacks.
    pub fn lacking<'a>(&'a self, part: &'a Part) -> impl Iterator<Item = (usize, &'a Node)> {
        let nodes = self.work.nodes.iter().enumerate();
        nodes.filter(|(position, _)| part.lacks[*position])
    }

    /// The blobs that may be missing at a destination, as positions in [`Work::blobs`].
    pub fn blobs(&self, part: &Part) -> Vec<usize> {
        if part.is_source {
            return Vec::new();
        }
        let nodes = self.lacking(part);
        let mut blobs: Vec<usize> = nodes.flat_map(|(_, node)| node.blobs.clone()).collect();
        blobs.sort_unstable();
        blobs.dedup();
        blobs
    }
}

impl Part {
    /// Whether nothing is missing, and nothing is to be written.
    pub fn is_nothing(&self) -> bool {
        !self.lacks.contains(&true) && !self.names.iter().any(PlannedName::is_written)
    }

    /// Whether some name is not left alone.
    fn takes_part(&self) -> bool {
        self.names.iter().any(|name| !name.is_kept)
    }
}

impl PlannedName {
    pub(super) fn is_written(&self) -> bool {
        !self.is_there && !self.is_kept
    }

    /// Why a name is left alone.
    pub fn refusal(&self, location: &Location) -> Option<Error> {
        let old = self.replaces.as_ref().filter(|_| self.is_kept)?;
        let reference = location.reference(&self.target);
        let what = format!("{reference} points to {old} already, and is left alone");
        Some(Error::new(Kind::Refused, what).at(location))
    }
}

impl Run {
    /// Finds out what a copy of `target` to all destinations consists of. `names` are what it is
    /// to be written under at each of them.
    ///
    /// All places are asked at once what they have; where that is the same, nothing else is asked.
    /// A destination without names takes no part.
    pub async fn plan(
        &self,
        target: &Target,
        names: &[Vec<Name>],
        patience: Patience,
    ) -> Result<Plan> {
        if !self.options.platforms.is_empty() && target.digest().is_some() {
            return self.plan_chosen(target, names, patience).await;
        }
        let looks = self.looks(names, patience);
        let (first, looks) = tokio::join!(self.first_look(target, names), looks);
        let here = Here {
            names,
            looks,
            is_second: patience == Patience::Long,
        };
        self.compared(target, first?, here).await
    }

    /// The same where the names are only known once something is chosen.
    async fn plan_chosen(
        &self,
        target: &Target,
        names: &[Vec<Name>],
        patience: Patience,
    ) -> Result<Plan> {
        let first = self.first_look(target, names).await?;
        let mut names = names.to_vec();
        let of_source = names.iter_mut().flatten();
        for name in of_source.filter(|name| name.is_sources && name.target == *target) {
            name.target = Target::Digest(first.digest().clone());
        }
        let looks = self.looks(&names, patience).await;
        let here = Here {
            names: &names,
            looks,
            is_second: patience == Patience::Long,
        };
        self.compared(target, first, here).await
    }

    /// Compares what the source has with what is at the destinations, and goes on from there.
    async fn compared(&self, target: &Target, first: First, here: Here<'_>) -> Result<Plan> {
        let looks = here.looks.iter().enumerate();
        let late = looks.filter_map(|(to, look)| look.is_none().then_some(to));
        let late = late.collect();
        let is_second = here.is_second;
        let plan = self.of_those_here(target, first, here).await?;
        Ok(Plan {
            late,
            is_second,
            ..plan
        })
    }

    async fn of_those_here(
        &self,
        target: &Target,
        first: First,
        mut here: Here<'_>,
    ) -> Result<Plan> {
        let parts = self.parts(&mut here, first.digest());
        let is_nothing = parts.iter().flatten().all(Part::is_nothing);
        let goes_further = self.options.deep || self.options.referrers;
        if is_nothing && !goes_further {
            let (digest, chosen_from) = first.into_digests();
            return Ok(Plan::nothing(digest, chosen_from, parts));
        }
        if let First::Told(source) = &first {
            self.prepare(source, &parts);
        }
        let told = first.digest().clone();
        let Chosen {
            root,
            from,
            left_out,
        } = self.root(target, first).await?;
        // What a HEAD says may be wrong; what was read is not.
        let parts = if *root.digest() == told {
            parts
        } else {
            self.parts(&mut here, root.digest())
        };
        let is_nothing = parts.iter().flatten().all(Part::is_nothing);
        if is_nothing && !goes_further {
            return Ok(Plan::nothing(root.digest().clone(), from, parts));
        }
        let plan = self.walked(root, from, parts).await?;
        Ok(Plan { left_out, ..plan })
    }

    /// What the source has: only its digest, unless its content decides what is copied, or no
    /// destination has anything to compare it with.
    async fn first_look(&self, target: &Target, names: &[Vec<Name>]) -> Result<First> {
        let mut named = names.iter().enumerate();
        let lacks = |(to, names): (usize, &Vec<Name>)| {
            names.iter().all(|name| self.lacks_tag(to, &name.target))
        };
        if self.options.platforms.is_empty() && !self.options.only_plans && named.all(lacks) {
            let root = self.from.manifest(target).await?;
            return Ok(First::Read(Box::new(Chosen::whole(root))));
        }
        if self.options.platforms.is_empty() {
            let there = self.from.resolve(target).await?;
            return Ok(First::Told(Box::new(there)));
        }
        let whole = self.from.manifest(target).await?;
        let chosen = choice::choose(&self.from, target, whole, &self.options.platforms).await?;
        Ok(First::Read(Box::new(chosen)))
    }

    async fn root(&self, target: &Target, first: First) -> Result<Chosen> {
        match first {
            First::Read(chosen) => Ok(*chosen),
            First::Told(source) => {
                let root = read_root(&self.from, target, source.digest()).await?;
                Ok(Chosen::whole(root))
            }
        }
    }

    fn parts(&self, here: &mut Here<'_>, digest: &Digest) -> Vec<Result<Part>> {
        let part = |(to, look): (usize, &mut Option<Look>)| match look {
            Some(Ok(olds)) => self.part(to, &here.names[to], olds, digest),
            Some(Err(error)) => Err(std::mem::replace(error, error.again())),
            None => self.part(to, &[], &[], digest),
        };
        here.looks.iter_mut().enumerate().map(part).collect()
    }

    fn part(
        &self,
        to: usize,
        names: &[Name],
        olds: &[Option<Digest>],
        digest: &Digest,
    ) -> Result<Part> {
        let location = self.to[to].store.location();
        let names = names.iter().zip(olds);
        let names: Result<Vec<_>> = names
            .map(|(name, old)| {
                let reference = location.reference(&name.target);
                self.planned(&reference, name, old.as_ref(), digest)
            })
            .collect();
        Ok(Part {
            names: names.map_err(|error| error.at(location))?,
            lacks: Vec::new(),
            is_source: self.is_source(to),
            attaches: false,
        })
    }

    /// Refuses what must not be overwritten.
    fn planned(
        &self,
        reference: &Reference,
        name: &Name,
        old: Option<&Digest>,
        new: &Digest,
    ) -> Result<PlannedName> {
        if let Target::Digest(wanted) = &name.target
            && wanted != new
        {
            let what = format!("cannot write {reference}: the source is {new}");
            return Err(Error::new(Kind::Usage, what));
        }
        name.guard.allows_move(reference, old, new)?;
        let is_there = old == Some(new);
        Ok(PlannedName {
            target: name.target.clone(),
            replaces: old.cloned().filter(|_| !is_there),
            is_there,
            is_kept: self.options.no_clobber && !is_there && old.is_some(),
            is_guarded: self.options.no_clobber || name.guard != Guard::Free,
        })
    }

    /// Walks from the root to what the parts lack.
    async fn walked(
        &self,
        root: Manifest,
        chosen_from: Option<Digest>,
        mut parts: Vec<Result<Part>>,
    ) -> Result<Plan> {
        let digest = root.digest().clone();
        let sides: Vec<Side<'_>> = (parts.iter().enumerate())
            .map(|(to, part)| self.side(to, part))
            .collect();
        let wants = |part: &Result<Part>| {
            let part = part.as_ref().ok();
            part.is_some_and(|part| {
                (self.options.deep && part.takes_part())
                    || part.names.iter().any(PlannedName::is_written)
            })
        };
        let by: Which = parts.iter().map(wants).collect();
        self.prepare_images(&root, &parts);
        let mut walk = Walk::new(&self.from, &sides);
        walk.descend(root.clone(), by).await?;
        let attachments = if self.options.referrers {
            // Where every name is left alone, nothing is attached either.
            let takes = |part: &Result<Part>| part.as_ref().is_ok_and(Part::takes_part);
            let takes_part: Which = parts.iter().map(takes).collect();
            attachments::find(self, &mut walk, &root, &takes_part).await?
        } else {
            Vec::new()
        };
        let (work, lacks) = walk.finish();
        for (part, lacks) in parts.iter_mut().zip(lacks) {
            if let Ok(part) = part {
                part.lacks = lacks;
                part.attaches = part.takes_part() && !part.is_source && !attachments.is_empty();
            }
        }
        let (roles, root_is_attached) = attachments::roles(&work, &attachments);
        Ok(Plan {
            work,
            attachments,
            roles,
            root_is_attached,
            ..Plan::nothing(digest, chosen_from, parts)
        })
    }

    fn side(&self, to: usize, part: &Result<Part>) -> Side<'_> {
        let names = part.as_ref().map_or(&[][..], |part| &part.names);
        let warm = names
            .iter()
            .any(|name| name.is_there || name.replaces.is_some());
        Side {
            store: &self.to[to].store,
            warm: warm && !self.options.deep,
            same_place: self.is_source(to),
            manifests: &self.to[to].manifests,
        }
    }
}

impl Plan {
    fn nothing(digest: Digest, chosen_from: Option<Digest>, parts: Vec<Result<Part>>) -> Self {
        Self {
            digest,
            work: Work::default(),
            attachments: Vec::new(),
            roles: Vec::new(),
            root_is_attached: false,
            chosen_from,
            left_out: 0,
            parts,
            late: Vec::new(),
            is_second: false,
        }
    }
}

/// What was found at the destinations.
struct Here<'a> {
    names: &'a [Vec<Name>],
    looks: Vec<Option<Look>>,
    is_second: bool,
}
