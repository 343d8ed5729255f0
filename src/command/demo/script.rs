//! What the demonstration shows, step by step.

use crate::term::exit::Code;

/// A command line, why it is shown, and how it ends. `{dev}` and `{prod}` stand for the
/// registries, `{digest}` for the digest that was printed last.
pub(super) struct Step {
    pub(super) why: &'static str,
    pub(super) typed: &'static str,
    pub(super) stdin: Option<&'static str>,
    pub(super) ends: Code,
}

/// A step whose names are filled in.
pub(super) struct Line {
    pub(super) why: String,
    pub(super) typed: String,
    pub(super) piped: Option<&'static str>,
}

const fn step(why: &'static str, typed: &'static str) -> Step {
    Step {
        why,
        typed,
        stdin: None,
        ends: Code::Done,
    }
}

const fn fails(why: &'static str, typed: &'static str, ends: Code) -> Step {
    Step {
        why,
        typed,
        stdin: None,
        ends,
    }
}

pub(super) const STEPS: &[Step] = &[
    step(
        "Two registries run inside this process. This one is open; what does it hold?",
        "crossdock ls {dev}",
    ),
    step("The tags of a repository:", "crossdock ls {dev}/team/api"),
    step(
        "What a tag stands for now. One request, nothing is pulled:",
        "crossdock digest {dev}/team/api:1.4.2",
    ),
    fails(
        "A mistyped tag is answered with the nearest ones:",
        "crossdock digest {dev}/team/api:1.42",
        Code::NotFound,
    ),
    fails(
        "The other registry wants to know who writes to it:",
        "crossdock copy {dev}/team/api:1.4.2 {prod}/team/api:1.4.2",
        Code::Unauthorized,
    ),
    Step {
        why: "So log in. The password is checked before it is stored:",
        typed: "crossdock login {prod} -u demo --password-stdin",
        stdin: Some("open-sesame"),
        ends: Code::Done,
    },
    step(
        "Copy the image with both its platforms, byte for byte. stdout is the pinned result:",
        "crossdock copy {dev}/team/api:1.4.2 {prod}/team/api:1.4.2",
    ),
    step(
        "Once more: the digests are compared, and nothing is sent:",
        "crossdock copy {dev}/team/api:1.4.2 {prod}/team/api:1.4.2",
    ),
    step(
        "More names for it, without moving data:",
        "crossdock tag {prod}/team/api:1.4.2 1.4 stable",
    ),
    step(
        "Into another repository of the same registry the layers are linked, not sent:",
        "crossdock copy {prod}/team/api:stable {prod}/released/",
    ),
    step(
        "What is there now:",
        "crossdock ls {prod}/team/api --sort name --full-ref",
    ),
    step(
        "Remove one tag. The others, and the image, stay:",
        "crossdock rm {prod}/team/api:1.4",
    ),
    fails(
        "An image that tags point to is not removed by its digest without `--force`:",
        "crossdock rm {prod}/team/api@{digest}",
        Code::Refused,
    ),
    step(
        "For programs: JSON on stdout, with everything that happened:",
        "crossdock --json digest {prod}/team/api:stable",
    ),
    step("And out again:", "crossdock logout {prod}"),
];

pub(super) const EPILOGUE: &str = "\
That was it: both registries are gone, and nothing of yours was read or changed.
Next: `crossdock help references`, `crossdock help copy`, `crossdock login HOST`.
";
