//! A server that everybody turns out to be, and names that stand for whatever a case wants.

#![allow(clippy::unwrap_used)]

use super::Lookup;
use crate::transport::client::{HostSettings, Settings};
use crate::transport::origin::Origin;
use crate::transport::{Kind, Request, Response, Transport};
use futures_util::future::BoxFuture;
use http::Method;
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// Where the server is.
pub(super) const HERE: &str = "127.0.0.1";
/// Where it is too, for whoever looks its name up; the first that answers is taken.
pub(super) const PUBLIC: [&str; 2] = [HERE, "8.8.8.8"];

pub(super) type Answer = Result<Vec<IpAddr>, &'static str>;

/// What names stand for, one answer after the other; the last one stays.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: Mutex<HashMap<String, Vec<Answer>>>,
    pub(super) asked: Mutex<Vec<String>>,
}

impl Names {
    pub(super) fn set(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|a| a.parse().unwrap()).collect();
        self.answers(name, vec![Ok(addresses)]);
    }

    pub(super) fn answers(&self, name: &str, mut answers: Vec<Answer>) {
        answers.reverse();
        let mut known = self.known.lock().unwrap();
        known.insert(name.to_owned(), answers);
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Lookup for Names {
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let mut known = self.known.lock().unwrap();
        let answer = match known.get_mut(name) {
            None => Err("failed to lookup address information: Name or service not known"),
            Some(answers) if answers.len() > 1 => answers.pop().unwrap(),
            Some(answers) => answers[0].clone(),
        };
        Box::pin(std::future::ready(answer.map_err(io::Error::other)))
    }
}

/// A server that all names of a case can stand for, and a transport that believes them.
pub(super) struct World {
    pub(super) names: Arc<Names>,
    pub(super) transport: Arc<Transport>,
    port: u16,
    log: Arc<Mutex<Vec<String>>>,
}

impl World {
    pub(super) async fn new(change: impl FnOnce(&mut Settings, u16)) -> Self {
        let listener = TcpListener::bind((HERE, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::<Mutex<Vec<String>>>::default();
        let logged = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&logged)));
            }
        });
        let names = Arc::<Names>::default();
        let mut settings = Settings {
            lookup: Some(Arc::clone(&names) as Arc<dyn Lookup>),
            ..Settings::default()
        };
        settings.retry.attempts = 3;
        settings.retry.base = Duration::from_millis(1);
        change(&mut settings, port);
        let transport = Arc::new(Transport::new(settings, Arc::new(())));
        Self {
            names,
            transport,
            port,
            log,
        }
    }

    pub(super) fn url(&self, host: &str, path: &str) -> Url {
        let text = format!("http://{host}:{}{path}", self.port);
        Url::parse(&text).unwrap()
    }

    /// A URL of `host` that leads on to `to`.
    pub(super) fn leading(&self, host: &str, to: &Url) -> Url {
        let mut url = self.url(host, "/go");
        url.query_pairs_mut().append_pair("to", to.as_str());
        url
    }

    pub(super) async fn send(&self, request: Request) -> Result<u16, Kind> {
        let answer = self.transport.send(request).await;
        let answer = answer.map_err(|error| error.kind())?;
        let status = Response::status(&answer).as_u16();
        answer.bytes(1000).await.unwrap();
        Ok(status)
    }

    pub(super) async fn get(&self, url: &Url) -> Result<u16, Kind> {
        self.send(Request::new(Method::GET, url.clone())).await
    }

    pub(super) fn origin(&self, host: &str) -> Origin {
        Origin::of(&self.url(host, "/")).unwrap()
    }

    /// Whether anybody asked for this host and path.
    pub(super) fn saw(&self, host: &str, path: &str) -> bool {
        let line = format!("{host}:{} {path}", self.port);
        self.log.lock().unwrap().contains(&line)
    }
}

/// Answers `/go?to=URL` with a redirect, everything else with nothing, and writes down who was
/// asked for what.
async fn converse(mut stream: TcpStream, log: Arc<Mutex<Vec<String>>>) {
    let mut heard = Vec::new();
    while stream.read_buf(&mut heard).await.is_ok_and(|read| read > 0) {
        if !heard.ends_with(b"\r\n\r\n") {
            continue;
        }
        let head = String::from_utf8(std::mem::take(&mut heard)).unwrap();
        let target = head.split(' ').nth(1).unwrap();
        let host = head.lines().find_map(|line| line.strip_prefix("host: "));
        let base = Url::parse(&format!("http://{}", host.unwrap())).unwrap();
        let url = base.join(target).unwrap();
        let seen = format!("{} {}", host.unwrap(), url.path());
        log.lock().unwrap().push(seen);
        let to = url.query_pairs().find(|(name, _)| name == "to");
        let answer = match to {
            Some((_, to)) => format!("HTTP/1.1 307 x\r\nLocation: {to}\r\n"),
            None => "HTTP/1.1 200 OK\r\n".to_owned(),
        };
        let answer = format!("{answer}Content-Length: 0\r\n\r\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

pub(super) fn allowing_private(settings: &mut Settings, port: u16) {
    let own = HostSettings {
        allow_private: true,
        ..HostSettings::default()
    };
    settings.hosts.insert(format!("registry.test:{port}"), own);
}
