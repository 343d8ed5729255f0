//! A run of the real binary, and what it is expected to say.

use super::held::Held;
use super::home::Home;
use super::pattern::matches;
use std::ffi::OsString;
use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Nothing that a test does takes longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// A run of `crossdock` to be. It sees no environment but PATH, with the home's programs first, and
/// the home.
pub(crate) fn crossdock<A: AsRef<str>>(home: &Home, args: impl IntoIterator<Item = A>) -> Run {
    let args = args
        .into_iter()
        .map(|arg| arg.as_ref().to_owned())
        .collect();
    let mut env: Vec<(String, OsString)> = Vec::new();
    for (name, path) in home.environment() {
        env.push((name.to_owned(), path.into()));
    }
    // Windows has no sockets without its SystemRoot.
    let root = std::env::var_os("SystemRoot");
    env.extend(root.map(|value| ("SystemRoot".to_owned(), value)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = [home.path("bin")].into_iter();
    let path = std::env::join_paths(folders.chain(std::env::split_paths(&path)));
    env.push(("PATH".to_owned(), path.unwrap()));
    Run {
        program: env!("CARGO_BIN_EXE_crossdock").into(),
        args,
        env,
        stdin: Vec::new(),
        folder: home.path("work"),
        patience: PATIENCE,
        names: Vec::new(),
        stdout: Expected::Exactly(String::new()),
        stderr: Expected::Exactly(String::new()),
    }
}

/// A script of the shell, in which `crossdock` is the binary.
#[cfg(unix)]
pub(crate) fn shell(home: &Home, script: &str) -> Run {
    let run = crossdock(home, ["-c", script]);
    let own = std::path::Path::new(env!("CARGO_BIN_EXE_crossdock")).parent();
    let others = std::env::var_os("PATH").unwrap_or_default();
    let folders = own.map(PathBuf::from).into_iter();
    let path = std::env::join_paths(folders.chain(std::env::split_paths(&others))).unwrap();
    Run {
        program: "sh".into(),
        ..run
    }
    .env("PATH", path)
}

/// A run to be: nothing happens before [`Run::run`], [`Run::start`] or [`Run::code`].
#[must_use = "nothing has run before `run()` or `code(..)`"]
pub(crate) struct Run {
    program: OsString,
    args: Vec<String>,
    env: Vec<(String, OsString)>,
    stdin: Vec<u8>,
    folder: PathBuf,
    patience: Duration,
    /// Names in what is given and what is expected, and what they stand for.
    names: Vec<(String, String)>,
    stdout: Expected,
    stderr: Expected,
}

/// What a stream is to hold.
enum Expected {
    Exactly(String),
    Like(String),
    Containing(Vec<String>),
    Anything,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) elapsed: Duration,
    /// The most memory that it had, in bytes; 0 where the system does not say.
    pub(crate) peak: u64,
}

impl Run {
    /// Adds to the environment.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// What the run reads from its standard input, which is empty otherwise.
    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_vec();
        self
    }

    /// Where to run.
    pub(crate) fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// How long it may take before it is ended and the test fails.
    pub(crate) fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Lets `name` stand for `value` in arguments, environment and input, and in what comes out.
    pub(crate) fn named(mut self, name: &str, value: &str) -> Self {
        self.names.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Expects exactly this on stdout, which must be empty otherwise.
    pub(crate) fn stdout(mut self, text: impl Into<String>) -> Self {
        self.stdout = Expected::Exactly(text.into());
        self
    }

    /// Expects this on stdout, where `[..]` is anything in a line and `...` any lines.
    pub(crate) fn stdout_like(mut self, pattern: impl Into<String>) -> Self {
        self.stdout = Expected::Like(pattern.into());
        self
    }

    /// Leaves open what is on stdout.
    pub(crate) fn any_stdout(mut self) -> Self {
        self.stdout = Expected::Anything;
        self
    }

    /// Expects exactly this on stderr, which must be empty otherwise.
    pub(crate) fn stderr(mut self, text: impl Into<String>) -> Self {
        self.stderr = Expected::Exactly(text.into());
        self
    }

    /// Expects this on stderr, where `[..]` is anything in a line and `...` any lines.
    pub(crate) fn stderr_like(mut self, pattern: impl Into<String>) -> Self {
        self.stderr = Expected::Like(pattern.into());
        self
    }

    /// Expects stderr to hold this, and every other text asked for this way.
    pub(crate) fn stderr_has(mut self, part: impl Into<String>) -> Self {
        match &mut self.stderr {
            Expected::Containing(parts) => parts.push(part.into()),
            _ => self.stderr = Expected::Containing(vec![part.into()]),
        }
        self
    }

    /// Leaves open what is on stderr.
    pub(crate) fn any_stderr(mut self) -> Self {
        self.stderr = Expected::Anything;
        self
    }

    /// Runs it, and expects this code and what else was asked for.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Ran {
        self.start().code(code)
    }

    /// Runs it and expects nothing but an end, and what else was asked for.
    #[track_caller]
    pub(crate) fn run(self) -> Ran {
        let (ran, run) = self.start().end();
        let told = format!("{}\n{ran}", run.args.join(" "));
        for (stream, expected, text) in [
            ("stdout", &run.stdout, &ran.stdout),
            ("stderr", &run.stderr, &ran.stderr),
        ] {
            if expected.is_asked_for() {
                expected.check(stream, text, &told);
            }
        }
        ran
    }

    /// Starts it.
    pub(crate) fn start(self) -> Running {
        let started = Instant::now();
        let mut child = Held(self.spawn());
        let mut input = child.stdin.take().unwrap();
        let stdin = self.actual(&self.stdin);
        // Who does not read its input closes it: no failure.
        thread::spawn(move || drop(input.write_all(&stdin)));
        let stdout = drain(child.stdout.take().unwrap());
        let stderr = drain(child.stderr.take().unwrap());
        Running {
            run: self,
            child,
            started,
            stdout,
            stderr,
        }
    }

    fn spawn(&self) -> Child {
        Command::new(&self.program)
            .args(self.args.iter().map(|arg| self.actual_text(arg)))
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| {
                let value = value.to_str().map_or(value.clone(), |value| {
                    OsString::from(self.actual_text(value))
                });
                (name, value)
            }))
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn actual_text(&self, text: &str) -> String {
        let names = self.names.iter();
        names.fold(text.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
    }

    fn actual(&self, bytes: &[u8]) -> Vec<u8> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.actual_text(text).into_bytes(),
            Err(_) => bytes.to_vec(),
        }
    }

    fn told(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
        let names = self.names.iter();
        names.fold(text, |text, (name, value)| text.replace(value, name))
    }
}

/// A run that is under way.
pub(crate) struct Running {
    run: Run,
    child: Held,
    started: Instant,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
}

impl Running {
    /// The process's number.
    #[cfg(target_os = "linux")]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `INT`.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for its end, and expects this code and what else was asked for.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Ran {
        let (ran, run) = self.end();
        let told = format!("{}\n{ran}", run.args.join(" "));
        assert_eq!(ran.code, code, "the code of: {told}");
        run.stdout.check("stdout", &ran.stdout, &told);
        run.stderr.check("stderr", &ran.stderr, &told);
        ran
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(self) -> Ran {
        self.end().0
    }

    #[track_caller]
    fn end(mut self) -> (Ran, Run) {
        let mut peak = 0;
        let status = loop {
            peak = peak_memory(self.child.id()).unwrap_or(peak);
            if let Some(status) = self.child.try_wait().unwrap() {
                break Some(status);
            }
            if self.started.elapsed() > self.run.patience {
                self.child.kill().unwrap();
                self.child.wait().unwrap();
                break None;
            }
            thread::sleep(Duration::from_millis(2));
        };
        let elapsed = self.started.elapsed();
        let run = self.run;
        let ran = Ran {
            code: status.map_or(-1, code),
            stdout: run.told(&self.stdout.join().unwrap()),
            stderr: run.told(&self.stderr.join().unwrap()),
            elapsed,
            peak,
        };
        assert!(
            status.is_some(),
            "no end after {elapsed:?}: {}\n{ran}",
            run.args.join(" ")
        );
        (ran, run)
    }
}

/// How it ended, in a shell's words: what a signal ended is 128 and the signal's number.
fn code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128 + signal;
    }
    status.code().unwrap_or(-1)
}

/// The high-water mark of a process's memory, as Linux keeps it.
fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn drain(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

impl Expected {
    /// Whether a test says it, which says nothing of what is usual.
    fn is_asked_for(&self) -> bool {
        !matches!(self, Self::Exactly(text) if text.is_empty())
    }

    #[track_caller]
    fn check(&self, stream: &str, text: &str, told: &str) {
        match self {
            Self::Exactly(expected) => assert_eq!(text, expected, "{stream} of: {told}"),
            Self::Like(pattern) => {
                assert!(
                    matches(pattern, text),
                    "{stream} is not like\n{pattern}\nin: {told}"
                );
            }
            Self::Containing(parts) => {
                for part in parts {
                    assert!(text.contains(part), "{stream} lacks {part:?} in: {told}");
                }
            }
            Self::Anything => {}
        }
    }
}

impl Ran {
    /// stdout as the one JSON document that it is.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self}"))
    }

    /// The error on the last line of stderr.
    #[track_caller]
    pub(crate) fn json_error(&self) -> serde_json::Value {
        let last = self.stderr.lines().last().unwrap_or_default();
        let document: serde_json::Value =
            serde_json::from_str(last).unwrap_or_else(|error| panic!("{error} in {self}"));
        document["error"].clone()
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            code,
            stdout,
            stderr,
            elapsed,
            ..
        } = self;
        write!(
            f,
            "code {code} after {elapsed:?}\n-- stdout\n{stdout}-- stderr\n{stderr}--"
        )
    }
}
