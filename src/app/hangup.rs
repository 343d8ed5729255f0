//! Whether the end of the terminal is to end the process.

/// Whether whoever started this process had it stay when its terminal goes, as `nohup` does.
/// Where the system does not say, it is taken to be so, and nothing is changed.
pub fn is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status");
    status.map_or(true, |status| ignores(&status).unwrap_or(true))
}

/// Reads the set of ignored signals, in which the lowest bit is SIGHUP.
fn ignores(status: &str) -> Option<bool> {
    let set = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    let set = u64::from_str_radix(set.trim(), 16).ok()?;
    Some(set & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_what_is_ignored() {
        for (status, expected) in [
            ("Name:\tx\nSigIgn:\t0000000000001001\n", Some(true)),
            (
                "SigIgn:\t0000000000001000\nSigCgt:\t0000000000000001\n",
                Some(false),
            ),
            ("SigIgn:\tnone\n", None),
            ("", None),
        ] {
            assert_eq!(ignores(status), expected, "{status}");
        }
    }
}
