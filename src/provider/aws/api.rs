//! ECR's own API for whoever wants more of it than a password.

use super::Aws;
use super::call::{self, CallError, Question, call};
use crate::auth::credential::CredentialError;
use crate::auth::identity::{Effort, Failure};
use crate::provider::Place;
use crate::transport;
use bytes::Bytes;
use http::StatusCode;
use url::Url;

/// An answer is read no further.
const LONGEST: usize = 16 * 1024 * 1024;

/// What is asked of ECR's API.
#[derive(Debug, Clone)]
pub struct EcrQuestion {
    /// The operation, as the API calls it.
    pub operation: &'static str,
    /// Its parameters, in JSON.
    pub body: Bytes,
    /// How much is done to find somebody who may ask.
    pub effort: Effort,
}

/// What ECR's API answered.
#[derive(Debug, Clone)]
pub struct EcrAnswer {
    /// The document.
    pub body: Bytes,
    /// How often it was asked: what was removed at the first attempt is not there at the second.
    pub attempts: u32,
    /// Who answered.
    pub host: String,
}

/// Why ECR's API gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum EcrError {
    /// The machine has no AWS identity, or none that it may use there.
    #[error("this machine has no AWS identity for it")]
    Nobody,
    /// It has one, which comes to nothing.
    #[error(transparent)]
    Identity(#[from] CredentialError),
    /// The service says no.
    #[error("{code}: {message}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// The error's name: `AccessDeniedException`.
        code: String,
        /// A sentence.
        message: String,
        /// How often it was asked.
        attempts: u32,
    },
    /// It does not answer.
    #[error(transparent)]
    Unanswered(transport::Error),
}

impl Aws {
    /// Asks ECR's API, which is at `api` where that is given, about the registry of `place`.
    pub(in crate::provider) async fn ask(
        &self,
        place: &Place,
        api: Option<&Url>,
        question: &EcrQuestion,
    ) -> Result<EcrAnswer, EcrError> {
        let mut is_renewed = false;
        loop {
            let holder = Box::pin(self.holder(place, question.effort)).await;
            let holder = holder.map_err(|failure| told(place, failure))?;
            let holder = holder.ok_or(EcrError::Nobody)?;
            let mut endpoint = holder.endpoint.clone();
            if let Some(api) = api {
                endpoint.url = api.clone();
            }
            let asked = Question {
                operation: question.operation,
                body: question.body.clone(),
                longest: LONGEST,
                patience: None,
            };
            let transport = &self.surroundings.transport;
            let credentials = &holder.credentials;
            let error = match call(transport, &endpoint, credentials, &asked).await {
                Ok(answered) => {
                    return Ok(EcrAnswer {
                        body: answered.body,
                        attempts: answered.attempts,
                        host: call::host(&endpoint),
                    });
                }
                Err(error) => error,
            };
            // Only a role or a session that was kept may have been made anew meanwhile.
            if error.is_expiry() && !is_renewed && credentials.session_token().is_some() {
                is_renewed = true;
                self.forget_holder(place, &holder).await;
                continue;
            }
            return Err(refused(
                place,
                error,
                &holder.origin,
                holder.renewal.as_ref(),
            ));
        }
    }
}

fn told(place: &Place, failure: Failure) -> EcrError {
    EcrError::Identity(CredentialError::Identity {
        kind: place.kind.title(),
        source: failure.into(),
    })
}

fn refused(place: &Place, error: CallError, origin: &str, renewal: Option<&String>) -> EcrError {
    let is_expiry = error.is_expiry();
    match error {
        CallError::Refused { refusal, attempts } => {
            let message = refusal.message.unwrap_or_default();
            let message = match renewal.filter(|_| is_expiry) {
                Some(renewal) => format!("{message} ({origin}: {renewal})"),
                None => message,
            };
            EcrError::Refused {
                status: refusal.status,
                code: refusal.code.unwrap_or_default(),
                message,
                attempts,
            }
        }
        CallError::Unanswered(error) => EcrError::Unanswered(error),
        error => told(place, super::refused(origin, error)),
    }
}
