//! What a registry can do. Each ability can be switched off, so that one registry can stand for
//! many others.

use crate::server::access::Access;

/// A registry's abilities. The default is an open registry that can do everything.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who may do what.
    pub access: Access,
    /// Whether manifests and blobs can be deleted. Without: 405.
    pub delete: bool,
    /// What happens when a tag is deleted by its name, where `delete` is on.
    pub tag_delete: TagDelete,
    /// What happens when a blob is asked to be mounted.
    pub mount: Mount,
    /// Whether there is a referrers API. Without: 404, and no `OCI-Subject` on a push.
    pub referrers: bool,
    /// Whether `If-Match` and `If-None-Match` are looked at when something is written. Without: as
    /// if they were not there.
    pub preconditions: bool,
    /// Whether there is a catalog. Without: 404.
    pub catalog: bool,
    /// How lists are cut into pages.
    pub paging: Paging,
    /// What a `Location` looks like.
    pub location: LocationForm,
    /// Whether `Docker-Content-Digest` is sent.
    pub content_digest: bool,
    /// Whether a blob's `Range` is honoured. Without: the whole blob, 200.
    pub ranges: bool,
    /// Whether a blob can be pushed by one POST. Without: 202, and the body is ignored.
    pub single_post: bool,
    /// The smallest chunk, in bytes, that a PATCH may bring unless it is the last one; announced
    /// in `OCI-Chunk-Min-Length`.
    pub chunk_min_length: Option<u64>,
    /// The largest request body, in bytes, as a proxy in front would allow. Larger: 413.
    pub body_limit: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            access: Access::Open,
            delete: true,
            tag_delete: TagDelete::Untag,
            mount: Mount::Linked,
            referrers: true,
            preconditions: true,
            catalog: true,
            paging: Paging::Pages(1000),
            location: LocationForm::Relative,
            content_digest: true,
            ranges: true,
            single_post: true,
            chunk_min_length: None,
            body_limit: None,
        }
    }
}

/// What happens when a tag is deleted by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagDelete {
    /// The tag goes, the manifest stays.
    Untag,
    /// 400 `DIGEST_INVALID`, as distribution 2 answers.
    Invalid,
    /// 405 `UNSUPPORTED`.
    Unsupported,
}

/// What happens when a blob is asked to be mounted from another repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mount {
    /// It is mounted where `from` has it: 201. Else an upload begins: 202.
    Linked,
    /// An upload begins, always: 202.
    Ignored,
    /// The registry does not know the parameter and refuses: 405 `UNSUPPORTED`.
    Unknown,
}

/// How lists are cut into pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// `n` and `last` are ignored and everything comes at once.
    Off,
    /// At most so many items a page, whatever `n` says.
    Pages(usize),
}

/// What a `Location` looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocationForm {
    /// A path.
    Relative,
    /// A URL on this origin, such as `http://127.0.0.1:5000`.
    Absolute(String),
}
