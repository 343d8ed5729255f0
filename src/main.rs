//! The `crossdock` command.

#![forbid(unsafe_code)]

use crossdock::app::environment::Environment;
use crossdock::command;
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(_) => return ExitCode::FAILURE,
    };
    let code = runtime.block_on(command::run(arguments, Environment::of_process()));
    // A name lookup that is still waiting must not hold up the end.
    runtime.shutdown_background();
    code.into()
}
