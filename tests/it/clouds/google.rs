//! Google's identities, at services that are made up: what is asked of them, what it comes to, and
//! what is said where it comes to nothing.

mod accounts;
mod federation;
mod files;
mod metadata;
mod refused;
mod registry;

use super::world::{Asked, Reply, Service, World};
use crate::lab::{Image, Lab, Ran, Run};
use crate::secrets::assert_clean;
use crate::tls::proxy::Proxy;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use crossdock::server::{Access, Anonymous, Options, TokenService, User};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const HOST: &str = "europe-west1-docker.pkg.dev";
const IMAGE: &str = "europe-west1-docker.pkg.dev/project/repository/app:v1";
/// The access token that the registry takes.
const ACCESS: &str = "ya29.CANARY-access";
/// Another one, of whoever acts as somebody else.
const OTHER: &str = "ya29.CANARY-other";
/// What another identity provider gives.
const SUBJECT: &str = "eyJ.CANARY-subject";
const EMAIL: &str = "puller@project.iam.gserviceaccount.com";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const FILE: &str = "home/adc.json";

/// A key of a service account, as PEM and as its public half.
static KEY: LazyLock<(String, Vec<u8>)> = LazyLock::new(|| {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let body = STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    (pem, pair.public_key().as_ref().to_vec())
});

/// A user with a registry of Google's, and services beside it.
struct Cloud {
    world: World,
    image: Image,
}

impl Cloud {
    /// Whose registry has an image that nobody may have without a token.
    fn new() -> Self {
        Self::of(Anonymous::Nothing)
    }

    fn of(anonymous: Anonymous) -> Self {
        let lab = Lab::empty().open("src").registry("dst", |_| Options {
            access: Access::Token(TokenService {
                realm: format!("https://{HOST}/token"),
                service: HOST.to_owned(),
                users: vec![User::new("oauth2accesstoken", ACCESS)],
                lifetime: Duration::from_mins(5),
                anonymous,
                oauth2: false,
            }),
            ..Options::default()
        });
        let image = Image::small(1);
        lab.push("dst.lab/project/repository/app:v1", &image);
        let world = World::new(lab).registry(HOST, "dst");
        Self { world, image }
    }

    fn service(self, host: &str, service: &Service) -> Self {
        let world = self.world.service(host, service);
        Self { world, ..self }
    }

    /// Writes the file of credentials.
    fn file(&self, document: &Value) -> PathBuf {
        self.world.lab.home.write(FILE, document.to_string())
    }

    /// A run with the file of credentials.
    fn run<'a>(&self, proxy: &Proxy, args: impl IntoIterator<Item = &'a str>) -> Run {
        let file = self.world.lab.home.path(FILE);
        self.world
            .run(proxy, args)
            .env("GOOGLE_APPLICATION_CREDENTIALS", file)
    }

    /// Reads the image with the file of credentials, which is by `origin`.
    #[track_caller]
    fn reads(&self, document: &Value, origin: &str) -> Ran {
        self.reads_by(document, origin, |run| run)
    }

    #[track_caller]
    fn reads_by(&self, document: &Value, origin: &str, change: impl Fn(Run) -> Run) -> Ran {
        let file = self.file(document);
        let proxy = self.world.proxy();
        let run = self.run(&proxy, ["digest", "-vv", IMAGE]);
        let ran = change(run)
            .stdout(format!("{}\n", self.image.digest()))
            .stderr_has(format!("the credential from {origin}"))
            .code(0);
        assert_clean(&ran, &self.world.lab, &[file]);
        ran
    }

    /// Fails to write with the file of credentials, and says why.
    #[track_caller]
    fn fails(&self, document: &Value, why: &str) -> Ran {
        self.fails_by(document, why, |run| run)
    }

    #[track_caller]
    fn fails_by(&self, document: &Value, why: &str, change: impl Fn(Run) -> Run) -> Ran {
        let file = self.file(document);
        let proxy = self.world.proxy();
        let args = ["tag", "-vv", "--retries", "0", IMAGE, "v2"];
        let run = change(self.run(&proxy, args));
        let ran = run
            .stderr_has("this machine's identity for Google Artifact Registry cannot be used")
            .stderr_has(why)
            .run();
        assert_ne!(ran.code, 0);
        assert_clean(&ran, &self.world.lab, &[file]);
        ran
    }
}

/// What a token endpoint gives.
fn token(value: &str) -> Reply {
    Reply::json(
        200,
        &json!({"access_token": value, "expires_in": 3599, "token_type": "Bearer"}),
    )
}

/// What one says that gives none.
fn refusal(code: &str, words: &str) -> Reply {
    Reply::json(400, &json!({"error": code, "error_description": words}))
}

fn service_account() -> Value {
    json!({
        "type": "service_account",
        "project_id": "project",
        "private_key_id": "key-1",
        "private_key": KEY.0,
        "client_email": EMAIL,
        "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com",
    })
}

fn user() -> Value {
    json!({
        "type": "authorized_user",
        "client_id": "id.apps.googleusercontent.com",
        "client_secret": "CANARY-client",
        "refresh_token": "1//CANARY-refresh",
        "account": "",
        "quota_project_id": "project",
        "universe_domain": "googleapis.com",
    })
}

fn federation(source: &Value) -> Value {
    json!({
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": source,
    })
}

fn impersonation_url() -> String {
    format!(
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{EMAIL}:generateAccessToken"
    )
}

/// Gives a token for what the key has signed, as Google does, and for nothing else.
fn signed(asked: &Asked) -> Reply {
    match check(asked) {
        Ok(()) => token(ACCESS),
        Err(words) => refusal("invalid_grant", &words),
    }
}

fn check(asked: &Asked) -> Result<(), String> {
    if asked.field("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
        return Err(format!("grant type {}", asked.field("grant_type")));
    }
    let assertion = asked.field("assertion");
    let (signed, signature) = assertion.rsplit_once('.').ok_or("no JWT")?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "base64")?;
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &KEY.1)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| "Invalid JWT Signature.")?;
    let (header, claims) = signed.split_once('.').ok_or("no JWT")?;
    let read =
        |part| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let wanted = json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"});
    let (header, claims) = (read(header), read(claims));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let (now, issued) = (now.as_secs(), claims["iat"].as_u64().unwrap());
    let expected = json!({
        "iss": EMAIL, "scope": SCOPE, "aud": "https://oauth2.googleapis.com/token",
        "iat": issued, "exp": issued + 3600,
    });
    if header != wanted || claims != expected || issued > now || issued + 60 < now {
        return Err(format!("{header} {claims} at {now}"));
    }
    Ok(())
}
