//! The metadata service of a machine.

use super::*;
use std::net::TcpListener;

const TOKEN: &str = "/computeMetadata/v1/instance/service-accounts/default/token";
const ORIGIN: &str = "the metadata service (service account default)";

/// A metadata service that answers a request for a token this way.
fn metadata(answer: impl Fn() -> Reply + Clone + Send + Sync + 'static) -> Service {
    Service::new(move |asked| {
        let reply = match (asked.header("metadata-flavor"), &*asked.target) {
            ("Google", "/") => Reply::text(200, "application/text", "computeMetadata/\n"),
            ("Google", TOKEN) => answer(),
            _ => Reply::text(403, "text/html", "no"),
        };
        reply.with("metadata-flavor", "Google")
    })
}

/// Writes a tag on a machine whose metadata service is there.
fn tags(cloud: &Cloud, proxy: &Proxy, host: &str) -> Run {
    cloud
        .world
        .run(proxy, ["tag", "-vv", "--retries", "0", IMAGE, "v2"])
        .env("GCE_METADATA_HOST", host)
        .env("HTTP_PROXY", "http://127.0.0.1:1")
}

#[test]
fn a_machine_s_own_account_is_used_and_asked_for_through_no_proxy() {
    let service = metadata(|| token(ACCESS));
    let cloud = Cloud::new();
    let ran = tags(&cloud, &cloud.world.proxy(), &service.address)
        .any_stdout()
        .stderr_has(format!("the credential from {ORIGIN}"))
        .code(0);
    assert_clean(&ran, &cloud.world.lab, &[]);
    let targets: Vec<String> = service
        .asked()
        .into_iter()
        .map(|asked| asked.target)
        .collect();
    assert_eq!(targets, ["/", TOKEN]);
}

#[test]
fn a_file_goes_before_it() {
    let machine = metadata(|| token(OTHER));
    let service = Service::new(|_| token(ACCESS));
    let cloud = Cloud::new().service("oauth2.googleapis.com", &service);
    let origin = "the user who logged in with gcloud (~/adc.json)";
    cloud.reads_by(&user(), origin, |run| {
        run.env("GCE_METADATA_HOST", &machine.address)
    });
    assert!(machine.asked().is_empty());
}

#[test]
fn a_machine_without_an_account_is_nobody() {
    let service = metadata(|| Reply::text(404, "text/html", "no service account"));
    let cloud = Cloud::new();
    let ran = tags(&cloud, &cloud.world.proxy(), &service.address)
        .any_stderr()
        .code(4);
    assert!(!ran.stderr.contains("identity for Google"), "{ran}");
}

#[test]
fn what_is_named_and_does_not_answer_as_it_should_is_told_within_a_second() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let cloud = Cloud::new();
    let other = Service::new(|_| Reply::text(200, "text/plain", "CANARY"));
    let closed = "127.0.0.1:1".to_owned();
    let broken = metadata(|| Reply::text(200, "application/json", "CANARY"));
    let refusing = metadata(|| Reply::text(503, "text/plain", "CANARY"));
    let proxy = cloud.world.proxy();
    for (host, why) in [
        (
            silent.local_addr().unwrap().to_string(),
            "did not answer within 1 s",
        ),
        (closed, "127.0.0.1:1 cannot be asked"),
        (other.address, "is none of a metadata service of Google's"),
        (broken.address, "is not a token reply"),
        (refusing.address, "refused (503 Service Unavailable)"),
        (
            "me@host/path".to_owned(),
            "`GCE_METADATA_HOST` is no `HOST[:PORT]`",
        ),
    ] {
        let ran = tags(&cloud, &proxy, &host)
            .stderr_has(ORIGIN)
            .stderr_has(why)
            .run();
        assert_ne!(ran.code, 0, "{ran}");
        assert!(ran.elapsed < Duration::from_secs(10), "{ran}");
        assert_clean(&ran, &cloud.world.lab, &[]);
    }
}

/// Nothing here says that this is a machine of Google's, and it is soon clear that it is not.
#[test]
fn whoever_writes_without_an_identity_is_nobody_soon() {
    let cloud = Cloud::new();
    let proxy = cloud.world.proxy();
    let ran = cloud
        .world
        .run(&proxy, ["tag", "-vv", IMAGE, "v2"])
        .any_stderr()
        .code(4);
    assert!(ran.elapsed < Duration::from_secs(8), "{ran}");
    assert!(!ran.stderr.contains("cannot be used"), "{ran}");
}
