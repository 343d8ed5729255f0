//! Expected text that leaves open what differs from run to run.

/// Whether `text` is what `pattern` says: `[..]` stands for anything within a line, and a line
/// `...` for any number of lines.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<&str> = pattern.lines().collect();
    let lines: Vec<&str> = text.lines().collect();
    match_lines(&pattern, &lines)
}

fn match_lines(pattern: &[&str], lines: &[&str]) -> bool {
    match (pattern.split_first(), lines.split_first()) {
        (None, None) => true,
        (Some((&"...", rest)), _) => {
            (0..=lines.len()).any(|skipped| match_lines(rest, &lines[skipped..]))
        }
        (Some((expected, pattern)), Some((line, lines))) => {
            match_line(expected, line) && match_lines(pattern, lines)
        }
        _ => false,
    }
}

fn match_line(pattern: &str, line: &str) -> bool {
    let Some((before, after)) = pattern.split_once("[..]") else {
        return pattern == line;
    };
    let Some(rest) = line.strip_prefix(before) else {
        return false;
    };
    let ends = rest.char_indices().map(|(end, _)| end);
    ends.chain([rest.len()])
        .any(|end| match_line(after, &rest[end..]))
}

#[test]
fn a_pattern_leaves_open_what_it_says_and_nothing_else() {
    for (pattern, text, expected) in [
        ("", "", true),
        ("", "a\n", false),
        ("a\n", "a", true),
        ("a", "b", false),
        ("a [..] c", "a b b c", true),
        ("[..]", "", false),
        ("[..]\n", "x", true),
        ("a[..]", "a", true),
        ("a[..]c", "a\nc", false),
        ("...", "", true),
        ("...\nb", "a\na\nb", true),
        ("...\nb", "a\nb\na", false),
        ("a\n...", "a", true),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern:?} {text:?}");
    }
}
