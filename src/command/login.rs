//! `login`: check a credential against its registry, then store it.

mod identity;
mod storing;

use super::advice;
use super::failure::{Usage, at_host};
use super::image::explained;
use super::logins;
use crate::app::App;
use crate::app::environment::Environment;
use crate::auth::chain::Fixed;
use crate::auth::credential::{Credential, CredentialError};
use crate::auth::helper::HelperName;
use crate::auth::inventory;
use crate::auth::key::Key;
use crate::auth::locations::Location;
use crate::oci::reference::Host;
use crate::store::{Kind, Welcome};
use crate::term::exit::Hint;
use crate::term::output::Output;
use crate::term::prompt;
use crate::transport::secret::Secret;
use std::str::FromStr;
use std::sync::Arc;
use storing::Destination;

/// Checks a credential against its registry, and stores it.
///
/// Without a user and a password it is the identity that the machine has itself, as in a cloud or
/// a pipeline, that is looked for and checked; nothing is stored then.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock login registry.example.com -u alice
  printf %s \"$TOKEN\" | crossdock login ghcr.io -u \"$USER\" --password-stdin
  crossdock login --list")]
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
    /// Where to store it: auto, file, keyring, or helper:NAME
    ///
    /// `auto` is the credential helper that docker's file names for the registry, else the file.
    /// `keyring` is the system's, where it is unlocked; no other tool looks there.
    #[arg(long, value_name = "WHERE", default_value = "auto")]
    store: Place,
    /// Show every credential that is known of, and where it is; never what it is
    #[arg(long, conflicts_with_all = ["username", "password_stdin", "store"])]
    list: bool,
    /// Refused: everybody on the machine could read it
    #[arg(short, long, hide = true, value_name = "SECRET", num_args = 0..=1, default_missing_value = "")]
    password: Option<String>,
}

/// Where the user wants a credential to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Where docker would: with the helper that the file names, else in the file.
    Auto,
    /// In docker's file, or the one that `REGISTRY_AUTH_FILE` names.
    File,
    /// In the system's keyring.
    Keyring,
    /// With this credential helper.
    Helper(HelperName),
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match (text, text.strip_prefix("helper:")) {
            ("auto", _) => Ok(Self::Auto),
            ("file", _) => Ok(Self::File),
            ("keyring", _) => Ok(Self::Keyring),
            (_, Some(name)) => match name.parse() {
                Ok(name) => Ok(Self::Helper(name)),
                Err(_) => Err("a helper's name has letters, digits, `.`, `_` and `-`"),
            },
            _ => Err("choose `auto`, `file`, `keyring` or `helper:NAME`"),
        }
    }
}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args {
        host,
        username,
        password_stdin,
        store,
        list,
        password,
    } = args;
    if list {
        return match host {
            None => logins::run(app).await,
            Some(_) => Err(list_of_one()),
        };
    }
    if password.is_some() {
        let what = "a password on the command line can be read by everybody on this machine";
        let hint = "pipe it in with `--password-stdin`, or leave it out and be asked".to_owned();
        return Err(anyhow::Error::new(Usage(what.to_owned())).context(Hint(hint)));
    }
    let host = host.map_or_else(
        || Ok(Host::docker_hub()),
        |typed| Host::from_url_or_host(&typed).map_err(explained),
    )?;
    app.refuse_blocked(&host)?;
    let is_asked_for = username.is_some() || password_stdin || store != Place::Auto;
    if !is_asked_for && identity::login(&host, app).await? {
        return Ok(());
    }
    let destination = destination(&host, store, app).await?;
    let (username, password) = asked(&host, username, password_stdin, app).await?;
    let credential = Credential::password(username.clone(), password)
        .map_err(|error| Usage(error.to_string()))?;
    let origin = if password_stdin {
        "stdin"
    } else {
        "the terminal"
    };
    let welcome = check(&host, &credential, origin, app).await?;
    let stored = storing::store(&host, &credential, destination, app).await?;
    if welcome == Welcome::Unasked {
        app.output.warn(&format!(
            "{host} asks nobody to log in: the credential was not verified"
        ));
    }
    app.output.status(&format!(
        "logged in to {host} as {username}; stored {stored}"
    ));
    Ok(())
}

fn list_of_one() -> anyhow::Error {
    let what = "`--list` shows every registry, and not one alone";
    let hint = "leave the host out: `crossdock login --list`";
    anyhow::Error::new(Usage(what.to_owned())).context(Hint(hint.to_owned()))
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

async fn check(
    host: &Host,
    credential: &Credential,
    origin: &str,
    app: &App,
) -> anyhow::Result<Welcome> {
    let typed = Fixed::new("what was typed").with(Key::from(host), credential.clone(), origin);
    let stores = app.stores_with(Arc::new(typed));
    stores.ping(host).await.map_err(|error| {
        let refused = matches!(error.kind(), Kind::Unauthenticated | Kind::Denied);
        let own = advice::of(&error, host);
        let failed = at_host(host)(error);
        if refused {
            let usual = "where two factors are needed, a token takes its place";
            let own = own.as_deref().unwrap_or(usual);
            let hint = format!("is the password right? {own}; nothing was stored");
            return failed.context(Hint(hint));
        }
        failed
    })
}

/// Decides before anything is asked, because nothing is ever stored elsewhere than was meant.
async fn destination(host: &Host, store: Place, app: &App) -> anyhow::Result<Destination> {
    if store == Place::Keyring {
        app.keyring.check().await.map_err(unavailable)?;
        return Ok(Destination::Keyring);
    }
    let file = app
        .credential_file()
        .ok_or_else(|| Usage("there is no home folder to store a credential in".to_owned()))?;
    // Looked at in any case: what cannot be read cannot be written.
    let named = inventory::helper(&file, &Key::from(host))?;
    let helper = match store {
        Place::Helper(helper) => Some(helper),
        Place::Auto => named,
        Place::File | Place::Keyring => match named.filter(|named| app.helpers.has(named)) {
            Some(named) => return Err(goes_over(&named, host, &file)),
            None => None,
        },
    };
    match helper {
        Some(helper) if !app.helpers.has(&helper) => Err(not_installed(&helper)),
        Some(helper) => Ok(Destination::Helper(helper, file)),
        None => Ok(Destination::File(file)),
    }
}

/// What would be stored would never be used.
fn goes_over(helper: &HelperName, host: &Host, file: &Location) -> anyhow::Error {
    let name = &file.name;
    let what = format!(
        "{name} names the credential helper `{helper}` for {host}, which is asked before the file"
    );
    let hint = format!(
        "choose `--store helper:{helper}`, take it out of {name}, or name another file by the variable `REGISTRY_AUTH_FILE`"
    );
    anyhow::Error::new(Usage(what)).context(Hint(hint))
}

fn unavailable(error: CredentialError) -> anyhow::Error {
    let hint = "unlock it, or choose another place: `--store file`, or `--store helper:NAME`";
    anyhow::Error::new(error).context(Hint(hint.to_owned()))
}

fn not_installed(helper: &HelperName) -> anyhow::Error {
    let what = format!("the credential helper `{helper}` is not installed");
    let hint =
        format!("put `docker-credential-{helper}` into a folder of PATH, or choose `--store file`");
    anyhow::Error::new(Usage(what)).context(Hint(hint))
}
