//! A password of ECR's that comes to its end while it is in use.

use super::stand_ins::{CANARY, HOST, STS, data, refusal};
use crate::clouds::world::{Reply, Service, World};
use crate::lab::{Fault, Image, Lab, Ran};
use crate::secrets::{assert_clean, password};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossdock::server::{Access, Options, User};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An account whose passwords have numbers, the first of which is 0.
struct Account {
    world: World,
    api: Service,
    image: Image,
}

/// The lab's registry tells them apart by the names of their users.
fn numbered(number: usize) -> (String, String) {
    (format!("AWS-{number}"), password(&format!("ecr-{number}")))
}

/// As it stands in requests.
fn basic(number: usize) -> String {
    format!("Basic {}", encoded(number))
}

fn encoded(number: usize) -> String {
    let (user, password) = numbered(number);
    STANDARD.encode(format!("{user}:{password}"))
}

impl Account {
    /// One whose API says of each password what `change` makes of it.
    fn new(change: impl Fn(&mut Value) + Clone + Send + Sync + 'static) -> Self {
        let users = (0..9).map(|number| {
            let (user, password) = numbered(number);
            User::new(user, password)
        });
        let access = Access::Basic {
            users: users.collect(),
        };
        let lab = Lab::empty().open("dst").registry("ecr", |_| Options {
            access,
            ..Options::default()
        });
        let image = Image::sized(1, &[40_000, 30_000, 20_000, 10_000]);
        lab.push("ecr.lab/app:v1", &image);
        let given = Arc::new(AtomicUsize::new(0));
        let api = Service::new(move |asked| {
            if !asked.header("authorization").contains("Credential=AKIA/") {
                return refusal("UnrecognizedClientException", "");
            }
            let mut data = data("");
            let number = given.fetch_add(1, Ordering::SeqCst);
            data["authorizationToken"] = encoded(number).into();
            change(&mut data);
            Reply::json(200, &json!({"authorizationData": [data]}))
        });
        let world = World::new(lab)
            .registry(HOST, "ecr")
            .service("api.ecr.eu-west-1.amazonaws.com", &api);
        Self { world, api, image }
    }

    /// Copies the image out of the account.
    fn copies(&self, options: &[&str], code: i32) -> Ran {
        let proxy = self.world.proxy();
        let (from, to) = (
            format!("{HOST}/app:v1"),
            self.world.lab.addressed("dst.lab/app:v1"),
        );
        let command = [&["copy", "-vv", &from, &to], options].concat();
        let run = self.world.run(&proxy, command);
        let ran = run
            .env("AWS_ACCESS_KEY_ID", "AKIA")
            .env("AWS_SECRET_ACCESS_KEY", format!("{CANARY}secret"))
            .any_stdout()
            .any_stderr()
            .code(code);
        assert_clean(&ran, &self.world.lab, &[]);
        ran
    }

    /// The registry takes no password any more but those from `number` on, for blobs.
    fn expires_below(&self, number: usize, status: u16) {
        let old: Vec<String> = (0..number).map(basic).collect();
        let body = json!({"errors": [{"code": "DENIED", "message": "Your authorization token has expired. Reauthenticate and try again."}]});
        let body = body.to_string();
        let fault = Fault::on("GET", "/blobs/").always();
        let refused = fault.only_for(move |head| {
            let told = head.headers.get("authorization");
            told.is_some_and(|told| old.iter().any(|old| told == old.as_str()))
        });
        let headers = [("content-type", "application/json")];
        self.world
            .lab
            .fault("ecr", refused.answer(status, &headers, &body));
    }
}

/// However many blobs are refused at once, one password is asked for in the place of the old one.
#[test]
fn a_password_that_expires_in_the_middle_of_a_copy_is_renewed_once() {
    for status in [401, 403] {
        let account = Account::new(|_| ());
        account.expires_below(1, status);
        account.copies(&[], 0);
        let lab = &account.world.lab;
        lab.assert_holds("dst.lab/app:v1", &account.image);
        assert_eq!(account.api.asked().len(), 2, "{status}");
        let requests = lab.requests("ecr");
        let read = requests
            .of("GET", "blobs")
            .filter(|seen| seen.header("authorization") == basic(1));
        assert_eq!(read.count(), account.image.blobs.len(), "{requests}");
    }
}

/// A registry that never takes one does not make an endless loop of it.
#[test]
fn passwords_that_are_all_refused_end_the_copy() {
    let account = Account::new(|_| ());
    account.expires_below(9, 403);
    let ran = account.copies(&["--retries", "0"], 4);
    assert!(
        ran.stderr.contains("Your authorization token has expired"),
        "{ran}"
    );
    let asked = account.api.asked().len();
    assert!((1..=3).contains(&asked), "{asked}");
}

/// One that has lived more than half of its time is not begun with any more.
#[test]
fn a_password_is_renewed_before_it_expires() {
    let account = Account::new(|data| {
        let end = SystemTime::now() + Duration::from_secs(4);
        data["expiresAt"] = end.duration_since(UNIX_EPOCH).unwrap().as_secs_f64().into();
    });
    let late = Fault::on("GET", "/blobs/").always();
    account
        .world
        .lab
        .fault("ecr", late.delay(Duration::from_millis(1500)));
    account.copies(&["-j", "1"], 0);
    let asked = account.api.asked().len();
    assert!((2..=5).contains(&asked), "{asked}");
    let requests = account.world.lab.requests("ecr");
    let refused = requests
        .all()
        .iter()
        .filter(|seen| seen.header("authorization") == basic(1));
    assert_ne!(refused.count(), 0, "{requests}");
}

/// Whoever answers what an API is asked gets it signed; another one does not, wherever it is.
#[test]
fn what_is_signed_for_one_service_is_not_sent_on_to_another() {
    let other = Service::new(|_| Reply::json(200, &json!({"authorizationData": [data("x")]})));
    let on = Service::new(|_| {
        Reply::text(307, "text/plain", "").with("location", "https://other.example/")
    });
    let lab = Lab::empty().registry("ecr", |_| super::stand_ins::guarded(&password("ecr")));
    let file = lab.home.write("home/token", format!("{CANARY}.jwt"));
    let world = World::new(lab)
        .registry(HOST, "ecr")
        .service("api.ecr.eu-west-1.amazonaws.com", &on)
        .service(STS, &on)
        .service("other.example", &other);
    let proxy = world.proxy();
    let digest = || {
        world.run(
            &proxy,
            ["digest", &format!("{HOST}/app:v1"), "--retries", "0"],
        )
    };
    let keys = digest()
        .env("AWS_ACCESS_KEY_ID", "AKIA")
        .env("AWS_SECRET_ACCESS_KEY", format!("{CANARY}secret"));
    keys.stderr_has("AWS_ACCESS_KEY_ID: ").code(4);
    let token = digest()
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", &file)
        .env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/puller");
    token.stderr_has("AWS_WEB_IDENTITY_TOKEN_FILE: ").code(4);
    assert_eq!(on.asked().len(), 2);
    assert_eq!(other.asked().len(), 0);
}
