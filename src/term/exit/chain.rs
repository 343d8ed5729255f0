//! An error's links, outermost first, without what an inner link says a second time.

use std::error::Error;
use std::io;

type Link<'a> = &'a (dyn Error + 'static);

/// Every link of the chain. An error inside an [`io::Error`] comes before it, because the
/// standard library leaves it out of the chain and it knows more.
pub(super) fn links(error: &anyhow::Error) -> Vec<Link<'_>> {
    let mut links = Vec::new();
    for link in error.chain() {
        push(&mut links, link);
    }
    links
}

fn push<'a>(links: &mut Vec<Link<'a>>, link: Link<'a>) {
    let inner = link
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    if let Some(inner) = inner {
        push(links, inner);
    }
    links.push(link);
}

/// What each link adds. Links compare by their parts, which `: ` separates: a link that an outer
/// one has printed already is left out, and one that begins with the outer one's end goes on
/// from there.
pub(super) fn texts<'a>(links: impl IntoIterator<Item = &'a (dyn Error + 'static)>) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    let mut texts = Vec::new();
    for link in links {
        let text = link.to_string();
        let parts: Vec<&str> = text.trim().split(": ").collect();
        let new = &parts[said_already(&said, &parts)..];
        if new.iter().any(|part| !part.is_empty()) {
            texts.push(new.join(": "));
            said.extend(new.iter().map(ToString::to_string));
        }
    }
    texts
}

/// How many of the first parts need not be said again.
fn said_already(said: &[String], parts: &[&str]) -> usize {
    let same = |window: &[String], parts: &[&str]| window.iter().zip(parts).all(|(a, b)| a == b);
    let whole = said.windows(parts.len()).any(|window| same(window, parts));
    if whole {
        return parts.len();
    }
    (1..=parts.len().min(said.len()))
        .rev()
        .find(|&count| same(&said[said.len() - count..], &parts[..count]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::error::{self, Kind};
    use anyhow::anyhow;

    fn chain(outer_first: &[&'static str]) -> String {
        let (innermost, others) = outer_first.split_last().expect("a chain has a link");
        let error = others
            .iter()
            .rev()
            .fold(anyhow!(*innermost), |error, link| error.context(*link));
        texts(links(&error)).join(": ")
    }

    #[test]
    fn doubled_texts_are_said_once() {
        for (id, outer_first, said) in [
            (
                "nothing doubled",
                &["cannot copy a to b", "denied (403)", "no scope"][..],
                "cannot copy a to b: denied (403): no scope",
            ),
            ("same text", &["timed out", "timed out"], "timed out"),
            (
                "outer ends with inner",
                &["get x: timed out", "timed out"],
                "get x: timed out",
            ),
            (
                "outer ends with two inner ones",
                &["a: b: c", "b: c", "c"],
                "a: b: c",
            ),
            (
                "inner begins with outer",
                &["get x", "get x: timed out"],
                "get x: timed out",
            ),
            ("overlap", &["a: b", "b: c"], "a: b: c"),
            (
                "a word of a name is not a part",
                &["cannot push x/denied", "denied"],
                "cannot push x/denied: denied",
            ),
            (
                "a part of a word is not a part",
                &["get x: denied by rule", "denied"],
                "get x: denied by rule: denied",
            ),
            ("nothing said", &["", "timed out", ""], "timed out"),
        ] {
            assert_eq!(chain(outer_first), said, "{id}");
        }
    }

    #[test]
    fn an_error_inside_an_io_error_is_seen() {
        let inner = error::Error::caused(Kind::Corrupt, "wrong digest", "sha256");
        let error = anyhow::Error::new(io::Error::other(inner)).context("cannot read");
        let links = links(&error);
        assert!(links.iter().any(|link| link.is::<error::Error>()));
        assert_eq!(texts(links), ["cannot read", "wrong digest", "sha256"]);
    }
}
