//! A registry that claims to be some vendor's in its answers gets nothing of what is for that
//! vendor: only its name and the user's settings say whom an identity is for.

use crate::clouds::world::{Asked, Reply, Service, World};
use crate::lab::{Lab, Ran, Run};
use crate::secrets::{assert_clean, forms, password};
use serde_json::json;

const HOST: &str = "registry.example.com";

/// What is claimed: a challenge, and another header.
type Claim = (&'static str, Option<(&'static str, &'static str)>);

const OWN: &str = r#"Bearer realm="https://registry.example.com/token",service="#;

const CLAIMS: [Claim; 7] = [
    (
        r#"Basic realm="https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com""#,
        None,
    ),
    ("public.ecr.aws", None),
    ("ghcr.io", None),
    (
        "container_registry",
        Some(("gitlab-container-registry-version", "4.15.2-gitlab")),
    ),
    ("registry.docker.io", None),
    (
        "eu-docker.pkg.dev",
        Some(("x-gcr-using-artifact-registry", "true")),
    ),
    (
        r#"Bearer realm="https://acme.azurecr.io/oauth2/token",service="acme.azurecr.io""#,
        None,
    ),
];

/// A registry that claims to be this, and lets in nobody; and its token service.
fn claiming(claim: Claim) -> Service {
    let (challenge, header) = claim;
    let challenge = if challenge.contains(' ') {
        challenge.to_owned()
    } else {
        format!("{OWN}\"{challenge}\"")
    };
    Service::new(move |asked| {
        if asked.target.contains("/token") {
            return Reply::json(200, &json!({"token": "for-nobody"}));
        }
        let reply = Reply::json(401, &json!({"errors": [{"code": "UNAUTHORIZED"}]}));
        let reply = reply.with("www-authenticate", &challenge);
        match header {
            Some((name, value)) => reply.with(name, value),
            None => reply,
        }
    })
}

/// A machine with an identity at every cloud and in every pipeline, and with `metadata`.
fn everybody(run: Run, lab: &Lab, metadata: &Service) -> Run {
    let file = json!({
        "type": "authorized_user", "client_id": "id", "client_secret": password("google"),
        "refresh_token": password("refresh"),
    });
    let file = lab.home.write("work/google.json", file.to_string());
    run.env("AWS_ACCESS_KEY_ID", "AKIA")
        .env("AWS_SECRET_ACCESS_KEY", password("aws"))
        .env(
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            format!("http://{}", metadata.address),
        )
        .env("AZURE_TENANT_ID", "00000000-0000-0000-0000-000000000000")
        .env("AZURE_CLIENT_ID", "00000000-0000-0000-0000-000000000001")
        .env("AZURE_CLIENT_SECRET", password("azure"))
        .env("GOOGLE_APPLICATION_CREDENTIALS", file)
        .env("GCE_METADATA_HOST", &metadata.address)
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_SERVER_URL", "https://github.com")
        .env("GITHUB_ACTOR", "octocat")
        .env("GITHUB_TOKEN", "CANARY-github")
        .env("CI_REGISTRY", "registry.gitlab.com")
        .env("CI_REGISTRY_USER", "job")
        .env("CI_REGISTRY_PASSWORD", "CANARY-gitlab")
        .env("CI_JOB_TOKEN", "CANARY-job")
}

struct Scene {
    world: World,
    claiming: Service,
    metadata: Service,
}

impl Scene {
    fn new(claim: Claim) -> Self {
        let claiming = claiming(claim);
        let world = World::new(Lab::empty())
            .service(HOST, &claiming)
            .service("acme.azurecr.io", &claiming);
        let metadata = Service::new(|_| Reply::json(404, &json!({})));
        Self {
            world,
            claiming,
            metadata,
        }
    }

    /// Runs a command, and says which hosts were spoken to.
    fn runs(&self, args: &[&str]) -> (Ran, Vec<String>) {
        let proxy = self.world.proxy();
        let run = self.world.run(&proxy, args);
        let run = everybody(run, &self.world.lab, &self.metadata);
        let ran = run.any_stdout().any_stderr().run();
        let heads = proxy.heads();
        let hosts = heads.iter().filter_map(|head| head.split(' ').nth(1));
        (ran, hosts.map(str::to_owned).collect())
    }
}

fn is_secret(asked: &Asked) -> bool {
    let headers = asked.headers.values().map(http::HeaderValue::as_bytes);
    let texts = headers.chain([&asked.body[..], asked.target.as_bytes()]);
    let texts: Vec<String> = texts
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .collect();
    let forms = forms();
    let has = |text: &String| forms.iter().any(|form| text.contains(form));
    asked.header("authorization").starts_with("Basic") || texts.iter().any(has)
}

#[test]
fn a_claim_gets_no_credential() {
    for claim in CLAIMS {
        let scene = Scene::new(claim);
        let image = format!("{HOST}/acme/api:v1");
        for args in [
            &["digest", &image, "-vv"][..],
            &["tag", &image, "v2", "-vv"],
            &["ping", HOST, "--repo", "acme/api"],
            &["login", HOST],
        ] {
            let (ran, hosts) = scene.runs(args);
            assert_ne!(ran.code, 0, "{claim:?} {args:?}: {ran}");
            let own = [format!("{HOST}:443"), "acme.azurecr.io:443".to_owned()];
            assert!(hosts.iter().all(|host| own.contains(host)), "{hosts:?}");
            let google = scene.world.lab.home.path("work/google.json");
            assert_clean(&ran, &scene.world.lab, &[google]);
        }
        let asked = scene.claiming.asked();
        assert!(!asked.iter().any(is_secret), "{claim:?}: {asked:?}");
        assert!(scene.metadata.asked().is_empty(), "{claim:?}");
    }
}

/// The same registry, where the user says so.
#[test]
fn the_user_s_word_does_get_one() {
    let scene = Scene::new(CLAIMS[6]);
    let settings = format!("registries: {{{HOST}: {{kind: acr}}}}");
    scene.world.lab.home.user_settings(&settings);
    let (ran, hosts) = scene.runs(&["digest", &format!("{HOST}/acme/api:v1")]);
    let entra = "login.microsoftonline.com:443".to_owned();
    assert!(hosts.contains(&entra), "{hosts:?}: {ran}");
}
