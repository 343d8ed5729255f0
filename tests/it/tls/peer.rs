//! Peers that say whatever a test wants, over bare connections.

use crate::lab::wait_for;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A peer on loopback. It ends with the value.
pub(super) struct Peer {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    task: tokio::task::AbortHandle,
}

/// What is said to a request.
pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
    /// Whether the connection stays open.
    pub(super) stays: bool,
}

impl Peer {
    /// A peer that says this to each connection, whatever it hears first, and ends it.
    pub(super) fn saying(bytes: &'static [u8]) -> Self {
        Self::open(move |_, _| Answer {
            bytes: bytes.to_vec(),
            stays: false,
        })
    }

    /// A peer that gives `answer` the number of a request on its connection and what was heard.
    pub(super) fn open(
        answer: impl Fn(usize, &str) -> Answer + Clone + Send + Sync + 'static,
    ) -> Self {
        let heard = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let hearing = Arc::clone(&heard);
        let (address, task) = wait_for(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let task = tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (answer, hearing) = (answer.clone(), Arc::clone(&hearing));
                    tokio::spawn(converse(stream, answer, hearing));
                }
            });
            (address, task)
        });
        Self {
            address,
            heard,
            task: task.abort_handle(),
        }
    }

    /// `127.0.0.1:PORT`.
    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// What it has heard.
    pub(super) fn heard(&self) -> Vec<Vec<u8>> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(
    mut stream: TcpStream,
    answer: impl Fn(usize, &str) -> Answer,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 8192];
    for number in 0.. {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            break;
        }
        let bytes = &buffer[..length];
        heard.lock().unwrap().push(bytes.to_vec());
        let Answer { bytes, stays } = answer(number, &String::from_utf8_lossy(bytes));
        stream.write_all(&bytes).await?;
        if !stays {
            break;
        }
    }
    Ok(())
}
