//! What is attached to a manifest.

use super::*;
use crate::oci::referrers::{descriptor_of, fallback_tag};
use crate::store::ReferrersOrigin;

fn digests(listed: &[Descriptor]) -> Vec<String> {
    let mut digests: Vec<String> = listed.iter().map(|one| one.digest().to_string()).collect();
    digests.sort();
    digests
}

async fn put_all(store: &dyn Store, count: u64) -> Vec<Descriptor> {
    let mut all = Vec::new();
    for seed in 0..count {
        let one = manifest(store, 100 + seed).await;
        put(store, &pinned(&one), &one).await;
        all.push(descriptor_of(&one));
    }
    all
}

each!(what_is_attached_side_by_side_is_all_listed, |store| {
    let subject = manifest(&**store, 1).await;
    put(&**store, &tag("v1"), &subject).await;
    let all = put_all(&**store, 20).await;
    let attaching = all.chunks(1).map(|one| store.attach(subject.digest(), one));
    for attached in join_all(attaching).await {
        attached.unwrap();
    }
    let listed = store.referrers(subject.digest()).await.unwrap();
    assert_eq!(listed.origin, ReferrersOrigin::FallbackTag);
    assert_eq!(digests(&listed.items), digests(&all));
    let annotated = |one: &Descriptor| one.annotations().is_some() && one.artifact_type().is_some();
    assert!(listed.items.iter().all(annotated));
    let list = fallback_tag(subject.digest());
    assert_eq!(tags(&**store).await, [list.to_string(), "v1".to_owned()]);
    // The list is no image, so that a folder still holds only one.
    if store.location().folder().is_some() {
        assert_eq!(store.usual_target().await.unwrap(), tag("v1"));
    }
});

each!(what_is_attached_already_changes_nothing, |store| {
    let subject = manifest(&**store, 1).await;
    let all = put_all(&**store, 2).await;
    let list = Target::Tag(fallback_tag(subject.digest()));
    store.attach(subject.digest(), &all).await.unwrap();
    let before = store.resolve(&list).await.unwrap();
    store.attach(subject.digest(), &all[1..]).await.unwrap();
    assert_eq!(store.resolve(&list).await.unwrap(), before);
});

each!(nothing_is_attached_to_what_nobody_knows, |store| {
    put(&**store, &tag("v1"), &manifest(&**store, 1).await).await;
    let listed = store.referrers(&digest::sha256(b"nothing")).await.unwrap();
    assert!(listed.items.is_empty());
});

each!(an_image_under_the_tag_of_its_own_list_is_no_list, |store| {
    let subject = manifest(&**store, 1).await;
    let list = Target::Tag(fallback_tag(subject.digest()));
    put(&**store, &list, &subject).await;
    let listed = store.referrers(subject.digest()).await.unwrap();
    assert!(listed.items.is_empty());
    let all = put_all(&**store, 1).await;
    store.attach(subject.digest(), &all).await.unwrap();
    let listed = store.referrers(subject.digest()).await.unwrap();
    assert_eq!(digests(&listed.items), digests(&all));
});

each!(a_list_of_an_image_without_a_tag_is_no_image, |store| {
    let subject = manifest(&**store, 1).await;
    put(&**store, &pinned(&subject), &subject).await;
    store.list_untagged(subject.descriptor()).await.unwrap();
    let all = put_all(&**store, 1).await;
    store.attach(subject.digest(), &all).await.unwrap();
    if store.location().folder().is_some() {
        assert_eq!(store.usual_target().await.unwrap(), pinned(&subject));
    }
});
