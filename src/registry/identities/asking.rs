//! Who asks first, who asks then, and how often.

use super::*;

#[tokio::test]
async fn what_everybody_may_read_is_read_without_asking_who_the_machine_is() {
    let scene = Scene::new(true, Machine::new(false), |_, _| Yes);
    scene.read().await.unwrap();
    scene.read().await.unwrap();
    assert_eq!(scene.asked(), "GET -, token -, GET T--, GET T--");
    assert_eq!(scene.efforts(), [Effort::Evident]);
}

#[tokio::test]
async fn the_machine_asks_where_nobody_is_refused_and_from_then_on() {
    let service: fn(&str, &str) -> Answer = |what, who| match (what, who) {
        ("token", "-") => No(401, DENIED),
        _ => Yes,
    };
    let insufficient: fn(&str, &str) -> Answer = |_, who| match who {
        "T--" => No(401, DENIED),
        _ => Yes,
    };
    let denied: fn(&str, &str) -> Answer = |_, who| match who {
        "T--" => No(403, DENIED),
        _ => Yes,
    };
    for (answers, asked) in [
        (service, "GET -, token -, token m1, GET T-m1"),
        (insufficient, "GET -, token -, GET T--, token m1, GET T-m1"),
        (denied, "GET -, token -, GET T--, token m1, GET T-m1"),
    ] {
        let scene = Scene::new(true, Machine::new(false), answers);
        scene.read().await.unwrap();
        assert_eq!(scene.asked(), asked);
        assert_eq!(scene.efforts(), [Effort::Evident, Effort::Thorough]);
        scene.read().await.unwrap();
        assert_eq!(scene.asked(), "GET T-m1");
        assert_eq!(scene.warned(), "");
    }
}

#[tokio::test]
async fn a_machine_that_is_nobody_costs_no_request() {
    let nobody = Machine {
        is_nobody: true,
        ..Machine::new(true)
    };
    let scene = Scene::new(true, nobody, |what, _| match what {
        "token" => Yes,
        _ => No(403, DENIED),
    });
    let failed = scene.read().await.unwrap_err();
    assert_eq!(failed, "denied (403 DENIED): not yours");
    assert_eq!(scene.asked(), "GET -, token -, GET T--");
}

#[tokio::test]
async fn a_machine_that_is_known_asks_at_once_and_so_does_one_that_writes_or_must_log_in() {
    let scene = Scene::new(true, Machine::new(true), |_, _| Yes);
    scene.read().await.unwrap();
    assert_eq!(scene.asked(), "GET -, token m1, GET T-m1");
    let scene = Scene::new(true, Machine::new(false), |_, _| Yes);
    scene.write().await.unwrap();
    assert_eq!(scene.asked(), "begin -, token m1, begin T-m1, PUT T-m1");
    assert_eq!(scene.efforts(), [Effort::Thorough]);
    let scene = Scene::new(false, Machine::new(false), |_, _| Yes);
    scene.read().await.unwrap();
    scene.read().await.unwrap();
    assert_eq!(scene.asked(), "GET -, GET m1, GET m1");
    assert_eq!(scene.efforts(), [Effort::Thorough]);
}

/// By the token service, or by the registry; once for all that is read there.
#[tokio::test]
async fn where_the_machine_is_refused_nobody_reads() {
    let by_service: fn(&str, &str) -> Answer = |what, who| match (what, who) {
        ("token", "m1") => No(403, DENIED),
        _ => Yes,
    };
    let denied: fn(&str, &str) -> Answer = |_, who| match who {
        "T-m1" => No(403, DENIED),
        _ => Yes,
    };
    let insufficient: fn(&str, &str) -> Answer = |_, who| match who {
        "T-m1" => No(401, DENIED),
        _ => Yes,
    };
    for (answers, asked, why) in [
        (
            by_service,
            "GET -, token m1, token -, GET T--",
            "a.io gives no token (403): not yours",
        ),
        (
            denied,
            "GET -, token m1, GET T-m1, token -, GET T--",
            "denied (403 DENIED): not yours",
        ),
        (
            insufficient,
            "GET -, token m1, GET T-m1, token -, GET T--",
            "not logged in, or not allowed (401 DENIED): not yours",
        ),
    ] {
        let scene = Scene::new(true, Machine::new(true), answers);
        scene.read().await.unwrap();
        assert_eq!(scene.asked(), asked);
        for _ in 0..100 {
            scene.read().await.unwrap();
        }
        assert_eq!(scene.asked(), vec!["GET T--"; 100].join(", "));
        let warning = format!("refuses the machine m1: {why}; asking as nobody");
        assert_eq!(scene.warned(), warning);
    }
}

#[tokio::test]
async fn where_nobody_is_refused_too_the_machine_is_to_blame() {
    let denied = |_: &str, who: &str| match who {
        "T-m1" => No(403, DENIED),
        "T--" => No(401, ""),
        _ => Yes,
    };
    let expected = "a.io refuses the machine m1: denied (403 DENIED): not yours";
    for (is_evident, asked) in [
        (true, "GET -, token m1, GET T-m1, token -, GET T--"),
        // Nobody was refused already, and is not asked for again.
        (false, "GET -, token -, GET T--, token m1, GET T-m1"),
    ] {
        let scene = Scene::new(true, Machine::new(is_evident), denied);
        assert_eq!(scene.read().await.unwrap_err(), expected);
        assert_eq!(scene.asked(), asked);
    }
    let scene = Scene::new(false, Machine::new(false), |_, _| No(401, DENIED));
    let failed = scene.read().await.unwrap_err();
    let expected =
        "a.io refuses the machine m1: not logged in, or not allowed (401 DENIED): not yours";
    assert_eq!(failed, expected);
    assert_eq!(scene.asked(), "GET -, GET m1");
}

#[tokio::test]
async fn a_broken_identity_stops_only_what_needs_one() {
    let broken = |is_evident| Machine {
        is_broken: true,
        ..Machine::new(is_evident)
    };
    let why = "this machine's identity for Amazon ECR cannot be used: the AWS profile `dev`: the session has expired";
    let scene = Scene::new(true, broken(true), |_, _| Yes);
    scene.read().await.unwrap();
    assert_eq!(scene.warned(), format!("{why}; asking as nobody"));
    for is_evident in [true, false] {
        let scene = Scene::new(true, broken(is_evident), |_, _| No(401, DENIED));
        let failed = scene.read().await.unwrap_err();
        assert!(failed.ends_with(why), "{failed}");
    }
    for is_bearer in [true, false] {
        let scene = Scene::new(is_bearer, broken(false), |_, _| Yes);
        let failed = scene.write().await.unwrap_err();
        assert!(failed.ends_with(why), "{failed}");
        assert_eq!(scene.asked(), "begin -");
    }
}

/// Once for the whole run, and only where nobody may be allowed it.
#[tokio::test(start_paused = true)]
async fn who_may_read_without_an_identity_waits_for_none() {
    let slow = || Machine {
        delay: Duration::from_secs(20),
        ..Machine::new(true)
    };
    let scene = Scene::new(true, slow(), |_, _| Yes);
    let began = tokio::time::Instant::now();
    for _ in 0..3 {
        scene.read().await.unwrap();
        tokio::time::advance(Duration::from_mins(2)).await;
    }
    assert_eq!(scene.asked(), "GET -, token -, GET T--, GET T--, GET T--");
    assert_eq!(began.elapsed(), Duration::from_secs(5 + 3 * 120));
    let why = "this machine's identity did not come within 5 seconds; asking as nobody";
    assert_eq!(scene.warned(), why);
    let scene = Scene::new(true, slow(), |_, who| match who {
        "T--" => No(401, DENIED),
        _ => Yes,
    });
    scene.read().await.unwrap();
    assert!(scene.asked().ends_with("token m1, GET T-m1"));
    assert_eq!(scene.efforts(), [Effort::Evident, Effort::Thorough]);
    let scene = Scene::new(true, slow(), |_, _| Yes);
    scene.write().await.unwrap();
    assert_eq!(scene.asked(), "begin -, token m1, begin T-m1, PUT T-m1");
}

#[tokio::test]
async fn nobody_writes_where_the_machine_is_refused() {
    let refused: fn(&str, &str) -> Answer = |what, who| match (what, who) {
        ("token", "m1" | "m2") => No(403, DENIED),
        _ => Yes,
    };
    let denied: fn(&str, &str) -> Answer = |_, who| match who {
        "T-m1" | "T-m2" => No(403, DENIED),
        _ => Yes,
    };
    for answers in [refused, denied] {
        let scene = Scene::new(true, Machine::new(true), answers);
        scene.write().await.unwrap_err();
        let asked = scene.asked();
        assert!(
            !asked.contains("T--") && !asked.contains("token -"),
            "{asked}"
        );
        assert_eq!(scene.warned(), "");
    }
}

/// Not even where the user says that the registry is spoken to in the clear, or whoever it is.
#[tokio::test]
async fn an_identity_crosses_no_network_in_the_clear_and_goes_to_nobody_unverified() {
    for (host, is_plain, asked) in [
        ("a.io", true, "GET -"),
        ("localhost:5000", true, "GET -, GET m1"),
        ("a.io", false, "GET -, GET m1"),
        ("unverified.io", false, "GET -"),
    ] {
        let address = Address::new(host.parse().unwrap(), is_plain, Vec::new());
        let scene = Scene::at(address, false, Machine::new(true), |_, _| Yes);
        let _ = scene.read().await;
        assert_eq!(scene.asked(), asked);
    }
}

/// Whoever reads is told, and reads as nobody; whoever writes is told instead.
#[tokio::test]
async fn an_identity_that_is_withheld_is_told_with_the_reason() {
    const UNVERIFIED: &str =
        r#"Bearer realm="https://unverified.io/token",service="unverified.io""#;
    const NEIGHBOUR: &str = r#"Bearer realm="https://unverified.a.io/token",service="a.io""#;
    for (host, is_plain, challenge, why) in [
        (
            "plain.io",
            true,
            UNVERIFIED,
            "plain.io: plain.io is reached over plain HTTP",
        ),
        (
            "unverified.io",
            false,
            UNVERIFIED,
            "unverified.io: unverified.io is reached over TLS that is not verified",
        ),
        (
            "a.io",
            false,
            NEIGHBOUR,
            "a.io: unverified.a.io is reached over TLS that is not verified",
        ),
        (
            "localhost:5000",
            true,
            UNVERIFIED,
            "localhost:5000: unverified.io is reached over TLS that is not verified",
        ),
    ] {
        let scene = |machine, answers| {
            let address = Address::new(host.parse().unwrap(), is_plain, Vec::new());
            Scene::challenged(address, challenge, machine, answers)
        };
        let everybody: fn(&str, &str) -> Answer = |_, _| Yes;
        let told = scene(Machine::new(true), everybody);
        told.read().await.unwrap();
        told.read().await.unwrap();
        assert_eq!(told.asked(), "GET -, token -, GET T--, GET T--");
        let help = format!("(`crossdock login {host} -u USER` gives a credential all the same)");
        let expected = format!("the machine m1 is not given to {why}");
        let warning = format!("{expected} {help}; asking as nobody");
        assert_eq!(told.warned(), warning);

        let written = scene(Machine::new(true), everybody);
        let failed = written.write().await.unwrap_err();
        assert!(failed.ends_with(&expected), "{failed}");
        assert_eq!(written.asked(), "begin -");

        let refused = scene(Machine::new(true), |what, _| match what {
            "token" => No(401, DENIED),
            _ => Yes,
        });
        let failed = refused.read().await.unwrap_err();
        assert!(failed.ends_with(&expected), "{failed}");

        // One that would have to be asked for is not looked for, and nobody is told.
        let hidden = scene(Machine::new(false), everybody);
        hidden.read().await.unwrap();
        hidden.write().await.unwrap();
        assert_eq!(hidden.warned(), "");
        assert_eq!(hidden.efforts(), []);
    }
}

#[tokio::test]
async fn no_password_is_in_what_is_said() {
    let scene = Scene::new(false, Machine::new(false), |_, _| No(403, DENIED));
    let failed = scene.read().await.unwrap_err();
    assert!(
        failed.contains("the machine m1") && !failed.contains("secret"),
        "{failed}"
    );
}
