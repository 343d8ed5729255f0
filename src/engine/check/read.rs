//! A blob read to its end, and read on where it broke off. Nothing of it is kept.

use super::Fault;
use crate::engine::breaks::Breaks;
use crate::engine::copy::event::{Event, Placed, Progress};
use crate::oci::Descriptor;
use crate::oci::digest::Verifier;
use crate::store::{Opened, Result, Store};
use crate::transport::BoxError;
use futures_util::StreamExt;

/// Reads `blob`, and says what is wrong with it. What is wrong with its bytes is only believed
/// when it was seen twice: a cache in between may have spoiled them.
pub(super) async fn read(
    store: &dyn Store,
    blob: &Descriptor,
    attempts: u32,
    progress: &dyn Progress,
) -> Result<Option<Fault>> {
    progress.report(Event::Started(blob));
    let mut fault = once(store, blob, attempts, progress).await?;
    if let Some(Fault::Digest | Fault::Size { .. }) = fault {
        store.doubt(blob);
        progress.report(Event::Resumed(blob, 0));
        fault = once(store, blob, attempts, progress).await?;
    }
    if fault.is_none() {
        progress.report(Event::Done(blob, Placed::Sent));
    }
    Ok(fault)
}

/// One pass over the bytes.
struct Reading<'r> {
    blob: &'r Descriptor,
    verifier: Verifier,
}

/// One pass. A blob that ends too soon each time is too short.
async fn once(
    store: &dyn Store,
    blob: &Descriptor,
    attempts: u32,
    progress: &dyn Progress,
) -> Result<Option<Fault>> {
    let verifier = match Verifier::new(blob) {
        Ok(verifier) => verifier,
        Err(error) => return Ok(Some(Fault::Unusable(error.to_string()))),
    };
    let mut reading = Reading { blob, verifier };
    let mut breaks = Breaks::new(attempts, 0);
    loop {
        let seen = reading.verifier.seen();
        let opened = match store.blob(blob, seen..blob.size()).await {
            Ok(opened) => opened,
            Err(error) => return Fault::of(error, blob).map(Some),
        };
        let broken = reading.take(opened, progress).await;
        if reading.verifier.overrun() {
            let (listed, actual) = (blob.size(), None);
            return Ok(Some(Fault::Size { listed, actual }));
        }
        if reading.verifier.remaining() == 0 {
            let matches = reading.verifier.matches();
            return Ok((!matches).then_some(Fault::Digest));
        }
        let seen = reading.verifier.seen();
        let Some(pause) = breaks.count(seen) else {
            let Some(error) = broken else {
                let (listed, actual) = (blob.size(), Some(seen));
                return Ok(Some(Fault::Size { listed, actual }));
            };
            return Err(breaks.given_up(store.location(), blob, error));
        };
        progress.report(Event::Resumed(blob, seen));
        tokio::time::sleep(pause).await;
    }
}

impl Reading<'_> {
    /// Takes in what comes, and returns what broke it off.
    async fn take(&mut self, opened: Opened, progress: &dyn Progress) -> Option<BoxError> {
        let Opened { mut stream, offset } = opened;
        let mut skip = self.verifier.seen() - offset.min(self.verifier.seen());
        while let Some(chunk) = stream.next().await {
            let mut chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => return Some(error),
            };
            let known = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
            skip -= known as u64;
            let new = chunk.split_off(known);
            self.verifier.update(&new);
            if self.verifier.overrun() {
                return None;
            }
            progress.report(Event::Moved(self.blob, new.len() as u64));
        }
        None
    }
}
