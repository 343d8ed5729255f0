//! Manifests and tags.

use super::*;

each!(what_is_not_there, |store| {
    let blob = named(&bytes(1, 10));
    let digest = Target::Digest(blob.digest().clone());
    for round in 0..2 {
        for target in [&tag("v1"), &digest] {
            assert_eq!(kind(store.resolve(target).await), Kind::NotFound, "{round}");
            assert_eq!(kind(store.manifest(target).await), Kind::NotFound);
            assert_eq!(store.find(target).await.unwrap(), None);
            assert_eq!(kind(store.delete(target).await), Kind::NotFound);
        }
        assert!(!store.has_blob(&blob).await.unwrap());
        assert_eq!(kind(store.blob(&blob, 0..10).await), Kind::NotFound);
        // The same holds beside something else.
        put_blob(&**store, &bytes(2, 10)).await;
    }
});

each!(a_manifest_is_the_same_bytes_by_tag_and_by_digest, |store| {
    let manifest = manifest(&**store, 1).await;
    put(&**store, &tag("v1"), &manifest).await;
    for target in [tag("v1"), pinned(&manifest)] {
        let read = store.manifest(&target).await.unwrap();
        assert_eq!(read.bytes(), manifest.bytes());
        assert_eq!(read.descriptor(), manifest.descriptor());
        assert_eq!(
            &store.resolve(&target).await.unwrap(),
            manifest.descriptor()
        );
        assert_eq!(
            store.find(&target).await.unwrap().as_ref(),
            Some(manifest.descriptor())
        );
    }
});

each!(a_manifest_by_digest_has_no_tag, |store| {
    let manifest = manifest(&**store, 2).await;
    put(&**store, &tag("other"), &self::manifest(&**store, 3).await).await;
    put(&**store, &pinned(&manifest), &manifest).await;
    store.list_untagged(manifest.descriptor()).await.unwrap();
    assert_eq!(
        store.manifest(&pinned(&manifest)).await.unwrap().bytes(),
        manifest.bytes()
    );
    assert_eq!(tags(&**store).await, ["other"]);
});

each!(a_manifest_is_not_put_under_the_digest_of_another, |store| {
    let (one, other) = (manifest(&**store, 1).await, manifest(&**store, 2).await);
    let put = store
        .put_manifest(&pinned(&other), &one, &Precondition::Anything)
        .await;
    assert!(put.is_err());
    assert_eq!(store.find(&pinned(&other)).await.unwrap(), None);
});

each!(a_tag_moves_and_what_it_named_stays, |store| {
    let (old, new) = (manifest(&**store, 1).await, manifest(&**store, 2).await);
    put(&**store, &tag("v1"), &old).await;
    put(&**store, &tag("v2"), &old).await;
    put(&**store, &tag("v1"), &new).await;
    assert_eq!(
        store.resolve(&tag("v1")).await.unwrap().digest(),
        new.digest()
    );
    assert_eq!(
        store.resolve(&tag("v2")).await.unwrap().digest(),
        old.digest()
    );
    assert!(store.find(&pinned(&old)).await.unwrap().is_some());
    assert_eq!(tags(&**store).await, ["v1", "v2"]);
});

each!(a_precondition_that_does_not_hold_refuses, |store| {
    let (one, other) = (manifest(&**store, 1).await, manifest(&**store, 2).await);
    let v1 = tag("v1");
    let is = |manifest: &Manifest| Precondition::Is(manifest.digest().clone());
    assert_eq!(
        kind(store.put_manifest(&v1, &one, &is(&one)).await),
        Kind::Refused
    );
    assert_eq!(store.find(&v1).await.unwrap(), None);
    store
        .put_manifest(&v1, &one, &Precondition::Absent)
        .await
        .unwrap();
    for refused in [Precondition::Absent, is(&other)] {
        assert_eq!(
            kind(store.put_manifest(&v1, &other, &refused).await),
            Kind::Refused
        );
    }
    assert_eq!(store.resolve(&v1).await.unwrap().digest(), one.digest());
    store.put_manifest(&v1, &other, &is(&one)).await.unwrap();
    assert_eq!(store.resolve(&v1).await.unwrap().digest(), other.digest());
});

each!(of_many_who_want_an_absent_tag_one_gets_it, |store| {
    let all = join_all((0..8).map(|seed| manifest(&**store, seed))).await;
    let v1 = tag("v1");
    let puts = all
        .iter()
        .map(|one| store.put_manifest(&v1, one, &Precondition::Absent));
    let won = join_all(puts).await.into_iter().flatten().count();
    assert_eq!(won, 1);
});

each!(tags_written_side_by_side_are_all_there, |store| {
    let manifest = manifest(&**store, 1).await;
    let names: Vec<Target> = (10..34).map(|number| tag(&format!("v{number}"))).collect();
    join_all(names.iter().map(|name| put(&**store, name, &manifest))).await;
    let expected: Vec<String> = (10..34).map(|number| format!("v{number}")).collect();
    assert_eq!(tags(&**store).await, expected);
});

each!(a_tag_is_removed_alone, |store| {
    let manifest = manifest(&**store, 1).await;
    put(&**store, &tag("v1"), &manifest).await;
    put(&**store, &tag("v2"), &manifest).await;
    store.delete(&tag("v1")).await.unwrap();
    assert_eq!(tags(&**store).await, ["v2"]);
    assert!(store.manifest(&pinned(&manifest)).await.is_ok());
    assert_eq!(kind(store.delete(&tag("v1")).await), Kind::NotFound);
});

each!(a_manifest_is_removed_with_its_tags, |store| {
    let (one, other) = (manifest(&**store, 1).await, manifest(&**store, 2).await);
    put(&**store, &tag("v1"), &one).await;
    put(&**store, &tag("v2"), &other).await;
    put(&**store, &tag("v3"), &one).await;
    store.delete(&pinned(&one)).await.unwrap();
    assert_eq!(tags(&**store).await, ["v2"]);
    assert_eq!(store.find(&pinned(&one)).await.unwrap(), None);
    assert_eq!(kind(store.manifest(&pinned(&one)).await), Kind::NotFound);
});

each!(
    a_tag_that_is_set_while_its_image_is_removed_has_its_manifest,
    |store| {
        let manifest = manifest(&**store, 1).await;
        let by_digest = pinned(&manifest);
        for round in 0..40 {
            let name = tag(&format!("v{round}"));
            put(&**store, &tag("old"), &manifest).await;
            let ((), removed) =
                tokio::join!(put(&**store, &name, &manifest), store.delete(&by_digest));
            removed.unwrap();
            if tags(&**store).await.contains(&format!("v{round}")) {
                store.manifest(&name).await.unwrap();
            }
        }
    }
);
