//! `settings show`: what applies, and who said it.

use crate::app::App;
use crate::auth::inventory::{Inventory, Kept};
use crate::config::elsewhere::Remark;
use crate::config::shown::Value;
use crate::oci::reference::Host;
use crate::term::output::Row;
use crate::term::page::{Align, Page};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// What applies to a registry.
#[derive(Debug, Serialize)]
struct OfHost {
    registry: String,
    values: Vec<Shown>,
    credentials: Vec<Whose>,
}

/// A value and who said it.
#[derive(Debug, Serialize)]
struct Shown {
    key: &'static str,
    prefix: Option<String>,
    value: String,
    /// What says it where no file does.
    by: Option<&'static str>,
    file: Option<PathBuf>,
    line: Option<u64>,
}

/// A credential: whose it is, and where; never what it is.
#[derive(Debug, Serialize)]
struct Whose {
    registry: String,
    username: Option<String>,
    from: String,
}

/// All that was read.
#[derive(Debug, Serialize)]
struct All {
    files: Vec<PathBuf>,
    registries: Vec<String>,
    not_used: Vec<Unused>,
}

#[derive(Debug, Serialize)]
struct Unused {
    file: PathBuf,
    line: Option<u64>,
    reason: String,
}

pub(super) async fn run(host: Option<&str>, app: &App) -> anyhow::Result<()> {
    match host {
        Some(host) => {
            let host = Host::from_url_or_host(host)?;
            Ok(app.output.block(&of_host(&host, app).await)?)
        }
        None => Ok(app.output.block(&all(app))?),
    }
}

async fn of_host(host: &Host, app: &App) -> OfHost {
    // With `-v` they have been said.
    let unsaid = app.flags().verbose == 0;
    for remark in app
        .settings()
        .remarks
        .iter()
        .filter(|said| said.matters && unsaid)
    {
        app.output
            .note(&format!("{}: {}", remark.origin, remark.text));
    }
    let mut values = by_flags(host, app);
    let told = app.settings().values(host).into_iter();
    values.extend(told.map(Shown::from));
    let said = values.iter().any(|value| value.key == "kind");
    if let Some(kind) = App::kind_by_name(host).filter(|_| !said) {
        values.push(Shown::by("kind", kind.to_string(), "its name"));
    }
    let files = app.credential_files();
    let inventory = Inventory::take(&app.environment.variables, &files, &app.helpers).await;
    let inventory = inventory.with_keyring(&app.keyring);
    for failed in inventory.failed {
        app.output
            .note(&format!("{:#}", anyhow::Error::new(failed)));
    }
    let wanted = host.without_default_port();
    let here = |kept: &&Kept| is_at(&kept.key.to_string(), &wanted);
    let credentials = inventory.kept.iter().filter(here).map(Whose::from);
    OfHost {
        registry: host.to_string(),
        values,
        credentials: credentials.collect(),
    }
}

/// What the command line says of the host, or its variables do.
fn by_flags(host: &Host, app: &App) -> Vec<Shown> {
    let flags = app.flags();
    let form = host.without_default_port();
    let names = |typed: &[String]| {
        let hosts = typed
            .iter()
            .filter_map(|typed| Host::from_url_or_host(typed).ok());
        hosts
            .map(|host| host.without_default_port())
            .any(|host| host == form)
    };
    let mut shown = Vec::new();
    for (key, typed, by) in [
        ("plain_http", &flags.plain_http, "--plain-http"),
        ("insecure", &flags.insecure, "--insecure"),
    ] {
        if names(typed) {
            shown.push(Shown::by(key, "true".to_owned(), by));
        }
    }
    let ca = flags.ca_cert.iter();
    shown.extend(ca.map(|file| Shown::by("ca", file.display().to_string(), "--ca-cert")));
    shown
}

/// Whether a credential's key is at this host: the host itself, or a path there.
fn is_at(key: &str, host: &Host) -> bool {
    let name = key.split('/').next().unwrap_or_default();
    name.parse::<Host>()
        .is_ok_and(|name| name.without_default_port() == *host)
}

fn all(app: &App) -> All {
    let settings = app.settings();
    All {
        files: settings.sources.clone(),
        registries: settings.named(),
        not_used: settings.remarks.iter().map(Unused::from).collect(),
    }
}

impl Shown {
    fn by(key: &'static str, value: String, by: &'static str) -> Self {
        Self {
            key,
            prefix: None,
            value,
            by: Some(by),
            file: None,
            line: None,
        }
    }

    fn cells(&self) -> Vec<String> {
        let from = match (&self.file, self.line) {
            (Some(file), Some(line)) => format!("{}:{line}", file.display()),
            (Some(file), None) => file.display().to_string(),
            (None, _) => self.by.unwrap_or_default().to_owned(),
        };
        let key = match &self.prefix {
            Some(prefix) => format!("{} of {prefix}", self.key),
            None => self.key.to_owned(),
        };
        vec![key, self.value.clone(), from]
    }
}

impl From<Value> for Shown {
    fn from(value: Value) -> Self {
        let Value {
            key,
            prefix,
            value,
            origin,
        } = value;
        Self {
            key,
            prefix,
            value,
            by: None,
            file: Some(origin.file),
            line: origin.line,
        }
    }
}

impl From<&Kept> for Whose {
    fn from(kept: &Kept) -> Self {
        Self {
            registry: kept.key.to_string(),
            username: kept.username.clone(),
            from: kept.place.name().to_owned(),
        }
    }
}

impl From<&Remark> for Unused {
    fn from(remark: &Remark) -> Self {
        Self {
            file: remark.origin.file.clone(),
            line: remark.origin.line,
            reason: remark.text.clone(),
        }
    }
}

impl fmt::Display for OfHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut page = Page::default();
        if self.values.is_empty() {
            page.line(&format!("nothing is set for {}", self.registry));
        }
        let columns = ["KEY", "VALUE", "FROM"].map(|title| (title, Align::Left));
        page.table(&columns, self.values.iter().map(Shown::cells));
        page.gap();
        if self.credentials.is_empty() {
            page.line("no credential is stored for it");
        }
        let columns = ["CREDENTIAL FOR", "USER", "FROM"].map(|title| (title, Align::Left));
        let rows = self.credentials.iter().map(|whose| {
            let user = whose.username.as_deref().unwrap_or("(token)");
            vec![whose.registry.clone(), user.to_owned(), whose.from.clone()]
        });
        page.table(&columns, rows);
        page.fmt(f)
    }
}

impl Row for OfHost {}

impl fmt::Display for All {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut page = Page::default();
        if self.files.is_empty() {
            page.line("there are no settings");
        }
        let files = self.files.iter().map(|file| file.display().to_string());
        page.list("files", files);
        page.list("registries", self.registries.iter().cloned());
        let unused = self.not_used.iter().map(|unused| {
            let line = unused
                .line
                .map_or_else(String::new, |line| format!(":{line}"));
            format!("{}{line}: {}", unused.file.display(), unused.reason)
        });
        page.list("not used", unused);
        page.fmt(f)
    }
}

impl Row for All {}
