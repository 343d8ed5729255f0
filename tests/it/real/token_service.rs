//! A token service for `docker-registry`: RS256 tokens against a password.
//!
//! Source: distribution, "Token Authentication Specification" and "Token Authentication
//! Implementation".

use super::authority;
use super::distribution::Account;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{KeyPair, PKCS_RSA_SHA256, SigningKey};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// distribution takes a token for so much longer than it says.
const LEEWAY: u64 = 60;

/// A token service on loopback. It ends with the value.
pub(super) struct TokenService {
    shared: Arc<Shared>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    account: Account,
    /// In milliseconds.
    lifetime: AtomicU64,
    key: KeyPair,
    /// PEM, and the same as base64 without its frame.
    certificate: (String, String),
    issued: AtomicUsize,
    refused: AtomicUsize,
    ended: AtomicBool,
}

impl TokenService {
    pub(super) const SERVICE: &str = "crossdock-test-registry";
    pub(super) const ISSUER: &str = "crossdock-test-issuer";

    /// Serves tokens to one account. The registry takes each for `lifetime`, and up to a second
    /// more; the service says 60 seconds, as none may say less.
    pub(super) fn start(account: Account, lifetime: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::new(account, lifetime));
        let serving = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.ended.load(Ordering::SeqCst) {
                    break;
                }
                let serving = Arc::clone(&serving);
                thread::spawn(move || stream.is_ok_and(|stream| serving.answer(&stream).is_ok()));
            }
        });
        Self {
            shared,
            address,
            thread: Some(thread),
        }
    }

    /// Host and port.
    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Where tokens are asked for.
    pub(super) fn realm(&self) -> String {
        format!("http://{}/token", self.address)
    }

    /// What the registry knows its tokens by, as PEM.
    pub(super) fn certificate(&self) -> &str {
        &self.shared.certificate.0
    }

    /// From now on the registry takes each new token for so long.
    pub(super) fn last(&self, lifetime: Duration) {
        self.shared
            .lifetime
            .store(milliseconds(lifetime), Ordering::SeqCst);
    }

    /// How many tokens were given out.
    pub(super) fn issued(&self) -> usize {
        self.shared.issued.load(Ordering::SeqCst)
    }
}

impl TokenService {
    /// How many times nobody, or a wrong password, asked for one.
    pub(super) fn refused(&self) -> usize {
        self.shared.refused.load(Ordering::SeqCst)
    }
}

impl Drop for TokenService {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the thread, which waits for somebody to come.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn new(account: Account, lifetime: Duration) -> Self {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let certificate = authority(TokenService::ISSUER).self_signed(&key).unwrap();
        let certificate = (certificate.pem(), STANDARD.encode(certificate.der()));
        let (issued, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let ended = AtomicBool::new(false);
        let lifetime = AtomicU64::new(milliseconds(lifetime));
        Self {
            account,
            lifetime,
            key,
            certificate,
            issued,
            refused,
            ended,
        }
    }

    fn answer(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut lines = BufReader::new(stream).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        let mut authorization = None;
        for line in lines {
            let line = line?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(": ")
                && name.eq_ignore_ascii_case("authorization")
            {
                authorization = Some(value.to_owned());
            }
        }
        let (status, body) = self.reply(&request, authorization.as_deref());
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )
    }

    fn reply(&self, request: &str, authorization: Option<&str>) -> (&'static str, String) {
        let Some(target) = request
            .strip_prefix("GET ")
            .and_then(|rest| rest.split(' ').next())
        else {
            return ("405 Method Not Allowed", String::new());
        };
        let url = url::Url::parse("http://token.test")
            .unwrap()
            .join(target)
            .unwrap();
        let Account { user, password } = &self.account;
        let expected = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        if url.path() != "/token" || authorization != Some(&expected) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            let body = json!({"details": "incorrect username or password"});
            return ("401 Unauthorized", body.to_string());
        }
        let access: Vec<Value> = url
            .query_pairs()
            .filter(|(name, _)| name == "scope")
            .flat_map(|(_, scopes)| scopes.split(' ').filter_map(access).collect::<Vec<_>>())
            .collect();
        let token = self.token(&access);
        (
            "200 OK",
            json!({"token": token, "access_token": token, "expires_in": 60}).to_string(),
        )
    }

    fn token(&self, access: &[Value]) -> String {
        let count = self.issued.fetch_add(1, Ordering::SeqCst);
        let precisely = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let lifetime = Duration::from_millis(self.lifetime.load(Ordering::SeqCst));
        // Whole seconds: rounded up, so that none ends before its time.
        let ends = (precisely + lifetime).as_secs() + 1 - LEEWAY;
        let now = precisely.as_secs();
        let header = json!({"typ": "JWT", "alg": "RS256", "x5c": [self.certificate.1]});
        let claims = json!({
            "iss": TokenService::ISSUER,
            "sub": self.account.user,
            "aud": TokenService::SERVICE,
            "exp": ends,
            "nbf": now - LEEWAY,
            "iat": now,
            "jti": count.to_string(),
            "access": access,
        });
        let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
        let signed = format!(
            "{}.{}",
            encode(header.to_string().as_bytes()),
            encode(claims.to_string().as_bytes())
        );
        let signature = self.key.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", encode(&signature))
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

/// `repository:NAME:ACTION,ACTION` as a claim.
fn access(scope: &str) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let actions: Vec<&str> = actions.split(',').collect();
    Some(json!({"type": kind, "name": name, "actions": actions}))
}
