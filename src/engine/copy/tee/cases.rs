#![allow(clippy::unwrap_used)]
use super::super::pipe::Pipe;
use super::super::shelf::{CHUNK, Shelf, Told};
use super::{AHEAD, Branch, PATIENCE, Tee};
use crate::engine::copy::event::Progress;
use crate::oci::{Descriptor, MediaType};
use crate::store::{Kind, Source, Store};
use crate::transport::{BoxError, ByteStream};
use futures_util::StreamExt;
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A blob of some hundred chunks, and of a piece.
const SIZE: usize = 200 * CHUNK + 7;

/// A blob that is read for several destinations.
struct Bench {
    shelf: Arc<Shelf>,
    bytes: Vec<u8>,
    blob: Descriptor,
    pipe: Arc<Pipe>,
    tee: Arc<Tee>,
    told: Arc<Told>,
}

impl Bench {
    fn new(branches: usize) -> Self {
        let shelf = Shelf::new("source");
        let mut bytes = vec![0; SIZE];
        fastrand::Rng::with_seed(1).fill(&mut bytes);
        let digest = shelf.keep(bytes.clone());
        let blob = Descriptor::new(MediaType::ImageLayer, SIZE as u64, digest);
        let from: Arc<dyn Store> = Arc::new(Arc::clone(&shelf));
        let silent: Arc<dyn Progress> = Arc::new(());
        let pipe = Arc::new(Pipe::new(&from, &blob, 1, &Arc::default(), &silent).unwrap());
        let tee = Tee::new(Arc::clone(&pipe), branches);
        let told = Arc::default();
        Self {
            shelf,
            bytes,
            blob,
            pipe,
            tee,
            told,
        }
    }

    fn branch(&self) -> Branch {
        let progress: Arc<dyn Progress> = Arc::clone(&self.told) as _;
        let location = self.shelf.location().clone();
        self.tee.branch(&self.blob, &location, &progress, false)
    }

    fn reads(&self) -> usize {
        self.shelf.held().reads.len()
    }
}

/// Everything that comes, and how it ended.
async fn rest(mut stream: ByteStream) -> (Vec<u8>, Option<BoxError>) {
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(error) => return (bytes, Some(error)),
        }
    }
    (bytes, None)
}

async fn all(branch: &Branch) -> Vec<u8> {
    let (bytes, error) = rest(branch.open(0).await.unwrap()).await;
    assert!(error.is_none(), "{error:?}");
    bytes
}

#[tokio::test(start_paused = true)]
async fn everybody_gets_all_bytes_of_one_read() {
    let bench = Bench::new(3);
    let branches = [bench.branch(), bench.branch(), bench.branch()];
    for bytes in join_all(branches.iter().map(all)).await {
        assert!(bytes == bench.bytes);
    }
    assert_eq!((bench.reads(), bench.told.again()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn who_needs_nothing_is_not_waited_for() {
    let bench = Bench::new(2);
    let (one, other) = (bench.branch(), bench.branch());
    drop(other);
    let begun = Instant::now();
    assert!(all(&one).await == bench.bytes);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_read_begins_when_everybody_is_ready() {
    let bench = Bench::new(2);
    let (one, other) = (bench.branch(), bench.branch());
    let late = async {
        sleep(PATIENCE / 2).await;
        assert_eq!(bench.reads(), 0);
        all(&other).await
    };
    let (first, second) = tokio::join!(all(&one), late);
    assert!(first == bench.bytes && second == bench.bytes);
    assert_eq!((bench.reads(), bench.told.again()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn who_is_not_ready_for_too_long_reads_by_itself() {
    let bench = Bench::new(2);
    let (one, other) = (bench.branch(), bench.branch());
    let late = async {
        sleep(PATIENCE * 2).await;
        all(&other).await
    };
    let begun = Instant::now();
    let early = async {
        let bytes = all(&one).await;
        (bytes, begun.elapsed())
    };
    let ((first, elapsed), second) = tokio::join!(early, late);
    assert!(first == bench.bytes && second == bench.bytes);
    // To the millisecond, which is as exactly as a timer rings.
    assert_eq!(elapsed.as_secs(), PATIENCE.as_secs());
    assert_eq!((bench.reads(), bench.told.again()), (2, 1));
    assert!(one.own_pipe().is_none() && other.own_pipe().is_some());
}

#[tokio::test(start_paused = true)]
async fn the_slowest_sets_the_pace() {
    let bench = Bench::new(2);
    let (fast, slow) = (bench.branch(), bench.branch());
    let slowly = async {
        let (mut bytes, mut chunks) = (Vec::new(), 0);
        let mut stream = slow.open(0).await.unwrap();
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk.unwrap());
            chunks += 1;
            sleep(PATIENCE / 10).await;
            let ahead = bench.shelf.held().chunks - chunks;
            assert!(ahead <= AHEAD + 2, "{ahead} chunks are held");
        }
        bytes
    };
    let (first, second) = tokio::join!(all(&fast), slowly);
    assert!(first == bench.bytes && second == bench.bytes);
    assert_eq!((bench.reads(), bench.told.again()), (1, 0));
}

/// It goes on where it was, and the others do not wait for it a second time.
#[tokio::test(start_paused = true)]
async fn who_takes_nothing_for_too_long_goes_on_by_itself() {
    let bench = Bench::new(3);
    let branches = [bench.branch(), bench.branch(), bench.branch()];
    let stalled = async {
        let mut stream = branches[2].open(0).await.unwrap();
        let mut bytes = stream.next().await.unwrap().unwrap().to_vec();
        sleep(PATIENCE * 5).await;
        let (more, error) = rest(stream).await;
        assert!(error.is_none(), "{error:?}");
        bytes.extend(more);
        bytes
    };
    let begun = Instant::now();
    let others = async {
        let bytes = join_all(branches[..2].iter().map(all)).await;
        (bytes, begun.elapsed())
    };
    let ((others, elapsed), last) = tokio::join!(others, stalled);
    assert!(others.iter().all(|bytes| *bytes == bench.bytes));
    assert!(last == bench.bytes);
    assert_eq!(elapsed.as_secs(), PATIENCE.as_secs());
    assert_eq!((bench.reads(), bench.told.again()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn who_drops_out_does_not_stop_the_others() {
    let bench = Bench::new(3);
    let branches = [bench.branch(), bench.branch(), bench.branch()];
    let leaves = async {
        let mut stream = branches[2].open(0).await.unwrap();
        stream.next().await.unwrap().unwrap();
    };
    let begun = Instant::now();
    let (others, ()) = tokio::join!(join_all(branches[..2].iter().map(all)), leaves);
    assert!(others.iter().all(|bytes| *bytes == bench.bytes));
    assert_eq!((bench.reads(), begun.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn who_starts_over_gets_what_it_asks_for() {
    for offset in [0, 1, CHUNK, 3 * CHUNK - 1, SIZE - 1, SIZE] {
        let bench = Bench::new(2);
        let (one, other) = (bench.branch(), bench.branch());
        let again = async {
            let mut stream = other.open(0).await.unwrap();
            for _ in 0..5 {
                stream.next().await.unwrap().unwrap();
            }
            drop(stream);
            rest(other.open(offset as u64).await.unwrap()).await
        };
        let (first, (second, error)) = tokio::join!(all(&one), again);
        assert!(error.is_none(), "{offset} {error:?}");
        assert!(first == bench.bytes, "{offset}");
        assert!(second == bench.bytes[offset..], "{offset}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_breaks_off_fails_for_all() {
    let bench = Bench::new(2);
    bench.shelf.held().breaks_at = Some(50 * CHUNK as u64);
    let branches = [bench.branch(), bench.branch()];
    let ends = join_all(branches.iter().map(async |branch| {
        let (bytes, error) = rest(branch.open(0).await.unwrap()).await;
        assert!(error.is_some() && bytes.len() <= 50 * CHUNK);
        branch.has_broken_off()
    }));
    assert_eq!(ends.await, [true, true]);
    let fault = bench.pipe.take_fault().unwrap();
    assert_eq!(fault.kind(), Kind::Unavailable);
    assert_eq!((bench.reads(), bench.told.again()), (1, 0));
}

/// Whoever has not got the last chunk cannot complete the blob.
#[tokio::test(start_paused = true)]
async fn of_a_wrong_blob_nobody_gets_the_last_chunk() {
    for wrong_at in [0, SIZE / 2, SIZE - 1] {
        let bench = Bench::new(2);
        bench.shelf.held().wrong_at = Some(wrong_at);
        let branches = [bench.branch(), bench.branch()];
        let ends = join_all(branches.iter().map(async |branch| {
            let (bytes, error) = rest(branch.open(0).await.unwrap()).await;
            assert!(error.is_some(), "{wrong_at}");
            bytes.len()
        }));
        assert_eq!(ends.await, [SIZE - 7, SIZE - 7], "{wrong_at}");
        assert_eq!(bench.pipe.take_fault().unwrap().kind(), Kind::Corrupt);
    }
}

/// The same where it is wrong only for who reads by itself.
#[tokio::test(start_paused = true)]
async fn of_a_wrong_blob_who_reads_by_itself_gets_no_last_chunk() {
    let bench = Bench::new(2);
    let (one, other) = (bench.branch(), bench.branch());
    let late = async {
        sleep(PATIENCE * 2).await;
        bench.shelf.held().wrong_at = Some(3);
        rest(other.open(0).await.unwrap()).await
    };
    let (first, (second, error)) = tokio::join!(all(&one), late);
    assert!(first == bench.bytes && error.is_some());
    assert_eq!(second.len(), SIZE - 7);
    let fault = other.own_pipe().and_then(|own| own.take_fault()).unwrap();
    assert_eq!(fault.kind(), Kind::Corrupt);
    assert!(bench.pipe.take_fault().is_none() && !other.has_broken_off());
}
