//! What `rm` finds out before it removes an image: which tags lead to it.

use crate::lab::image::{INDEX, Part};
use crate::lab::{Fault, Image, Lab};
use std::time::Duration;

/// An image in an index that `v1` points to, on a registry that knows `src.lab/app`.
fn listed() -> (Lab, String) {
    let lab = Lab::new();
    let child = Image::small(1);
    lab.push("src.lab/app:v1", &Image::index(&[("", &child)]));
    let pinned = format!("src.lab/app@{}", child.digest());
    (lab, pinned)
}

/// Answers a HEAD with the right digest and this `Content-Type`, or none.
fn head(part: &Part, content_type: Option<&str>) -> Fault {
    let mut headers = vec![("docker-content-digest", part.digest.as_str())];
    headers.extend(content_type.map(|kind| ("content-type", kind)));
    Fault::on("HEAD", "/manifests/v1")
        .always()
        .answer(200, &headers, "")
}

#[test]
fn an_index_that_a_head_does_not_call_one_needs_its_children_all_the_same() {
    for kind in [
        None,
        Some("application/json"),
        Some("text/plain; charset=utf-8"),
        Some("application/octet-stream"),
        Some(INDEX),
    ] {
        let (lab, pinned) = listed();
        let index = Image::index(&[("", &Image::small(1))]);
        lab.fault("src", head(index.root(), kind));
        lab.run(["rm", &pinned]).stderr_has("is part of v1").code(5);
        assert_eq!(lab.node("src").registry.manifest_count(), 2, "{kind:?}");
        assert_eq!(lab.requests("src").count("DELETE", "manifests"), 0);
    }
}

/// What is surely no index is not read: some of it could not be.
#[test]
fn what_is_no_index_is_not_read() {
    for kind in [
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.oci.artifact.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ] {
        let lab = Lab::new();
        let (image, other) = (Image::small(1), Image::small(2));
        lab.push("src.lab/app", &image);
        lab.push("src.lab/app:v1", &other);
        lab.fault("src", head(other.root(), Some(kind)));
        let pinned = format!("src.lab/app@{}", image.digest());
        lab.run(["rm", &pinned])
            .stdout(format!("{pinned}\n"))
            .code(0);
        assert_eq!(lab.requests("src").count("GET", "manifests"), 0, "{kind}");
    }
}

/// `levels` of indexes, four on each, of which each lists all of the level below.
fn woven(levels: u64) -> Vec<Image> {
    let mut below = vec![Image::small(1)];
    for _ in 0..levels {
        let level = (0..4).map(|number| {
            let own = ["linux/amd64", "linux/arm64", "linux/s390x", "linux/riscv64"][number];
            let named: Vec<_> = below.iter().map(|child| (own, child)).collect();
            Image::index(&named)
        });
        below = level.map(|index| alone(&index)).collect();
    }
    below
}

/// An index without what it lists.
fn alone(index: &Image) -> Image {
    Image {
        blobs: Vec::new(),
        manifests: vec![index.root().clone()],
    }
}

#[test]
fn indexes_that_many_lead_to_are_read_once() {
    let lab = Lab::new();
    let leaf = Image::small(1);
    lab.push("src.lab/app", &leaf);
    for level in 1..=8 {
        for index in woven(level) {
            lab.push("src.lab/app", &index);
        }
    }
    let other = Image::small(2);
    lab.push("src.lab/app", &other);
    for (index, tag) in woven(8).iter().zip(["a", "b", "c", "d"]) {
        lab.push(&format!("src.lab/app:{tag}"), index);
    }
    // By a tag, and again from above.
    lab.push("src.lab/app:e", &woven(4)[0]);
    let pinned = format!("src.lab/app@{}", leaf.digest());
    lab.run(["rm", &pinned])
        .stderr_has("is part of a, b, c, d, e")
        .patience(Duration::from_secs(20))
        .code(5);
    let requests = lab.requests("src");
    assert_eq!(requests.count("GET", "manifests"), 4 * 8, "{requests}");
    let free = format!("src.lab/app@{}", other.digest());
    lab.run(["rm", &free])
        .stdout(format!("{free}\n"))
        .patience(Duration::from_secs(20))
        .code(0);
}

/// What lies deeper than anybody looks is not taken for unused, whether it is what was named or
/// not.
#[test]
fn indexes_that_are_nested_too_deep_leave_everything_as_it_is() {
    let lab = Lab::new();
    let (leaf, other) = (Image::small(1), Image::small(2));
    lab.push("src.lab/app", &leaf);
    lab.push("src.lab/app", &other);
    let mut index = leaf.clone();
    for _ in 0..12 {
        index = Image::index(&[("", &index)]);
    }
    lab.push("src.lab/app:v1", &index);
    let there = lab.node("src").registry.manifest_count();
    for image in [&leaf, &other] {
        let pinned = format!("src.lab/app@{}", image.digest());
        for force in [&[][..], &["--force"]] {
            lab.run([&["rm", &pinned], force].concat())
                .stderr_has("nested too deep")
                .code(8);
        }
    }
    assert_eq!(lab.node("src").registry.manifest_count(), there);
}

/// A list that is not whole says nothing about what is not on it.
#[test]
fn a_list_that_is_cut_off_decides_nothing() {
    for link in [
        "</v2/app/tags/list>; rel=\"next\"",
        "</v2/app/tags/list?>; rel=next",
        "</v2/app/tags/list?last=a&n=1; rel=\"next\"",
        "</v2/app/tags/list?last=a",
    ] {
        let lab = Lab::new();
        let image = Image::small(1);
        lab.push("src.lab/app:a", &Image::small(2));
        lab.push("src.lab/app:b", &image);
        let headers = [("link", link), ("content-type", "application/json")];
        let first = Fault::on("GET", "/tags/list").always();
        let body = r#"{"name":"app","tags":["a"]}"#;
        lab.fault("src", first.answer(200, &headers, body));
        let pinned = format!("src.lab/app@{}", image.digest());
        for typed in [&["rm", &pinned][..], &["ls", "src.lab/app"]] {
            lab.run(typed).any_stdout().stderr_has("`Link`").code(8);
        }
        lab.assert_holds("src.lab/app:b", &image);
    }
}

#[test]
fn an_image_that_is_removed_and_the_answer_is_lost_is_removed() {
    for by_tag in [true, false] {
        let lab = Lab::new();
        let image = Image::small(1);
        lab.push(
            if by_tag {
                "src.lab/app:v1"
            } else {
                "src.lab/app"
            },
            &image,
        );
        let pinned = format!("src.lab/app@{}", image.digest());
        let (typed, told) = if by_tag {
            (
                "src.lab/app:v1",
                format!("src.lab/app:v1@{}\n", image.digest()),
            )
        } else {
            (&*pinned, format!("{pinned}\n"))
        };
        lab.fault("src", Fault::on("DELETE", "/manifests/").lose_answer());
        lab.run(["rm", "-q", typed]).stdout(told).code(0);
        assert_eq!(lab.digest("src.lab/app:v1"), None);
        assert_eq!(lab.requests("src").count("DELETE", "manifests"), 2);
    }
}

/// Not there at the first attempt is not there.
#[test]
fn an_image_that_somebody_else_removed_is_not_found() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &Image::small(1));
    let gone = Fault::on("DELETE", "/manifests/");
    lab.fault("src", gone.refusal(404, "MANIFEST_UNKNOWN", "unknown"));
    lab.run(["rm", "src.lab/app:v1"])
        .stderr_has("MANIFEST_UNKNOWN")
        .code(3);
}
