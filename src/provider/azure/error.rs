//! Why a machine's identity at Azure comes to nothing. Never holds a secret.

use crate::transport;
use crate::transport::pem::Unusable;
use crate::transport::secret::Secret;
use http::StatusCode;
use std::io;
use std::path::PathBuf;

/// So much of a service's own words is shown.
const SHOWN: usize = 500;

/// Why a machine's identity at Azure comes to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Half of an identity is there.
    #[error("the variable {set} is set, and {missing} is not")]
    Incomplete {
        /// The variable that is there.
        set: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// A variable whose value cannot be meant.
    #[error("the variable {name} {reason}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file that cannot be read.
    #[error("cannot read {}, which the variable {variable} names", path.display())]
    Unreadable {
        /// Who names it.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that holds something else.
    #[error("{}, which the variable {variable} names, {reason}", path.display())]
    File {
        /// Who names it.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A certificate that cannot be used.
    #[error("{}, which the variable AZURE_CLIENT_CERTIFICATE_PATH names, {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: Unusable,
    },
    /// Nothing that random numbers are made of.
    #[error("the system gives no random numbers")]
    Random,
    /// Nobody could be asked.
    #[error("{service} cannot be asked for a token for {who}")]
    Unasked {
        /// Whom it is for.
        who: String,
        /// Who was asked.
        service: String,
        /// Why.
        source: transport::Error,
    },
    /// The answer is no.
    #[error("{service} gives {who} no token ({}){}", .status.as_u16(), behind(.refusal))]
    Refused {
        /// Who asks.
        who: String,
        /// Who was asked.
        service: String,
        /// Its status.
        status: StatusCode,
        /// What it says.
        refusal: Refusal,
    },
    /// The registry does not know who that is.
    #[error(
        "{registry} gives {who} no token ({}){}; has it a role there, such as AcrPull?",
        .status.as_u16(), behind(.refusal)
    )]
    Stranger {
        /// Who asks.
        who: String,
        /// The registry.
        registry: String,
        /// Its status.
        status: StatusCode,
        /// What it says.
        refusal: Refusal,
    },
    /// Nobody seems to be there.
    #[error("the metadata service does not answer")]
    Absent,
    /// There is no answer in time.
    #[error("{service} gave no token within {seconds} seconds")]
    Silent {
        /// Who was asked.
        service: &'static str,
        /// So long it was waited for.
        seconds: u64,
    },
    /// The answer is none.
    #[error("the answer of {service} {reason}")]
    Reply {
        /// Who was asked.
        service: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The Azure CLI was there and did not help.
    #[error("the Azure CLI (`az`) {0}")]
    Cli(String),
    /// The Azure CLI cannot be run.
    #[error("the Azure CLI (`az`) cannot be run")]
    Run(#[source] io::Error),
}

impl Error {
    /// Whether it is about what a token was to be for, and not about who asked.
    pub(super) fn is_of_audience(&self) -> bool {
        matches!(self, Self::Refused { refusal, .. } if refusal.is_of_audience())
    }

    /// Whether Entra does not know who asks: the application is none of the tenant's, or does not
    /// trust whoever vouches for it.
    pub(super) fn is_of_stranger(&self) -> bool {
        let codes = ["70021", "700016", "700211", "700212", "700213", "7000272"];
        let mut codes = codes.into_iter().map(|code| format!("AADSTS{code}:"));
        matches!(self, Self::Refused { refusal, .. }
            if codes.any(|code| refusal.words.contains(&code)))
    }
}

/// What a service says about a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The code of `OAuth2`, or of the registry.
    pub(super) code: String,
    /// Its own words: the first line, where there are any.
    pub(super) words: String,
}

impl Refusal {
    /// What `body` says, without the secrets that it was told.
    pub(super) fn read(body: &[u8], told: &[&Secret]) -> Self {
        let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let first = value.get("errors").and_then(|errors| errors.get(0));
        let text = |value: Option<&serde_json::Value>| {
            let text = value.and_then(|value| value.as_str()).unwrap_or_default();
            first_line(text, told)
        };
        let of_first = |name| first.and_then(|error| error.get(name));
        let code = text(value.get("error").or(of_first("code")));
        let words = value.get("error_description").or(value.get("message"));
        let words = text(words.or(of_first("message")));
        Self { code, words }
    }

    /// Whether it is about what the token was to be for, and not about who asked.
    pub(super) fn is_of_audience(&self) -> bool {
        let codes = ["invalid_resource", "invalid_scope", "invalid_target"];
        codes.contains(&self.code.as_str()) || names_audience(&self.words)
    }
}

/// Whether Entra's words are about what a token was to be for: the application is not in the
/// tenant, its name or scope is not known, nobody consented.
pub(super) fn names_audience(words: &str) -> bool {
    let codes = ["500011", "50001", "70011", "1002012", "65001", "650057"];
    let mut codes = codes.into_iter().map(|code| format!("AADSTS{code}:"));
    codes.any(|code| words.contains(&code))
}

/// The first line of a foreign text, without secrets.
pub(super) fn first_line(text: &str, told: &[&Secret]) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    let mut line = line.unwrap_or_default().to_owned();
    for told in told.iter().filter_map(|told| told.expose_str()) {
        if !told.is_empty() {
            line = line.replace(told, "***");
        }
    }
    line.chars().take(SHOWN).collect()
}

fn behind(refusal: &Refusal) -> String {
    match (refusal.words.as_str(), refusal.code.as_str()) {
        ("", "") => String::new(),
        ("", said) | (said, _) => format!(": {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_one_line_without_secrets() {
        let secret = Secret::new("s3cr3t");
        for (body, code, words) in [
            (
                r#"{"error":"invalid_client","error_description":"AADSTS7000215: no s3cr3t.\r\nTrace ID: 1"}"#,
                "invalid_client",
                "AADSTS7000215: no ***.",
            ),
            (
                r#"{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}"#,
                "UNAUTHORIZED",
                "no",
            ),
            (r#"{"statusCode":500,"message":"later"}"#, "", "later"),
            (r#"{"error":{"code":"x"}}"#, "", ""),
            ("<html>", "", ""),
        ] {
            let read = Refusal::read(body.as_bytes(), &[&secret]);
            assert_eq!((read.code.as_str(), read.words.as_str()), (code, words));
        }
    }

    #[test]
    fn what_a_token_is_for_is_told_apart_from_who_asks() {
        let refusal = |code: &str, words: &str| Refusal {
            code: code.to_owned(),
            words: words.to_owned(),
        };
        for (refused, expected) in [
            (refusal("invalid_resource", ""), true),
            (refusal("invalid_request", "AADSTS500011: no"), true),
            (refusal("invalid_client", "AADSTS7000215: no"), false),
            (refusal("invalid_client", "AADSTS50001x"), false),
        ] {
            assert_eq!(refused.is_of_audience(), expected, "{refused:?}");
        }
    }
}
