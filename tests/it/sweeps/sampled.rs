//! What a process holds while it runs: open files and memory, as Linux tells them.

use std::fmt;
use std::fs;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// At one moment.
#[derive(Debug, Clone, Copy)]
struct Sample {
    files: u64,
    /// In KiB.
    memory: u64,
}

/// Looks at a process until it ends.
pub(super) struct Sampler(JoinHandle<Vec<Sample>>);

/// What was seen of a process.
#[derive(Debug)]
pub(super) struct Held(Vec<Sample>);

impl Sampler {
    pub(super) fn of(process: u32) -> Self {
        Self(thread::spawn(move || {
            let mut samples = Vec::new();
            while let Some(sample) = look(process) {
                samples.push(sample);
                thread::sleep(Duration::from_millis(25));
            }
            samples
        }))
    }

    pub(super) fn end(self) -> Held {
        Held(self.0.join().unwrap())
    }
}

fn look(process: u32) -> Option<Sample> {
    // Who is not root may not look at another process's files.
    let files = fs::read_dir(format!("/proc/{process}/fd")).map_or(0, |files| files.count() as u64);
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let memory = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(Sample { files, memory })
}

impl Held {
    fn most(samples: &[Sample], of: impl Fn(&Sample) -> u64) -> u64 {
        samples.iter().map(of).max().unwrap_or(0)
    }

    /// In KiB.
    pub(super) fn peak(&self) -> u64 {
        Self::most(&self.0, |sample| sample.memory)
    }

    pub(super) fn most_files(&self) -> u64 {
        Self::most(&self.0, |sample| sample.files)
    }

    /// In its last third the process holds no more than it did before, but for a little.
    #[track_caller]
    pub(super) fn assert_level(&self) {
        let (before, last) = self.0.split_at(self.0.len() * 2 / 3);
        for (what, slack, of) in [
            ("files", 16, (|sample| sample.files) as fn(&Sample) -> u64),
            ("KiB", 8 * 1024, |sample| sample.memory),
        ] {
            let (before, last) = (Self::most(before, of), Self::most(last, of));
            assert!(last <= before + slack, "{before} {what} and then {last}");
        }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thirds = self.0.chunks(self.0.len().div_ceil(3).max(1));
        let told = thirds.map(|third| {
            let files = third.iter().map(|sample| sample.files);
            let (least, most) = (files.clone().min().unwrap_or(0), files.max().unwrap_or(0));
            let memory = Self::most(third, |sample| sample.memory);
            format!("{least} to {most} files and up to {memory} KiB")
        });
        f.write_str(&told.collect::<Vec<_>>().join(", then "))
    }
}
