//! What ECR's API says no to, in its own words, and what helps.

use super::stand_ins::{CANARY, Ecr, STS, refusal, token};
use crate::clouds::world::{Reply, Service};
use crate::lab::Run;
use crate::secrets::password;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn with_keys(run: Run) -> Run {
    run.env("AWS_ACCESS_KEY_ID", "AKIA")
        .env("AWS_SECRET_ACCESS_KEY", format!("{CANARY}secret"))
}

#[test]
fn every_refusal_is_told_with_what_helps() {
    let denied = "User: arn:aws:iam::1:user/me is not authorized to perform: ecr:GetAuthorizationToken on resource: *";
    let late = "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z";
    for (code, message, help) in [
        (
            "AccessDeniedException",
            denied,
            "its policy has to allow `ecr:GetAuthorizationToken` on `*`",
        ),
        (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            "are these keys of this part of AWS",
        ),
        (
            "com.amazon.coral.service#ExpiredTokenException",
            "The security token included in the request is expired",
            "get the session anew",
        ),
        (
            "InvalidSignatureException",
            late,
            "is this machine's clock right?",
        ),
        (
            "InvalidSignatureException",
            "The request signature we calculated does not match",
            "are these keys of this part of AWS",
        ),
        ("ServerException", "oops", ""),
    ] {
        let mut ecr = Ecr::answering(move |_| refusal(code, message));
        let run = with_keys(ecr.digest());
        let name = code.rsplit('#').next().unwrap();
        let said =
            format!("AWS_ACCESS_KEY_ID: api.ecr.eu-west-1.amazonaws.com says {name}: {message}");
        ecr.fails(
            run,
            &[
                "this machine's identity for Amazon ECR cannot be used",
                &said,
                help,
            ],
        );
    }
}

#[test]
fn a_service_that_repeats_what_it_was_told_is_not_repeated() {
    let mut ecr = Ecr::answering(|asked| {
        let (session, signed) = (
            asked.header("x-amz-security-token"),
            asked.header("authorization"),
        );
        let message = format!(
            "no {session} {signed} at all. The Canonical String for this request should have been 'x-amz-security-token:{session}'"
        );
        refusal("InvalidSignatureException", &message)
    });
    let run = with_keys(ecr.digest());
    let run = run.env("AWS_SESSION_TOKEN", format!("{CANARY}session"));
    ecr.fails(run, &["InvalidSignatureException: no *** *** at all."]);
}

/// The other services of AWS's are told secrets too.
#[test]
fn no_service_s_refusal_shows_what_it_was_told() {
    let sts = Service::new(|asked| {
        let token = asked.field("WebIdentityToken");
        let text = format!(
            "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>no {token} here</Message></Error></ErrorResponse>"
        );
        Reply::text(400, "text/xml", text)
    });
    let agent = Service::new(|asked| {
        let message = format!("no {} here", asked.header("authorization"));
        Reply::json(400, &json!({"code": "AccessDenied", "message": message}))
    });
    let mut ecr = Ecr::for_key("ASIA").with(STS, &sts);
    let file = ecr.file("token", &format!("{CANARY}.jwt"));
    let run = ecr
        .digest()
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", file)
        .env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/puller");
    ecr.fails(run, &["says InvalidIdentityToken: no *** here"]);
    let run = ecr
        .digest()
        .env(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            format!("http://{}/creds", agent.address),
        )
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "CANARY.pod");
    ecr.fails(run, &["says AccessDenied: no *** here"]);
}

#[test]
fn an_answer_that_is_none_of_ecr_s_is_told_without_what_it_holds() {
    for body in [
        "",
        "<html>CANARY</html>",
        r#"{"authorizationData":[{"authorizationToken":"CANARY"}]}"#,
    ] {
        let mut ecr = Ecr::answering(move |_| Reply::text(200, "application/json", body));
        let run = with_keys(ecr.digest());
        ecr.fails(
            run,
            &["AWS_ACCESS_KEY_ID: api.ecr.eu-west-1.amazonaws.com: the answer "],
        );
    }
}

#[test]
fn an_api_that_is_asked_too_often_is_asked_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let mut ecr = Ecr::answering(move |request| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => refusal("ThrottlingException", "Rate exceeded"),
        1 => Reply::text(503, "text/plain", ""),
        _ => token(request, "AKIA", &password("ecr")),
    });
    let host = super::stand_ins::HOST;
    let run = ecr.run(&["digest", &format!("{host}/app:v1"), "-vv"]);
    ecr.succeeds(with_keys(run));
    assert_eq!(ecr.api.asked().len(), 3);
}

#[test]
fn a_password_that_the_registry_does_not_take_is_blamed_on_whose_it_is() {
    let mut ecr = Ecr::answering(|asked| token(asked, "AKIA", "CANARY-another"));
    let run = with_keys(ecr.digest());
    ecr.fails(run, &["AWS_ACCESS_KEY_ID"]);
}

#[test]
fn an_api_that_is_out_of_reach_is_named() {
    let mut ecr = Ecr::for_key("AKIA");
    let run = with_keys(ecr.digest()).env("AWS_USE_FIPS_ENDPOINT", "true");
    ecr.fails(
        run,
        &["AWS_ACCESS_KEY_ID", "api.ecr-fips.eu-west-1.amazonaws.com"],
    );
}

#[test]
fn keys_that_no_header_can_hold_stay_secret() {
    let mut ecr = Ecr::for_key("AKIA");
    let run = with_keys(ecr.digest());
    let run = run.env("AWS_SESSION_TOKEN", format!("{CANARY}\nsession"));
    ecr.fails(run, &["AWS_ACCESS_KEY_ID cannot sign"]);
    assert_eq!(ecr.api.asked().len(), 0);
}
