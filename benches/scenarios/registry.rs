//! A registry of its own for the measurement, and what its access log says.

use crate::authority::Authority;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Debian's name for CNCF distribution.
const PROGRAM: &str = "docker-registry";
/// It is up within this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// A log that does not grow for so long is complete.
const QUIET: Duration = Duration::from_millis(30);

/// A running registry; it ends with this value.
pub(crate) struct Registry {
    /// Its port on 127.0.0.1.
    pub(crate) port: u16,
    child: Child,
    log: PathBuf,
    read: u64,
}

/// Requests by method.
pub(crate) type Counts = BTreeMap<String, usize>;

impl Registry {
    /// Starts one that stores below `folder`, and speaks TLS if an authority vouches for it.
    pub(crate) fn start(folder: &Path, authority: Option<&Authority>) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let port = free_port()?;
        let (settings, log) = (folder.join("config.yml"), folder.join("access.log"));
        std::fs::write(&settings, configuration(folder, port, authority))?;
        let child = Command::new(PROGRAM)
            .arg("serve")
            .arg(settings)
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(File::create(folder.join("error.log"))?)
            .spawn()
            .with_context(|| format!("cannot run {PROGRAM}"))?;
        let registry = Self {
            port,
            child,
            log,
            read: 0,
        };
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if start.elapsed() > PATIENCE {
                bail!("{PROGRAM} does not come up, see {}", folder.display());
            }
            std::thread::sleep(QUIET);
        }
        Ok(registry)
    }

    /// The requests since the last time this was asked.
    pub(crate) fn requests(&mut self) -> Result<Counts> {
        let mut length = 0;
        while length < std::fs::metadata(&self.log)?.len() {
            length = std::fs::metadata(&self.log)?.len();
            std::thread::sleep(QUIET);
        }
        let mut log = File::open(&self.log)?;
        log.seek(SeekFrom::Start(self.read))?;
        let mut text = String::new();
        log.take(length - self.read).read_to_string(&mut text)?;
        self.read = length;
        let mut counts = Counts::new();
        for method in text.lines().filter_map(method) {
            *counts.entry(method.to_owned()).or_default() += 1;
        }
        Ok(counts)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(folder: &Path, port: u16, authority: Option<&Authority>) -> String {
    let storage = folder.join("storage");
    let tls = authority.map(|authority| {
        let (certificate, key) = (authority.certificate.display(), authority.key.display());
        format!(", tls: {{certificate: {certificate}, key: {key}}}")
    });
    format!(
        "version: 0.1
log: {{level: error}}
storage:
  filesystem: {{rootdirectory: {}}}
  cache: {{blobdescriptor: inmemory}}
http: {{addr: \"127.0.0.1:{port}\", secret: scenarios{}}}
",
        storage.display(),
        tls.unwrap_or_default()
    )
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// The method of a line in the combined log format.
fn method(line: &str) -> Option<&str> {
    let (_, request) = line.split_once("] \"")?;
    request.split(' ').next()
}
