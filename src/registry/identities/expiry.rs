//! Credentials that live for some hours, in runs that live longer.

use super::*;

/// A registry whose credentials and tokens before `oldest` have expired, by this status.
fn expiring(is_bearer: bool, status: u16, body: &'static str) -> (Scene, Arc<AtomicUsize>) {
    let oldest = Arc::new(AtomicUsize::new(1));
    let known = Arc::clone(&oldest);
    let scene = Scene::new(is_bearer, Machine::new(false), move |_, who| {
        let number = who
            .rsplit('m')
            .next()
            .and_then(|number| number.parse().ok());
        match number {
            Some(number) if known.load(Ordering::SeqCst) > number => No(status, body),
            _ => Yes,
        }
    });
    (scene, oldest)
}

#[tokio::test]
async fn a_credential_that_has_expired_is_made_anew() {
    for (status, body) in [(403, EXPIRED), (401, EXPIRED), (401, "")] {
        let (scene, oldest) = expiring(false, status, body);
        scene.read().await.unwrap();
        assert_eq!(scene.asked(), "GET -, GET m1");
        oldest.store(2, Ordering::SeqCst);
        scene.read().await.unwrap();
        scene.read().await.unwrap();
        assert_eq!(scene.asked(), "GET m1, GET m2, GET m2", "{status} {body}");
        assert_eq!(scene.warned(), "");
    }
    let (scene, oldest) = expiring(true, 403, EXPIRED);
    scene.write().await.unwrap();
    oldest.store(2, Ordering::SeqCst);
    scene.asked();
    scene.write().await.unwrap();
    assert_eq!(scene.asked(), "begin T-m1, token m2, begin T-m2, PUT T-m2");
}

#[tokio::test]
async fn one_that_was_never_good_is_not_made_anew() {
    let (scene, oldest) = expiring(false, 403, EXPIRED);
    oldest.store(2, Ordering::SeqCst);
    let failed = scene.read().await.unwrap_err();
    assert!(
        failed.starts_with("a.io refuses the machine m1: "),
        "{failed}"
    );
    assert_eq!(scene.asked(), "GET -, GET m1");
}

#[tokio::test]
async fn many_who_find_it_expired_make_one_anew() {
    let (scene, oldest) = expiring(false, 403, EXPIRED);
    scene.read().await.unwrap();
    oldest.store(2, Ordering::SeqCst);
    let reading = (0..20).map(|_| scene.read());
    for read in futures_util::future::join_all(reading).await {
        read.unwrap();
    }
    assert_eq!(scene.machine.made.load(Ordering::SeqCst), 2);
}

/// A HEAD's answer has no room for words. That it was an expiry is believed once.
#[tokio::test]
async fn a_refusal_without_a_word_is_taken_for_an_expiry_once() {
    let (scene, oldest) = expiring(false, 403, EXPIRED);
    let target = Target::Tag("v1".parse().unwrap());
    let (name, look) = (name(), |name| {
        scene.client.head_manifest_to_write(name, &target)
    });
    scene.read().await.unwrap();
    scene.asked();
    for (age, asked) in [(2, "HEAD m1, HEAD m2, GET m2"), (3, "HEAD m2")] {
        oldest.store(age, Ordering::SeqCst);
        let _ = look(&name).await;
        assert_eq!(scene.asked(), asked);
    }
}

#[tokio::test]
async fn an_expiry_in_the_middle_of_an_upload_is_no_end() {
    for status in [401, 403] {
        let oldest = Arc::new(AtomicUsize::new(1));
        let scene = Scene::new(false, Machine::new(false), move |what, who| {
            if what == "PUT" && who == "m1" {
                oldest.store(2, Ordering::SeqCst);
            }
            let is_old = who == "m1" && oldest.load(Ordering::SeqCst) == 2;
            if is_old { No(status, EXPIRED) } else { Yes }
        });
        scene.write().await.unwrap();
        let asked = scene.asked();
        assert!(asked.starts_with("begin -, begin m1, PUT m1, "), "{asked}");
        assert!(asked.ends_with("PUT m2"), "{asked}");
        assert_eq!(scene.machine.made.load(Ordering::SeqCst), 2);
    }
}
