//! The `crossdock` command.

#![forbid(unsafe_code)]

use crossdock::command::{self, Environment, keep_memory_private, tell_faults};
use std::ffi::OsString;
use std::panic::catch_unwind;
use std::process::ExitCode;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    tell_faults();
    keep_memory_private();
    catch_unwind(run).unwrap_or(ExitCode::FAILURE)
}

fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let Ok(runtime) = Builder::new_multi_thread().enable_all().build() else {
        return ExitCode::FAILURE;
    };
    let code = runtime.block_on(command::run(arguments, Environment::of_process()));
    // A name lookup that is still waiting must not hold up the end.
    runtime.shutdown_background();
    code.into()
}
