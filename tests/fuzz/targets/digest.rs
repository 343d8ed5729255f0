//! Digests: what is accepted names one file and one path of a URL, and cannot leave either.

use super::text;
use crate::target::Target;
use crossdock::oci::digest::{compute, parse};
use url::Url;

pub(crate) const TARGET: Target = Target {
    name: "digest",
    longest: 256,
    seeds: SEEDS,
    words: &[
        "sha256:",
        "sha512:",
        "sha384:",
        "md5:",
        "blake3:",
        "sha256+b64u:",
        "../",
        "%2f",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ],
    check,
};

fn check(bytes: &[u8]) {
    let Some(typed) = text(bytes) else { return };
    let digest = match parse(typed) {
        Ok(digest) => digest,
        Err(error) => return assert!(error.to_string().len() < 1024),
    };
    let (algorithm, hex) = (digest.algorithm().to_string(), digest.digest());
    // Files are at `blobs/ALGORITHM/HEX`, URLs end in `ALGORITHM:HEX`.
    let length = match algorithm.as_str() {
        "sha256" => 64,
        "sha512" => 128,
        other => panic!("{other}"),
    };
    assert_eq!(hex.len(), length);
    assert!(
        hex.bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    );
    assert_eq!(digest.to_string(), typed);
    assert_eq!(format!("{algorithm}:{hex}"), typed);
    let base = Url::parse("https://reg.example/v2/app/blobs/").unwrap();
    let url = base.join(&format!("/v2/app/blobs/{digest}")).unwrap();
    assert_eq!(url.path(), format!("/v2/app/blobs/{typed}"));
    let computed = compute(bytes, &digest).unwrap();
    assert_eq!(computed.algorithm(), digest.algorithm());
}

#[test]
fn digest() {
    crate::inputs::replay("digest");
}

const SEEDS: &[&[u8]] = &[
    b"",
    b"sha256:",
    b"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
    b"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555",
    b"sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
    b"SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ",
    b"sha256:../../x",
    b"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852/../",
    b"sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
      47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    b"md5:900150983cd24fb0d6963f7d28e17f72",
    b"sha256+b64u:abc",
    b"a..b:x",
    b"../x:y",
    b"blake3:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\0",
    b"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855@sha256:x",
];
