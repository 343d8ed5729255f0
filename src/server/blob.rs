//! Blobs: reading, whole or in part, and deleting them.
//!
//! Source: OCI distribution-spec 1.1, "Pulling blobs", "Deleting Blobs"; RFC 9110, 14.

use crate::oci::Digest;
use crate::server::answer::{self, Answer};
use crate::server::content::Content;
use crate::server::problem::{Code, Problem};
use crate::server::range::{self, Wanted};
use crate::server::{Call, unsupported};
use http::StatusCode;
use http::header::{ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, ETAG};

pub(super) const CONTENT_TYPE: &str = "application/octet-stream";

pub(super) fn get(call: &Call<'_>, name: &str, digest: &Digest) -> Answer {
    let content = call
        .storage()
        .blob(name, digest)
        .cloned()
        .ok_or_else(unknown)?;
    let etag = format!("\"{digest}\"");
    let wanted = if call.options().ranges {
        range::wanted(call.headers(), content.size(), &etag)
    } else {
        Wanted::Whole
    };
    let mut response = read(&content, wanted)?;
    answer::set(&mut response, answer::CONTENT_DIGEST, digest.as_ref());
    answer::set(&mut response, ETAG, &etag);
    // A browser must never render what somebody pushed.
    answer::set(&mut response, CONTENT_DISPOSITION, "attachment");
    if call.options().ranges {
        answer::set(&mut response, ACCEPT_RANGES, "bytes");
    }
    Ok(response)
}

fn read(content: &Content, wanted: Wanted) -> Answer {
    let size = content.size();
    match wanted {
        Wanted::Whole => Ok(answer::streamed(
            StatusCode::OK,
            CONTENT_TYPE,
            size,
            content.read(0..size),
        )),
        Wanted::Part(part) => {
            let (length, last) = (part.end - part.start, part.end - 1);
            let shown = format!("bytes {}-{last}/{size}", part.start);
            let body = content.read(part);
            let mut response =
                answer::streamed(StatusCode::PARTIAL_CONTENT, CONTENT_TYPE, length, body);
            answer::set(&mut response, CONTENT_RANGE, &shown);
            Ok(response)
        }
        Wanted::Nothing => Err(
            Problem::new(Code::RangeInvalid, "the blob has no such range")
                .header(CONTENT_RANGE, format!("bytes */{size}")),
        ),
    }
}

pub(super) fn delete(call: &Call<'_>, name: &str, digest: &Digest) -> Answer {
    if !call.options().delete {
        return Err(unsupported("the registry does not delete"));
    }
    if call.storage().delete_blob(name, digest) {
        Ok(answer::empty(StatusCode::ACCEPTED))
    } else {
        Err(unknown())
    }
}

fn unknown() -> Problem {
    Problem::new(Code::BlobUnknown, "the blob is not known")
}
