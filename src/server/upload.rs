//! Pushing blobs: at once, in chunks, and by mounting what another repository has.
//!
//! Source: OCI distribution-spec 1.1, "Pushing blobs".

use crate::oci::Digest;
use crate::server::answer::{self, Answer};
use crate::server::body::Body;
use crate::server::content::Growing;
use crate::server::options::Mount;
use crate::server::problem::{Code, Problem};
use crate::server::sessions::Session;
use crate::server::{Call, grammar, range, unsupported};
use crate::transport::ByteStream;
use http::header::{LOCATION, RANGE};
use http::{Response, StatusCode};

/// Mounts, takes a whole blob, or opens an upload.
pub(super) async fn begin(call: &Call<'_>, name: &str, body: Body) -> Answer {
    if let Some(mount) = call.query.first("mount") {
        let digest = parse_digest(Some(mount))?;
        if try_mount(call, name, &digest)? {
            return Ok(created(call, name, &digest));
        }
    } else if let Some(digest) = call
        .query
        .first("digest")
        .filter(|_| call.options().single_post)
    {
        let digest = parse_digest(Some(digest))?;
        return take_whole(call, name, &digest, body).await;
    }
    let session = call.registry.sessions.create(name, call.account.clone())?;
    Ok(progress(call, &session, StatusCode::ACCEPTED))
}

fn try_mount(call: &Call<'_>, name: &str, digest: &Digest) -> Result<bool, Problem> {
    match call.options().mount {
        Mount::Linked => {
            // Without `from` nothing is mounted: who may read where was not asked.
            let from = call.query.first("from");
            Ok(from.is_some_and(|from| call.storage().mount(name, digest, from)))
        }
        Mount::Ignored => Ok(false),
        Mount::Unknown => Err(unsupported("the registry does not mount")),
    }
}

async fn take_whole(call: &Call<'_>, name: &str, digest: &Digest, mut body: Body) -> Answer {
    let mut content = Growing::default();
    while let Some(chunk) = body.next().await? {
        content.push(&chunk);
    }
    keep(call, name, digest, content)
}

/// How far an upload is.
pub(super) fn status(call: &Call<'_>, name: &str, id: &str) -> Answer {
    let session = find(call, name, id)?;
    Ok(progress(call, &session, StatusCode::NO_CONTENT))
}

/// Takes the next chunk.
pub(super) async fn append(call: &Call<'_>, name: &str, id: &str, body: Body) -> Answer {
    let session = find(call, name, id)?;
    receive(call, &session, body, Part::Chunk).await?;
    Ok(progress(call, &session, StatusCode::ACCEPTED))
}

/// Takes the last chunk, if there is one more, and closes the upload.
pub(super) async fn complete(call: &Call<'_>, name: &str, id: &str, body: Body) -> Answer {
    let session = find(call, name, id)?;
    let digest = parse_digest(call.query.first("digest"))?;
    let writer = receive(call, &session, body, Part::Last).await?;
    let content = session.take(writer)?;
    call.registry.sessions.remove(id);
    keep(call, name, &digest, content)
}

/// Forgets an upload.
pub(super) fn cancel(call: &Call<'_>, name: &str, id: &str) -> Answer {
    find(call, name, id)?;
    call.registry.sessions.remove(id);
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

fn find(call: &Call<'_>, name: &str, id: &str) -> Result<std::sync::Arc<Session>, Problem> {
    call.registry.sessions.find(id, name, &call.account)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Chunk,
    Last,
}

/// Adds a body to an upload. What came before a body broke off stays: the client may go on from
/// there. Gives the number under which the upload was written.
async fn receive(
    call: &Call<'_>,
    session: &Session,
    mut body: Body,
    part: Part,
) -> Result<u64, Problem> {
    let start = session.offset();
    let length = check_range(call, session, &body, start)?;
    check_minimum(call, session, &body, part)?;
    let writer = session.begin(start)?;
    if let Some(length) = length {
        body = body.within(length);
    }
    let mut received = 0;
    while let Some(chunk) = body.next().await? {
        session.append(writer, &chunk)?;
        received += chunk.len() as u64;
    }
    if length.is_some_and(|length| length != received) {
        return Err(wrong_length());
    }
    let minimum = call.options().chunk_min_length.unwrap_or(0);
    session.end(writer, part == Part::Chunk && received < minimum)?;
    Ok(writer)
}

fn wrong_length() -> Problem {
    Problem::new(Code::SizeInvalid, "the chunk is not as long as its range")
}

/// A chunk must begin where the upload ends. Gives its length in bytes where it says it.
fn check_range(
    call: &Call<'_>,
    session: &Session,
    body: &Body,
    offset: u64,
) -> Result<Option<u64>, Problem> {
    let Some(range) = range::chunk(call.headers()) else {
        check_state(call, session, offset)?;
        return Ok(None);
    };
    let range = range.map_err(|()| out_of_order(call, session))?;
    if range.start != offset {
        return Err(out_of_order(call, session));
    }
    let length = range.end - range.start;
    if body.declared().is_some_and(|declared| declared != length) {
        return Err(wrong_length());
    }
    Ok(Some(length))
}

/// The `Location` of every answer says where the upload was: a client that uses an old one, and
/// gives no range, may be sending what came already.
fn check_state(call: &Call<'_>, session: &Session, offset: u64) -> Result<(), Problem> {
    match call.query.first("_state") {
        Some(state) if state != offset.to_string() => Err(out_of_order(call, session)),
        _ => Ok(()),
    }
}

fn out_of_order(call: &Call<'_>, session: &Session) -> Problem {
    Problem::new(
        Code::RangeInvalid,
        "the chunk does not begin where the upload ends",
    )
    .header(LOCATION, location(call, session))
    .header(RANGE, range_of(session.offset()))
}

/// Nothing may follow a chunk that was smaller than the minimum, but the end.
fn check_minimum(
    call: &Call<'_>,
    session: &Session,
    body: &Body,
    part: Part,
) -> Result<(), Problem> {
    let only_the_end = part == Part::Last && body.declared().unwrap_or(0) == 0;
    if call.options().chunk_min_length.is_none() || only_the_end || !session.is_short() {
        return Ok(());
    }
    Err(Problem::new(
        Code::SizeInvalid,
        "the chunk before was smaller than the minimum",
    ))
}

fn keep(call: &Call<'_>, name: &str, digest: &Digest, content: Growing) -> Answer {
    let content = content.finish(digest);
    let content = content.ok_or_else(|| {
        Problem::new(Code::DigestInvalid, "the blob is not what the digest names")
    })?;
    call.storage().put_blob(name, digest, content);
    Ok(created(call, name, digest))
}

fn created(call: &Call<'_>, name: &str, digest: &Digest) -> Response<ByteStream> {
    let mut response = answer::empty(StatusCode::CREATED);
    let location = call.location(&format!("/v2/{name}/blobs/{digest}"));
    answer::set(&mut response, LOCATION, &location);
    answer::set(&mut response, answer::CONTENT_DIGEST, digest.as_ref());
    response
}

fn progress(call: &Call<'_>, session: &Session, status: StatusCode) -> Response<ByteStream> {
    let mut response = answer::empty(status);
    answer::set(&mut response, LOCATION, &location(call, session));
    answer::set(&mut response, RANGE, &range_of(session.offset()));
    answer::set(&mut response, answer::UPLOAD_ID, &session.id);
    if let Some(minimum) = call.options().chunk_min_length {
        answer::set(
            &mut response,
            answer::CHUNK_MIN_LENGTH,
            &minimum.to_string(),
        );
    }
    response
}

fn location(call: &Call<'_>, session: &Session) -> String {
    let (name, id, offset) = (&session.repository, &session.id, session.offset());
    call.location(&format!("/v2/{name}/blobs/uploads/{id}?_state={offset}"))
}

/// The first and the last byte that have arrived; an empty upload shows `0-0`, as distribution's.
fn range_of(offset: u64) -> String {
    format!("0-{}", offset.saturating_sub(1))
}

fn parse_digest(text: Option<&str>) -> Result<Digest, Problem> {
    let digest = text.and_then(grammar::digest);
    digest.ok_or_else(|| {
        Problem::new(
            Code::DigestInvalid,
            "the digest is not one that can be verified",
        )
    })
}
