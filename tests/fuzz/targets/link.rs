//! `Link`: a list goes on at its own host and path, and with the page that the header names.

use super::text;
use crate::target::Target;
use crossdock::registry::page::{Unreadable, next_query};
use crossdock::transport::origin::Origin;
use url::Url;

pub(crate) const TARGET: Target = Target {
    name: "link",
    longest: 2048,
    seeds: SEEDS,
    words: &[
        "rel=\"next\"",
        "rel=next",
        "REL=NEXT",
        "rel=\"prev\"",
        "; ",
        ", <",
        ",<",
        "?last=",
        "&n=1000",
        "https://",
        "//evil/",
        "\\\\evil\\",
        "title=\"",
        "#",
        "<>",
    ],
    check,
};

fn check(bytes: &[u8]) {
    let Some(header) = text(bytes) else { return };
    if let Ok(Some(query)) = next_query(header) {
        assert!(!query.is_empty() && !query.contains('#'));
        assert!(header.contains(&query));
        let asked = Url::parse("https://reg.example:5000/v2/a/tags/list?n=1000").unwrap();
        let mut next = asked.clone();
        next.set_query(Some(&query));
        assert_eq!(Origin::of(&next), Origin::of(&asked));
        assert_eq!((next.path(), next.fragment()), (asked.path(), None));
        assert_eq!((next.username(), next.password()), ("", None));
    }
    well_formed(header);
}

/// Each line is the target of a link, and its first character says which relation it has.
fn well_formed(lines: &str) {
    let relation = |kind: char| match kind {
        '0'..='4' => "rel=next",
        '5'..='9' => "Rel = \"prev NEXT\"",
        'a'..='m' => "rel=\"prev\"",
        'n'..='z' => "title=\"rel\"; rel=last",
        _ => "x",
    };
    let links: Vec<(char, &str)> = lines
        .lines()
        .filter_map(|line| Some((line.chars().next()?, line)))
        .filter(|(_, line)| !line.contains(['<', '>']))
        .collect();
    let written: Vec<String> = links
        .iter()
        .map(|(kind, to)| format!("<{to}>; {}", relation(*kind)))
        .collect();
    let next = links.iter().find(|(kind, _)| kind.is_ascii_digit());
    let expected = next.map(|(_, to)| {
        let before_fragment = to.split('#').next().unwrap();
        let query = before_fragment.split_once('?').map(|(_, query)| query);
        query
            .filter(|query| !query.is_empty())
            .map(str::to_owned)
            .ok_or(Unreadable)
    });
    assert_eq!(next_query(&written.join(", ")), expected.transpose());
    assert_eq!(
        next_query(&written.join(",")),
        next_query(&written.join(", "))
    );
}

#[test]
fn link() {
    crate::inputs::replay("link");
}

const SEEDS: &[&[u8]] = &[
    b"",
    b"<>",
    b"</v2/a/tags/list?last=b&n=2>; rel=\"next\"",
    b"/a?x=1; rel=next",
    b"</a?x=1; rel=next",
    b"</a?x=1>; rel=\"prev\", </a?x=2>; rel=\"next\"",
    b"</a?x=1>; rel=prev",
    b"</a?x=1>; rel=\"next last\"",
    b"<?last=b>; REL=next",
    b"<https://evil/x?last=b>; rel=next",
    b"<http://reg.example/v2/a/tags/list?last=b>; rel=next",
    b"<//evil/x?a>; rel=next",
    b"<\\\\evil\\x?a>; rel=next",
    b"<javascript:alert(1)?a>; rel=next",
    b"</v2/other/tags/list?last=b>; rel=next",
    b"<https://me:pw@reg.example/?a>; rel=next",
    b"</a?x=1>; title=\"a, b\"; rel=next",
    b"</a>; rel=next",
    b"</a?>; rel=next",
    b"</a?x#y>; rel=next",
    b"0/a?last=b\na/a?last=c\n5/x?y\n",
    b"n/a?x\nb/a?y\n9/a#?x\n",
    b"</a?x=1>; rel=prev, </a?x=2>; rel=next,</a?x=3>; rel=last",
];
