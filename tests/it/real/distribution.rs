//! Debian's `docker-registry` (CNCF distribution 2.8), each on a port and in a folder of its own.

use super::access_log::{MARK, Requests};
use super::certificate::{self, Issued};
use super::program;
use super::token_service::TokenService;
use super::wire::{self, Request};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Files of a registry's folder.
const ACCESS: &str = "access.log";
const EVENTS: &str = "events.log";
const AUTHORITY: &str = "authority.pem";

/// How long a registry may take to open its port.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long an answered request may take to get into the access log.
const LOG_DELAY: Duration = Duration::from_secs(10);

/// Who may use a registry that does not serve everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) user: String,
    pub(super) password: String,
}

impl Account {
    pub(super) fn new(user: &str, password: &str) -> Self {
        Self {
            user: user.to_owned(),
            password: password.to_owned(),
        }
    }
}

/// A registry of the test's own. It ends with the value.
pub(super) struct Distribution {
    process: Child,
    folder: TempDir,
    host: String,
    account: Option<Account>,
    tokens: Option<TokenService>,
}

/// A registry to be: lines of its settings, and who is behind them.
struct Setup {
    folder: TempDir,
    /// What goes into `storage`, `http` and `auth`.
    storage: String,
    http: String,
    auth: String,
    /// Whose content it has, where that is not its own.
    proxy: String,
    account: Option<Account>,
    tokens: Option<TokenService>,
}

impl Setup {
    fn new() -> Self {
        Self {
            folder: TempDir::with_prefix("crossdock-registry-").unwrap(),
            storage: "delete: {enabled: true}".to_owned(),
            http: "secret: crossdock-test".to_owned(),
            auth: String::new(),
            proxy: String::new(),
            account: None,
            tokens: None,
        }
    }

    fn with_password(mut self, user: &str, password: &str) -> Self {
        let line = program::run(Command::new("htpasswd").args(["-Bbn", user, password]));
        let file = self.file("htpasswd", line);
        self.auth = format!("auth: {{htpasswd: {{realm: crossdock-test, path: {file}}}}}\n");
        self.account = Some(Account::new(user, password));
        self
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        quoted(&path)
    }

    fn start(self) -> Distribution {
        let Self {
            storage,
            http,
            auth,
            proxy,
            ..
        } = &self;
        let root = quoted(&self.folder.path().join("storage"));
        let text = format!(
            "version: 0.1\n\
             log: {{level: info}}\n\
             storage: {{filesystem: {{rootdirectory: {root}}}, {storage}}}\n\
             http: {{addr: \"127.0.0.1:0\", {http}}}\n\
             {auth}{proxy}"
        );
        self.file("config.yml", text);
        let log = |name: &str| Stdio::from(File::create(self.folder.path().join(name)).unwrap());
        let process = program::start(
            Command::new("docker-registry")
                .arg("serve")
                .arg(self.folder.path().join("config.yml"))
                .env_clear()
                .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
                .stdin(Stdio::null())
                .stdout(log(ACCESS))
                .stderr(log(EVENTS)),
        );
        let Self {
            folder,
            account,
            tokens,
            ..
        } = self;
        let mut registry = Distribution {
            process,
            folder,
            host: String::new(),
            account,
            tokens,
        };
        registry.host = registry.wait_for_port();
        registry
    }
}

impl Distribution {
    /// A registry that asks nobody who they are.
    pub(super) fn open() -> Self {
        Setup::new().start()
    }

    /// A cache of what the registry at `host` has, which fetches what it is asked for.
    pub(super) fn cache_of(host: &str) -> Self {
        let mut setup = Setup::new();
        setup.proxy = format!("proxy: {{remoteurl: \"http://{host}\"}}\n");
        setup.start()
    }

    /// An open registry that removes nothing.
    pub(super) fn without_removal() -> Self {
        let mut setup = Setup::new();
        "delete: {enabled: false}".clone_into(&mut setup.storage);
        setup.start()
    }

    /// An open registry that takes nothing.
    pub(super) fn read_only() -> Self {
        let mut setup = Setup::new();
        "maintenance: {readonly: {enabled: true}}".clone_into(&mut setup.storage);
        setup.start()
    }

    /// A registry that asks for a password itself.
    pub(super) fn htpasswd(user: &str, password: &str) -> Self {
        Setup::new().with_password(user, password).start()
    }

    /// The same behind TLS and HTTP/2, with a certificate of an authority that nobody knows.
    pub(super) fn tls(user: &str, password: &str) -> Self {
        let mut setup = Setup::new().with_password(user, password);
        let Issued {
            authority,
            certificate,
            key,
        } = certificate::issue("127.0.0.1");
        setup.file(AUTHORITY, authority);
        let certificate = setup.file("certificate.pem", certificate);
        let key = setup.file("key.pem", key);
        let tls = format!(", tls: {{certificate: {certificate}, key: {key}}}");
        setup.http.push_str(&tls);
        setup.start()
    }

    /// A registry that takes each token of its token service for `lifetime`.
    pub(super) fn token(lifetime: Duration) -> Self {
        let mut setup = Setup::new();
        let account = Account::new("alice", "token-service-password");
        let tokens = TokenService::start(account.clone(), lifetime);
        let bundle = setup.file("issuer.pem", tokens.certificate());
        setup.auth = format!(
            "auth: {{token: {{realm: \"{}\", service: {}, issuer: {}, rootcertbundle: {bundle}}}}}\n",
            tokens.realm(),
            TokenService::SERVICE,
            TokenService::ISSUER,
        );
        setup.account = Some(account);
        setup.tokens = Some(tokens);
        setup.start()
    }

    /// The certificate authority of a registry behind TLS, as PEM.
    pub(super) fn authority(&self) -> PathBuf {
        self.folder.path().join(AUTHORITY)
    }

    /// The port is the system's choice: the registry's log says which.
    fn wait_for_port(&mut self) -> String {
        let begun = Instant::now();
        loop {
            let log = self.read(EVENTS);
            if let Some((_, rest)) = log.split_once("listening on ")
                && let Some(end) = rest.find(['"', ','])
            {
                return rest[..end].to_owned();
            }
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none(), "docker-registry ended at once: {log}");
            assert!(
                begun.elapsed() < PATIENCE,
                "docker-registry does not listen: {log}"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Host and port, as in a reference.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The file that holds the bytes of a blob or manifest.
    pub(super) fn content(&self, digest: &str) -> PathBuf {
        let (algorithm, hex) = digest.split_once(':').unwrap();
        let blobs = self.folder.path().join("storage/docker/registry/v2/blobs");
        blobs.join(algorithm).join(&hex[..2]).join(hex).join("data")
    }

    /// The folder of a repository.
    pub(super) fn repository(&self, name: &str) -> PathBuf {
        let all = "storage/docker/registry/v2/repositories";
        self.folder.path().join(all).join(name)
    }

    /// Who may use it; nobody in particular if it is open.
    pub(super) fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// Its token service, if it has one.
    pub(super) fn tokens(&self) -> Option<&TokenService> {
        self.tokens.as_ref()
    }

    /// `HOST/NAME` as an image reference.
    pub(super) fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.host)
    }

    /// What it answered since it was started, pings of this method not included. Not behind TLS.
    pub(super) fn requests(&self) -> Requests {
        let mark = format!("{MARK}{}", fastrand::u64(..));
        wire::send(&self.host, &Request::new("GET", &mark));
        let begun = Instant::now();
        loop {
            let log = self.read(ACCESS);
            if log.contains(&mark) {
                return Requests::parse(&log);
            }
            assert!(
                begun.elapsed() < LOG_DELAY,
                "the access log does not grow:\n{log}"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it answers while `act` runs.
    pub(super) fn requests_of(&self, act: impl FnOnce()) -> Requests {
        let before = self.requests();
        act();
        self.requests().since(&before)
    }

    /// Whether anything that it understood has reached it.
    pub(super) fn has_answered(&self) -> bool {
        !self.read(ACCESS).is_empty()
    }

    fn read(&self, log: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join(log)).unwrap()).into_owned()
    }
}

impl Drop for Distribution {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            self.show_log();
        }
    }
}

impl Distribution {
    /// What the registry saw, for whoever looks into the failure: the last of it, cut short.
    #[allow(clippy::print_stderr)]
    fn show_log(&self) {
        let requests = Requests::parse(&self.read(ACCESS));
        eprintln!("{} answered:\n{requests}", self.host);
        let events = self.read(EVENTS);
        let fatal = |line: &&str| line.contains("level=error") && !line.contains("unknown");
        for line in events.lines().filter(fatal).take(SHOWN) {
            eprintln!("{line:.300}");
        }
    }
}

/// So many errors are shown of a registry whose test failed.
const SHOWN: usize = 10;

fn quoted(path: &Path) -> String {
    serde_json::to_string(&PathBuf::from(path)).unwrap()
}
