//! From arguments to an exit code.

use super::{
    Cli, Command, auth, check, completions, copy, demo, diff, digest, failure, help, inspect,
    login, logout, ls, man, ping, rm, search, settings, tag,
};
use crate::app::environment::Environment;
#[cfg(unix)]
use crate::app::hangup;
use crate::app::{self, App};
use crate::store::error::{Error, Kind};
use crate::term::exit::{Class, Code, Hint, Stopped, conclude};
use clap::{CommandFactory, FromArgMatches};
use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};
use std::time::Duration;

/// Runs one command line, `arguments[0]` being the program, and says how it ended.
///
/// Whatever happens is printed to the environment's output.
pub async fn run(arguments: Vec<OsString>, environment: Environment) -> Code {
    let json = arguments.iter().any(|argument| argument == "--json");
    let cli = match parse(arguments, &environment) {
        Ok(cli) => cli,
        Err(error) => return failure::of_arguments(&error, json, &environment),
    };
    let output = app::output(&cli.flags, &environment);
    let deadline = cli.flags.deadline;
    let copying = matches!(cli.command, Command::Copy(_));
    // Outlives the work: whatever ends that, what it leaves behind is cleaned up.
    let app = OnceCell::new();
    let work = async {
        let (made, command) = match cli.command {
            Command::Completions(args) => return completions::run(&args, &output),
            Command::Man(args) => return man::run(args, &output),
            Command::Help(args) => return help::run(args, &output),
            Command::Demo(args) => return demo::run(args, &cli.flags, &environment).await,
            Command::Settings(args) if !args.needs_app() => {
                return settings::run_apart(args, &cli.flags, &environment, &output);
            }
            command => (App::new(cli.flags, environment, output.clone())?, command),
        };
        let app = app.get_or_init(|| made);
        let result = dispatch(command, app).await;
        app.finish_progress();
        result.map_err(|error| failure::with_silence(error, app))
    };
    let result = tokio::select! {
        result = within(deadline, work) => result,
        stopped = stopped() => Err(stopped.into()),
    };
    let app = app.into_inner();
    if let (Err(_), Some(app)) = (&result, &app) {
        // Who insists is not kept waiting for that.
        tokio::select! {
            () = app.clean_up() => {}
            _ = stopped() => {}
        }
    }
    // What is still shown of the progress goes with it.
    drop(app);
    let result = result.map_err(|error| if copying { resumable(error) } else { error });
    conclude(result, &failure::kinds(), &output)
}

/// Reads the arguments, and the variables of the common options where they are set: one that is
/// set to nothing is not, and neither is one that these surroundings do not have.
fn parse(arguments: Vec<OsString>, environment: &Environment) -> clap::error::Result<Cli> {
    let command = Cli::command().mut_args(|arg| match arg.get_env().and_then(OsStr::to_str) {
        Some(name) if !environment.is_set(name) => arg.env(None::<&str>),
        _ => arg,
    });
    let matches = command.try_get_matches_from(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut Cli::command()))
}

async fn dispatch(command: Command, app: &App) -> anyhow::Result<()> {
    match command {
        Command::Login(args)
        | Command::Auth(auth::Args {
            command: auth::Command::Login(args),
        }) => login::run(args, app).await,
        Command::Logout(args)
        | Command::Auth(auth::Args {
            command: auth::Command::Logout(args),
        }) => logout::run(args, app).await,
        Command::Copy(args) => copy::run(args, app).await,
        Command::Tag(args) => tag::run(args, app).await,
        Command::Digest(args) => digest::run(args, app).await,
        Command::Ls(args) => ls::run(args, app).await,
        Command::Check(args) => check::run(args, app).await,
        Command::Inspect(args) => inspect::run(args, app).await,
        Command::Manifest(args) => inspect::run(args.raw(), app).await,
        Command::Config(args) => inspect::run(args.config(), app).await,
        Command::Diff(args) => diff::run(args, app).await,
        Command::Rm(args) => rm::run(args, app).await,
        Command::Search(args) => search::run(args, app).await,
        Command::Ping(args) => ping::run(args, app).await,
        Command::Settings(args) => settings::run(args, app).await,
        Command::Demo(_) | Command::Completions(_) | Command::Man(_) | Command::Help(_) => Ok(()),
    }
}

/// A copy that was cut short says that it can go on.
fn resumable(error: anyhow::Error) -> anyhow::Error {
    let class = failure::kinds().class(&error);
    if !matches!(class, Class::Interrupted | Class::Terminated) {
        return error;
    }
    let hint = "what was printed is done; run it again to go on, and only what is missing is moved";
    error.context(Hint(hint.to_owned()))
}

async fn within(
    deadline: Option<Duration>,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let Some(deadline) = deadline else {
        return work.await;
    };
    tokio::time::timeout(deadline, work)
        .await
        .unwrap_or_else(|_| {
            let what = format!("not done after {} s (`--deadline`)", deadline.as_secs_f64());
            Err(Error::new(Kind::Unavailable, what).into())
        })
}

/// Waits for Ctrl-C, the system's request to end, or the end of the terminal.
async fn stopped() -> Stopped {
    tokio::select! {
        () = terminated() => Stopped::Terminate,
        () = interrupted() => Stopped::Interrupt,
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    let received = async |kind| match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    };
    let hung_up = async {
        if hangup::is_ignored() {
            std::future::pending::<()>().await;
        }
        received(SignalKind::hangup()).await;
    };
    tokio::select! {
        () = received(SignalKind::terminate()) => {}
        () = hung_up => {}
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending::<()>().await;
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
