//! What everybody does with a registry, at each kind of them: what it comes to, which rights are
//! asked for, and in how many requests.

use super::customs::{Custom, Login};
use super::door::Door;
use super::right::{READER, WRITER};
use crate::lab::{Image, Lab, Ran};
use crossdock::vendor::Kind;
use std::collections::BTreeMap;

/// Blobs of the image that is there.
const BLOBS: usize = 4;

/// A registry of one kind, with `team/app:v1`, and an open one, `src`, with `app:v1`.
struct World {
    lab: Lab,
    door: Door,
    custom: Custom,
    image: Image,
}

impl World {
    fn new(custom: Custom) -> Self {
        let lab = Lab::empty().open("back").open("src");
        let image = Image::sized(1, &[1000, 100_000, 10]);
        lab.push("back.lab/team/app:v1", &image);
        lab.push("src.lab/app:v1", &Image::sized(2, &[1000, 100_000]));
        let door = Door::to(lab.address("back"), custom.clone());
        let world = Self {
            lab,
            door,
            custom,
            image,
        };
        world.is_named(world.custom.kind);
        world
    }

    /// The settings say what kind it is.
    fn is_named(&self, kind: Kind) {
        let address = &self.door.address;
        let settings = format!("registries: {{\"{address}\": {{kind: {kind}}}}}");
        self.lab.home.user_settings(&settings);
    }

    /// Nobody says what kind it is.
    fn is_not_named(&self) {
        self.lab.home.user_settings("");
    }

    fn of(kind: Kind) -> Self {
        Self::new(Custom::of(kind))
    }

    /// Logs in as somebody, past the door.
    fn is(self, (name, password): (&str, &str)) -> Self {
        let pair = format!("{name}:{password}");
        self.lab.docker_login(&[(&self.door.address, &pair)]);
        self
    }

    /// Runs a command, in which `HOST` is the registry, and says what it asked there.
    #[track_caller]
    fn asks(&self, args: &[&str], code: i32) -> (Ran, Asked) {
        self.door.asked();
        let args = args
            .iter()
            .map(|arg| arg.replace("HOST", &self.door.address));
        let run = self.lab.run(args.collect::<Vec<_>>());
        let ran = run.any_stdout().any_stderr().code(code);
        (ran, Asked(self.door.asked()))
    }

    #[track_caller]
    fn logs_in(&self, password: &str, code: i32) -> (Ran, Asked) {
        self.door.asked();
        let args = [
            "login",
            &self.door.address,
            "-u",
            WRITER.0,
            "--password-stdin",
        ];
        let run = self.lab.run(args).stdin(password).any_stderr();
        (run.code(code), Asked(self.door.asked()))
    }

    fn has_tokens(&self) -> bool {
        matches!(self.custom.login, Login::Tokens(_))
    }

    /// The line of a token that somebody is given for this.
    fn token(&self, who: &str, scopes: &str) -> Option<String> {
        self.has_tokens()
            .then(|| format!("token {who} {scopes}").trim_end().to_owned() + " 200")
    }
}

/// What was asked at a door, in its order.
#[derive(Debug)]
struct Asked(Vec<String>);

impl Asked {
    /// These, in this order.
    #[track_caller]
    fn are(&self, expected: impl IntoIterator<Item = Option<String>>) {
        let expected: Vec<String> = expected.into_iter().flatten().collect();
        assert_eq!(self.0, expected);
    }

    /// These, so often each.
    #[track_caller]
    fn come_to(&self, expected: &[(&str, usize)]) {
        let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
        for line in &self.0 {
            *tally.entry(line).or_default() += 1;
        }
        let expected = expected.iter().copied().collect();
        assert_eq!(tally, expected, "{self:?}");
    }

    fn count(&self, line: &str) -> usize {
        self.0.iter().filter(|asked| *asked == line).count()
    }

    fn tokens(&self) -> usize {
        self.0
            .iter()
            .filter(|line| line.starts_with("token "))
            .count()
    }
}

/// All that one kind is asked by somebody who may do everything.
fn writes(custom: Custom) {
    let world = World::new(custom);
    let (_, asked) = world.logs_in(WRITER.1, 0);
    let token = world.token("ann", "");
    asked.are([
        Some("GET ping 401".to_owned()),
        token,
        Some("GET ping 200".to_owned()),
    ]);

    let (ran, asked) = world.asks(&["digest", "HOST/team/app:v1"], 0);
    assert_eq!(ran.stdout.trim_end(), world.image.digest());
    let token = world.token("ann", "repository:team/app:pull");
    asked.are([
        Some("HEAD manifest 401".to_owned()),
        token,
        Some("HEAD manifest 200".to_owned()),
    ]);

    let (_, asked) = world.asks(&["copy", "-q", "HOST/team/app:v1", "src.lab/copied:v1"], 0);
    world.lab.assert_holds("src.lab/copied:v1", &world.image);
    let token = world.token("ann", "repository:team/app:pull");
    let mut expected = vec![
        ("GET blob 200", BLOBS),
        ("GET manifest 200", 1),
        ("HEAD manifest 200", 1),
        ("HEAD manifest 401", 1),
    ];
    expected.extend(token.as_deref().map(|token| (token, 1)));
    asked.come_to(&expected);

    pushes(&world);
    mounts(&world);
    tags(&world);
    lists(&world);
}

fn pushes(world: &World) {
    let (_, asked) = world.asks(&["copy", "-q", "src.lab/app:v1", "HOST/prod/app:v1"], 0);
    let token = world.token("ann", "repository:prod/app:pull,push");
    let mut expected = vec![
        ("HEAD manifest 401", 1),
        ("HEAD manifest 404", 1),
        ("POST upload 202", BLOBS - 1),
        ("PUT manifest 201", 1),
        ("PUT upload 201", BLOBS - 1),
    ];
    expected.extend(token.as_deref().map(|token| (token, 1)));
    asked.come_to(&expected);
}

fn mounts(world: &World) {
    let (_, asked) = world.asks(&["copy", "-q", "HOST/team/app:v1", "HOST/prod/app:v2"], 0);
    world.lab.assert_holds("back.lab/prod/app:v2", &world.image);
    assert_eq!(asked.count("POST mount 201"), BLOBS, "{asked:?}");
    assert_eq!(asked.count("PUT upload 201"), 0, "{asked:?}");
    // One scope for each parameter: some services read no two in one.
    let both = "repository:prod/app:pull,push & repository:team/app:pull";
    let token = world.token("ann", both);
    assert!(
        token.is_none_or(|token| asked.count(&token) == 1),
        "{asked:?}"
    );
    assert!(asked.tokens() <= 3, "{asked:?}");
}

fn tags(world: &World) {
    let (_, asked) = world.asks(&["tag", "HOST/team/app:v1", "v2"], 0);
    assert_eq!(asked.count("PUT manifest 201"), 1, "{asked:?}");
    let token = world.token("ann", "repository:team/app:pull,push");
    assert_eq!(asked.tokens(), token.iter().len(), "{asked:?}");
    assert!(
        token.is_none_or(|token| asked.count(&token) == 1),
        "{asked:?}"
    );
}

fn lists(world: &World) {
    let (ran, asked) = world.asks(&["ls", "HOST/team/app"], 0);
    assert_eq!(ran.stdout, "v1\nv2\n");
    let token = world.token("ann", "repository:team/app:pull");
    asked.are([
        Some("GET tags 401".to_owned()),
        token,
        Some("GET tags 200".to_owned()),
    ]);
}

/// Kinds whose tags are removed by an API of their own, which has its own tests.
const BY_THEIR_OWN_API: [Kind; 5] = [
    Kind::Acr,
    Kind::Artifactory,
    Kind::Ecr,
    Kind::EcrPublic,
    Kind::Nexus,
];

/// Nobody, somebody with a wrong password, and somebody who may only read.
fn is_refused(custom: Custom) {
    let world = World::new(custom);
    let (ran, asked) = world.logs_in("nope", 4);
    assert!(ran.stderr.contains("is the password right?"), "{ran}");
    assert!(ran.stderr.contains("nothing was stored"), "{ran}");
    assert!(asked.0.len() <= 2, "asked once: {asked:?}");

    let (ran, asked) = world.asks(&["digest", "HOST/team/app:v1"], 4);
    assert!(ran.stderr.contains("hint: "), "{ran}");
    assert!(asked.0.len() <= 3, "{asked:?}");

    let world = world.is(READER);
    world.asks(&["digest", "HOST/team/app:v1"], 0);
    let (ran, asked) = world.asks(&["copy", "-q", "src.lab/app:v1", "HOST/prod/app:v9"], 4);
    assert!(ran.stderr.contains("hint: "), "{ran}");
    // Another token for the same would be good for no more.
    let token = world.token("bob", "repository:prod/app:pull,push");
    assert_eq!(asked.tokens(), token.iter().len(), "{asked:?}");
    assert!(
        token.is_none_or(|token| asked.count(&token) == 1),
        "{asked:?}"
    );
    assert_eq!(world.lab.digest("back.lab/prod/app:v9"), None);
    if !BY_THEIR_OWN_API.contains(&world.custom.kind) {
        let (ran, asked) = world.asks(&["rm", "HOST/team/app:v1"], 4);
        assert!(ran.stderr.contains("hint: "), "{ran}");
        assert!(asked.tokens() <= 3, "{asked:?}");
    }
    assert!(world.lab.digest("back.lab/team/app:v1").is_some());
}

/// A registry whose tokens it does not know itself is not asked for ever.
fn breaks_its_word(custom: Custom) {
    let custom = Custom {
        keeps_its_word: false,
        ..custom
    };
    let world = World::new(custom).is(WRITER);
    if !world.has_tokens() {
        return;
    }
    for args in [
        &["digest", "HOST/team/app:v1"][..],
        &["copy", "-q", "src.lab/app:v1", "HOST/prod/app:v1"],
        &["ls", "HOST/team/app"],
    ] {
        let (_, asked) = world.asks(args, 4);
        assert!(asked.0.len() <= 8, "{args:?}: {asked:?}");
    }
}

macro_rules! kinds {
    ($($name:ident: $custom:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn is_written_to() {
                writes($custom);
            }

            #[test]
            fn refuses() {
                is_refused($custom);
            }

            #[test]
            fn breaks_its_word() {
                super::breaks_its_word($custom);
            }
        }
    )*};
}

kinds! {
    docker_hub: Custom::of(Kind::DockerHub);
    ecr: Custom::of(Kind::Ecr);
    ecr_public: Custom::of(Kind::EcrPublic);
    google: Custom::of(Kind::Google);
    acr: Custom::of(Kind::Acr);
    ghcr: Custom::of(Kind::Ghcr);
    harbor: Custom::of(Kind::Harbor);
    quay: Custom::of(Kind::Quay);
    artifactory: Custom::of(Kind::Artifactory);
    nexus: Custom::of(Kind::Nexus);
    nexus_with_tokens: Custom::nexus_with_tokens();
    gitlab: Custom::of(Kind::GitLab);
    distribution: Custom::of(Kind::Distribution);
    zot: Custom::of(Kind::Zot);
}

/// Two tags, one token for what a removal takes: the right is asked for by the name that it has
/// there.
#[test]
fn a_removal_asks_for_the_right_that_the_kind_knows() {
    for kind in Kind::ALL {
        let world = World::of(kind).is(WRITER);
        let Some(removal) = world.custom.removal else {
            continue;
        };
        if kind == Kind::Harbor || BY_THEIR_OWN_API.contains(&kind) {
            continue;
        }
        for (tag, seed) in [("old1", 7), ("old2", 8)] {
            let place = format!("back.lab/team/app:{tag}");
            world.lab.push(&place, &Image::small(seed));
        }
        let tags = ["rm", "HOST/team/app:old1", "HOST/team/app:old2"];
        let (_, asked) = world.asks(&tags, 0);
        assert_eq!(world.lab.digest("back.lab/team/app:old2"), None, "{kind}");
        let reading = world.token("ann", "repository:team/app:pull");
        let removing = world.token("ann", &format!("repository:team/app:{removal}"));
        asked.are([
            Some("HEAD manifest 401".to_owned()),
            reading,
            Some("HEAD manifest 200".to_owned()),
            removing,
            Some("DELETE manifest 202".to_owned()),
            Some("HEAD manifest 200".to_owned()),
            Some("DELETE manifest 202".to_owned()),
        ]);
    }
}

/// Quay at a place that is nobody's.
fn unknown_quay() -> World {
    let custom = Custom::of(Kind::Quay);
    let mut tokens = custom.tokens().unwrap().clone();
    tokens.path = "/somewhere";
    let login = Login::Tokens(Box::new(tokens));
    World::new(Custom { login, ..custom }).is(WRITER)
}

/// Where nothing tells what kind it is, the first removal finds out, and the others know.
#[test]
fn a_removal_s_right_is_learned_once() {
    let world = unknown_quay();
    world.is_not_named();
    for (repository, seed) in [("team/app", 7), ("team/web", 8), ("team/web", 9)] {
        let place = format!("back.lab/{repository}:old{seed}");
        world.lab.push(&place, &Image::small(seed));
    }
    let tags = [
        "rm",
        "HOST/team/app:old7",
        "HOST/team/web:old8",
        "HOST/team/web:old9",
    ];
    let (_, asked) = world.asks(&tags, 0);
    let refused = asked.0.iter().filter(|line| line.ends_with(" 400"));
    assert_eq!(refused.count(), 1, "{asked:?}");
    assert_eq!(asked.count("DELETE manifest 401"), 1, "{asked:?}");
    assert_eq!(asked.count("DELETE manifest 202"), 3, "{asked:?}");
}

/// Quay's token service knows no right to list repositories.
#[test]
fn repositories_are_listed_with_the_right_that_there_is() {
    // These are listed by their own APIs alone.
    let own = [Kind::EcrPublic, Kind::Google, Kind::Harbor];
    for kind in Kind::ALL.into_iter().filter(|kind| !own.contains(kind)) {
        let world = World::of(kind).is(WRITER);
        let (ran, asked) = world.asks(&["ls", "HOST"], 0);
        assert_eq!(ran.stdout, "team/app\n", "{kind}");
        let right = if kind == Kind::Quay {
            ""
        } else {
            "registry:catalog:*"
        };
        asked.are([
            Some("GET catalog 401".to_owned()),
            world.token("ann", right),
            Some("GET catalog 200".to_owned()),
        ]);
    }
}

/// Where nothing tells that it is Quay, its token service does.
#[test]
fn a_right_that_a_token_service_does_not_know_is_not_insisted_on() {
    let world = unknown_quay();
    world.is_not_named();
    let (ran, asked) = world.asks(&["ls", "HOST"], 0);
    assert_eq!(ran.stdout, "team/app\n");
    asked.are([
        Some("GET catalog 401".to_owned()),
        Some("token ann registry:catalog:* 400".to_owned()),
        Some("token ann 200".to_owned()),
        Some("GET catalog 200".to_owned()),
    ]);
}

/// What was answered tells it by then.
#[test]
fn ping_asks_quay_for_no_right_that_it_does_not_know() {
    for is_named in [true, false] {
        let world = World::of(Kind::Quay).is(WRITER);
        if !is_named {
            world.is_not_named();
        }
        let (ran, asked) = world.asks(&["ping", "HOST"], 0);
        assert!(ran.stdout.contains("list repositories:   yes"), "{ran}");
        let refused = asked.0.iter().filter(|line| line.ends_with(" 400"));
        assert_eq!(refused.count(), 0, "{asked:?}");
        assert_eq!(asked.tokens(), 1, "{asked:?}");
    }
}

/// Advice, and the rights that are asked for, are those of the kind, whether the user says it or
/// the first answer; and no request is made in order to find out.
#[test]
fn a_kind_is_known_by_the_answers_that_come_anyway() {
    const TELLING: [Kind; 9] = [
        Kind::DockerHub,
        Kind::Ecr,
        Kind::EcrPublic,
        Kind::Ghcr,
        Kind::Harbor,
        Kind::Quay,
        Kind::Artifactory,
        Kind::Nexus,
        Kind::GitLab,
    ];
    for kind in TELLING {
        let world = World::of(kind).is(READER);
        for args in [
            &["copy", "-q", "src.lab/app:v1", "HOST/prod/app:v9", "--json"][..],
            &["rm", "HOST/team/app:v1", "--json"],
        ] {
            if args[0] == "rm" && BY_THEIR_OWN_API.contains(&kind) {
                continue;
            }
            world.is_named(kind);
            let (named, by_name) = world.asks(args, 4);
            world.is_not_named();
            let (told, by_answers) = world.asks(args, 4);
            let hint = |ran: &Ran| ran.json_error()["hint"].clone();
            assert_eq!(hint(&told), hint(&named), "{kind} {args:?}");
            // How many of its blobs a copy is refused at once is chance.
            let tokens = (by_name.tokens(), by_answers.tokens());
            assert_eq!(tokens.0, tokens.1, "{kind} {by_name:?} {by_answers:?}");
            assert_eq!(by_answers.count("GET ping 401"), 0, "{kind} {by_answers:?}");
        }
    }
}
