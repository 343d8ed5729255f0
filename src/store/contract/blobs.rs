//! Blobs.

use super::*;

each!(a_blob_is_sent_once_and_read_in_parts, |store| {
    let bytes = bytes(3, 700_000);
    let blob = named(&bytes);
    let given = Given {
        bytes: bytes.clone(),
        fails: false,
    };
    let sent = store.ensure_blob(&blob, &given, HINTS).await.unwrap();
    assert_eq!(sent, Placed::Sent);
    let hints = Hints {
        likely_absent: false,
        ..HINTS
    };
    let again = store.ensure_blob(&blob, &given, hints).await.unwrap();
    assert_eq!(again, Placed::Present);
    assert!(store.has_blob(&blob).await.unwrap());
    for (from, to) in [(0, 700_000), (1, 2), (262_143, 262_145), (699_999, 700_000)] {
        let part = usize::try_from(from).unwrap()..usize::try_from(to).unwrap();
        assert!(
            read(&**store, &blob, from, to).await == bytes[part],
            "{from}..{to}"
        );
    }
});

each!(a_blob_without_bytes_is_a_blob, |store| {
    let blob = put_blob(&**store, &Bytes::new()).await;
    assert!(store.has_blob(&blob).await.unwrap());
});

each!(a_blob_whose_source_fails_is_not_there, |store| {
    let bytes = bytes(4, 300_000);
    let blob = named(&bytes);
    let (cut, fails) = (bytes.slice(..290_000), true);
    let given = Given { bytes: cut, fails };
    let error = store.ensure_blob(&blob, &given, HINTS).await.unwrap_err();
    // A registry only sees a request that breaks off.
    if store.location().folder().is_some() {
        assert_eq!(error.kind(), Kind::Denied);
        assert_eq!(error.location(), Some(&elsewhere()));
    }
    assert!(!store.has_blob(&blob).await.unwrap());
    put_blob(&**store, &bytes).await;
    assert!(read(&**store, &blob, 0, blob.size()).await == bytes);
});

each!(a_source_that_cannot_be_opened_is_what_failed, |store| {
    let blob = named(&bytes(6, 10));
    let failed = store.ensure_blob(&blob, &Closed, HINTS).await;
    let error = failed.unwrap_err();
    assert_eq!(error.kind(), Kind::Denied);
    assert_eq!(error.location(), Some(&elsewhere()));
    assert!(!store.has_blob(&blob).await.unwrap());
});

each!(a_blob_of_another_size_is_not_taken, |store| {
    for (length, tells) in [(100, 101), (100, 99), (0, 1)] {
        let bytes = bytes(7, length);
        let blob = Descriptor::new(MediaType::ImageLayer, tells, named(&bytes).digest().clone());
        let given = Given {
            bytes,
            fails: false,
        };
        let placed = store.ensure_blob(&blob, &given, HINTS).await;
        assert!(placed.is_err(), "{length} for {tells}");
        assert!(!store.has_blob(&blob).await.unwrap());
    }
});

each!(a_layer_is_no_manifest, |store| {
    let layer = put_blob(&**store, &bytes(5, 100)).await;
    let target = Target::Digest(layer.digest().clone());
    assert_eq!(kind(store.manifest(&target).await), Kind::NotFound);
    assert_eq!(kind(store.delete(&target).await), Kind::NotFound);
    assert!(store.has_blob(&layer).await.unwrap());
});

each!(
    a_blob_that_went_bad_is_replaced_where_it_is_verified,
    |store| {
        let bytes = bytes(7, 300_000);
        let blob = put_blob(&**store, &bytes).await;
        let given = Given {
            bytes: bytes.clone(),
            fails: false,
        };
        let verified = Hints {
            likely_absent: false,
            verify: true,
            ..HINTS
        };
        let placed = store.ensure_blob(&blob, &given, verified).await.unwrap();
        assert_eq!(placed, Placed::Present);
        if let Some(folder) = store.location().folder() {
            let path = folder.join("blobs/sha256").join(blob.digest().digest());
            std::fs::write(path, vec![0; bytes.len()]).unwrap();
            let placed = store.ensure_blob(&blob, &given, HINTS).await.unwrap();
            assert_eq!(placed, Placed::Present);
            let placed = store.ensure_blob(&blob, &given, verified).await.unwrap();
            assert_eq!(placed, Placed::Sent);
        }
        assert!(read(&**store, &blob, 0, blob.size()).await == bytes);
    }
);

#[cfg(unix)]
each!(what_is_no_file_in_a_blobs_place_is_replaced, |store| {
    let bytes = bytes(8, 1000);
    let blob = put_blob(&**store, &bytes).await;
    if let Some(folder) = store.location().folder() {
        let path = folder.join("blobs/sha256").join(blob.digest().digest());
        std::fs::rename(&path, folder.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(folder.join("elsewhere"), &path).unwrap();
        store.has_blob(&blob).await.unwrap_err();
        put_blob(&**store, &bytes).await;
        assert!(!path.symlink_metadata().unwrap().is_symlink());
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        let (bytes, fails) = (bytes.clone(), false);
        let given = Given { bytes, fails };
        let error = store.ensure_blob(&blob, &given, HINTS).await.unwrap_err();
        assert!(
            error.to_string().ends_with("in its place is a folder"),
            "{error}"
        );
    }
});
