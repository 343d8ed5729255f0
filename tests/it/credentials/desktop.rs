//! A desktop's session, as far as its keyring goes: a bus of its own with GNOME's keyring on it.
//! `tests/run` installs both. Nothing of the session that the tests run in is touched.

use crate::lab::Home;
use crate::real::missing;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A session starts within this time.
const PATIENCE: Duration = Duration::from_secs(30);
const SECRETS: &str = "org.freedesktop.secrets";
const OBJECT: &str = "/org/freedesktop/secrets";

/// Ends what it started.
pub(super) struct Desktop {
    address: String,
    home: [(&'static str, PathBuf); 3],
    heard: PathBuf,
    started: Vec<Child>,
}

impl Desktop {
    /// A bus with nobody on it, and nobody who could be called to it.
    pub(super) fn bare(home: &Home) -> Self {
        let socket = home.path("run/session");
        let address = format!("unix:path={}", socket.display());
        let config = format!(
            "<busconfig><type>session</type><listen>{address}</listen><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
             <allow own=\"*\"/></policy></busconfig>"
        );
        let config = home.write("run/session.conf", config);
        let mut desktop = Self {
            address,
            home: [
                ("HOME", home.path("home")),
                ("XDG_DATA_HOME", home.path("data")),
                ("XDG_RUNTIME_DIR", home.path("run")),
            ],
            heard: home.path("run/heard"),
            started: Vec::new(),
        };
        let mut bus = desktop.command("dbus-daemon");
        bus.args(["--nofork", "--nopidfile", "--config-file"]);
        desktop.start(bus.arg(config));
        wait("the bus", || socket.exists());
        desktop
    }

    /// A session with a keyring that is unlocked.
    pub(super) fn unlocked(home: &Home) -> Self {
        let mut desktop = Self::bare(home);
        let mut keyring = desktop.command("gnome-keyring-daemon");
        keyring.args(["--foreground", "--components=secrets", "--unlock"]);
        let mut password = desktop.start(&mut keyring).stdin.take().unwrap();
        password.write_all(b"the desktop's password").unwrap();
        drop(password);
        wait("the keyring", || {
            let alias = "org.freedesktop.Secret.Service.ReadAlias";
            let default = desktop.try_call(SECRETS, OBJECT, alias, &["string:default"]);
            default.is_some_and(|path| path.contains("/collection/"))
        });
        desktop
    }

    /// The bus's address.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Locks the keyring: only its owner could unlock it.
    pub(super) fn lock(&self) {
        let collection = format!("array:objpath:{OBJECT}/collection/login");
        let lock = "org.freedesktop.Secret.Service.Lock";
        assert!(
            self.try_call(SECRETS, OBJECT, lock, &[&collection])
                .is_some()
        );
    }

    /// What another client finds under these attributes.
    pub(super) fn lookup(&self, attributes: &[&str]) -> String {
        self.secret_tool("lookup", attributes)
    }

    /// Somebody else removes what has these attributes.
    pub(super) fn clear(&self, attributes: &[&str]) {
        self.secret_tool("clear", attributes);
    }

    fn secret_tool(&self, action: &str, attributes: &[&str]) -> String {
        let mut tool = self.command("secret-tool");
        let output = tool.arg(action).args(attributes).output();
        let output = output.unwrap_or_else(|error| missing(&tool, &error));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Begins to write down what is said on the bus.
    pub(super) fn listen(&mut self) {
        let heard = std::fs::File::create(&self.heard).unwrap();
        let mut monitor = self.command("dbus-monitor");
        self.start(monitor.arg("--session").stdout(heard));
        // It hears itself come.
        let heard = self.heard.clone();
        wait("the monitor", || {
            std::fs::read_to_string(&heard).is_ok_and(|text| text.contains("NameLost"))
        });
    }

    /// What was said since. The last word is this method's own.
    pub(super) fn heard(&self) -> String {
        let heard = || std::fs::read_to_string(&self.heard).unwrap();
        let mark = format!("Mark{}", fastrand::u64(..));
        let bus = "org.freedesktop.DBus";
        self.try_call(bus, "/", &format!("{bus}.{mark}"), &[]);
        wait("the last word", || heard().contains(&mark));
        heard()
    }

    fn try_call(&self, to: &str, path: &str, method: &str, with: &[&str]) -> Option<String> {
        let mut send = self.command("dbus-send");
        send.args(["--session", "--print-reply=literal", "--reply-timeout=5000"]);
        send.arg(format!("--dest={to}"))
            .args([path, method])
            .args(with);
        let output = send.output().unwrap_or_else(|error| missing(&send, &error));
        let answer = String::from_utf8(output.stdout).unwrap();
        output.status.success().then_some(answer)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command.envs(self.home.iter().map(|(name, path)| (name, path)));
        command
    }

    fn start(&mut self, command: &mut Command) -> &mut Child {
        command.stdin(Stdio::piped()).stderr(Stdio::null());
        let child = command
            .spawn()
            .unwrap_or_else(|error| missing(command, &error));
        self.started.push(child);
        self.started.last_mut().unwrap()
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for child in self.started.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[track_caller]
fn wait(what: &str, come: impl Fn() -> bool) {
    let begun = Instant::now();
    while !come() {
        assert!(begun.elapsed() < PATIENCE, "{what} does not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}
