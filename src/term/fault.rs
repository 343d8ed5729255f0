//! What is said of a fault of our own: where it is, and nothing that came from outside but its
//! message, escaped.

use crate::term::escape::escape;
use std::io::Write;
use std::panic::PanicHookInfo;

/// Has faults of our own told like other errors, in one line, instead of as a trace.
pub fn tell_faults() {
    std::panic::set_hook(Box::new(|info| {
        // Nobody to tell it to is no second fault.
        let _ = std::io::stderr().write_all(line(info).as_bytes());
    }));
}

fn line(info: &PanicHookInfo<'_>) -> String {
    let text = info.payload().downcast_ref::<&str>().copied();
    let payload = text.or(info.payload().downcast_ref::<String>().map(String::as_str));
    let payload = payload.unwrap_or("without a message");
    let place = info.location();
    let place = place.map_or_else(String::new, |at| format!(" ({}:{})", at.file(), at.line()));
    let what = escape(payload);
    format!("error: a fault in crossdock itself{place}: {what}\nhint: please report it\n")
}
