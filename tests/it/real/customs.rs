//! `docker-registry` behind the token service of each kind of registry.

use super::distribution::Distribution;
use super::user::User;
use super::{images, skopeo};
use crate::lab::Run;
use crate::wild::customs::Custom;
use crate::wild::door::Door;
use crate::wild::right::WRITER;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossdock::vendor::Kind;
use serde_json::json;

const NAME: &str = "team/app:v1";

fn known(door: &Door) -> User {
    let user = User::nobody();
    let pair = STANDARD.encode(format!("{}:{}", WRITER.0, WRITER.1));
    let auths = json!({door.address.as_str(): {"auth": pair}});
    user.home.docker_config(&json!({"auths": auths}));
    user
}

#[test]
fn an_image_goes_in_and_out_by_every_kind_of_door() {
    let from = Distribution::open();
    let image = images::layered(5, 100_000);
    skopeo::push(&image, &from, NAME);
    let mut customs: Vec<Custom> = Kind::ALL.into_iter().map(Custom::of).collect();
    customs.push(Custom::nexus_with_tokens());
    for custom in customs {
        let kind = custom.kind;
        let registry = Distribution::open();
        let door = Door::to(registry.host(), custom);
        let user = known(&door);
        let there = |name: &str| format!("{}/{name}", door.address);
        let runs = |args: &[&str]| -> Run { user.runs(args.iter().copied()) };

        // Sent there, mounted, and brought back.
        user.copies(&from.image(NAME), &there(NAME), image.digest());
        user.copies(&there(NAME), &there("prod/app:v1"), image.digest());
        let back = Distribution::open();
        user.copies(&there("prod/app:v1"), &back.image(NAME), image.digest());
        skopeo::pull(&back, NAME);

        let tag = runs(&["tag", &there(NAME), "v2"]);
        tag.any_stdout().any_stderr().code(0);
        let digest = format!("{}\n", image.digest());
        runs(&["digest", &there("team/app:v2")])
            .stdout(digest)
            .code(0);
        let asked = door.asked();
        let wrong = asked.iter().filter(|line| line.ends_with(" 400"));
        assert_eq!(wrong.count(), 0, "{kind}: {asked:?}");
    }
}
