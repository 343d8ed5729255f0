//! Sources of all kinds, and how they are read.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::oci::digest::sha256;
use crate::oci::manifest::Manifest;
use crate::oci::reference::{RepositoryName, Tag, Target};
use crate::oci::{Digest, MediaType};
use crate::store::{Error, Hints, Kind, Lane, Placed, Precondition, Put, Referrers, Source};
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::{Instant, sleep};

const SIZE: u64 = 160 * MIB;
const CHUNK: u64 = MIB / 4;

/// A store of one blob.
struct Fake {
    location: Location,
    /// How long a question takes, and each chunk of its answer.
    answers: Duration,
    brings: Duration,
    has_ranges: bool,
    /// No answer to a range is longer.
    longest: u64,
    /// Where answers that begin before it break off.
    breaks_at: Option<u64>,
    asked: Mutex<Vec<Range<u64>>>,
    open: Arc<AtomicUsize>,
    most_open: AtomicUsize,
}

impl Fake {
    /// One connection brings 50 MB/s.
    fn slow() -> Self {
        Self {
            location: Location::Layout("fake".into()),
            answers: Duration::from_millis(50),
            brings: Duration::from_millis(5),
            has_ranges: true,
            longest: u64::MAX,
            breaks_at: None,
            asked: Mutex::default(),
            open: Arc::default(),
            most_open: AtomicUsize::new(0),
        }
    }

    fn asked(&self) -> Vec<Range<u64>> {
        self.asked.lock().unwrap().clone()
    }
}

/// Counts an open stream.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// After so many bytes they begin anew.
const PERIOD: u64 = 251 * 4096;
static CONTENT: LazyLock<Bytes> = LazyLock::new(|| {
    let byte = |at: u64| u8::try_from((at % PERIOD) / 4096).unwrap();
    (0..PERIOD + CHUNK).map(byte).collect::<Vec<u8>>().into()
});

fn bytes(range: Range<u64>) -> Bytes {
    let place = |at: u64| usize::try_from(at).unwrap();
    let begin = range.start % PERIOD;
    CONTENT.slice(place(begin)..place(begin + range.end - range.start))
}

fn blob() -> Descriptor {
    Descriptor::new(MediaType::ImageLayer, SIZE, sha256(b"blob"))
}

#[async_trait]
impl Store for Fake {
    fn location(&self) -> &Location {
        &self.location
    }
    async fn blob(&self, blob: &Descriptor, range: Range<u64>) -> Result<Opened> {
        self.asked.lock().unwrap().push(range.clone());
        sleep(self.answers).await;
        let is_part = range.end < blob.size();
        let range = match (self.has_ranges, is_part) {
            (false, _) => 0..blob.size(),
            (true, true) => range.start..range.end.min(range.start.saturating_add(self.longest)),
            (true, false) => range,
        };
        let open = Open(Arc::clone(&self.open));
        let now = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_open.fetch_max(now, Ordering::SeqCst);
        let (brings, breaks_at) = (self.brings, self.breaks_at);
        let begin = range.start;
        let chunks = stream::try_unfold((begin, open), move |(at, open)| async move {
            if at >= range.end {
                return Ok(None);
            }
            if breaks_at.is_some_and(|broken| begin < broken && broken <= at) {
                return Err(BoxError::from("it broke"));
            }
            sleep(brings).await;
            let next = (at + CHUNK).min(range.end);
            Ok(Some((bytes(at..next), (next, open))))
        });
        Ok(Opened {
            stream: chunks.boxed(),
            offset: begin,
        })
    }
    fn warm(&self, _: Lane, _: usize) {}
    async fn usual_target(&self) -> Result<Target> {
        nothing()
    }
    async fn resolve(&self, _: &Target) -> Result<Descriptor> {
        nothing()
    }
    async fn list_untagged(&self, _: &Descriptor) -> Result<()> {
        Ok(())
    }
    async fn find(&self, _: &Target) -> Result<Option<Descriptor>> {
        nothing()
    }
    async fn manifest(&self, _: &Target) -> Result<Manifest> {
        nothing()
    }
    async fn put_manifest(&self, _: &Target, _: &Manifest, _: &Precondition) -> Result<Put> {
        nothing()
    }
    async fn has_blob(&self, _: &Descriptor) -> Result<bool> {
        nothing()
    }
    async fn ensure_blob(&self, _: &Descriptor, _: &dyn Source, _: Hints<'_>) -> Result<Placed> {
        nothing()
    }
    async fn mountable(&self, _: &Location) -> Option<RepositoryName> {
        None
    }
    async fn referrers(&self, _: &Digest) -> Result<Referrers> {
        nothing()
    }
    async fn attach(&self, _: &Digest, _: &[Descriptor]) -> Result<()> {
        nothing()
    }
    fn tags(&self) -> BoxStream<'static, Result<Tag>> {
        stream::empty().boxed()
    }
    fn counts_reading(&self) -> bool {
        false
    }
    async fn delete(&self, _: &Target) -> Result<()> {
        nothing()
    }
}

fn nothing<T>() -> Result<T> {
    Err(Error::new(Kind::Unsupported, "a store of one blob"))
}

/// What reading came to.
struct Read {
    end: u64,
    error: Option<String>,
    took: Duration,
}

/// Reads from `offset` to the end; each chunk takes `taken` to be dealt with.
async fn read(from: &Arc<Fake>, offset: u64, taken: Duration, window: &Arc<Window>) -> Read {
    let store: Arc<dyn Store> = Arc::clone(from) as _;
    let start = Instant::now();
    let mut opened = open(&store, &blob(), offset, window).await.unwrap();
    let (mut end, mut error) = (opened.offset, None);
    while let Some(chunk) = opened.stream.next().await {
        match chunk {
            Ok(chunk) => {
                let next = end + chunk.len() as u64;
                assert!(chunk == bytes(end..next), "other bytes at {end}");
                end = next;
                sleep(taken).await;
            }
            Err(broken) => {
                error = Some(broken.to_string());
                break;
            }
        }
    }
    drop(opened);
    Read {
        end,
        error,
        took: start.elapsed(),
    }
}

/// What one plain stream takes.
const PLAIN: Duration = Duration::from_millis(50 + 5 * SIZE / CHUNK);

#[tokio::test(start_paused = true)]
async fn a_slow_source_is_read_by_several_ranges() {
    let (from, window) = (Arc::new(Fake::slow()), Arc::default());
    let read = read(&from, 0, Duration::ZERO, &window).await;
    assert_eq!((read.end, read.error), (SIZE, None));
    assert!(read.took < PLAIN / 2, "{:?} of {PLAIN:?}", read.took);
    let (asked, most) = (from.asked(), from.most_open.load(Ordering::SeqCst));
    assert!((PARTS..=PARTS + 1).contains(&most), "{most} at once");
    assert_eq!(asked[0], 0..SIZE);
    for pair in asked[1..].windows(2) {
        assert_eq!(pair[0].end, pair[1].start, "without gaps");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_fast_or_waits_for_others_is_read_at_once() {
    for (brings, taken) in [(1, 0), (5, 5), (5, 50)] {
        let mut from = Fake::slow();
        from.brings = Duration::from_millis(brings);
        let (from, window) = (Arc::new(from), Arc::default());
        let read = read(&from, 0, Duration::from_millis(taken), &window).await;
        assert_eq!(
            (read.end, from.asked().len()),
            (SIZE, 1),
            "{brings} {taken}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn little_that_is_left_is_read_at_once() {
    let (from, window) = (Arc::new(Fake::slow()), Arc::default());
    let offset = SIZE - MUCH + 1;
    let read = read(&from, offset, Duration::ZERO, &window).await;
    assert_eq!((read.end, from.asked().len()), (SIZE, 1));
}

#[tokio::test(start_paused = true)]
async fn where_ranges_are_unknown_the_plain_stream_goes_on() {
    let mut from = Fake::slow();
    from.has_ranges = false;
    let (from, window) = (Arc::new(from), Arc::default());
    let first = read(&from, 0, Duration::ZERO, &window).await;
    assert_eq!((first.end, first.error), (SIZE, None));
    assert_eq!(first.took, PLAIN);
    let asked = from.asked().len();
    assert_eq!(asked, 1 + PARTS);
    read(&from, 0, Duration::ZERO, &window).await;
    assert_eq!(from.asked().len(), asked + 1, "it is not asked again");
}

#[tokio::test(start_paused = true)]
async fn ranges_that_take_too_long_to_begin_are_not_waited_for() {
    let mut from = Fake::slow();
    from.answers = Duration::from_secs(5);
    let (from, window) = (Arc::new(from), Arc::default());
    let read = read(&from, 0, Duration::ZERO, &window).await;
    assert_eq!((read.end, read.error), (SIZE, None));
}

#[tokio::test(start_paused = true)]
async fn answers_may_be_shorter_than_ranges() {
    let mut from = Fake::slow();
    from.longest = MIB + 1000;
    let (from, window) = (Arc::new(from), Arc::default());
    let read = read(&from, 0, Duration::ZERO, &window).await;
    assert_eq!((read.end, read.error), (SIZE, None));
    assert!(read.took < PLAIN);
}

#[tokio::test(start_paused = true)]
async fn a_range_that_breaks_off_ends_the_stream_where_it_did() {
    const BROKEN: u64 = SIZE / 2 + CHUNK;
    let mut from = Fake::slow();
    from.breaks_at = Some(BROKEN);
    let (from, window) = (Arc::new(from), Arc::default());
    let broken = read(&from, 0, Duration::ZERO, &window).await;
    assert_eq!(broken.end, BROKEN);
    assert_eq!(broken.error.as_deref(), Some("it broke"));
    let rest = read(&from, broken.end, Duration::ZERO, &window).await;
    assert_eq!((rest.end, rest.error), (SIZE, None));
}

#[tokio::test(start_paused = true)]
async fn blobs_share_the_room_and_give_it_back() {
    let (from, window) = (Arc::new(Fake::slow()), Arc::new(Window::default()));
    let read = |_| read(&from, 0, Duration::ZERO, &window);
    let read = futures_util::future::join_all((0..4).map(read)).await;
    assert!(read.iter().all(|read| read.end == SIZE));
    let most = from.most_open.load(Ordering::SeqCst);
    assert!(most <= 4 + PARTS + 4, "{most} at once");
    assert_eq!(window.room.available_permits(), ROOM);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_for_a_stream_that_is_dropped() {
    let (from, window) = (Arc::new(Fake::slow()), Arc::new(Window::default()));
    let store: Arc<dyn Store> = Arc::clone(&from) as _;
    let mut opened = open(&store, &blob(), 0, &window).await.unwrap();
    while from.open.load(Ordering::SeqCst) <= PARTS {
        opened.stream.next().await.unwrap().unwrap();
    }
    drop(opened);
    tokio::task::yield_now().await;
    assert_eq!(from.open.load(Ordering::SeqCst), 0);
    assert_eq!(window.room.available_permits(), ROOM);
}
