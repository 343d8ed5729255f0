//! A proxy that knows where the names are that tests make up, and writes down what it is asked.

use crate::lab::wait_for;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A proxy on loopback. It ends with the value.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::AbortHandle,
}

#[derive(Default)]
struct Shared {
    /// From `HOST:PORT` to an address.
    places: HashMap<String, String>,
    /// What it says instead, so often.
    refusals: Mutex<Vec<&'static str>>,
    heads: Mutex<Vec<String>>,
}

impl Proxy {
    /// A proxy that leads to these places, each `HOST:PORT` and an address.
    pub(crate) fn to(places: impl IntoIterator<Item = (String, String)>) -> Self {
        Self::refusing(places, &[])
    }

    /// The same once it has said each of these.
    pub(crate) fn refusing(
        places: impl IntoIterator<Item = (String, String)>,
        refusals: &[&'static str],
    ) -> Self {
        let shared = Arc::new(Shared {
            places: places.into_iter().collect(),
            refusals: Mutex::new(refusals.to_vec()),
            heads: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        let (address, task) = wait_for(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let task = tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(Arc::clone(&serving).converse(stream));
                }
            });
            (address, task)
        });
        Self {
            address,
            shared,
            task: task.abort_handle(),
        }
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// The heads of the requests that it was sent.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.shared.heads.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn converse(self: Arc<Self>, mut stream: TcpStream) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8(head).unwrap();
        let target = head.split(' ').nth(1).unwrap().to_owned();
        self.heads.lock().unwrap().push(head);
        let refusal = self.refusals.lock().unwrap().pop();
        let place = self.places.get(&target);
        let (Some(place), None) = (place, refusal) else {
            let status = refusal.unwrap_or("502 Bad Gateway");
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            return stream.write_all(answer.as_bytes()).await;
        };
        let mut place = TcpStream::connect(place).await?;
        stream
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .await?;
        copy_bidirectional(&mut stream, &mut place)
            .await
            .map(|_| ())
    }
}
