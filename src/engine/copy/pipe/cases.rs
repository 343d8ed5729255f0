//! Wherever a source breaks off, what comes through is the blob or an error.

#![allow(clippy::unwrap_used)]

use super::Pipe;
use crate::engine::copy::event::Progress;
use crate::engine::copy::shelf::{CHUNK, Cut, Shelf};
use crate::oci::{Descriptor, MediaType};
use crate::store::{Source, Store};
use futures_util::StreamExt;
use proptest::prelude::*;
use proptest::sample::Index;
use std::sync::Arc;

fn cut() -> impl Strategy<Value = Cut> {
    let after = prop_oneof![Just(0), Just(1), 0..8 * CHUNK, Just(3 * CHUNK)];
    let rarely = || prop::bool::weighted(0.1);
    (after, any::<bool>(), rarely(), rarely()).prop_map(|(after, is_quiet, is_whole, is_wrong)| {
        Cut {
            after,
            is_quiet,
            is_whole,
            is_wrong,
        }
    })
}

/// One pass over a blob: from where it is opened to where nobody reads on.
#[derive(Debug, Clone)]
struct Pass {
    from: Index,
    to: Option<Index>,
    is_prepared: bool,
}

fn pass() -> impl Strategy<Value = Pass> {
    let to = prop::option::of(any::<Index>());
    (any::<Index>(), to, any::<bool>()).prop_map(|(from, to, is_prepared)| Pass {
        from,
        to,
        is_prepared,
    })
}

/// What came in a pass, and whether it ended well.
async fn read(pipe: &Pipe, from: usize, to: usize, is_prepared: bool) -> (Vec<u8>, bool) {
    if is_prepared {
        pipe.prepare().await;
    }
    let mut stream = pipe.open(from as u64).await.unwrap();
    let mut came = Vec::new();
    while came.len() < to - from {
        match stream.next().await {
            Some(Ok(chunk)) => came.extend_from_slice(&chunk),
            Some(Err(_)) => return (came, false),
            None => break,
        }
    }
    (came, true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn p15_what_comes_is_the_blob_or_an_error(
        size in 0..30 * CHUNK,
        cuts in prop::collection::vec(cut(), 0..10),
        attempts in 1_u32..8,
        passes in prop::collection::vec(pass(), 0..4),
    ) {
        let shelf = Shelf::new("source");
        let mut bytes = vec![0; size];
        fastrand::Rng::with_seed(size as u64).fill(&mut bytes);
        let blob = Descriptor::new(MediaType::ImageLayer, size as u64, shelf.keep(bytes.clone()));
        shelf.held().cuts = cuts.clone().into();
        let from: Arc<dyn Store> = Arc::new(Arc::clone(&shelf));
        let silent: Arc<dyn Progress> = Arc::new(());
        let pipe = Pipe::new(&from, &blob, attempts, &Arc::default(), &silent).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let is_sound = !cuts.iter().any(|cut| cut.is_wrong);
        let mut asked = 0;
        for Pass { from, to, is_prepared } in &passes {
            let from = from.index(size + 1);
            let to = to.as_ref().map_or(size, |to| from + to.index(size - from + 1));
            let (came, is_well) = runtime.block_on(read(&pipe, from, to, *is_prepared));
            asked += 1 + usize::from(*is_prepared);
            prop_assert!(shelf.held().reads.len() <= cuts.len() + asked);
            let is_right = bytes[from..].starts_with(&came);
            prop_assert!(is_right || !is_sound, "bytes that are not the blob's");
            prop_assert!(came.len() >= to - from || !is_well, "an end too early");
            let is_whole = from + came.len() == size && is_well;
            prop_assert!(is_right || !is_whole || size == from, "a whole that is not the blob");
            let few = cuts.len() < attempts as usize;
            prop_assert!(is_well || !(is_sound && few), "given up too early");
        }
    }
}
