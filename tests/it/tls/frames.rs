//! HTTP/2 as it comes from a server, frame by frame, and what can go wrong between two of them.
//!
//! Source: RFC 9113, sections 4.1 and 6.

use std::collections::HashSet;
use std::io;
use std::sync::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GO_AWAY: u8 = 7;

/// The length of `PRI * HTTP/2.0` and what follows.
const PREFACE: usize = 24;
/// `SETTINGS_HEADER_TABLE_SIZE`: 0.
const NO_TABLE: [u8; 6] = [0, 1, 0, 0, 0, 0];

pub(super) const NO_ERROR: u32 = 0;
pub(super) const PROTOCOL_ERROR: u32 = 1;
pub(super) const INTERNAL_ERROR: u32 = 2;
pub(super) const REFUSED_STREAM: u32 = 7;
pub(super) const ENHANCE_YOUR_CALM: u32 = 11;

/// What happens in place of, or before, an answer. Each happens once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The stream is reset instead.
    Reset(u32),
    /// The stream is reset in the middle of the answer's body.
    ResetInBody(u32),
    /// The connection ends instead; the request was looked at, or was not.
    GoAway { reason: u32, seen: bool },
    /// The connection takes no more requests, and this one is answered.
    NoMore,
    /// So many pings come first.
    Pings(usize),
    /// Nothing: the answer comes.
    None,
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Frame {
    fn new(kind: u8, stream: u32, payload: Vec<u8>) -> Self {
        Self {
            kind,
            flags: 0,
            stream,
            payload,
        }
    }

    fn reset(stream: u32, reason: u32) -> Self {
        Self::new(RESET, stream, reason.to_be_bytes().to_vec())
    }

    fn go_away(last: u32, reason: u32) -> Self {
        let payload = [last.to_be_bytes(), reason.to_be_bytes()].concat();
        Self::new(GO_AWAY, 0, payload)
    }

    async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut head = [0; 9];
        from.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        from.read_exact(&mut payload).await?;
        Ok(Self {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            payload,
        })
    }

    async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let length = u32::try_from(self.payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[self.kind, self.flags]].concat();
        to.write_all(&[&head, &self.stream.to_be_bytes()[..], &self.payload].concat())
            .await
    }
}

/// Passes what a client says on. Its settings get one more: a server that is to keep no table of
/// headers can have frames taken away from it.
pub(super) async fn forward(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    let mut preface = [0; PREFACE];
    from.read_exact(&mut preface).await?;
    to.write_all(&preface).await?;
    let mut settings = Frame::read(from).await?;
    assert_eq!(settings.kind, SETTINGS);
    settings.payload.extend(NO_TABLE);
    settings.write(to).await?;
    copy(from, to).await.map(|_| ())
}

/// Passes a server's frames on, up to the end of the connection.
pub(super) async fn relay(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    trouble: &Mutex<Vec<Trouble>>,
) -> io::Result<()> {
    // Streams that were reset, and those that will be.
    let (mut ended, mut ending) = (HashSet::new(), None);
    while let Ok(mut frame) = Frame::read(from).await {
        let stream = frame.stream;
        if ended.contains(&stream) {
            continue;
        }
        if let (DATA, Some((_, reason))) = (frame.kind, ending.filter(|(at, _)| *at == stream)) {
            frame.payload.truncate(frame.payload.len() / 2);
            frame.flags = 0;
            frame.write(to).await?;
            Frame::reset(stream, reason).write(to).await?;
            to.flush().await?;
            ended.insert(stream);
            continue;
        }
        let happens = match frame.kind {
            HEADERS => next(trouble),
            _ => Trouble::None,
        };
        match happens {
            Trouble::None => {}
            Trouble::Reset(reason) => {
                ended.insert(stream);
                frame = Frame::reset(stream, reason);
            }
            Trouble::ResetInBody(reason) => ending = Some((stream, reason)),
            Trouble::GoAway { reason, seen } => {
                let last = if seen {
                    stream
                } else {
                    stream.saturating_sub(2)
                };
                Frame::go_away(last, reason).write(to).await?;
                return to.flush().await;
            }
            Trouble::NoMore => Frame::go_away(stream, NO_ERROR).write(to).await?,
            Trouble::Pings(count) => {
                for number in 0..count as u64 {
                    let ping = Frame::new(PING, 0, number.to_be_bytes().to_vec());
                    ping.write(to).await?;
                }
            }
        }
        frame.write(to).await?;
        to.flush().await?;
    }
    Ok(())
}

fn next(trouble: &Mutex<Vec<Trouble>>) -> Trouble {
    let mut trouble = trouble.lock().unwrap();
    if trouble.is_empty() {
        Trouble::None
    } else {
        trouble.remove(0)
    }
}
