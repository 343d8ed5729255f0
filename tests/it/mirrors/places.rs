//! Repositories that are elsewhere, those that must not be touched, and short names.

use super::{DST, asked, containers, copied};
use crate::lab::{Fault, Image, Lab};

/// What is typed is below `src.lab/team`, and is at `one.lab/moved`.
fn moved() -> (Lab, Image) {
    let lab = Lab::new().open("one");
    containers(
        &lab,
        "[[registry]]\nprefix = \"src.lab/team\"\nlocation = \"one.lab/moved\"\n",
    );
    let image = Image::small(1);
    lab.push("one.lab/moved/app:v1", &image);
    (lab, image)
}

const APP: &str = "src.lab/team/app:v1";
const NOTE: &str =
    "note: src.lab/team/app is at one.lab/moved/app, as [..]registries.conf:3 says\n";

#[test]
fn what_was_moved_is_read_and_written_where_it_is() {
    let (lab, image) = moved();
    let ran = lab
        .run(["copy", "--progress", "none", APP, DST])
        .stdout(copied(&image))
        .any_stderr()
        .code(0);
    assert!(
        ran.stderr
            .contains("src.lab/team/app is at one.lab/moved/app"),
        "{ran}"
    );
    lab.assert_holds(DST, &image);
    let other = Image::small(2);
    lab.push("dst.lab/app:v2", &other);
    lab.run(["copy", "-q", "dst.lab/app:v2", "src.lab/team/app:v2"])
        .stdout(format!("src.lab/team/app:v2@{}\n", other.digest()))
        .code(0);
    lab.assert_holds("one.lab/moved/app:v2", &other);
    lab.run(["ls", "src.lab/team/app"])
        .stdout("v1\nv2\n")
        .stderr_like(NOTE)
        .code(0);
    lab.run(["rm", "-q", "src.lab/team/app:v2"])
        .any_stdout()
        .code(0);
    assert_eq!(lab.digest("one.lab/moved/app:v2"), None);
    assert_eq!(asked(&lab, "src"), "");
}

#[test]
fn a_failure_names_both() {
    let (lab, _) = moved();
    lab.fault("one", Fault::on("*", "/v2/").always().status(403));
    lab.run(["digest", APP])
        .stderr_like(format!(
            "{NOTE}error: cannot read one.lab/moved/app:v1 (in place of src.lab/team/app): [..]\n..."
        ))
        .code(4);
}

/// A rule holds by the name that was typed, and by the one that it stands for.
#[test]
fn a_rule_on_tags_is_not_got_round_by_another_name() {
    for rule in ["src.lab/team/app", "one.lab/moved/app"] {
        let (lab, image) = moved();
        let rules = format!("immutable:\n  \"{rule}\": [\"v*\"]\n");
        lab.home.settings(&lab.addressed(&rules));
        lab.push(DST, &Image::small(2));
        lab.run(["copy", "-q", DST, APP]).any_stderr().code(5);
        lab.assert_holds("one.lab/moved/app:v1", &image);
    }
}

#[test]
fn what_is_blocked_is_refused_before_anything_is_sent() {
    for command in [
        &["digest", APP][..],
        &["copy", APP, DST],
        &["copy", DST, APP],
        &["tag", APP, "v2"],
        &["rm", APP],
        &["ls", "src.lab/team/app"],
        &["inspect", APP],
        &["check", APP],
        &["diff", DST, APP],
    ] {
        let lab = Lab::new();
        containers(
            &lab,
            "[[registry]]\nlocation = \"src.lab/team\"\nblocked = true\n",
        );
        lab.run(command)
            .stderr_like("error: src.lab/team/app is blocked, as [..]registries.conf:3 says\n")
            .code(5);
        assert_eq!((asked(&lab, "src"), asked(&lab, "dst")), Default::default());
        lab.push("src.lab/other:v1", &Image::small(1));
        lab.run(["digest", "src.lab/other:v1"]).any_stdout().code(0);
    }
}

#[test]
fn a_registry_that_is_blocked_is_neither_listed_nor_logged_in_to() {
    let lab = Lab::new();
    containers(
        &lab,
        "[[registry]]\nlocation = \"src.lab\"\nblocked = true\n",
    );
    for command in [
        &["ls", "src.lab"][..],
        &["login", "src.lab", "-u", "ann", "--password-stdin"],
        &["ping", "src.lab"],
    ] {
        lab.run(command)
            .stdin("apple")
            .stderr_like("error: src.lab is blocked, as [..]registries.conf:3 says\n")
            .code(5);
    }
    assert_eq!(asked(&lab, "src"), "");
}

/// A rewrite does not lead into a place that is forbidden, and a mirror there is not asked.
#[test]
fn what_is_blocked_is_reached_by_no_other_name() {
    let lab = Lab::new();
    containers(
        &lab,
        "[[registry]]\nprefix = \"src.lab/team\"\nlocation = \"dst.lab/closed\"\n\
         [[registry]]\nlocation = \"dst.lab/closed\"\nblocked = true\n\
         [[registry]]\nprefix = \"src.lab/open\"\nlocation = \"src.lab/open\"\n\
         [[registry.mirror]]\nlocation = \"dst.lab/closed\"\n",
    );
    lab.push("src.lab/open/app:v1", &Image::small(1));
    for command in [
        &["copy", "src.lab/open/app:v1", APP][..],
        &["digest", APP],
        &["ping", "src.lab", "--write", "team/app"],
    ] {
        lab.run(command)
            .stderr_has("dst.lab/closed/app is blocked, as ")
            .code(5);
    }
    lab.run(["digest", "-v", "src.lab/open/app:v1"])
        .any_stdout()
        .stderr_has("the mirror dst.lab/closed/app is not asked: it is blocked, as ")
        .code(0);
    assert_eq!(asked(&lab, "dst"), "");
}

#[test]
fn ping_goes_where_the_settings_lead() {
    let lab = Lab::new();
    containers(
        &lab,
        "[[registry]]\nprefix = \"src.lab/team\"\nlocation = \"src.lab/moved\"\n\
         [[registry.mirror]]\nlocation = \"dst.lab/copies\"\n\
         [[registry]]\nprefix = \"src.lab/far\"\nlocation = \"dst.lab/far\"\n",
    );
    let ran = lab
        .run(["ping", "--json", "src.lab", "--repo", "team/app"])
        .any_stdout()
        .any_stderr()
        .code(0);
    assert_eq!(ran.json()["mirror"], "dst.lab/copies/app");
    let asked = lab.requests("src").all().to_vec();
    let elsewhere = |path: &str| path.starts_with("/v2/team/");
    assert!(
        asked
            .iter()
            .any(|seen| seen.path.starts_with("/v2/moved/app/"))
    );
    assert!(!asked.iter().any(|seen| elsewhere(&seen.path)));
    for option in ["--repo", "--write"] {
        lab.run(["ping", "src.lab", option, "far/app"])
            .stderr_has("ping dst.lab instead")
            .code(2);
    }
}

/// A folder is a folder, whatever names there are.
#[test]
fn a_folder_is_no_short_name() {
    let lab = Lab::new();
    containers(&lab, "[aliases]\n\"oci\" = \"src.lab/team/app\"\n");
    let image = Image::small(1);
    lab.push(DST, &image);
    lab.run(["copy", "-q", DST, "oci:images:v1"])
        .stdout(format!("oci:images:v1@{}\n", image.digest()))
        .code(0);
    assert_eq!(asked(&lab, "src"), "");
    // This says that it is none.
    lab.push("src.lab/team/app:v1", &image);
    lab.run(["digest", "-q", "docker://oci:v1"])
        .stdout(format!("{}\n", image.digest()))
        .code(0);
}

#[test]
fn a_short_name_stands_for_what_the_settings_say() {
    let lab = Lab::new();
    containers(&lab, "[aliases]\n\"app\" = \"src.lab/team/app\"\n");
    let image = Image::small(1);
    lab.push(APP, &image);
    lab.run(["digest", "app:v1"])
        .stdout(format!("{}\n", image.digest()))
        .stderr_like("note: app stands for src.lab/team/app, as [..]registries.conf:2 says\n")
        .code(0);
    // As people type it for skopeo.
    lab.run(["digest", "-q", "docker://app:v1"])
        .stdout(format!("{}\n", image.digest()))
        .code(0);
    let pinned = format!("app@{}", image.digest());
    lab.run(["copy", "-q", &pinned, DST])
        .stdout(copied(&image))
        .code(0);
    lab.run(["ls", "-q", "app"]).stdout("v1\n").code(0);
}
