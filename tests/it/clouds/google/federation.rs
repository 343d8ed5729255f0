//! Workload identity federation: where the token of the other identity provider comes from, and
//! what it is traded for.

use super::*;

/// Trades the token of the other identity provider, as Google does.
fn sts(gives: &'static str) -> Service {
    Service::new(move |asked| {
        let wanted = [
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            (
                "audience",
                "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
            ),
            ("scope", SCOPE),
            (
                "requested_token_type",
                "urn:ietf:params:oauth:token-type:access_token",
            ),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ("subject_token", SUBJECT),
        ];
        let wrong = wanted
            .iter()
            .find(|(name, value)| asked.field(name) != *value);
        wrong.map_or_else(
            || token(gives),
            |(name, _)| refusal("invalid_request", name),
        )
    })
}

const ORIGIN: &str = "workload identity federation (~/adc.json)";

#[test]
fn the_token_is_in_a_file() {
    let service = sts(ACCESS);
    let cloud = Cloud::new().service("sts.googleapis.com", &service);
    let home = &cloud.world.lab.home;
    // What is looked at for secrets does not hold these.
    let text = home.write("home/token", format!("{SUBJECT}\n"));
    let document = home.write("home/token.json", json!({"value": SUBJECT}).to_string());
    for source in [
        json!({"file": text}),
        json!({"file": text, "format": {"type": "text"}}),
        json!({"file": document, "format": {"type": "json", "subject_token_field_name": "value"}}),
    ] {
        let proxy = cloud.world.proxy();
        cloud.file(&federation(&source));
        cloud
            .run(&proxy, ["digest", "-vv", IMAGE])
            .stdout(format!("{}\n", cloud.image.digest()))
            .stderr_has(format!("the credential from {ORIGIN}"))
            .code(0);
    }
    assert_eq!(service.asked()[0].target, "/v1/token");
}

/// As in a workflow of GitHub's.
#[test]
fn the_token_is_given_by_a_service_that_is_told_a_secret() {
    let provider = Service::new(|asked| {
        if asked.header("authorization") == "bearer CANARY-request" {
            Reply::json(200, &json!({"value": SUBJECT}))
        } else {
            Reply::text(401, "text/plain", "who?")
        }
    });
    let iam = Service::new(|asked| {
        let document: Value = serde_json::from_slice(&asked.body).unwrap();
        let is_right = document == json!({"scope": [SCOPE], "lifetime": "1200s"})
            && asked.header("authorization") == format!("Bearer {OTHER}");
        if is_right {
            let reply = json!({"accessToken": ACCESS, "expireTime": "2099-01-01T00:00:00Z"});
            Reply::json(200, &reply)
        } else {
            Reply::json(400, &json!({"error": {"message": document.to_string()}}))
        }
    });
    let cloud = Cloud::new()
        .service("pipelines.actions.githubusercontent.com", &provider)
        .service("sts.googleapis.com", &sts(OTHER))
        .service("iamcredentials.googleapis.com", &iam);
    let mut document = federation(&json!({
        "url": "https://pipelines.actions.githubusercontent.com/token?api-version=2.0&audience=a",
        "headers": {"Authorization": "bearer CANARY-request"},
        "format": {"type": "json", "subject_token_field_name": "value"},
    }));
    document["service_account_impersonation_url"] = impersonation_url().into();
    document["service_account_impersonation"] = json!({"token_lifetime_seconds": 1200});
    let origin = format!("the service account {EMAIL} by workload identity federation");
    cloud.reads(&document, &origin);
    let asked = &provider.asked()[0];
    assert_eq!(asked.method, "GET");
    assert_eq!(asked.target, "/token?api-version=2.0&audience=a");
}

/// As on a machine of Azure's, which has its service at an address of its own.
#[test]
fn a_service_of_the_machine_is_asked_without_tls_and_without_a_proxy() {
    let provider = Service::new(|asked| match asked.header("metadata") {
        "True" => Reply::text(200, "text/plain", SUBJECT),
        _ => Reply::text(400, "text/plain", "no"),
    });
    let cloud = Cloud::new().service("sts.googleapis.com", &sts(ACCESS));
    let document = federation(&json!({
        "url": format!("http://{}/identity", provider.address),
        "headers": {"Metadata": "True"},
    }));
    cloud.reads_by(&document, ORIGIN, |run| {
        run.env("HTTP_PROXY", "http://127.0.0.1:1")
    });
}

#[test]
fn a_client_says_who_it_is_or_for_which_project_it_asks() {
    let service = Service::new(|asked| {
        let client = STANDARD.encode("id:CANARY-client");
        let is_client = asked.header("authorization") == format!("Basic {client}");
        let options = asked.field("options");
        match (is_client, &*options) {
            (true, "") | (false, r#"{"userProject":"project"}"#) => token(ACCESS),
            _ => refusal("invalid_request", &options),
        }
    });
    let cloud = Cloud::new().service("sts.googleapis.com", &service);
    let subject = cloud.world.lab.home.write("home/token", "subject");
    let mut document = federation(&json!({"file": subject}));
    document["workforce_pool_user_project"] = "project".into();
    cloud.reads(&document, ORIGIN);
    document["client_id"] = "id".into();
    document["client_secret"] = "CANARY-client".into();
    cloud.reads(&document, ORIGIN);
}

/// What a machine of AWS's has in its variables: the request is signed, and nobody but Google is
/// asked.
#[test]
fn a_machine_of_aws_signs_a_request() {
    let service = Service::new(|asked| {
        let subject = asked.field("subject_token");
        let text = url::form_urlencoded::parse(subject.as_bytes()).next();
        let document: Value = serde_json::from_str(&text.unwrap().0).unwrap_or_default();
        let header = |name: &str| {
            let headers = document["headers"].as_array().unwrap().iter();
            let found = headers.clone().find(|header| header["key"] == name);
            found.map_or("", |header| header["value"].as_str().unwrap())
        };
        let is_right = document["url"]
            == "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
            && document["method"] == "POST"
            && header("host") == "sts.eu-west-1.amazonaws.com"
            && header("x-amz-security-token") == "CANARY-session"
            && header("x-goog-cloud-target-resource") == asked.field("audience")
            && header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKID/");
        if is_right {
            token(ACCESS)
        } else {
            refusal("invalid_request", &document["url"].to_string())
        }
    });
    let cloud = Cloud::new().service("sts.googleapis.com", &service);
    let question = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";
    let document = federation(&json!({
        "environment_id": "aws1",
        "region_url": "http://169.254.169.254/latest/meta-data/placement/availability-zone",
        "url": "http://169.254.169.254/latest/meta-data/iam/security-credentials",
        "regional_cred_verification_url": question,
    }));
    cloud.reads_by(&document, ORIGIN, |run| {
        run.env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "AKID")
            .env("AWS_SECRET_ACCESS_KEY", "CANARY-key")
            .env("AWS_SESSION_TOKEN", "CANARY-session")
    });
}

#[test]
fn a_machine_of_aws_asks_its_metadata_service() {
    let metadata = Service::new(|asked| {
        let session = asked.header("x-aws-ec2-metadata-token");
        match (&*asked.method, &*asked.target, session) {
            ("PUT", "/api/token", "")
                if !asked
                    .header("x-aws-ec2-metadata-token-ttl-seconds")
                    .is_empty() =>
            {
                Reply::text(200, "text/plain", "CANARY-session")
            }
            ("GET", "/zone", "CANARY-session") => Reply::text(200, "text/plain", "eu-west-1b"),
            ("GET", "/roles", "CANARY-session") => Reply::text(200, "text/plain", "role\n"),
            ("GET", "/roles/role", "CANARY-session") => Reply::json(
                200,
                &json!({"AccessKeyId": "AKID", "SecretAccessKey": "CANARY-key", "Token": "CANARY-role"}),
            ),
            _ => Reply::text(403, "text/plain", "no"),
        }
    });
    let service = Service::new(|asked| {
        let subject = asked.field("subject_token");
        if subject.contains("sts.eu-west-1.")
            && subject.contains("AKID%2F")
            && subject.contains("CANARY-role")
        {
            token(ACCESS)
        } else {
            refusal("invalid_request", "what?")
        }
    });
    let cloud = Cloud::new().service("sts.googleapis.com", &service);
    let at = |path: &str| format!("http://{}{path}", metadata.address);
    let document = federation(&json!({
        "environment_id": "aws1", "region_url": at("/zone"), "url": at("/roles"),
        "imdsv2_session_token_url": at("/api/token"),
    }));
    cloud.reads(&document, ORIGIN);
}

#[cfg(unix)]
mod executables {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    const ALLOWED: &str = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";

    fn program(cloud: &Cloud, script: &str) -> String {
        let text = format!("#!/bin/sh\n{script}\n");
        let path = cloud.world.lab.home.write("home/whoami", text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn answer() -> String {
        let document = json!({
            "version": 1, "success": true, "id_token": SUBJECT,
            "token_type": "urn:ietf:params:oauth:token-type:id_token",
            "expiration_time": 4_000_000_000_u64,
        });
        // The program itself holds no secret that is looked for.
        let document = document.to_string().replace("CANARY", "CAN''ARY");
        format!("printf '%s' '{document}'")
    }

    #[test]
    fn a_program_says_who_the_machine_is_where_that_is_allowed() {
        let service = sts(ACCESS);
        let cloud = Cloud::new().service("sts.googleapis.com", &service);
        let check = "[ \"$1\" = --as ] && [ \"$2\" = me ] \
            && [ \"$GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE\" = urn:ietf:params:oauth:token-type:jwt ] \
            && [ \"$GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE\" = 0 ] \
            && [ -n \"$GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE\" ] \
            && [ -z \"$CROSSDOCK_CA_CERT\" ] || exit 3";
        let path = program(&cloud, &format!("{check}\n{}", answer()));
        let command = format!("{path}  --as me");
        let document = federation(&json!({"executable": {"command": command}}));
        cloud.reads_by(&document, ORIGIN, |run| run.env(ALLOWED, "1"));
        let why = "is only run where `GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES` is `1`";
        cloud.fails(&document, why);
        cloud.fails_by(&document, why, |run| run.env(ALLOWED, "true"));
        assert_eq!(service.asked().len(), 1);
    }

    #[test]
    fn a_program_that_fails_is_told_of_without_its_secrets() {
        let cloud = Cloud::new().service("sts.googleapis.com", &sts(ACCESS));
        for (script, why) in [
            ("echo no login >&2; exit 7", "whoami` failed: no login"),
            ("echo CAN''ARY", "whoami` answers what is not JSON"),
            (
                "head -c 2000000 /dev/zero; sleep 60",
                "whoami` failed: it printed more than 1024 KiB",
            ),
            (
                "sleep 60 & sleep 60",
                "whoami` failed: it did not answer within 1 s",
            ),
            (
                r#"echo '{"version":1,"success":false,"code":"401","message":"log in"}'"#,
                "whoami` failed: 401: log in",
            ),
            (
                r#"echo '{"version":1,"success":true,"expiration_time":5,"id_token":"CAN''ARY"}'"#,
                "whoami` answers with a token that has expired",
            ),
            (
                r#"echo '{"version":1,"success":true,"token_type":"x","id_token":"CAN''ARY"}'"#,
                "whoami` answers with a `token_type` that is not known",
            ),
            (
                r#"echo '{"version":2,"success":true}'"#,
                "whoami` answers in a version that is not 1",
            ),
        ] {
            let path = program(&cloud, script);
            let slow = if script.starts_with("sleep") {
                1000
            } else {
                60_000
            };
            let document =
                federation(&json!({"executable": {"command": path, "timeout_millis": slow}}));
            let ran = cloud.fails_by(&document, why, |run| run.env(ALLOWED, "1"));
            assert!(ran.elapsed < Duration::from_secs(20), "{ran}");
        }
        let document = federation(&json!({"executable": {"command": "./whoami"}}));
        let why = "`./whoami` is neither an absolute path nor in a folder of PATH";
        cloud.fails_by(&document, why, |run| run.env(ALLOWED, "1"));
    }

    #[test]
    fn what_a_program_has_kept_is_used_until_it_expires() {
        let service = sts(ACCESS);
        let cloud = Cloud::new().service("sts.googleapis.com", &service);
        let path = program(&cloud, "exit 7");
        let output = cloud.world.lab.home.path("home/kept.json");
        let document = federation(&json!({"executable": {"command": path, "output_file": output}}));
        let kept = |expires: u64| {
            let kept = json!({
                "version": 1, "success": true, "id_token": SUBJECT, "expiration_time": expires,
                "token_type": "urn:ietf:params:oauth:token-type:jwt",
            });
            cloud
                .world
                .lab
                .home
                .write("home/kept.json", kept.to_string());
        };
        cloud.file(&document);
        let proxy = cloud.world.proxy();
        let run = || cloud.run(&proxy, ["digest", IMAGE]).env(ALLOWED, "1");
        kept(4_000_000_000);
        run().any_stdout().code(0);
        kept(5);
        run().any_stderr().code(4);
        assert_eq!(service.asked().len(), 1);
    }
}
