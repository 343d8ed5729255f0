//! Runs one command and says what it took.
//!
//! A small process of its own does this, because on Linux the memory of whoever starts a command
//! counts as the command's until it is its own program.

use crate::authority::Authority;
use anyhow::{Context, Result, bail, ensure};
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use wait4::Wait4;

/// The first argument that makes this program a launcher.
pub(crate) const WORD: &str = "launch-one";

/// What a command took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    /// Time.
    pub(crate) wall: Duration,
    /// Time of processors, the system's included.
    pub(crate) cpu: Duration,
    /// The most memory, in bytes.
    pub(crate) peak: u64,
}

/// Runs a command line through `launcher`, a copy of this program, in surroundings that hold no
/// credentials, caches or settings of the user, and where nobody but `authority` is trusted.
pub(crate) fn measure(
    launcher: &Path,
    command: &[String],
    home: &Path,
    authority: Option<&Authority>,
) -> Result<Taken> {
    let mut launcher = Command::new(launcher);
    launcher
        .arg(WORD)
        .args(command)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        // containers' library keeps what it knows of blobs for the whole system, if it is root.
        .env("_CONTAINERS_ROOTLESS_UID", "1000")
        .stdin(Stdio::null());
    if let Some(authority) = authority {
        // With the file alone, Go's programs read the system's folder as well, which doubles what
        // a short command takes; crossdock does not.
        launcher
            .env("SSL_CERT_FILE", &authority.file)
            .env("SSL_CERT_DIR", &authority.folder);
    }
    let output = launcher.output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{}: {complaint}",
        command.join(" ")
    );
    let text = String::from_utf8(output.stdout)?;
    let numbers: Vec<u64> = text
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [wall, cpu, peak] = numbers[..] else {
        bail!("the launcher says {text:?}");
    };
    Ok(Taken {
        wall: Duration::from_micros(wall),
        cpu: Duration::from_micros(cpu),
        peak,
    })
}

/// The launcher's part: runs `command` and writes microseconds, microseconds and bytes.
pub(crate) fn run(command: &[OsString]) -> Result<ExitCode> {
    let (program, arguments) = command.split_first().context("nothing to run")?;
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null());
    let start = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let used = child.wait4()?;
    let wall = start.elapsed();
    let cpu = used.rusage.utime + used.rusage.stime;
    let figures = format!(
        "{} {} {}",
        wall.as_micros(),
        cpu.as_micros(),
        used.rusage.maxrss
    );
    std::io::Write::write_all(&mut std::io::stdout(), figures.as_bytes())?;
    Ok(if used.status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
