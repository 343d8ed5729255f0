//! `registries.conf` of the containers tools, in its version 2, with its drop-ins:
//! containers-registries.conf(5), containers-registries.conf.d(5).
//!
//! The user's file stands for the system's; without one the system's drop-ins count too. A later
//! drop-in replaces what an earlier one says of the same prefix or alias.

use super::super::error::SettingsError;
use super::super::origin::Said;
use super::super::route::{Alias, Base, MirrorRule, Rule, When};
use super::document::{Document, names};
use super::{CONTAINERS, Layer, Places, below, unknown_keys};
use crate::oci::reference::{Host, Repository};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use toml::Spanned;

/// What the file is called.
const NAME: &str = "registries.conf";

type Ignored = Option<Spanned<IgnoredAny>>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct File {
    registry: Vec<Spanned<Registry>>,
    aliases: BTreeMap<String, Spanned<String>>,
    unqualified_search_registries: Ignored,
    short_name_mode: Ignored,
    credential_helpers: Ignored,
    registries: Option<Spanned<Version1>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Registry {
    prefix: Option<Spanned<String>>,
    location: Option<Spanned<String>>,
    insecure: Option<Spanned<bool>>,
    blocked: Option<Spanned<bool>>,
    mirror_by_digest_only: Option<Spanned<bool>>,
    mirror: Vec<Spanned<MirrorEntry>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct MirrorEntry {
    location: Option<Spanned<String>>,
    insecure: Option<Spanned<bool>>,
    pull_from_mirror: Option<Spanned<String>>,
}

/// The section that files of version 1 have.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Version1 {
    block: Option<Version1List>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Version1List {
    registries: Vec<String>,
}

/// What the files have said so far.
#[derive(Default)]
struct Reader {
    layer: Layer,
    entries: Vec<Entry>,
}

/// A `[[registry]]`, and the hosts that it says `insecure` of: nothing of it holds any more once a
/// later one is in its place.
struct Entry {
    rule: Rule,
    insecure: Vec<(Host, Said<bool>)>,
}

/// What the user's file and its drop-ins say, else the system's.
pub(super) fn load(places: &Places) -> Result<Layer, SettingsError> {
    let user = below(places.config.as_ref(), CONTAINERS);
    let mut reader = Reader::default();
    let mut folders = Vec::new();
    let system = |usr: &str| places.root.as_ref().map(|root| root.join(usr));
    let systems: Vec<PathBuf> = [system("usr/share/containers"), system("etc/containers")]
        .into_iter()
        .flatten()
        .collect();
    let own = user.as_ref().map(|user| user.join(NAME));
    if let Some(named) = &places.registries_conf {
        let document = Document::read_named(named)?.ok_or_else(|| SettingsError::Missing {
            path: named.clone(),
        })?;
        reader.read(&document)?;
        folders.extend(systems);
    } else if let Some(document) = read(own.as_deref())? {
        reader.read(&document)?;
    } else {
        for folder in systems.iter().rev() {
            if let Some(document) = read(Some(&folder.join(NAME)))? {
                reader.read(&document)?;
                break;
            }
        }
        folders.extend(systems);
    }
    folders.extend(user);
    for path in drop_ins(&folders) {
        if let Some(document) = read(Some(&path))? {
            reader.read(&document)?;
        }
    }
    Ok(reader.finish())
}

fn read(path: Option<&Path>) -> Result<Option<Document>, SettingsError> {
    path.map_or(Ok(None), Document::read)
}

/// The drop-ins, folder by folder, each in the order of their names.
fn drop_ins(folders: &[PathBuf]) -> Vec<PathBuf> {
    let folders = folders
        .iter()
        .map(|folder| folder.join("registries.conf.d"));
    let all = folders.flat_map(|folder| {
        let names = names(&folder).into_iter();
        let files = names.filter(|name| Path::new(name).extension().is_some_and(|e| e == "conf"));
        files.map(|name| folder.join(name)).collect::<Vec<_>>()
    });
    all.collect()
}

impl Reader {
    fn finish(self) -> Layer {
        let Self { mut layer, entries } = self;
        for Entry { rule, insecure } in entries {
            for (host, said) in insecure {
                layer.host(&host).say_insecure(said.value, &said.origin);
            }
            layer.rules.push(rule);
        }
        layer
    }

    fn read(&mut self, document: &Document) -> Result<(), SettingsError> {
        let file: File = document.toml()?;
        // What says nothing, and only stands for the system's file, is where no setting is from.
        if !document.is_blank() {
            self.layer.files.push(document.path.clone());
        }
        self.remark_unused(&file, document)?;
        unknown_keys::remark(document, &mut self.layer);
        for registry in &file.registry {
            let entry = self.entry(registry, document)?;
            // A later file's replaces an earlier one's; of two in one file the last counts, too.
            self.entries
                .retain(|other| other.rule.prefix != entry.rule.prefix);
            self.entries.push(entry);
        }
        for (name, stands_for) in &file.aliases {
            self.alias(name, stands_for, document)?;
        }
        Ok(())
    }

    fn remark_unused(&mut self, file: &File, document: &Document) -> Result<(), SettingsError> {
        let short = "a short name is Docker Hub's, unless it is one of `aliases`";
        let login = "see `crossdock help credentials` for where credentials are looked for";
        for (key, value, instead) in [
            (
                "unqualified-search-registries",
                &file.unqualified_search_registries,
                short,
            ),
            ("short-name-mode", &file.short_name_mode, short),
            ("credential-helpers", &file.credential_helpers, login),
        ] {
            if let Some(value) = value {
                let text = format!("`{key}` is not used: {instead}");
                self.layer.remark(document.origin(&value.span()), text);
            }
        }
        let Some(version1) = &file.registries else {
            return Ok(());
        };
        let block = version1.get_ref().block.as_ref();
        if block.is_some_and(|block| !block.registries.is_empty()) {
            let reason = "this is `registries.conf` in version 1, and it blocks registries, which \
                          crossdock reads in version 2 alone: `[[registry]]` with `blocked = true`";
            return Err(document.wrong(&version1.span(), reason));
        }
        let text = "this is `registries.conf` in version 1, which is not used: write it as \
                    `[[registry]]`";
        self.layer.warn(document.origin(&version1.span()), text);
        Ok(())
    }

    fn entry(
        &mut self,
        entry: &Spanned<Registry>,
        document: &Document,
    ) -> Result<Entry, SettingsError> {
        let registry = entry.get_ref();
        let (location, prefix) = (
            filled(registry.location.as_ref()),
            filled(registry.prefix.as_ref()),
        );
        let Some(named) = prefix.or(location) else {
            let reason = "`[[registry]]` has neither `prefix` nor `location`";
            return Err(document.wrong(&entry.span(), reason));
        };
        let mut rule = Rule::new(parsed(named, document)?, document.origin(&entry.span()));
        let mut insecure = Vec::new();
        match location {
            Some(location) => {
                let base = parsed(location, document)?;
                let origin = document.origin(&location.span());
                rule.location = Some(Said::new(base, origin));
            }
            // As the tools' own reader has it.
            None if rule.prefix.host().is_some() => {
                return Err(document.wrong(&named.span(), "`prefix` wants a `location`"));
            }
            None => {}
        }
        if let Some(said) = &registry.insecure {
            let base = rule.location.as_ref().map(|base| &base.value.host);
            match base.or_else(|| rule.prefix.host()) {
                Some(host) => insecure.push((host.clone(), said_at(said, document))),
                None => self.layer.warn(
                    document.origin(&said.span()),
                    "`insecure` is not used for a wildcard: crossdock wants the name of each host",
                ),
            }
        }
        let blocked = registry.blocked.as_ref();
        rule.blocked = blocked.map(|blocked| said_at(blocked, document));
        rule.mirrors = mirrors(registry, document, &mut insecure)?;
        Ok(Entry { rule, insecure })
    }

    /// A name without a host, and the repository that it stands for; nothing takes it back.
    fn alias(
        &mut self,
        name: &str,
        stands_for: &Spanned<String>,
        document: &Document,
    ) -> Result<(), SettingsError> {
        let text = stands_for.get_ref();
        if text.is_empty() {
            self.layer.aliases.remove(name);
            return Ok(());
        }
        let has_host = text
            .split_once('/')
            .is_some_and(|(host, _)| host.parse::<Host>().is_ok());
        let repository = text.parse::<Repository>().ok().filter(|_| has_host);
        let Some(repository) = repository else {
            let reason = format!("`{text}` is no repository with its host, as an alias stands for");
            return Err(document.wrong(&stands_for.span(), reason));
        };
        let origin = document.origin(&stands_for.span());
        let alias = Alias { repository, origin };
        self.layer.aliases.insert(name.to_owned(), alias);
        Ok(())
    }
}

/// The mirrors of a registry; what they say of `insecure` is added.
fn mirrors(
    registry: &Registry,
    document: &Document,
    insecure: &mut Vec<(Host, Said<bool>)>,
) -> Result<Option<Vec<MirrorRule>>, SettingsError> {
    let by_digest = registry.mirror_by_digest_only.as_ref();
    let by_digest = by_digest.is_some_and(|only| *only.get_ref());
    let mut mirrors = Vec::new();
    for entry in &registry.mirror {
        let mirror = entry.get_ref();
        let Some(location) = filled(mirror.location.as_ref()) else {
            let reason = "`[[registry.mirror]]` has no `location`";
            return Err(document.wrong(&entry.span(), reason));
        };
        let base: Base = parsed(location, document)?;
        if let Some(said) = &mirror.insecure {
            insecure.push((base.host.clone(), said_at(said, document)));
        }
        let origin = document.origin(&location.span());
        let when = when(
            filled(mirror.pull_from_mirror.as_ref()),
            by_digest,
            document,
        )?;
        mirrors.push(MirrorRule { base, when, origin });
    }
    Ok((!mirrors.is_empty()).then_some(mirrors))
}

/// A text that is not empty, which would count as one that is not there.
fn filled(text: Option<&Spanned<String>>) -> Option<&Spanned<String>> {
    text.filter(|text| !text.get_ref().is_empty())
}

fn said_at(value: &Spanned<bool>, document: &Document) -> Said<bool> {
    Said::new(*value.get_ref(), document.origin(&value.span()))
}

fn when(
    said: Option<&Spanned<String>>,
    by_digest: bool,
    document: &Document,
) -> Result<When, SettingsError> {
    let Some(said) = said else {
        return Ok(if by_digest {
            When::DigestOnly
        } else {
            When::Always
        });
    };
    if by_digest {
        let reason = "`pull-from-mirror` and `mirror-by-digest-only` exclude each other";
        return Err(document.wrong(&said.span(), reason));
    }
    let mut all = [When::Always, When::DigestOnly, When::TagOnly].into_iter();
    all.find(|when| when.name() == said.get_ref())
        .ok_or_else(|| {
            let reason = "`pull-from-mirror` is `all`, `digest-only` or `tag-only`";
            document.wrong(&said.span(), reason)
        })
}

fn parsed<T>(text: &Spanned<String>, document: &Document) -> Result<T, SettingsError>
where
    T: FromStr,
    T::Err: ToString,
{
    let parsed = text.get_ref().parse();
    parsed.map_err(|error: T::Err| document.wrong(&text.span(), error.to_string()))
}
