//! A wire that takes its time: everything arrives half a round trip after it was sent, and is sent
//! when the connection's window allows it.

use crate::congestion::Congestion;
use anyhow::Result;
use bytes::{BufMut, BytesMut};
use std::net::Ipv4Addr;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Read at once.
const CHUNK: usize = 64 * 1024;
/// Chunks on the wire of one connection, each way.
const WINDOW: usize = 256;
/// Timers fire at the next millisecond, half of one late on average.
const LATE: Duration = Duration::from_micros(500);

/// How slow a wire is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire {
    /// To the other end and back.
    pub(crate) round_trip: Duration,
    /// Bytes a second that one connection carries each way.
    pub(crate) rate: Option<NonZeroU64>,
    /// Whether a new connection has to find out what it may send at once.
    pub(crate) slow_start: bool,
}

/// A listening proxy.
pub(crate) struct Proxy {
    /// Its port on 127.0.0.1.
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    /// A proxy in front of the registry at `port`.
    pub(crate) fn start(runtime: &Handle, port: u16, wire: Wire) -> Result<Self> {
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let proxy = Self {
            port: listener.local_addr()?.port(),
            connections: Arc::default(),
        };
        let connections = Arc::clone(&proxy.connections);
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(join(client, port, wire));
            }
        });
        Ok(proxy)
    }

    /// The connections since the last time this was asked.
    pub(crate) fn connections(&self) -> usize {
        self.connections.swap(0, Ordering::Relaxed)
    }
}

/// Carries one connection. The client believes at once that it is connected; what it sends is
/// held back for the round trip that its connection would have taken.
async fn join(client: TcpStream, port: u16, wire: Wire) -> std::io::Result<()> {
    let connected = Instant::now() + wire.round_trip;
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    let there = carry(client_read, server_write, connected, wire);
    let back = carry(server_read, client_write, connected, wire);
    tokio::join!(there, back);
    Ok(())
}

async fn carry<R, W>(from: R, to: W, connected: Instant, wire: Wire)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (sender, receiver) = mpsc::channel(WINDOW);
    // Chunks come back to be filled again: fresh memory costs more than the bytes in it.
    let (give_back, used) = mpsc::channel(WINDOW);
    // A broken connection ends both ways.
    let (_, _) = tokio::join!(
        depart(from, (sender, used), connected, wire),
        arrive(to, receiver, give_back)
    );
}

/// Reads, and notes when each chunk arrives. An empty one is the end.
async fn depart<R: AsyncRead + Unpin>(
    mut from: R,
    (sender, mut used): (mpsc::Sender<(Instant, BytesMut)>, mpsc::Receiver<BytesMut>),
    connected: Instant,
    wire: Wire,
) -> std::io::Result<()> {
    let mut free = connected;
    let mut congestion = wire.slow_start.then(|| Congestion::new(wire.round_trip));
    loop {
        let room = match &mut congestion {
            Some(congestion) => wait_for_room(congestion, &mut free).await,
            None => CHUNK,
        };
        let fresh = |_| BytesMut::with_capacity(CHUNK);
        let mut chunk = used.try_recv().unwrap_or_else(fresh);
        let mut space = (&mut chunk).limit(room.min(CHUNK));
        let read = from.read_buf(&mut space).await.unwrap_or_default();
        free = free.max(Instant::now());
        if let Some(rate) = wire.rate {
            free += Duration::from_nanos(read as u64 * 1_000_000_000 / rate);
            sleep_until(free).await;
        }
        if let Some(congestion) = &mut congestion {
            congestion.send(free.into_std(), read);
        }
        let due = free + wire.round_trip / 2;
        let gone = sender.send((due.checked_sub(LATE).unwrap_or(due), chunk));
        if gone.await.is_err() || read == 0 {
            return Ok(());
        }
    }
}

/// Waits until the window has room, which moves `free` to when the acknowledgment arrived: the
/// timer's own lateness is not to add up round trip by round trip.
async fn wait_for_room(congestion: &mut Congestion, free: &mut Instant) -> usize {
    loop {
        let room = congestion.room(free.into_std());
        let Some(next) = congestion.next().filter(|_| room == 0) else {
            return room;
        };
        *free = Instant::from_std(next);
        sleep_until(free.checked_sub(LATE).unwrap_or(*free)).await;
    }
}

async fn arrive<W: AsyncWrite + Unpin>(
    mut to: W,
    mut receiver: mpsc::Receiver<(Instant, BytesMut)>,
    give_back: mpsc::Sender<BytesMut>,
) -> std::io::Result<()> {
    while let Some((due, mut chunk)) = receiver.recv().await {
        sleep_until(due).await;
        if chunk.is_empty() {
            return to.shutdown().await;
        }
        to.write_all(&chunk).await?;
        chunk.clear();
        let _ = give_back.try_send(chunk);
    }
    Ok(())
}
