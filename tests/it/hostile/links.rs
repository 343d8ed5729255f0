//! LNK: where a list goes on.

use super::{assert_unasked, each, ends, lab};
use crate::lab::{Fault, Lab};

const LIST: [&str; 2] = ["ls", "reg.lab/team/app"];

/// Gives one page with these names and these links, and after it the pages that were asked for
/// earlier, and then the right ones: `v1` is all there is.
fn page(lab: &Lab, tags: &[&str], links: &[&str]) {
    let body = serde_json::json!({"name": "team/app", "tags": tags}).to_string();
    let links: Vec<String> = links.iter().map(|link| lab.addressed(link)).collect();
    let links: Vec<_> = links.iter().map(|link| ("link", link.as_str())).collect();
    let page = Fault::on("GET", "/tags/list").with_header("authorization");
    lab.fault("reg", page.answer(200, &links, &body));
}

#[test]
fn only_the_query_is_taken_and_nobody_else_is_asked() {
    each(
        [
            (
                "LNK a path",
                &["</v2/team/app/tags/list?last=a>; rel=\"next\""][..],
            ),
            (
                "LNK-04 two links",
                &["</v2/x?last=0>; rel=\"prev\", </v2/x?last=a>; rel=\"next\""],
            ),
            (
                "LNK-04b two headers",
                &["</v2/x?last=0>; rel=prev", "</v2/x?last=a>; rel=next"],
            ),
            ("LNK-06 two relations", &["<?last=a>; rel=\"next last\""]),
            ("LNK-07 upper case", &["<?last=a>; REL=NEXT"]),
            (
                "LNK-08 another host",
                &["<http://evil.lab/v2/team/app/tags/list?last=a>; rel=next"],
            ),
            (
                "LNK-09 another scheme",
                &["<https://reg.lab/v2/team/app/tags/list?last=a>; rel=next"],
            ),
            ("LNK-10 no scheme", &["<//evil.lab/x?last=a>; rel=next"]),
            ("LNK-10b backslashes", &[r"<\\evil.lab\x?last=a>; rel=next"]),
            (
                "LNK-14 a script",
                &["<javascript:alert(1)?last=a>; rel=next"],
            ),
            ("LNK-14b a file", &["<file:///etc/passwd?last=a>; rel=next"]),
            (
                "LNK-15 another path",
                &["</v2/other/tags/list?last=a>; rel=next"],
            ),
            (
                "LNK-15b a path upwards",
                &["<../../../../x?last=a>; rel=next"],
            ),
            (
                "LNK-16 somebody's password",
                &["<http://eve:pw@evil.lab/x?last=a>; rel=next"],
            ),
            (
                "LNK-16b the registry as a user",
                &["<http://reg.lab@evil.lab/x?last=a>; rel=next"],
            ),
            ("a fragment", &["<?last=a#@evil.lab/>; rel=next"]),
        ],
        |(name, links)| {
            let lab = lab();
            page(&lab, &["a"], links);
            let ran = ends(&lab, name, &LIST, 0, &[]);
            assert_eq!(ran.stdout, "a\nv1\n", "{name}");
            let requests = lab.requests("reg");
            let last = requests.of("GET", "tags").last().unwrap();
            assert_eq!(
                (last.path.as_str(), last.query.as_str(), last.scheme()),
                ("/v2/team/app/tags/list", "last=a", Some("Basic")),
                "{name}"
            );
            assert_unasked(&lab, name);
        },
    );
}

#[test]
fn lists_that_are_at_their_end() {
    each(
        [
            ("no link", &[][..]),
            ("LNK-01 an empty one", &["<>"]),
            (
                "LNK-05 only back",
                &["</v2/team/app/tags/list?last=0>; rel=\"prev\""],
            ),
            ("no relation", &["</v2/team/app/tags/list?last=0>"]),
            ("another relation", &["<?last=0>; rel=\"nextish\""]),
            ("an empty header", &[""]),
        ],
        |(name, links)| {
            let lab = lab();
            page(&lab, &["a"], links);
            let ran = ends(&lab, name, &LIST, 0, &[]);
            assert_eq!(ran.stdout, "a\n", "{name}");
        },
    );
}

#[test]
fn lists_whose_next_page_cannot_be_told() {
    let long = format!("<?last={}>; rel=next", "a".repeat(64 << 10));
    let huge = format!("<?last={}>; rel=next", "a".repeat(1 << 20));
    let unreadable = "`Link` to the next page is unreadable";
    each(
        [
            (
                "LNK-02 no beginning",
                "/v2/x?last=a>; rel=\"next\"",
                unreadable,
            ),
            ("LNK-03 no end", "</v2/x?last=a; rel=\"next\"", unreadable),
            (
                "an empty one that says it is next",
                "<>; rel=next",
                unreadable,
            ),
            ("no query", "<http://evil.lab/x>; rel=next", unreadable),
            ("an empty query", "</v2/x?>; rel=next", unreadable),
            ("not ASCII", "<?last=\u{202e}>; rel=next", unreadable),
            ("LNK-13 64 KiB", &long, unreadable),
            ("LNK-13b 1 MiB", &huge, "cannot be read as HTTP"),
        ],
        |(name, link, told)| {
            let lab = lab();
            page(&lab, &["a"], &[link]);
            ends(&lab, name, &LIST, 8, &[told]);
            assert_unasked(&lab, name);
        },
    );
}

#[test]
fn lists_that_go_round() {
    let back = "comes back to a page that was read already";
    let barren = "pages of it bring nothing new";
    let to = |last: &str| format!("<?last={last}>; rel=next");
    each(
        [
            (
                "LNK-11 the first page again",
                vec![(&["a"][..], "<?n=1000>; rel=next".to_owned())],
                back,
            ),
            (
                "LNK-11b the same page again",
                vec![(&["a"], to("a")), (&["b"], to("a"))],
                back,
            ),
            (
                "LNK-12 backwards",
                vec![
                    (&["a", "b"], to("b")),
                    (&["c"], to("a")),
                    (&["b", "c"], to("b")),
                ],
                back,
            ),
            (
                "LNK-12b ever other pages with the same names",
                vec![
                    (&["a"], to("1")),
                    (&["a"], to("2")),
                    (&["a"], to("3")),
                    (&["a"], to("4")),
                ],
                barren,
            ),
            (
                "LNK-12c ever other pages without names",
                vec![
                    (&[], to("1")),
                    (&[], to("2")),
                    (&[], to("3")),
                    (&[], to("4")),
                ],
                barren,
            ),
        ],
        |(name, pages, told)| {
            let lab = lab();
            for (tags, link) in &pages {
                page(&lab, tags, &[link]);
            }
            ends(&lab, name, &LIST, 8, &[told]);
            assert!(lab.requests("reg").count("GET", "tags") <= 5, "{name}");
        },
    );
}

/// Names that no terminal should see. What follows a line break is set in.
#[test]
fn names_that_are_none_are_told_escaped_and_left_out() {
    let lab = lab();
    page(
        &lab,
        &[
            "\u{1b}[2J",
            "a\u{202e}b",
            "\u{9b}",
            "x\ny",
            "../x",
            "ok",
            "",
        ],
        &[],
    );
    let told = [r"\u{1b}[2J", r"a\u{202e}b", r"\u{9b}", "x\n  y", "../x"];
    let ran = ends(&lab, "names", &LIST, 0, &told);
    assert_eq!(ran.stdout, "ok\n");
}
