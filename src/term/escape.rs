//! Text from outside made harmless: whatever could move a cursor, hide or reorder text is spelled
//! out as `\u{..}`, on terminals and pipes alike.
//!
//! No two texts have the same escaped form, so a script can still tell names apart.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Escapes a text that is one line: line breaks are spelled out too.
///
/// Applied once, where text is printed; a second time would escape the escapes.
pub fn escape(text: &str) -> Cow<'_, str> {
    spell_out(text, |c, rest| {
        is_hostile(c) || begins_like_an_escape(c, rest)
    })
}

/// Escapes a text of several lines: `\n` stays, everything else is as in [`escape`].
pub fn escape_lines(text: &str) -> Cow<'_, str> {
    spell_out(text, |c, rest| {
        (is_hostile(c) && c != '\n') || begins_like_an_escape(c, rest)
    })
}

/// Spells out what is hostile in lines whose foreign parts were escaped already.
pub(crate) fn keep_escapes(text: &str) -> Cow<'_, str> {
    spell_out(text, |c, _| is_hostile(c) && c != '\n')
}

/// Whether a character acts on its surroundings or cannot be seen.
pub(crate) fn is_hostile(c: char) -> bool {
    // Unicode's "Cc" first, then what "Cf" and its relatives hold that hides or reorders text.
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A backslash is doubtful only where it could be taken for one of our own escapes.
fn begins_like_an_escape(c: char, rest: &str) -> bool {
    c == '\\' && rest.starts_with("u{")
}

fn spell_out(text: &str, doubtful: impl Fn(char, &str) -> bool) -> Cow<'_, str> {
    let doubtful_at = |(at, c): &(usize, char)| doubtful(*c, &text[at + c.len_utf8()..]);
    let Some((first, _)) = text.char_indices().find(doubtful_at) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for (at, c) in text[first..].char_indices().map(|(at, c)| (first + at, c)) {
        if doubtful_at(&(at, c)) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What [`escape`] did, undone: that this can be written is what makes it injective.
    fn unescape(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("\\u{") {
            let (hex, tail) = after.split_once('}').unwrap();
            out.push_str(before);
            out.push(char::from_u32(u32::from_str_radix(hex, 16).unwrap()).unwrap());
            rest = tail;
        }
        out + rest
    }

    #[test]
    fn hostile_characters_are_spelled_out() {
        for (id, text, escaped) in [
            ("plain", "v1.2-alpha_3", "v1.2-alpha_3"),
            ("letters of any script", "größe 大小 ✔", "größe 大小 ✔"),
            ("c0", "\u{1b}[2J\u{7}", "\\u{1b}[2J\\u{7}"),
            (
                "osc 8",
                "\u{1b}]8;;http://x\u{1b}\\",
                "\\u{1b}]8;;http://x\\u{1b}\\",
            ),
            ("line breaks and tab", "a\r\n\tb", "a\\u{d}\\u{a}\\u{9}b"),
            ("del and c1", "\u{7f}\u{85}\u{9b}", "\\u{7f}\\u{85}\\u{9b}"),
            ("bidi", "a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
            (
                "marks",
                "\u{200e}\u{200f}\u{61c}",
                "\\u{200e}\\u{200f}\\u{61c}",
            ),
            (
                "zero width",
                "\u{200b}\u{200d}\u{feff}",
                "\\u{200b}\\u{200d}\\u{feff}",
            ),
            ("separators", "\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
            ("tag characters", "\u{e0041}", "\\u{e0041}"),
            ("a path", "C:\\users\\me", "C:\\users\\me"),
            ("a forged escape", "\\u{1b}", "\\u{5c}u{1b}"),
        ] {
            assert_eq!(escape(text), escaped, "{id}");
        }
    }

    #[test]
    fn several_lines_keep_their_line_breaks_only() {
        assert_eq!(escape_lines("a\nb\r\n\\u{a}"), "a\nb\\u{d}\n\\u{5c}u{a}");
    }

    #[test]
    fn escapes_made_before_are_kept_and_nothing_hostile_passes() {
        assert_eq!(keep_escapes("\\u{1b}\n\u{1b}"), "\\u{1b}\n\\u{1b}");
    }

    /// Any text, with what matters here far more often than by chance.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            prop::sample::select(vec![
                "\\", "u", "{", "}", "\\u{", "1b", "\u{1b}", "\n", "\r", "\u{9b}", "\u{202e}",
                "\u{2066}", "\u{200b}", "\u{2028}", "\u{feff}",
            ])
            .prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn p19_nothing_hostile_is_left(text in text()) {
            prop_assert!(!escape(&text).chars().any(is_hostile));
            prop_assert!(!escape_lines(&text).chars().any(|c| is_hostile(c) && c != '\n'));
        }

        #[test]
        fn p19_injective(text in text()) {
            prop_assert_eq!(unescape(&escape(&text)), text.clone());
            prop_assert_eq!(unescape(&escape_lines(&text)), text);
        }
    }
}
