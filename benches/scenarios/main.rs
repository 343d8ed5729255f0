//! Measures crossdock, and other tools beside it, between two registries on this machine.
//!
//! ```sh
//! cargo bench --bench scenarios                                # crossdock, and skopeo if it is installed
//! cargo bench --bench scenarios -- --case 'many/*' --delay 50 --runs 3
//! cargo bench --bench scenarios -- --tool 'crane=crane copy --insecure {src} {dst}' \
//!                                  --tool 'crane:digest=crane digest --insecure {image}'
//! cargo bench --bench scenarios -- --tool 'before=/tmp/crossdock-before'   # another crossdock
//! cargo bench --bench scenarios -- --case large/cold --delay 0 --cap 50MB --runs 1
//! cargo bench --bench scenarios -- --case 'thousand/*' --delay 10 --runs 1 \\
//!                                  --tool 'crane:copy-all=crane copy --all-tags --insecure {from} {to}'
//! cargo bench --bench scenarios -- --case large/cold --delay 0 --tls --runs 3 \
//!                                  --tool 'crane=crane copy {src} {dst}'
//! cargo bench --bench scenarios -- --case many/cold --delay 50 --slow-start
//! cargo bench --bench scenarios -- --list
//! ```
//!
//! It wants Debian's `docker-registry` (CNCF distribution) in the `PATH`. Both registries store in
//! `/dev/shm` where that exists, so that no disk is measured. With `--delay`, both are behind a
//! proxy that takes half of that round trip each way, connection set-up included; with
//! `--slow-start`, it also lets a new connection send no more than TCP would. With `--tls`, both
//! have certificates of an authority made for the occasion: crossdock and skopeo verify them, and
//! so does every tool that heeds `SSL_CERT_FILE` and is not told otherwise (`--insecure`).
//! crossdock first asks a loopback host whether it speaks TLS, which costs two round trips that
//! registries elsewhere do not.
//!
//! The tools take turns, run by run, and a table of medians is printed: compare its ratios, never
//! times from two sessions. Nothing is asserted.

#![forbid(unsafe_code)]

mod arguments;
mod authority;
mod cases;
mod congestion;
mod images;
mod launch;
mod measure;
mod prepare;
mod proxy;
mod registry;
mod table;
mod tools;

use anyhow::Result;
use arguments::Arguments;
use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

fn main() -> Result<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == launch::WORD) {
        return launch::run(&words.collect::<Vec<_>>());
    }
    let arguments = Arguments::parse();
    if arguments.list {
        let names = cases::all().map(|case| format!("{}\n", case.name()));
        std::io::stdout().write_all(names.collect::<String>().as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = measure::run(&arguments)?;
    std::io::stdout().write_all(table::render(&rows).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
