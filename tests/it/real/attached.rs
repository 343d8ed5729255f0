//! What is attached to images, on registries that keep no list of it.

use super::distribution::Distribution;
use super::layout::{Image, Layout};
use super::user::User;
use super::{images, skopeo};
use serde_json::Value;

const REPOSITORY: &str = "team/app";
const NAME: &str = "team/app:v1";
const SBOM: &str = "application/spdx+json";
const SIGNATURE: &str = "application/vnd.cncf.notary.signature";

/// An image, what is attached to it, and the list of that.
struct Signed {
    image: Image,
    attached: Value,
    list: Value,
}

/// The same image each time, with another attachment for each kind.
fn signed(kind: &str) -> Signed {
    let layout = Layout::new();
    let layer = layout.layer_gzip(&images::settings());
    let root = layout.image("linux/amd64", &[layer]);
    let attached = layout.attachment(&root, kind);
    let list = layout.index(std::slice::from_ref(&attached));
    Signed {
        image: layout.finish(&root),
        attached,
        list,
    }
}

impl Signed {
    fn push(&self, to: &Distribution) {
        self.image.push(to.host(), REPOSITORY, "v1");
        let list = self.list_tag();
        self.image
            .push_part(to.host(), REPOSITORY, &list, &self.list);
    }

    fn list_tag(&self) -> String {
        self.image.digest().replace(':', "-")
    }

    /// The digests that are listed of the image.
    fn listed(&self, at: &Distribution) -> Vec<String> {
        let list = skopeo::raw(at, &format!("{REPOSITORY}:{}", self.list_tag()));
        let list: Value = serde_json::from_slice(&list).unwrap();
        let entries = list["manifests"].as_array().unwrap().iter();
        entries
            .map(|entry| entry["digest"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn copy(from: &Distribution, to: &Distribution, digest: &str) {
    let (from, to) = (from.image(NAME), to.image(NAME));
    User::nobody()
        .runs(["copy", "--progress=none", "--referrers", &from, &to])
        .stdout(format!("{to}@{digest}\n"))
        .any_stderr()
        .code(0);
}

#[test]
fn it_is_listed_at_the_destination_and_once_more_is_nothing() {
    let (from, to) = (Distribution::open(), Distribution::open());
    let signed = signed(SBOM);
    signed.push(&from);
    let digest = signed.image.digest();
    copy(&from, &to, digest);
    assert_eq!(
        signed.listed(&to),
        [signed.attached["digest"].as_str().unwrap()]
    );
    skopeo::pull(&to, NAME);
    let again = to.requests_of(|| copy(&from, &to, digest));
    let text = again.to_string();
    assert!(!text.contains("PUT") && !text.contains("POST"), "{text}");
}

#[test]
fn what_is_listed_there_stays_listed() {
    let (from, to) = (Distribution::open(), Distribution::open());
    let (ours, theirs) = (signed(SBOM), signed(SIGNATURE));
    assert_eq!(ours.image.digest(), theirs.image.digest());
    ours.push(&from);
    theirs.push(&to);
    copy(&from, &to, ours.image.digest());
    let digest = |signed: &Signed| signed.attached["digest"].as_str().unwrap().to_owned();
    assert_eq!(ours.listed(&to), [digest(&theirs), digest(&ours)]);
}
