//! `demo`: a guided tour on two registries inside the process.

mod image;
mod registries;
mod script;

use crate::app::environment::Environment;
use crate::app::flags::Flags;
use crate::oci::platform::PlatformPattern;
use crate::term::exit::Code;
use anyhow::Context as _;
use registries::Registries;
use script::{Line, STEPS, Step};
use std::ffi::OsString;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Shows the main commands on two registries inside this process.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// A writer into memory that two streams share, so that their lines keep their order.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(super) async fn run(_: Args, flags: &Flags, environment: &Environment) -> anyhow::Result<()> {
    let home = tempfile::tempdir().context("cannot make a folder for the demonstration")?;
    let registries = Registries::start()
        .await
        .context("cannot start two registries")?;
    let output = crate::app::output(flags, environment);
    let mut pinned = String::new();
    for step in STEPS {
        let told = tell(step, &registries, &pinned);
        let page = Page::default();
        let made_up = surroundings(home.path(), step, &page);
        let code = Box::pin(super::run(arguments(&told), made_up)).await;
        let printed = page
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let printed = String::from_utf8_lossy(&printed).into_owned();
        output.raw(show(&told, &printed, code).as_bytes())?;
        if let Some(digest) = digest_in(&printed) {
            pinned = digest;
        }
        anyhow::ensure!(
            code == step.ends,
            "a step of the demonstration ended with {} instead of {}",
            code.number(),
            step.ends.number()
        );
    }
    output.raw(script::EPILOGUE.as_bytes())?;
    registries.stop().await;
    Ok(())
}

/// A step with the names that only this run knows.
fn tell(step: &Step, registries: &Registries, pinned: &str) -> Line {
    let fill = |text: &str| {
        text.replace("{dev}", &registries.dev)
            .replace("{prod}", &registries.prod)
            .replace("{digest}", pinned)
    };
    Line {
        why: fill(step.why),
        typed: fill(step.typed),
        piped: step.stdin,
    }
}

fn arguments(line: &Line) -> Vec<OsString> {
    line.typed.split(' ').map(OsString::from).collect()
}

/// Surroundings in which nothing of the user's is seen.
fn surroundings(home: &std::path::Path, step: &Step, page: &Page) -> Environment {
    let stdin = std::io::Cursor::new(step.stdin.unwrap_or_default().as_bytes());
    let sink = || Arc::new(Mutex::new(page.clone()));
    Environment {
        variables: std::collections::BTreeMap::new(),
        not_text: std::collections::BTreeSet::new(),
        folders: crate::auth::locations::Folders {
            home: Some(home.to_owned()),
            config: None,
            runtime: None,
        },
        config_folder: Some(home.join(".config")),
        state_folder: Some(home.join(".state")),
        root: None,
        working_folder: Some(home.to_owned()),
        search_path: Vec::new(),
        platform: PlatformPattern::of_machine("linux", "x86_64", true),
        stdin_is_terminal: false,
        stderr_is_terminal: false,
        stdin: Arc::new(Mutex::new(stdin)),
        sinks: Some((sink(), sink())),
    }
}

fn show(line: &Line, printed: &str, code: Code) -> String {
    let Line { why, typed, piped } = line;
    let pipe = piped.map(|piped| format!("echo {piped} | "));
    let pipe = pipe.unwrap_or_default();
    let end = match code {
        Code::Done => String::new(),
        code => format!("(exit code {})\n", code.number()),
    };
    format!("# {why}\n$ {pipe}{typed}\n{printed}{end}\n")
}

fn digest_in(printed: &str) -> Option<String> {
    let at = printed.rfind("sha256:")?;
    let digest: String = printed[at..].chars().take(71).collect();
    (digest.len() == 71).then_some(digest)
}
