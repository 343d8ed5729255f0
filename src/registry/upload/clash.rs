//! Blobs that two are writing at once, where the registry lets only one of them.

use super::{Filling, Step};
use crate::registry::error::Error;
use crate::registry::problem::Problem;
use crate::transport::retry::Outcome;
use http::StatusCode;

/// How Nexus refuses a blob that somebody else is writing.
///
/// Source: nexus-public issue 967: parallel pushes of images that share a layer.
const SOON: &str = "cannot be updated";

impl Filling<'_> {
    /// Somebody else was putting the same blob there: it is there now, or soon.
    pub(super) async fn clashed(&mut self, problem: Problem) -> Result<Step, Error> {
        let (client, digest) = (self.client, self.blob.digest());
        client.uploads.end(&self.session);
        if client.has_blob_as(self.name, digest, self.access).await? {
            return Ok(Step::Done);
        }
        if !says(&problem, SOON) {
            return Err(Error::Refused(problem));
        }
        let reason = "somebody else writes the same blob";
        self.broke(Outcome::MaybeSent, reason).await;
        Ok(Step::Lost(Some(problem.into())))
    }
}

/// Whether a blob was refused because it is there, or about to be, as Nexus says it.
pub(super) fn is_clash(problem: &Problem) -> bool {
    let is_there = says(problem, "does not allow updating assets");
    problem.status == StatusCode::BAD_REQUEST && (is_there || says(problem, SOON))
}

fn says(problem: &Problem, words: &str) -> bool {
    let details = problem.details.iter();
    let details = details.map(|detail| format!("{} {}", detail.message, detail.detail));
    let mut said = details.chain(problem.text.clone());
    said.any(|text| text.contains(words))
}
