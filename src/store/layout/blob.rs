//! A blob's bytes, from a file and into one. The system's calls are made off the threads that
//! everything else runs on, while the next bytes are on their way.

use super::folder::Folder;
use super::off;
use super::write::ready;
use crate::disk::unfinished::Unfinished;
use crate::oci::Descriptor;
use crate::oci::digest::Verifier;
use crate::registry::{Opened, Placed, Source};
use crate::store::error::{Error, Kind, Result};
use crate::transport::{BoxError, ByteStream};
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, StreamExt};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// So many bytes are read or written at once.
const CHUNK: usize = 256 << 10;

/// The bytes of `range`.
pub(super) async fn open(
    folder: &Arc<Folder>,
    blob: &Descriptor,
    range: Range<u64>,
) -> Result<Opened> {
    let (start, end) = (range.start, range.end.min(blob.size()));
    let wanted = blob.clone();
    let file = off(folder, move |folder| {
        let mut file = folder.open_sized(&wanted)?;
        let sought = file.seek(SeekFrom::Start(start));
        sought.map_err(|error| folder.failed("read", error))?;
        Ok(file)
    });
    let reading = Reading {
        next: Some(read(file.await?, end.saturating_sub(start))),
        folder: Arc::clone(folder),
    };
    Ok(Opened {
        stream: chunks(reading),
        offset: start,
    })
}

/// A file that is read ahead by one chunk.
struct Reading {
    next: Option<JoinHandle<io::Result<Chunk>>>,
    folder: Arc<Folder>,
}

struct Chunk {
    bytes: Bytes,
    file: File,
    rest: u64,
}

fn chunks(reading: Reading) -> ByteStream {
    stream::try_unfold(reading, |mut reading| async move {
        let Some(next) = reading.next.take() else {
            return Ok(None);
        };
        let read = next.await.map_err(BoxError::from)?;
        let Chunk { bytes, file, rest } =
            read.map_err(|error| reading.folder.failed("read", error))?;
        // A file that has become shorter ends early; whoever hashes it finds out.
        if bytes.is_empty() {
            return Ok(None);
        }
        if rest > 0 {
            reading.next = Some(self::read(file, rest));
        }
        Ok(Some((bytes, reading)))
    })
    .boxed()
}

fn read(mut file: File, rest: u64) -> JoinHandle<io::Result<Chunk>> {
    tokio::task::spawn_blocking(move || {
        let length = usize::try_from(rest).unwrap_or(CHUNK).min(CHUNK);
        let mut bytes = BytesMut::zeroed(length);
        let mut filled = 0;
        while filled < length {
            match file.read(&mut bytes[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(Chunk {
            bytes: bytes.freeze(),
            file,
            rest: rest - filled as u64,
        })
    })
}

/// Whether a blob is there in its size.
pub(super) fn is_there(folder: &Folder, blob: &Descriptor) -> Result<bool> {
    let opened = folder.open_replaceable(blob.digest())?;
    Ok(opened.is_some_and(|(_, length)| length == blob.size()))
}

/// Whether a blob is there, byte for byte.
fn is_whole(folder: &Folder, blob: &Descriptor) -> Result<bool> {
    let opened = folder.open_replaceable(blob.digest())?;
    let Some((mut file, _)) = opened.filter(|(_, length)| *length == blob.size()) else {
        return Ok(false);
    };
    let mut verifier = Verifier::new(blob).map_err(|error| folder.corrupt(error))?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk);
        match read.map_err(|error| folder.failed("read", error))? {
            0 => return Ok(verifier.matches()),
            count => verifier.update(&chunk[..count]),
        }
        if verifier.overrun() {
            return Ok(false);
        }
    }
}

/// Sees to it that a blob is there. With `verify` one that is there is read.
pub(super) async fn ensure(
    folder: &Arc<Folder>,
    blob: &Descriptor,
    source: &dyn Source,
    verify: bool,
) -> Result<Placed> {
    let wanted = blob.clone();
    let begun = off(folder, move |folder| {
        let is_there = if verify { is_whole } else { is_there };
        if is_there(folder, &wanted)? {
            return Ok(None);
        }
        ready(folder)?;
        folder.begin().map(Some)
    });
    let Some(begun) = begun.await? else {
        return Ok(Placed::Present);
    };
    let mut writing = Writing::new(begun);
    fill(folder, blob, source, &mut writing).await?;
    let digest = blob.digest().clone();
    let whole = writing.end().await;
    let whole = whole.map_err(|error| folder.failed("write to", error))?;
    off(folder, move |folder| folder.place(whole, &digest)).await?;
    Ok(Placed::Sent)
}

async fn fill(
    folder: &Folder,
    blob: &Descriptor,
    source: &dyn Source,
    writing: &mut Writing,
) -> Result<()> {
    let unread = |error| unread(folder, blob, error);
    let mut stream = source.open(0).await.map_err(unread)?;
    let mut seen = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(unread)?;
        seen += chunk.len() as u64;
        if seen > blob.size() {
            break;
        }
        let pushed = writing.push(chunk).await;
        pushed.map_err(|error| folder.failed("write to", error))?;
    }
    if seen == blob.size() {
        return Ok(());
    }
    let (place, digest, size) = (&folder.location, blob.digest(), blob.size());
    let what = format!("cannot write {digest} to {place}: it does not have {size} bytes");
    Err(folder.error(Kind::Corrupt, what))
}

/// What the source says went wrong there, is what went wrong.
fn unread(folder: &Folder, blob: &Descriptor, error: BoxError) -> Error {
    let kind = error.downcast_ref().map_or(Kind::Other, Error::kind);
    let what = format!("cannot write {} to {}", blob.digest(), folder.location);
    Error::caused(kind, what, error).at(&folder.location)
}

/// A file that is written while the next chunk is gathered.
struct Writing {
    gathered: Vec<Bytes>,
    size: usize,
    state: State,
}

enum State {
    Idle(Unfinished),
    Busy(JoinHandle<io::Result<Unfinished>>),
    /// A write has failed.
    Broken,
}

impl Writing {
    fn new(begun: Unfinished) -> Self {
        Self {
            gathered: Vec::new(),
            size: 0,
            state: State::Idle(begun),
        }
    }

    async fn push(&mut self, chunk: Bytes) -> io::Result<()> {
        self.size += chunk.len();
        self.gathered.push(chunk);
        if self.size >= CHUNK {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> io::Result<()> {
        let mut file = self.idle().await?;
        let gathered = std::mem::take(&mut self.gathered);
        self.size = 0;
        self.state = State::Busy(tokio::task::spawn_blocking(move || {
            gathered.iter().try_for_each(|chunk| file.write(chunk))?;
            Ok(file)
        }));
        Ok(())
    }

    async fn idle(&mut self) -> io::Result<Unfinished> {
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Idle(file) => Ok(file),
            State::Busy(writing) => writing.await.map_err(io::Error::other)?,
            State::Broken => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    async fn end(mut self) -> io::Result<Unfinished> {
        self.flush().await?;
        self.idle().await
    }
}
