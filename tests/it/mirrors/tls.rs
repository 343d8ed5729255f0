//! A mirror inside a company: behind TLS of an authority that only that company knows.

use super::{APP, containers, image_at};
use crate::lab::{Image, Lab};
use crate::tls::certificates::Authority;
use crate::tls::front::{Front, Port};

/// The registry itself, and a mirror behind TLS that has the same image.
struct Company {
    lab: Lab,
    image: Image,
    mirror: Front,
    authority: Authority,
}

impl Company {
    fn new() -> Self {
        let lab = Lab::empty().open("src").open("one");
        let image = image_at(&lab, &[APP, "one.lab/cache/team/app:v1"]);
        let authority = Authority::new("company");
        let certificate = authority.server(&["localhost"]);
        let mirror = Port::take().front(&certificate, lab.address("one"));
        Self {
            lab,
            image,
            mirror,
            authority,
        }
    }

    /// Names the mirror in the settings of the tools around podman, with these lines for it.
    fn mirrored(&self, more: &str) {
        let host = self.mirror.localhost();
        let text = format!(
            "[[registry]]\nlocation = 'src.lab'\n[[registry.mirror]]\nlocation = '{host}/cache'\n{more}"
        );
        containers(&self.lab, &text);
    }

    /// Writes the authority where it is trusted for the mirror alone.
    fn trusts(&self, folder: &str) {
        let path = format!("{folder}/{}/ca.crt", self.mirror.localhost());
        self.lab.home.write(&path, self.authority.pem.as_str());
    }

    /// The image comes from the mirror, without a word, and the registry itself is asked nothing.
    #[track_caller]
    fn reads_at_the_mirror(&self) {
        let digest = format!("{}\n", self.image.digest());
        self.lab.run(["digest", APP]).stdout(digest).code(0);
        assert_eq!(self.lab.requests("src").len(), 0);
        assert_ne!(self.lab.requests("one").len(), 0);
        self.lab.heal();
    }

    /// The image comes from the registry itself, and what is wrong with the mirror is told.
    #[track_caller]
    fn reads_at_the_registry(&self) {
        let digest = format!("{}\n", self.image.digest());
        let host = self.mirror.localhost();
        self.lab
            .run(["digest", APP])
            .stdout(digest)
            .stderr_has(format!(
                "warning: the mirror {host}/cache/team/app is passed over: "
            ))
            .stderr_has("signed by nobody who is trusted")
            .code(0);
        assert_eq!(self.lab.requests("one").len(), 0);
        assert_ne!(self.lab.requests("src").len(), 0);
        self.lab.heal();
    }
}

#[test]
fn a_mirror_s_own_authority_is_one_wherever_it_is_named() {
    for folder in ["config/containers/certs.d", "config/docker/certs.d"] {
        let company = Company::new();
        company.mirrored("");
        company.reads_at_the_registry();
        company.trusts(folder);
        company.reads_at_the_mirror();
    }
    let company = Company::new();
    let host = company.mirror.localhost();
    let file = company.lab.home.write(
        "config/crossdock/company.pem",
        company.authority.pem.as_str(),
    );
    let text = format!(
        "registries:\n  \"src.lab\": {{mirrors: [\"{host}/cache\"]}}\n  \"{host}\": {{ca: {}}}\n",
        file.file_name().unwrap().to_str().unwrap()
    );
    company
        .lab
        .home
        .user_settings(&company.lab.addressed(&text));
    company.reads_at_the_mirror();
}

#[test]
fn a_mirror_that_is_said_to_be_insecure_is_not_verified() {
    let company = Company::new();
    company.mirrored("insecure = true\n");
    company.reads_at_the_mirror();
    company.mirrored("insecure = false\n");
    company.reads_at_the_registry();
}

/// What is trusted for the mirror is not trusted for the registry itself.
#[test]
fn a_mirror_s_authority_is_no_other_registry_s() {
    let company = Company::new();
    let certificate = company.authority.server(&["localhost"]);
    let origin = Port::take().front(&certificate, company.lab.address("src"));
    let (host, mirror) = (origin.localhost(), company.mirror.localhost());
    company.trusts("config/containers/certs.d");
    let mirrored = |path: &str| {
        let text = format!(
            "[[registry]]\nlocation = '{host}'\n[[registry.mirror]]\nlocation = '{mirror}{path}'\n"
        );
        containers(&company.lab, &text);
    };
    let digest = || company.lab.run(["digest", &format!("{host}/team/app:v1")]);
    mirrored("/cache");
    let found = format!("{}\n", company.image.digest());
    digest().stdout(found).code(0);
    mirrored("/empty");
    digest()
        .stderr_has("signed by nobody who is trusted")
        .code(1);
    assert_eq!(company.lab.requests("src").len(), 0);
}
