//! What ECR's registry does its own way.

use crate::lab::{Fault, Image, Lab};

const EXISTS: &str = "The image tag 'v1' already exists in the 'team/app' repository and cannot be overwritten because the tag is immutable.";

fn lab() -> Lab {
    let lab = Lab::new();
    let settings = "registries:\n  dst.lab: {kind: ecr}\n";
    lab.home.user_settings(&lab.addressed(settings));
    lab
}

/// It refuses immutable tags, where they are already too.
#[test]
fn an_immutable_tag_that_is_there_already_is_success() {
    let lab = lab();
    let (image, other) = (Image::small(1), Image::small(2));
    lab.push("src.lab/team/app:v1", &image);
    lab.push("src.lab/team/app:v2", &other);
    lab.push("dst.lab/team/app:v1", &image);
    let refusal = Fault::on("PUT", "/manifests/v1").always();
    lab.fault("dst", refusal.refusal(400, "TAG_INVALID", EXISTS));
    let copy = |from: &str| lab.run(["copy", "-q", from, "dst.lab/team/app:v1"]);
    let told = format!("dst.lab/team/app:v1@{}\n", image.digest());
    copy("src.lab/team/app:v1").stdout(told).code(0);
    let run = copy("src.lab/team/app:v2");
    run.stderr_has("because the tag is immutable").code(5);
    let held = lab.digest("dst.lab/team/app:v1");
    assert_eq!(held, Some(image.digest().to_string()));
}

/// It refuses what it took itself, where its answer was lost.
#[test]
fn an_immutable_tag_whose_answer_was_lost_is_success() {
    let lab = lab();
    let image = Image::small(1);
    lab.push("src.lab/team/app:v1", &image);
    lab.fault("dst", Fault::on("PUT", "/manifests/v1").lose_answer());
    let refusal = Fault::on("PUT", "/manifests/v1").always();
    lab.fault("dst", refusal.refusal(400, "TAG_INVALID", EXISTS));
    let run = lab.run(["copy", "-q", "src.lab/team/app:v1", "dst.lab/team/app:v1"]);
    let told = format!("dst.lab/team/app:v1@{}\n", image.digest());
    run.stdout(told).any_stderr().code(0);
    let requests = lab.requests("dst");
    assert_eq!(requests.count("PUT", "manifests"), 2, "{requests}");
}

/// More than 1000 names on a page are an error, and the next page is at a whole address.
#[test]
fn lists_are_asked_for_as_it_takes_them() {
    let lab = lab();
    for number in 0..3_u8 {
        let to = format!("dst.lab/team/app:v{number}");
        lab.push(&to, &Image::small(u64::from(number)));
    }
    let most = |n: &str| n.parse::<u32>().is_ok_and(|n| n <= 1000);
    let too_many = Fault::on("GET", "/tags/list")
        .always()
        .only_for(move |head| {
            let query = head.uri.query().unwrap_or_default();
            let asked = url::form_urlencoded::parse(query.as_bytes());
            asked.into_iter().any(|(name, n)| name == "n" && !most(&n))
        });
    let why = "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value less than or equal to 1000'";
    lab.fault("dst", too_many.refusal(405, "UNSUPPORTED", why));
    let next = format!(
        "<http://{}/v2/team/app/tags/list?last=b3BhcXVl%2B%2F%3D&n=1000>; rel=\"next\"",
        lab.address("dst")
    );
    let first = Fault::on("GET", "/tags/list");
    lab.fault(
        "dst",
        first.answer(
            200,
            &[
                ("link", next.as_str()),
                ("content-type", "text/plain; charset=utf-8"),
            ],
            r#"{"name":"team/app","tags":["v0"]}"#,
        ),
    );
    let second = Fault::on("GET", "last=b3BhcXVl%2B%2F%3D").always();
    lab.fault(
        "dst",
        second.answer(
            200,
            &[("content-type", "text/plain; charset=utf-8")],
            r#"{"name":"team/app","tags":["v1","v2"]}"#,
        ),
    );
    let run = lab.run(["ls", "dst.lab/team/app"]);
    run.stdout("v0\nv1\nv2\n").code(0);
}
