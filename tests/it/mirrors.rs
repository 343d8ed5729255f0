//! Mirrors, rewrites, blocked places and short names: who is asked, what for, and with which
//! credential.

mod failing;
mod order;
mod places;
mod secrets;
mod tags;
mod tls;

use crate::lab::{Image, Lab};

/// What is typed, and where the mirrors have it.
const APP: &str = "src.lab/team/app:v1";
const ONE: &str = "one.lab/cache/team/app:v1";
const TWO: &str = "two.lab/team/app:v1";
const DST: &str = "dst.lab/app:v1";
const COPY: [&str; 4] = ["copy", "-q", APP, DST];
/// Big enough for a break in the middle to be one.
const SIZE: usize = 3_000_000;

/// A registry `src`, which has the mirrors `one` and `two`, and one to copy to.
fn lab() -> Lab {
    let lab = Lab::new().open("one").open("two");
    mirrored(&lab);
    lab
}

fn mirrored(lab: &Lab) {
    let text = "registries:\n  \"src.lab\":\n    mirrors: [one.lab/cache, two.lab]\n";
    lab.home.user_settings(&lab.addressed(text));
}

/// Writes the settings of the tools around podman.
fn containers(lab: &Lab, text: &str) {
    let text = lab.addressed(text);
    lab.home.write("config/containers/registries.conf", text);
}

/// An image of several layers, at some places.
fn image_at(lab: &Lab, places: &[&str]) -> Image {
    let image = Image::sized(1, &[SIZE, 50_000, 10]);
    for place in places {
        lab.push(place, &image);
    }
    image
}

fn copied(image: &Image) -> String {
    format!("{DST}@{}\n", image.digest())
}

/// What a registry was asked, in the order of names.
fn asked(lab: &Lab, name: &str) -> String {
    lab.requests(name).to_string()
}
