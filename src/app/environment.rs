//! The process's surroundings, read once and handed on.

use crate::auth::locations::Folders;
use crate::config::elsewhere::Places;
use crate::oci::platform::PlatformPattern;
use crate::term::output::{Output, Settings};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Where stdin comes from.
pub type Input = Arc<Mutex<dyn Read + Send>>;

/// Something that stdout and stderr can be written to.
pub type Sink = Arc<Mutex<dyn Write + Send>>;

/// The process's surroundings. Everything that a command knows of them is here, so that the same
/// code can be run in surroundings that were made up.
#[derive(Clone)]
pub struct Environment {
    /// The variables whose names and values are UTF-8.
    pub variables: BTreeMap<String, String>,
    /// The variables whose values are not UTF-8.
    pub not_text: BTreeSet<String>,
    /// The user's folders.
    pub folders: Folders,
    /// The folder that the user's `crossdock/crossdock.yaml` is in.
    pub config_folder: Option<PathBuf>,
    /// The folder that `crossdock/keyring.json` is in.
    pub state_folder: Option<PathBuf>,
    /// The folder that the system's `etc` and `usr` are in, where other programs keep settings.
    pub root: Option<PathBuf>,
    /// The working folder.
    pub working_folder: Option<PathBuf>,
    /// The folders that programs are looked for in.
    pub search_path: Vec<PathBuf>,
    /// The images that run here: `local`.
    pub platform: PlatformPattern,
    /// Whether somebody can be asked.
    pub stdin_is_terminal: bool,
    /// Whether somebody is watching.
    pub stderr_is_terminal: bool,
    /// stdin.
    pub stdin: Input,
    /// stdout and stderr, where they are not the process's own.
    pub sinks: Option<(Sink, Sink)>,
}

impl Environment {
    /// The surroundings of this process.
    pub fn of_process() -> Self {
        let (mut variables, mut not_text) = (BTreeMap::new(), BTreeSet::new());
        for (name, value) in std::env::vars_os() {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => {
                    variables.insert(name, value);
                }
                (Ok(name), Err(_)) => {
                    not_text.insert(name);
                }
                (Err(_), _) => {}
            }
        }
        Self {
            variables,
            not_text,
            folders: Folders {
                home: dirs::home_dir(),
                config: None,
                runtime: dirs::runtime_dir(),
            },
            config_folder: dirs::config_dir(),
            state_folder: dirs::state_dir().or_else(dirs::data_local_dir),
            root: cfg!(unix).then(|| PathBuf::from("/")),
            working_folder: std::env::current_dir().ok(),
            search_path: std::env::var_os("PATH")
                .map(|path| std::env::split_paths(&path).collect())
                .unwrap_or_default(),
            platform: PlatformPattern::of_machine(
                std::env::consts::OS,
                std::env::consts::ARCH,
                cfg!(target_endian = "little"),
            ),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            stdin: Arc::new(Mutex::new(std::io::stdin())),
            sinks: None,
        }
    }

    /// Whether a variable is set, and not to nothing.
    pub fn is_set(&self, name: &str) -> bool {
        self.variable(name).is_some() || self.not_text.contains(name)
    }

    /// A variable's value, unless it is empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Where other programs have their settings.
    pub(super) fn places(&self) -> Places {
        let folder = |name| self.variable(name).map(PathBuf::from);
        let config = folder("XDG_CONFIG_HOME").filter(|folder| folder.is_absolute());
        let home = self.folders.home.as_ref();
        Places {
            root: self.root.clone(),
            home: home.cloned(),
            config: config.or_else(|| Some(home?.join(".config"))),
            registries_conf: folder("CONTAINERS_REGISTRIES_CONF"),
        }
    }

    /// The names of the variables that are set, and meant for this program alone: some hold secrets
    /// that are nobody else's.
    pub(super) fn own_variables(&self) -> Vec<String> {
        let names = self.variables.keys().chain(&self.not_text);
        let own = names.filter(|name| name.starts_with("CROSSDOCK_"));
        own.cloned().collect()
    }

    /// Where the desktop's programs talk to each other: the address that the session's variable
    /// names, else the socket where that is usually.
    pub(super) fn session_bus(&self) -> Option<String> {
        let named = self.variable("DBUS_SESSION_BUS_ADDRESS").map(str::to_owned);
        named.or_else(|| {
            let socket = self.folders.runtime.as_ref()?.join("bus");
            let path = socket.exists().then_some(socket)?;
            let path = utf8_percent_encode(path.to_str()?, NON_ALPHANUMERIC).to_string();
            Some(format!("unix:path={path}"))
        })
    }

    /// Whether somebody is at the terminal, whom a program could ask something there: be it that
    /// only stdin, or only what is shown, goes elsewhere.
    pub fn is_attended(&self) -> bool {
        self.stdin_is_terminal || self.stderr_is_terminal
    }

    /// Runs `read` on stdin.
    pub fn read_stdin<T>(&self, read: impl FnOnce(&mut dyn Read) -> T) -> T {
        let mut stdin = self.stdin.lock().unwrap_or_else(PoisonError::into_inner);
        read(&mut *stdin)
    }

    /// Runs `read` on the lines of stdin.
    pub fn read_lines<T>(&self, read: impl FnOnce(&mut BufReader<&mut dyn Read>) -> T) -> T {
        self.read_stdin(|stdin| read(&mut BufReader::with_capacity(1, stdin)))
    }

    /// The output that belongs to these surroundings.
    pub(super) fn output(&self, settings: Settings) -> Output {
        match &self.sinks {
            None => Output::standard(settings),
            Some((stdout, stderr)) => Output::new(
                Shared(Arc::clone(stdout)),
                Shared(Arc::clone(stderr)),
                settings,
            ),
        }
    }
}

/// A writer that several own.
struct Shared(Sink);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .flush()
    }
}
