//! What a registry's base, `/v2/`, says about who may come in need not be what it asks of those
//! who do.

use super::{DST, SRC};
use crate::lab::{Fault, Image, Lab};
use crossdock::server::{Access, Anonymous, Options, User};

/// What `/v2/` may answer instead of a challenge.
const BASES: [u16; 4] = [200, 404, 403, 405];

fn accesses() -> [fn(&str) -> Access; 2] {
    [
        |_| Access::Basic {
            users: vec![User::new("ann", "apple")],
        },
        |address| {
            crate::lab::tokens(
                address,
                "dst",
                vec![User::new("ann", "apple")],
                Anonymous::Nothing,
            )
        },
    ]
}

/// A destination that wants a login, and whose base does not say so.
fn lab(access: fn(&str) -> Access, base: u16) -> Lab {
    let lab = Lab::empty().open("src").registry("dst", |address| Options {
        access: access(address),
        ..Options::default()
    });
    let quiet = Fault::on("GET", "/v2/").exactly().always();
    lab.fault(
        "dst",
        quiet.answer(base, &[("content-type", "application/json")], "{}"),
    );
    lab
}

#[test]
fn f49_a_base_that_asks_nothing_before_doors_that_do() {
    let image = Image::small(1);
    for access in accesses() {
        for base in BASES {
            let lab = lab(access, base);
            lab.docker_login(&[("dst.lab", "ann:apple")]);
            lab.push(SRC, &image);
            lab.run(["copy", "-q", SRC, DST])
                .stdout(format!("{DST}@{}\n", image.digest()))
                .code(0);
            lab.assert_holds(DST, &image);
            lab.run(["ls", "dst.lab/team/app"]).stdout("v1\n").code(0);
        }
    }
}

#[test]
fn f49_without_a_login_the_doors_stay_shut() {
    for access in accesses() {
        for base in BASES {
            let lab = lab(access, base);
            lab.push(SRC, &Image::small(1));
            lab.run(["copy", "-q", SRC, DST]).any_stderr().code(4);
            assert_eq!(lab.digest(DST), None, "{base}");
        }
    }
}
