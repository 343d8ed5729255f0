//! Manifests: what is accepted has the same children for a reader in Go.

use super::go;
use crate::target::Target;
use crossdock::oci::manifest::{Child, Manifest, is_index_type};
use oci_spec::image::Descriptor;
use std::collections::BTreeMap;

pub(crate) const TARGET: Target = Target {
    name: "manifest",
    longest: 8192,
    seeds: SEEDS,
    words: &[
        "\"schemaVersion\":2",
        "\"mediaType\":\"",
        "\"artifactType\":\"",
        "\"config\":{",
        "\"layers\":[",
        "\"manifests\":[",
        "\"subject\":{",
        "\"annotations\":{",
        "\"digest\":\"",
        "\"size\":",
        "\"urls\":[",
        "\"data\":\"",
        "\"platform\":{",
        "\"os.features\":[",
        "null",
        "\\u017f",
        "\\u212a",
        "\"Layers\"",
        "\"Config\"",
        "\"Size\"",
        "\"MediaType\"",
        "1e3",
        "9007199254740992",
        "9007199254740993",
        "-1",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "sha256:",
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    ],
    check,
};

/// The answer's `Content-Type`, by the first byte of the input; the rest is its body.
const CONTENT_TYPES: [Option<&str>; 6] = [
    None,
    Some("application/json; charset=utf-8"),
    Some("application/vnd.oci.image.manifest.v1+json"),
    Some("application/vnd.oci.image.index.v1+json"),
    Some("application/vnd.docker.distribution.manifest.v2+json"),
    Some("application/vnd.docker.distribution.manifest.list.v2+json"),
];

fn check(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else {
        return;
    };
    let content_type = CONTENT_TYPES[usize::from(*first) % CONTENT_TYPES.len()];
    match Manifest::parse(body.to_vec().into(), content_type) {
        Ok(manifest) => accepted(&manifest, body),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn accepted(manifest: &Manifest, body: &[u8]) {
    assert_eq!(manifest.bytes(), body);
    same_in_go(manifest);
    let pinned = Manifest::parse_pinned(
        body.to_vec().into(),
        Some(manifest.media_type().as_ref()),
        manifest.digest(),
    );
    assert!(pinned.unwrap().check_listed(manifest.descriptor()).is_ok());
    // With some of its entries an index is another one, which Go reads alike, too.
    let kept = manifest.keeping(|entry| entry % 2 == 1).unwrap();
    same_in_go(&kept);
    if manifest.manifests().len() > 1 {
        let odd: Vec<_> = manifest
            .manifests()
            .iter()
            .skip(1)
            .step_by(2)
            .cloned()
            .collect();
        assert_eq!(kept.manifests(), odd);
    } else {
        assert_eq!(kept.bytes(), manifest.bytes());
    }
}

fn same_in_go(manifest: &Manifest) {
    let go = go::Manifest::read(manifest.bytes()).unwrap();
    assert_eq!(go.schema_version, 2);
    let media_type = manifest.media_type().as_ref();
    assert!(go.media_type.is_empty() || go.media_type == media_type);
    assert_eq!(manifest.is_index(), is_index_type(media_type));
    // Whoever takes it for the other kind finds nothing there.
    if manifest.is_index() {
        assert_eq!((go.config, go.layers.len()), (go::Descriptor::default(), 0));
        assert_eq!(go.manifests, all_in_go(manifest.manifests()));
    } else {
        assert_eq!(go.manifests.len(), 0);
        assert_eq!(Some(go.config), manifest.config().map(in_go));
        assert_eq!(go.layers, all_in_go(manifest.layers()));
    }
    let children = manifest.config().into_iter().chain(manifest.layers());
    assert!(
        manifest
            .children()
            .map(Child::descriptor)
            .eq(children.chain(manifest.manifests()))
    );
    assert_eq!(go.subject, manifest.subject().map(in_go));
    assert_eq!(
        go.artifact_type,
        manifest.artifact_type().unwrap_or_default()
    );
    assert_eq!(&go.annotations, manifest.annotations());
}

fn all_in_go(descriptors: &[Descriptor]) -> Vec<go::Descriptor> {
    descriptors.iter().map(in_go).collect()
}

/// A descriptor of ours as Go would have it.
fn in_go(ours: &Descriptor) -> go::Descriptor {
    let artifact_type = ours.artifact_type().as_ref().map(ToString::to_string);
    let annotations = ours.annotations().clone().unwrap_or_default();
    go::Descriptor {
        media_type: ours.media_type().to_string(),
        digest: ours.digest().to_string(),
        size: ours.size().try_into().unwrap(),
        artifact_type: artifact_type.unwrap_or_default(),
        annotations: annotations.into_iter().collect::<BTreeMap<_, _>>(),
        urls: ours.urls().clone().unwrap_or_default(),
        platform: ours.platform().as_ref().map(|platform| go::Platform {
            architecture: platform.architecture().to_string(),
            os: platform.os().to_string(),
            os_version: platform.os_version().clone().unwrap_or_default(),
            os_features: platform.os_features().clone().unwrap_or_default(),
            variant: platform.variant().clone().unwrap_or_default(),
        }),
    }
}

#[test]
fn manifest() {
    crate::inputs::replay("manifest");
}

macro_rules! descriptor {
    ($more:literal) => {
        concat!(
            r#"{"mediaType":"application/vnd.oci.image.config.v1+json","size":2,"#,
            r#""digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a""#,
            $more,
            "}"
        )
    };
}

macro_rules! image {
    ($($more:expr),*) => {
        concat!(r#"0{"schemaVersion":2,"config":"#, descriptor!(""), $($more,)* "}").as_bytes()
    };
}

macro_rules! index {
    ($($entry:expr),*) => {
        concat!(r#"0{"schemaVersion":2,"manifests":["#, $($entry,)* "]}").as_bytes()
    };
}

const SEEDS: &[&[u8]] = &[
    b"0", b"0null", b"0[]", b"0{}", b"0\xff", b"0\xef\xbb\xbf{}", b"0{\0}\0", b"0{\"a\":", b"0{}{}",
    image!(), image!(r#","layers":null"#), image!(r#","layers":[]"#), image!(r#","layers":{}"#),
    image!(r#","layers":["#, descriptor!(""), ",", descriptor!(r#","urls":["https://x/"]"#), "]"),
    image!(r#","layers":[],"layers":[]"#), image!(r#","Layers":["#, descriptor!(""), "]"),
    image!(r#","layerſ":["#, descriptor!(""), "]"), image!(r#","manifests":[]"#),
    image!(r#","manifests":null"#), image!(r#","annotations":{"a":"b","A":"c"}"#),
    image!(r#","annotations":{"a":null}"#), image!(r#","annotations":{"a":1}"#),
    image!(r#","subject":"#, descriptor!("")), image!(r#","subject":null"#),
    image!(r#","artifactType":"application/x","mediaType":"application/vnd.oci.image.manifest.v1+json""#),
    image!(r#","artifactType":"a\r\nb""#), image!(r#","mediaType":"application/vnd.oci.image.index.v1+json""#),
    image!(r#","config":null"#), image!(r#","schemaVersion":1"#),
    br#"0{"schemaVersion":"2","config":{}}"#, br#"0{"schemaVersion":1,"fsLayers":[]}"#,
    index!(), index!(descriptor!("")), index!(descriptor!(""), ",", descriptor!(r#","x":1"#), " , ", descriptor!("")),
    index!(descriptor!(r#","platform":{"architecture":"arm","os":"linux","variant":"v7","os.version":"1","os.features":["a"],"features":[]}"#)),
    index!(descriptor!(r#","platform":null,"urls":null,"annotations":null,"data":null,"artifactType":"""#)),
    index!(descriptor!(r#","Size":3"#)), index!(descriptor!(r#","size":3"#)), index!("null"),
    index!(descriptor!(r#","data":"e30=""#)), index!(descriptor!(r#","data":"!""#)),
    index!(descriptor!(r#","platform":{"architecture":"armbe","OS":"linux"}"#)),
    br#"3{"schemaVersion":2,"manifests":[{"mediaType":"x","size":1e3,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}]}"#,
    br#"3{"schemaVersion":2,"manifests":[{"mediaType":"x","size":9007199254740993,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}]}"#,
    br#"5{"schemaVersion":2,"manifests":[{"mediaType":"x","size":-1,"digest":"sha256:../../x"}]}"#,
    br#"2{"schemaVersion":2,"config":{"mediaType":"","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}}"#,
    b"0[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
];
