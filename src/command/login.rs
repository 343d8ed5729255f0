//! `login`: check a credential against its registry, then store it.

use super::failure::{Usage, at_host};
use super::image::explained;
use crate::app::App;
use crate::app::environment::Environment;
use crate::auth::chain::Fixed;
use crate::auth::credential::Credential;
use crate::auth::key::Key;
use crate::auth::locations::Location;
use crate::auth::store::{Stored, put};
use crate::oci::reference::Host;
use crate::store::Welcome;
use crate::term::exit::Hint;
use crate::term::output::Output;
use crate::term::prompt;
use crate::transport::secret::Secret;
use anyhow::Context as _;
use std::sync::Arc;

/// Checks a credential against its registry, and stores it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock login registry.example.com -u alice
  printf %s \"$TOKEN\" | crossdock login ghcr.io -u \"$USER\" --password-stdin")]
pub struct Args {
    /// The registry; Docker Hub where it is left out
    #[arg(value_name = "HOST")]
    host: Option<String>,
    /// The user name; asked for where it is left out
    #[arg(short, long, value_name = "USER")]
    username: Option<String>,
    /// Read the password or token from stdin
    #[arg(long)]
    password_stdin: bool,
    /// Where to store it
    #[arg(long, value_name = "WHERE", default_value = "auto")]
    store: Place,
    /// Refused: everybody on the machine could read it
    #[arg(short, long, hide = true, value_name = "SECRET", num_args = 0..=1, default_missing_value = "")]
    password: Option<String>,
}

/// Where a credential is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Place {
    /// In docker's file, or the one that `REGISTRY_AUTH_FILE` names
    Auto,
    /// The same: the file
    File,
}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args {
        host,
        username,
        password_stdin,
        store,
        password,
    } = args;
    let (Place::Auto | Place::File) = store;
    if password.is_some() {
        let what = "a password on the command line can be read by everybody on this machine";
        let hint = "pipe it in with `--password-stdin`, or leave it out and be asked".to_owned();
        return Err(anyhow::Error::new(Usage(what.to_owned())).context(Hint(hint)));
    }
    let host = host.map_or_else(
        || Ok(Host::docker_hub()),
        |typed| Host::from_url_or_host(&typed).map_err(explained),
    )?;
    let location = app
        .credential_file()
        .ok_or_else(|| Usage("there is no home folder to store a credential in".to_owned()))?;
    let (username, password) = asked(&host, username, password_stdin, app).await?;
    let credential = Credential::password(username.clone(), password)
        .map_err(|error| Usage(error.to_string()))?;
    let welcome = check(&host, &credential, app).await?;
    if let Some(helper) = store_it(&host, &credential, &location)? {
        let name = &location.name;
        app.output.warn(&format!(
            "{name} names the credential helper `{helper}` for {host}: other tools ask it first"
        ));
    }
    if welcome == Welcome::Unasked {
        app.output.warn(&format!(
            "{host} asks nobody to log in: the credential was not verified"
        ));
    }
    app.output.status(&format!(
        "logged in to {host} as {username}; stored in {}",
        location.name
    ));
    Ok(())
}

/// Waits for what is typed or piped in, so that Ctrl-C and a deadline end the wait.
async fn asked(
    host: &Host,
    username: Option<String>,
    password_stdin: bool,
    app: &App,
) -> anyhow::Result<(String, Secret)> {
    let (host, environment, output) = (host.clone(), app.environment.clone(), app.output.clone());
    let _kept = environment.stdin_is_terminal.then(prompt::Kept::now);
    let asking = move || ask(&host, username, password_stdin, &environment, &output);
    tokio::task::spawn_blocking(asking).await?
}

fn ask(
    host: &Host,
    username: Option<String>,
    password_stdin: bool,
    environment: &Environment,
    output: &Output,
) -> anyhow::Result<(String, Secret)> {
    let unasked = |missing: &str, hint: &str| {
        let what = format!("no {missing}, and no terminal to ask for one");
        anyhow::Error::new(Usage(what)).context(Hint(hint.to_owned()))
    };
    let username = match username {
        Some(username) => username,
        None if password_stdin || !environment.stdin_is_terminal => {
            return Err(unasked("user name", "name the user with `-u USER`"));
        }
        None => {
            let question = format!("User name for {host}: ");
            environment.read_lines(|stdin| prompt::username(&question, output, stdin))?
        }
    };
    let password = if password_stdin {
        environment.read_stdin(|stdin| prompt::piped_password(stdin))?
    } else if environment.stdin_is_terminal {
        prompt::password(&format!("Password or token of {username} for {host}: "))?
    } else {
        return Err(unasked("password", "pipe it in with `--password-stdin`"));
    };
    Ok((username, password))
}

async fn check(host: &Host, credential: &Credential, app: &App) -> anyhow::Result<Welcome> {
    let typed =
        Fixed::new("what was typed").with(Key::from(host), credential.clone(), "what was typed");
    let stores = app.stores_with(Arc::new(typed));
    stores.ping(host).await.map_err(|error| {
        let refused = error.kind() == crate::store::error::Kind::Unauthenticated;
        let failed = at_host(host)(error);
        if refused {
            let hint = "is the password right? where two factors are needed, a token takes its place; nothing was stored";
            return failed.context(Hint(hint.to_owned()));
        }
        failed
    })
}

/// Stores the credential, and names the helper that other tools would ask before it.
fn store_it(
    host: &Host,
    credential: &Credential,
    location: &Location,
) -> anyhow::Result<Option<String>> {
    let stored = put(&location.path, &Key::from(host), credential);
    let Stored { helper, .. } = stored.with_context(|| {
        format!(
            "the credential was accepted, and not stored in {}",
            location.name
        )
    })?;
    Ok(helper.map(|helper| helper.as_str().to_owned()))
}
