//! What is read from outside, and what holds for it whatever the bytes are.
//!
//! `cargo test --test fuzz` replays the seeds of each target and every input that once broke it.
//! `tests/fuzz/run` builds the same file for libFuzzer, which goes on from there.

#![cfg_attr(fuzzing, no_main)]
#![allow(clippy::unwrap_used)]

mod inputs;
mod target;
mod targets;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(init: inputs::write_out(target::chosen()), |bytes: &[u8]| {
    (target::chosen().check)(bytes);
});
