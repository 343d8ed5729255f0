//! Amazon ECR and ECR Public, as botocore's models and the user guides describe their APIs.

mod api;
mod emulators;
mod quirks;
mod replies;
mod stored;

use super::contract::{Promises, contract};
use super::shelf::{Shelf, Stand, Vendor};
use crate::clouds::world::{Asked, Reply};
use crate::lab::{Image, Lab, Run};
use serde_json::{Value, json};

#[derive(Clone)]
struct Ecr;

#[derive(Clone)]
struct EcrPublic;

const CREDENTIALS: &str =
    "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = CANARYsecret\n";
const CONFIG: &str = "[default]\nregion = eu-west-1\n";
const FILES: &[(&str, &str)] = &[(".aws/credentials", CREDENTIALS), (".aws/config", CONFIG)];

/// Immutable tags are removed there: they only do not move.
const PROMISES: Promises = Promises {
    clock: "pushed",
    untagged: true,
    sizes: true,
    pulled: true,
    keeps: false,
    locks: false,
    page: 1000,
};

const PUBLIC: Promises = Promises {
    pulled: false,
    ..PROMISES
};

contract!(Ecr, PROMISES;
    lists, pages, untagged, untags, deletes, guards_parts, respects_locks, waits,
    an_expired_credential);

mod public {
    use super::{EcrPublic, PUBLIC, contract};

    contract!(EcrPublic, PUBLIC;
        lists, untagged, untags, deletes, guards_parts, respects_locks, waits,
        an_expired_credential);
}

impl Vendor for Ecr {
    const KIND: &'static str = "ecr";
    const SETTINGS: &'static str = "    api: API\n";
    const FILES: &'static [(&'static str, &'static str)] = FILES;

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        api::answer(api::PRIVATE, asked, shelf).await
    }
}

impl Vendor for EcrPublic {
    const KIND: &'static str = "ecr-public";
    const SETTINGS: &'static str = "    api: API\n";
    const FILES: &'static [(&'static str, &'static str)] = FILES;

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        api::answer(api::PUBLIC, asked, shelf).await
    }
}

/// What a run asked of the API: operations and their parameters.
fn asked<V: Vendor>(stand: &Stand<V>) -> Vec<(String, Value)> {
    let all = stand.service.asked().into_iter();
    let own = all.filter(|asked| !asked.header("x-amz-target").is_empty());
    own.map(|asked| {
        let (_, operation) = asked.header("x-amz-target").rsplit_once('.').unwrap();
        let parameters = serde_json::from_slice(&asked.body).unwrap();
        (operation.to_owned(), parameters)
    })
    .collect()
}

fn operations<V: Vendor>(stand: &Stand<V>) -> Vec<String> {
    let mut operations: Vec<String> = asked(stand).into_iter().map(|(name, _)| name).collect();
    operations.sort_unstable();
    operations
}

/// The same without an identity of the machine's.
fn as_nobody(run: Run) -> Run {
    run.env("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        .env("AWS_EC2_METADATA_DISABLED", "true")
}

#[test]
fn a_list_is_one_request_and_one_for_the_rule_of_its_tags() {
    let stand = Stand::new(Ecr);
    for number in 0..5_u8 {
        let to = format!("team/app:v{number}");
        stand.push(&to, &Image::small(u64::from(number)), 2, None);
    }
    let run = stand.run(["ls", "-l", "reg.lab/team/app"]);
    run.any_stdout().code(0);
    assert_eq!(
        operations(&stand),
        ["DescribeImages", "DescribeRepositories"]
    );
    let images = asked(&stand)
        .into_iter()
        .find(|(name, _)| name == "DescribeImages");
    let expected = json!({"repositoryName": "team/app", "maxResults": 1000});
    assert_eq!(images.unwrap().1, expected);
}

#[test]
fn tags_that_do_not_move_are_named_and_can_be_removed() {
    let stand = Stand::new(Ecr);
    let image = Image::small(1);
    for tag in ["v1", "v2", "latest"] {
        stand.push(&format!("team/app:{tag}"), &image, 2, None);
    }
    stand.lock("team/app", "v1");
    let rows = stand.run(["ls", "-l", "--json", "reg.lab/team/app", "--sort", "name"]);
    let rows = rows.any_stdout().code(0).json();
    let locks: Vec<&Value> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["lock"])
        .collect();
    assert_eq!(locks, [&Value::Null, &json!("immutable"), &Value::Null]);
    let run = stand.run(["rm", "reg.lab/team/app:v1"]);
    run.any_stdout().code(0);
    assert_eq!(stand.tags("team/app").len(), 2);
}

/// A look at the tag, one at the image, and the removal.
#[test]
fn a_tag_goes_with_two_questions_to_the_api() {
    let stand = Stand::new(Ecr);
    let image = Image::small(1);
    for tag in ["v1", "v2"] {
        stand.push(&format!("team/app:{tag}"), &image, 2, None);
    }
    let run = stand.run(["rm", "reg.lab/team/app:v1"]);
    run.any_stdout().code(0);
    let asked = asked(&stand);
    let digest = image.digest().to_string();
    let [(first, looked), (second, removed)] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(
        (&**first, &**second),
        ("DescribeImages", "BatchDeleteImage")
    );
    assert_eq!(
        *looked,
        json!({"repositoryName": "team/app", "imageIds": [{"imageDigest": digest}]})
    );
    assert_eq!(
        *removed,
        json!({"repositoryName": "team/app", "imageIds": [{"imageTag": "v1"}]})
    );
}

#[test]
fn the_repositories_come_from_the_api() {
    let stand = Stand::new(Ecr);
    for name in ["team/a", "team/b/c", "other/a"] {
        stand.push(&format!("{name}:v1"), &Image::small(1), 2, None);
    }
    let run = stand.run(["ls", "reg.lab/team/"]);
    run.stdout("team/a\nteam/b/c\n").code(0);
    let run = stand.run(["ls", "reg.lab"]);
    run.stdout("other/a\nteam/a\nteam/b/c\n").code(0);
    assert_eq!(operations(&stand), ["DescribeRepositories"; 2]);
    // Whoever has no identity is shown what every registry shows.
    let run = as_nobody(stand.run(["ls", "reg.lab/team/"]));
    run.stdout("team/a\nteam/b/c\n").code(0);
    assert_eq!(operations(&stand).len(), 2);
}

#[test]
fn without_an_identity_lists_say_so_and_nothing_is_removed() {
    let stand = Stand::new(Ecr);
    let image = Image::small(1);
    for tag in ["v1", "v2"] {
        stand.push(&format!("team/app:{tag}"), &image, 2, None);
    }
    let run = as_nobody(stand.run(["ls", "-l", "reg.lab/team/app"]));
    run.any_stdout()
        .stderr_has("ECR's API does not answer, and less is known of the images")
        .stderr_has("`ecr:DescribeImages`")
        .code(0);
    let run = as_nobody(stand.run(["rm", "reg.lab/team/app:v1"]));
    run.stderr_has("ECR's own API")
        .stderr_has("`ecr:DescribeImages`")
        .code(4);
    assert_eq!(stand.tags("team/app").len(), 2);
    assert!(asked(&stand).is_empty());
}

#[test]
fn a_permission_that_is_missing_is_named() {
    let stand = Stand::new(Ecr);
    let image = Image::small(1);
    for tag in ["v1", "v2"] {
        stand.push(&format!("team/kept:{tag}"), &image, 2, None);
    }
    stand
        .run(["rm", "reg.lab/team/kept:v1"])
        .stderr_has("AccessDeniedException")
        .stderr_has("has to allow `ecr:BatchDeleteImage`")
        .code(4);
    assert_eq!(stand.tags("team/kept").len(), 2);
}

/// The API of the public registry only knows that of whoever asks, which may have a repository of
/// the same name.
#[test]
fn what_is_in_somebody_else_s_public_registry_is_not_mistaken_for_one_s_own() {
    let stand = Stand::new(EcrPublic);
    let image = Image::small(1);
    for to in ["team/app:v1", "team/app:v2", "nginx/app:v1", "nginx/app:v2"] {
        stand.push(to, &image, 2, None);
    }
    let run = stand.run(["ls", "-l", "reg.lab/nginx/app"]);
    run.any_stdout()
        .stderr_has("`nginx` is not an alias of this AWS identity's registry")
        .code(0);
    let run = stand.run(["rm", "reg.lab/nginx/app:v1"]);
    run.stderr_has("`nginx` is not an alias").code(4);
    assert_eq!(stand.tags("nginx/app").len(), 2);
    assert_eq!(stand.tags("team/app").len(), 2);
    let known: Vec<String> = operations(&stand);
    assert!(
        known.iter().all(|name| name == "DescribeRegistries"),
        "{known:?}"
    );
    let run = stand.run(["ls", "reg.lab/team/"]);
    run.stdout("team/app\n").code(0);
}

/// The API may be another registry's, by a variable or the settings: what is called the same there
/// is not what was named.
#[test]
fn what_the_api_knows_as_something_else_is_left_alone() {
    let stand = Stand::new(Ecr);
    let (own, other) = (Image::small(1), Image::small(2));
    for tag in ["v1", "v2"] {
        stand.push(&format!("team/app:{tag}"), &other, 2, None);
    }
    let lab = Lab::empty().open("reg");
    for tag in ["v1", "v2"] {
        lab.push(&format!("reg.lab/team/app:{tag}"), &own);
    }
    let settings = format!(
        "registries:\n  reg.lab: {{kind: ecr, api: \"http://{}\"}}\n",
        stand.service.address
    );
    lab.home.user_settings(&lab.addressed(&settings));
    for (path, text) in FILES {
        lab.home.write(&format!("home/{path}"), text);
    }
    let run = lab.run(["rm", "reg.lab/team/app:v1"]);
    run.stderr_has("which the registry's own API does not know")
        .code(3);
    assert_eq!(stand.tags("team/app").len(), 2);
    assert_eq!(operations(&stand), ["DescribeImages"]);
}

/// Nobody's answer tells what became of the first attempt.
#[test]
fn what_is_gone_with_a_lost_answer_is_gone() {
    let stand = Stand::new(Ecr);
    let image = Image::small(1);
    for tag in ["v1", "v2"] {
        stand.push(&format!("team/lossy:{tag}"), &image, 2, None);
    }
    let run = stand.run(["rm", "reg.lab/team/lossy:v1"]);
    run.stdout(format!("reg.lab/team/lossy:v1@{}\n", image.digest()))
        .any_stderr()
        .code(0);
    assert_eq!(stand.tags("team/lossy").len(), 1);
}

/// What `copy --create` asked of the API, if anything.
fn made<V: Vendor>(stand: &Stand<V>, to: &str, code: i32) -> Vec<Value> {
    let before = asked(stand).len();
    let args = ["copy", "--create", "reg.lab/team/app:v1", to];
    stand.run(args).any_stdout().any_stderr().code(code);
    let all = asked(stand).into_iter().skip(before);
    let made = all.filter(|(operation, _)| operation == "CreateRepository");
    made.map(|(_, parameters)| parameters).collect()
}

#[test]
fn a_repository_is_made_for_a_copy_that_wants_it() {
    let stand = Stand::new(Ecr);
    stand.push("team/app:v1", &Image::small(1), 2, None);
    assert_eq!(
        made(&stand, "reg.lab/new/app:v1", 0),
        [json!({"repositoryName": "new/app"})]
    );
    // It is there already.
    assert_eq!(made(&stand, "reg.lab/team/app:v2", 0).len(), 1);
    let stand = Stand::new(EcrPublic);
    stand.push("team/app:v1", &Image::small(1), 2, None);
    assert_eq!(
        made(&stand, "reg.lab/team/new:v1", 0),
        [json!({"repositoryName": "new"})]
    );
    // In somebody else's registry nothing is made, and nothing in one's own instead.
    assert_eq!(made(&stand, "reg.lab/nginx/new:v1", 4), Vec::<Value>::new());
}
