//! From one account to another, each as somebody else.

use super::stand_ins::{CANARY, guarded, token};
use crate::clouds::world::{Service, World};
use crate::lab::{Image, Lab};
use crate::secrets::{assert_clean, password};

const FROM: &str = "111111111111.dkr.ecr.eu-west-1.amazonaws.com";
const TO: &str = "222222222222.dkr.ecr.us-gov-west-1.amazonaws.com";

#[test]
fn one_copy_has_a_profile_for_each_account() {
    let lab = Lab::empty()
        .registry("from", |_| guarded(&password("from")))
        .registry("to", |_| guarded(&password("to")));
    let image = Image::small(7);
    lab.push("from.lab/team/app:v1", &image);
    let settings =
        format!("registries:\n  {FROM}: {{aws_profile: one}}\n  {TO}: {{aws_profile: two}}\n");
    lab.home.user_settings(&settings);
    let profile = |name: &str, key: &str| {
        format!("[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {CANARY}{name}\n")
    };
    let profiles = profile("one", "AKIAONE") + &profile("two", "AKIATWO");
    let but = [lab.home.write("home/.aws/credentials", profiles)];
    let one = Service::new(|asked| token(asked, "AKIAONE", &password("from")));
    let two = Service::new(|asked| token(asked, "AKIATWO", &password("to")));
    let world = World::new(lab)
        .registry(FROM, "from")
        .registry(TO, "to")
        .service("api.ecr.eu-west-1.amazonaws.com", &one)
        .service("api.ecr.us-gov-west-1.amazonaws.com", &two);
    let proxy = world.proxy();
    let (from, to) = (format!("{FROM}/team/app:v1"), format!("{TO}/app:v1"));
    let run = world.run(&proxy, ["copy", &from, &to, "-vv"]);
    let ran = run.any_stdout().any_stderr().code(0);
    assert_clean(&ran, &world.lab, &but);
    world.lab.assert_holds("to.lab/app:v1", &image);
    assert_eq!((one.asked().len(), two.asked().len()), (1, 1));
}
