//! Logging in where a password is asked for, and where a token service asks for it.

use super::distribution::Distribution;
use super::user::User;
use super::{images, skopeo};
use std::time::Duration;

const NAME: &str = "team/app:v1";
const MINUTE: Duration = Duration::from_mins(1);

/// Logs in, and says how that has to end.
#[track_caller]
fn logs_in(user: &User, to: &Distribution, password: &str, code: i32) -> String {
    let name = &to.account().unwrap().user;
    let run = user.runs(["login", to.host(), "-u", name, "--password-stdin"]);
    run.stdin(format!("{password}\n"))
        .any_stderr()
        .code(code)
        .stderr
}

/// A login lasts until the logout, and is the same for the other client.
fn a_login_counts_until_the_logout(registry: &Distribution, user: &User) {
    let image = images::small("private");
    skopeo::push(&image, registry, NAME);
    let there = registry.image(NAME);
    let looks = || user.runs(["digest", &there]);
    let account = registry.account().unwrap();
    let password = &account.password;

    looks()
        .stderr_has("error: ")
        .stderr_has(format!("crossdock login {}", registry.host()))
        .code(4);
    let told = logs_in(user, registry, password, 0);
    assert!(
        told.contains("logged in") && !told.contains(password),
        "{told}"
    );
    assert!(user.stores(account));
    looks().stdout(format!("{}\n", image.digest())).code(0);
    let file = user.home.path("home/.docker/config.json");
    assert_eq!(skopeo::digest_as(&file, registry, NAME), image.digest());

    let out = user.runs(["logout", registry.host()]);
    out.stderr_has(registry.host()).code(0);
    looks().stderr_has("error: ").code(4);
    assert!(!user.stores(account));
}

fn a_wrong_password_is_not_stored(registry: &Distribution, user: &User) {
    let before = user.home.files();
    let told = logs_in(user, registry, "not-the-password", 4);
    assert!(
        told.contains("error: ") && told.contains("hint: "),
        "{told}"
    );
    assert!(!told.contains("not-the-password"), "{told}");
    assert_eq!(user.home.files(), before);
}

#[test]
fn a_login_with_a_password() {
    let registry = Distribution::htpasswd("bob", "correct horse: battery");
    a_login_counts_until_the_logout(&registry, &User::nobody());
}

#[test]
fn a_wrong_password() {
    let registry = Distribution::htpasswd("bob", "correct horse: battery");
    a_wrong_password_is_not_stored(&registry, &User::nobody());
}

#[test]
fn a_login_with_a_token_service() {
    let registry = Distribution::token(MINUTE);
    let user = User::nobody();
    user.trusts_token_services(&[&registry]);
    a_login_counts_until_the_logout(&registry, &user);
}

#[test]
fn a_wrong_password_at_a_token_service() {
    let registry = Distribution::token(MINUTE);
    let user = User::nobody();
    user.trusts_token_services(&[&registry]);
    a_wrong_password_is_not_stored(&registry, &user);
    assert_eq!(registry.tokens().unwrap().issued(), 0);
}

/// A second login takes the place of the first.
#[test]
fn a_new_password_replaces_the_old_one() {
    let registry = Distribution::htpasswd("bob", "new-password");
    let user = User::nobody();
    user.knows_password(&registry, "old-password");
    let there = registry.image(NAME);
    user.runs(["digest", &there]).any_stderr().code(4);
    logs_in(&user, &registry, "new-password", 0);
    // Nothing was pushed: who is let in is told so.
    user.runs(["digest", &there]).any_stderr().code(3);
}

#[test]
fn a_registry_that_asks_nobody_verifies_nothing() {
    let registry = Distribution::open();
    let run = User::nobody();
    let run = run
        .runs(["login", registry.host(), "-u", "bob", "--password-stdin"])
        .stdin("any");
    run.stderr_has("warning: ")
        .stderr_has("not verified")
        .code(0);
}

/// The token service is on another port: it is another place until the settings name it.
#[test]
fn no_password_goes_to_a_token_service_that_the_settings_do_not_name() {
    let registry = Distribution::token(MINUTE);
    let image = images::small("private");
    skopeo::push(&image, &registry, NAME);
    let tokens = registry.tokens().unwrap();
    let (issued, refused) = (tokens.issued(), tokens.refused());
    let user = User::nobody();
    user.knows_passwords(&[&registry]);
    let there = registry.image(NAME);

    let line = format!(
        "registries: {{\"{}\": {{token_realm: [\"{}\"]}}}}",
        registry.host(),
        tokens.host()
    );
    user.runs(["digest", &there])
        .stderr_has("error: ")
        .stderr_has(&line)
        .code(4);
    assert_eq!(
        (tokens.issued(), tokens.refused()),
        (issued, refused),
        "nothing was sent there"
    );

    // The hint is right.
    user.home.user_settings(&line);
    user.runs(["digest", &there])
        .stdout(format!("{}\n", image.digest()))
        .code(0);

    // A checkout must not bring such a line along.
    std::fs::remove_file(user.home.user_settings("")).unwrap();
    user.home.settings(&line);
    user.runs(["digest", &there])
        .stderr_has("registries")
        .code(2);
}
