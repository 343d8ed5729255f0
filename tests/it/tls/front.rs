//! TLS in front of a registry: what comes out of it goes to a plain port, byte for byte.

use super::certificates::{Authority, Certificate};
use super::frames::{self, Trouble};
use crate::lab::wait_for;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncWriteExt as _, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A port that is taken, and nothing behind it yet.
pub(crate) struct Port {
    listener: TcpListener,
    address: SocketAddr,
}

/// What a client said in its handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hello {
    /// The name that it wants to speak with; none where that is an address.
    pub(super) name: Option<String>,
    /// Whether it showed a certificate.
    pub(super) certificate: bool,
    pub(super) protocol: String,
}

/// A server of TLS. It ends with the value.
pub(crate) struct Front {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::AbortHandle,
}

struct Shared {
    acceptor: TlsAcceptor,
    behind: String,
    accepted: AtomicUsize,
    hellos: Mutex<Vec<Hello>>,
    trouble: Mutex<Vec<Trouble>>,
}

/// Whether clients have to show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clients {
    MayShow,
    MustShow,
}

impl Port {
    pub(crate) fn take() -> Self {
        let listener = wait_for(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    pub(super) fn number(&self) -> u16 {
        self.address.port()
    }

    /// Puts TLS with this certificate in front of what is at `behind`.
    pub(crate) fn front(self, certificate: &Certificate, behind: &str) -> Front {
        let unknown = Authority::new("nobody");
        self.front_for(certificate, behind, &unknown, Clients::MayShow)
    }

    /// The same for clients whose certificates are of `authority`.
    pub(super) fn front_for(
        self,
        certificate: &Certificate,
        behind: &str,
        authority: &Authority,
        clients: Clients,
    ) -> Front {
        self.serve(config(certificate, authority, clients), behind)
    }

    /// The same where nothing but HTTP/2 is spoken.
    pub(super) fn front_of_http2(self, certificate: &Certificate, behind: &str) -> Front {
        let unknown = Authority::new("nobody");
        let mut config = config(certificate, &unknown, Clients::MayShow);
        config.alpn_protocols = vec!["h2".into()];
        self.serve(config, behind)
    }

    fn serve(self, config: ServerConfig, behind: &str) -> Front {
        let shared = Arc::new(Shared {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            behind: behind.to_owned(),
            accepted: AtomicUsize::new(0),
            hellos: Mutex::default(),
            trouble: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        let listener = self.listener;
        let accepting = async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.accepted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(Arc::clone(&serving).converse(stream));
            }
        };
        Front {
            address: self.address,
            shared,
            task: wait_for(async { tokio::spawn(accepting).abort_handle() }),
        }
    }
}

fn config(certificate: &Certificate, authority: &Authority, clients: Clients) -> ServerConfig {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap();
    roots.add(root).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots));
    let verifier = match clients {
        Clients::MayShow => verifier.allow_unauthenticated(),
        Clients::MustShow => verifier,
    };
    let mut config = ServerConfig::builder()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(certificate.chain(), certificate.private_key())
        .unwrap();
    config.alpn_protocols = vec!["h2".into(), "http/1.1".into()];
    config
}

impl Front {
    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// `localhost:PORT`.
    pub(crate) fn localhost(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// Lets something go wrong in answers over HTTP/2.
    pub(super) fn trouble(&self, trouble: Trouble) {
        self.shared.trouble.lock().unwrap().push(trouble);
    }

    /// How many connections it has accepted.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// The handshakes that succeeded.
    pub(super) fn hellos(&self) -> Vec<Hello> {
        self.shared.hellos.lock().unwrap().clone()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn converse(self: Arc<Self>, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let stream = match self.acceptor.accept(stream).into_fallible().await {
            Ok(stream) => stream,
            Err((error, mut stream)) => {
                // What the client says meanwhile would make a reset of the end, and the alert may
                // be lost in that.
                stream.shutdown().await?;
                copy(&mut stream, &mut tokio::io::sink()).await?;
                return Err(error);
            }
        };
        let hello = Hello::of(stream.get_ref().1);
        let framed = hello.protocol == "h2";
        self.hellos.lock().unwrap().push(hello);
        let behind = TcpStream::connect(&self.behind).await?;
        behind.set_nodelay(true)?;
        let (mut heard, mut said) = split(stream);
        let (mut answers, mut questions) = behind.into_split();
        tokio::spawn(async move {
            let _ = if framed {
                frames::forward(&mut heard, &mut questions).await
            } else {
                copy(&mut heard, &mut questions).await.map(|_| ())
            };
            questions.shutdown().await
        });
        if framed {
            frames::relay(&mut answers, &mut said, &self.trouble).await?;
        } else {
            copy(&mut answers, &mut said).await?;
        }
        said.shutdown().await
    }
}

impl Hello {
    fn of(connection: &ServerConnection) -> Self {
        let protocol = connection.alpn_protocol().unwrap_or_default();
        Self {
            name: connection.server_name().map(str::to_owned),
            certificate: connection.peer_certificates().is_some(),
            protocol: String::from_utf8_lossy(protocol).into_owned(),
        }
    }
}
