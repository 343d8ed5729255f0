//! JSON on one line, with every character that acts on a terminal written as `\uXXXX`.

use crate::term::escape::is_hostile;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io;

/// Writes `value` as one line, without a line break at its end.
pub(crate) fn to_vec(value: &(impl Serialize + ?Sized)) -> io::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(128);
    value.serialize(&mut Serializer::with_formatter(&mut line, Harmless))?;
    Ok(line)
}

/// `serde_json` escapes C0 alone; DEL, C1, bidi and zero-width characters pass it by.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hostile) {
            writer.write_all(&rest.as_bytes()[..at])?;
            let Some(c) = rest[at..].chars().next() else {
                break;
            };
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_characters_are_json_escapes() {
        for (id, text, json) in [
            ("plain", "a/b:c", r#""a/b:c""#),
            ("c0", "\u{1b}\n", r#""\u001b\n""#),
            ("c1 and del", "\u{9b}\u{7f}", r#""\u009b\u007f""#),
            ("bidi", "a\u{202e}b", r#""a\u202eb""#),
            ("beyond the first plane", "\u{e0041}", r#""\udb40\udc41""#),
        ] {
            assert_eq!(
                String::from_utf8(to_vec(text).unwrap()).unwrap(),
                json,
                "{id}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_as_it_was(text in any::<String>()) {
            let line = to_vec(&text).unwrap();
            prop_assert!(!std::str::from_utf8(&line).unwrap().chars().any(is_hostile));
            prop_assert_eq!(serde_json::from_slice::<String>(&line).unwrap(), text);
        }
    }
}
