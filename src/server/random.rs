//! Unguessable identifiers.

use crate::server::problem::{Code, Problem};
use std::fmt::Write as _;

/// 128 random bits in hexadecimal.
pub(super) fn id() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    let refused = |_| Problem::new(Code::Unavailable, "the system gives no random numbers");
    getrandom::fill(&mut bytes).map_err(refused)?;
    let mut text = String::with_capacity(32);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
