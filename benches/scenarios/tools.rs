//! The tools that are measured, and their command lines.

use crate::cases::Action;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;

/// The tool that the others are compared with.
pub(crate) const OURS: &str = "crossdock";

const CROSSDOCK: [(Action, &str); 7] = [
    (Action::Copy, "copy {trust} {src} {dst}"),
    (Action::CopyAll, "copy --all-tags {trust} {from} {to}"),
    (Action::Spread, "copy {trust} {src} {dst} {dst2} {dst3}"),
    (Action::Digest, "digest {trust} {image}"),
    (Action::Tag, "tag {trust} {image} {tag}"),
    (Action::List, "ls {trust} {repository}"),
    (Action::Version, "--version"),
];

const SKOPEO: [(Action, &str); 5] = [
    (
        Action::Copy,
        "--insecure-policy copy --quiet --all --src-tls-verify={verify} --dest-tls-verify={verify} docker://{src} docker://{dst}",
    ),
    (
        Action::Digest,
        "inspect --no-tags --tls-verify={verify} --format {{.Digest}} docker://{image}",
    ),
    (
        Action::Tag,
        "--insecure-policy copy --quiet --all --src-tls-verify={verify} --dest-tls-verify={verify} docker://{image} docker://{repository}:{tag}",
    ),
    (
        Action::List,
        "list-tags --tls-verify={verify} docker://{repository}",
    ),
    (Action::Version, "--version"),
];

/// What a template's words stand for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words(pub(crate) Vec<(&'static str, String)>);

/// A tool and what it can do.
#[derive(Debug)]
pub(crate) struct Tool {
    /// As it is called in the table.
    pub(crate) name: String,
    templates: BTreeMap<Action, Vec<String>>,
}

impl Tool {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            templates: BTreeMap::new(),
        }
    }

    fn known(name: &str, program: &str, templates: &[(Action, &str)]) -> Self {
        let mut tool = Self::new(name);
        for (action, template) in templates {
            tool.learn(*action, &format!("{program} {template}"));
        }
        tool
    }

    fn learn(&mut self, action: Action, template: &str) {
        let words = template.split_whitespace().map(str::to_owned);
        self.templates.insert(action, words.collect());
    }

    /// The command line for an action, if the tool can do it.
    pub(crate) fn command(&self, action: Action, words: &Words) -> Option<Vec<String>> {
        let template = self.templates.get(&action)?;
        Some(template.iter().map(|word| words.fill(word)).collect())
    }
}

impl Words {
    fn fill(&self, template: &str) -> String {
        let fill = |text: String, (word, value): &(&str, String)| {
            text.replace(&format!("{{{word}}}"), value)
        };
        self.0.iter().fold(template.to_owned(), fill)
    }
}

/// crossdock, copied to `folder`, skopeo where it is installed, and whatever the command line
/// names.
pub(crate) fn all(folder: &Path, named: &[String]) -> Result<Vec<Tool>> {
    let ours = folder.join(OURS);
    std::fs::copy(env!("CARGO_BIN_EXE_crossdock"), &ours)?;
    let mut tools = vec![Tool::known(OURS, &ours.to_string_lossy(), &CROSSDOCK)];
    if is_installed("skopeo") {
        tools.push(Tool::known("skopeo", "skopeo", &SKOPEO));
    }
    for text in named {
        add(&mut tools, text)?;
    }
    Ok(tools)
}

fn add(tools: &mut Vec<Tool>, text: &str) -> Result<()> {
    let (name, template) = text
        .split_once('=')
        .with_context(|| format!("`{text}` is not NAME=TEMPLATE"))?;
    let (name, action) = name.split_once(':').unwrap_or((name, "copy"));
    let Some(action) = Action::named(action) else {
        bail!("`{action}` is no action: copy, copy-all, spread, digest, tag, ls or version");
    };
    if template.split_whitespace().count() == 1 {
        tools.push(Tool::known(name, template, &CROSSDOCK));
        return Ok(());
    }
    let known = tools.iter().position(|tool| tool.name == name);
    let position = known.unwrap_or_else(|| {
        tools.push(Tool::new(name));
        tools.len() - 1
    });
    tools[position].learn(action, template);
    Ok(())
}

fn is_installed(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder: std::path::PathBuf| {
        let file: &Path = &folder.join(program);
        file.is_file()
    })
}
