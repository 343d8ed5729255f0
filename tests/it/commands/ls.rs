//! `ls`: tags and repositories.

use crate::lab::{Fault, Image, Lab};
use bytes::Bytes;
use crossdock::server::{Options, Paging};
use futures_util::{StreamExt as _, stream};
use http::Response;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

fn tagged(lab: &Lab, tags: &[&str]) {
    for tag in tags {
        lab.push(&format!("src.lab/team/app:{tag}"), &Image::of(1, vec![]));
    }
}

fn pages_of(size: usize) -> Lab {
    Lab::empty().registry("src", |_| Options {
        paging: Paging::Pages(size),
        ..Options::default()
    })
}

#[test]
fn tags_come_one_a_line_through_all_pages() {
    let lab = pages_of(2);
    tagged(&lab, &["v1", "v2", "v3", "v4", "v5"]);
    lab.run(["ls", "src.lab/team/app"])
        .stdout("v1\nv2\nv3\nv4\nv5\n")
        .code(0);
    assert!(lab.requests("src").count("GET", "tags") >= 3);
}

#[test]
fn tags_are_filtered_sorted_and_counted() {
    let digest_tag = format!("sha256-{}", "a".repeat(64));
    let lab = Lab::new();
    tagged(&lab, &["v1.1", "v1.0", "v2.0", "nightly", &digest_tag]);
    for (options, expected) in [
        (&["--filter", "v1.*"][..], "v1.0\nv1.1\n"),
        (
            &["--filter", "v2*", "--filter", "night*"],
            "nightly\nv2.0\n",
        ),
        (&["-O", "--sort", "name"], "nightly\nv1.0\nv1.1\nv2.0\n"),
        (&["-O", "--limit", "2"], "nightly\nv1.0\n"),
        (
            &["--filter", "v2.0", "--full-ref"],
            "src.lab/team/app:v2.0\n",
        ),
    ] {
        let typed = [&["ls", "src.lab/team/app"], options].concat();
        lab.run(typed).stdout(expected).code(0);
    }
}

#[test]
fn nothing_matched_is_a_warning_and_success() {
    let lab = Lab::new();
    tagged(&lab, &["v1"]);
    lab.run(["ls", "src.lab/team/app", "--filter", "x*"])
        .stderr_like("warning: [..]\n")
        .code(0);
}

#[test]
fn a_host_holds_repositories() {
    let lab = pages_of(2);
    for name in ["team/app", "team/api", "other/app", "teams"] {
        lab.push(&format!("src.lab/{name}:v1"), &Image::of(1, vec![]));
    }
    for (typed, expected) in [
        (&["src.lab"][..], "other/app\nteam/api\nteam/app\nteams\n"),
        (&["src.lab/"], "other/app\nteam/api\nteam/app\nteams\n"),
        (&["src.lab/team/"], "team/api\nteam/app\n"),
        (
            &["src.lab/team/", "--full-ref"],
            "src.lab/team/api\nsrc.lab/team/app\n",
        ),
        (&["src.lab", "--filter", "*/app"], "other/app\nteam/app\n"),
        (&["src.lab", "--limit", "1"], "other/app\n"),
    ] {
        lab.run([&["ls"], typed].concat()).stdout(expected).code(0);
    }
}

#[test]
fn in_json_a_list_is_an_array_even_where_it_fails() {
    let lab = pages_of(1);
    tagged(&lab, &["v1", "v2"]);
    let ls = ["ls", "--json", "src.lab/team/app"];
    let row = |tag: &str| json!({"name": tag, "reference": format!("src.lab/team/app:{tag}")});
    let document = lab.run(ls).any_stdout().code(0).json();
    assert_eq!(document, json!([row("v1"), row("v2")]));
    lab.fault(
        "src",
        Fault::on("GET", "last=v1")
            .always()
            .refusal(403, "DENIED", "enough"),
    );
    let ran = lab.run(ls).any_stdout().any_stderr().code(4);
    assert_eq!(ran.json(), json!([row("v1")]));
    assert_eq!(ran.json_error()["class"], "denied");
}

#[test]
fn what_is_not_there_is_not_found() {
    let lab = Lab::new();
    lab.run(["ls", "src.lab/none"])
        .stderr_has("404 NAME_UNKNOWN")
        .code(3);
    let without = Options {
        catalog: false,
        ..Options::default()
    };
    let lab = Lab::empty().registry("src", |_| without);
    lab.run(["ls", "src.lab"]).stderr_has("src.lab").code(3);
}

#[test]
fn an_image_is_no_place_to_list() {
    let lab = Lab::new();
    lab.run(["ls", "src.lab/app:v1"])
        .stderr_has("a repository is wanted")
        .code(2);
    lab.run(["ls", "team/"])
        .stderr_has("docker.io/team/")
        .code(2);
    assert_eq!(lab.requests("src").len(), 0);
}

/// A page that was there before would be listed for ever.
#[test]
fn a_list_that_goes_in_circles_ends() {
    let lab = Lab::new();
    let page = r#"{"name":"team/app","tags":["v1"]}"#;
    let link = "</v2/team/app/tags/list?n=1&last=v1>; rel=\"next\"";
    let headers = [("link", link), ("content-type", "application/json")];
    lab.fault(
        "src",
        Fault::on("GET", "/tags/list")
            .always()
            .answer(200, &headers, page),
    );
    lab.run(["ls", "src.lab/team/app"])
        .any_stdout()
        .any_stderr()
        .code(8);
    assert!(lab.requests("src").len() < 5);
}

/// Each page has a next one of another name, and nothing on it that was not there before.
#[test]
fn a_list_without_end_ends() {
    for page in [r#"{"tags":["v1"]}"#, r#"{"tags":[]}"#, r#"{"tags":null}"#] {
        let lab = Lab::new();
        let pages = AtomicUsize::new(0);
        let endless = Fault::on("GET", "/tags/list")
            .always()
            .answer_with(move |_| {
                let body = stream::iter([Ok(Bytes::from(page))]).boxed();
                let mut response = Response::new(body);
                let number = pages.fetch_add(1, Ordering::SeqCst);
                let link = format!("<?last={number}>; rel=next").parse().unwrap();
                response.headers_mut().insert("link", link);
                response
            });
        lab.fault("src", endless);
        lab.run(["ls", "src.lab/team/app"])
            .any_stdout()
            .stderr_has("its list goes on, and 3 pages of it bring nothing new")
            .code(8);
        assert!(lab.requests("src").len() <= 6);
    }
}

/// Of a link only its query is taken: origin and path stay ours.
#[test]
fn a_link_cannot_lead_elsewhere() {
    let lab = pages_of(1);
    tagged(&lab, &["v1", "v2"]);
    let evil = Lab::new();
    let link = evil.addressed("<http://dst.lab/v2/team/app/tags/list?n=1&last=v1>; rel=\"next\"");
    let headers = [
        ("link", link.as_str()),
        ("content-type", "application/json"),
    ];
    let page = r#"{"name":"team/app","tags":["v1"]}"#;
    lab.fault(
        "src",
        Fault::on("GET", "/tags/list").answer(200, &headers, page),
    );
    lab.run(["ls", "src.lab/team/app"])
        .stdout("v1\nv2\n")
        .any_stderr()
        .code(0);
    assert_eq!(evil.requests("dst").len(), 0);
}

/// Names that no grammar allows are never printed raw.
#[test]
fn hostile_names_are_escaped() {
    let lab = Lab::new();
    let page = "{\"name\":\"team/app\",\"tags\":[\"v1\",\"\\u001b[2Jevil\"]}";
    let headers = [("content-type", "application/json")];
    lab.fault(
        "src",
        Fault::on("GET", "/tags/list")
            .always()
            .answer(200, &headers, page),
    );
    let ran = lab.run(["ls", "src.lab/team/app"]).run();
    assert!(
        !ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'),
        "{ran}"
    );
    assert!(ran.code == 0 || ran.code == 8, "{ran}");
}
