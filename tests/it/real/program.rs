//! Programs of the machine that the tests need.

use std::io::ErrorKind;
use std::process::{Child, Command, Output};

/// Starts `command`; the test fails where the program is missing.
#[track_caller]
pub(super) fn start(command: &mut Command) -> Child {
    command
        .spawn()
        .unwrap_or_else(|error| missing(command, &error))
}

/// Runs `command` to its end and returns what it wrote to stdout; the test fails if it did.
#[track_caller]
pub(super) fn run(command: &mut Command) -> Vec<u8> {
    let output = end(command);
    assert!(
        output.status.success(),
        "{command:?}: {}",
        complaint(&output)
    );
    output.stdout
}

/// Runs `command` to its end, however that is.
#[track_caller]
pub(super) fn end(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| missing(command, &error))
}

fn complaint(output: &Output) -> String {
    format!(
        "{}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Says what to do about a program that cannot be started.
#[track_caller]
pub(crate) fn missing(command: &Command, error: &std::io::Error) -> ! {
    let name = command.get_program().to_string_lossy();
    assert!(
        error.kind() != ErrorKind::NotFound,
        "`{name}` is missing: run tests/run, which installs it"
    );
    panic!("cannot start `{name}`: {error}");
}
