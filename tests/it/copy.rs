//! What a copy is: the same bytes under the same digest, asked for and sent once.

mod attached;
mod content;
mod deep;
mod failing;
mod foreign;
mod hostile;
mod kept;
mod listing;
mod platforms;
mod refused;
mod requests;
mod several;
mod signatures;
mod slow;
mod tags;
mod target;
mod waiting;

use crate::lab::Image;

/// What copying the image that is at `src.lab/team/app:v1` prints.
fn copied(image: &Image) -> String {
    format!("dst.lab/team/app:v1@{}\n", image.digest())
}

const COPY: [&str; 4] = ["copy", "-q", "src.lab/team/app:v1", "dst.lab/team/app:v1"];
