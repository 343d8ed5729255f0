//! Managed identities: what Azure says that a machine of its own is.
//!
//! Source: Microsoft, "Use managed identities for App Service and Azure Functions" and "How to use
//! managed identities on an Azure VM to acquire an access token".

use super::ask::{Answer, ask};
use super::error::Error;
use super::variable;
use crate::provider::Surroundings;
use crate::transport::address::Class;
use crate::transport::origin::Origin;
use crate::transport::secret::Secret;
use crate::transport::{Attempts, Request, Transport};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use std::time::Duration;
use url::Url;

const CLIENT: &str = "AZURE_CLIENT_ID";
const ENDPOINT: &str = "IDENTITY_ENDPOINT";
const HEADER: &str = "IDENTITY_HEADER";
const THUMBPRINT: &str = "IDENTITY_SERVER_THUMBPRINT";
/// Names another metadata service.
const METADATA: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
/// The metadata service of Azure's machines, and of others' that are not Azure's.
const USUAL_METADATA: &str = "http://169.254.169.254";
/// How long it may take to say that it is there: most machines have none, and nothing answers.
const GLANCE: Duration = Duration::from_secs(1);
/// How long a token may take, once it is there: a little less than whoever waits for it has.
const PATIENCE: Duration = Duration::from_secs(29);
/// The wait before the second attempt, doubled for each one after, as Microsoft has it.
const WAIT: Duration = Duration::from_secs(1);

/// A managed identity.
pub(super) struct Managed {
    /// Which one, where the machine may have several.
    client: Option<String>,
    by: By,
}

/// Who says what it is.
enum By {
    /// The service beside an application: `App Service`, `Functions`, `Container Apps`.
    Application { endpoint: Url, header: Secret },
    /// The metadata service of a virtual machine, which may not be there.
    Metadata { endpoint: Url },
}

impl Managed {
    /// The one of an application, which the variables speak of.
    pub(super) fn of_application(surroundings: &Surroundings) -> Result<Option<Self>, Error> {
        let value = |name| variable(surroundings, name);
        let (Some(endpoint), Some(header)) = (value(ENDPOINT), value(HEADER)) else {
            return Ok(None);
        };
        if value(THUMBPRINT).is_some() {
            return Err(Error::Variable {
                name: THUMBPRINT,
                reason: "is set: managed identities of Service Fabric cannot be used",
            });
        }
        let endpoint = own_service(ENDPOINT, endpoint)?;
        let header = Secret::new(header);
        Ok(Some(Self::of(
            surroundings,
            By::Application { endpoint, header },
        )))
    }

    /// The one of a virtual machine, where it is one.
    pub(super) fn of_machine(surroundings: &Surroundings) -> Result<Self, Error> {
        let named = variable(surroundings, METADATA);
        let mut endpoint = own_service(METADATA, named.unwrap_or(USUAL_METADATA))?;
        endpoint.set_path("/metadata/identity/oauth2/token");
        Ok(Self::of(surroundings, By::Metadata { endpoint }))
    }

    fn of(surroundings: &Surroundings, by: By) -> Self {
        let client = variable(surroundings, CLIENT).map(str::to_owned);
        Self { client, by }
    }

    /// Who it is, and where that was found.
    pub(super) fn who(&self) -> String {
        let by = match self.by {
            By::Application { .. } => ENDPOINT,
            By::Metadata { .. } => "the metadata service",
        };
        match &self.client {
            Some(client) => format!("the managed identity {client} ({by})"),
            None => format!("the managed identity of this machine ({by})"),
        }
    }

    /// Its token for `audience`. `None`: the machine has no managed identity.
    pub(super) async fn token(
        &self,
        transport: &Transport,
        audience: &str,
    ) -> Result<Option<Secret>, Error> {
        let who = self.who();
        match &self.by {
            By::Application { endpoint, header } => {
                let request = self.question(endpoint, "2019-08-01", audience);
                let mut value =
                    HeaderValue::from_bytes(header.expose()).map_err(|_| Error::Variable {
                        name: HEADER,
                        reason: "is no value for a header",
                    })?;
                value.set_sensitive(true);
                let request = request.header(HeaderName::from_static("x-identity-header"), value);
                let answer = ask(transport, &who, request).await?;
                answer.access_token(&who, &[header]).map(Some)
            }
            By::Metadata { endpoint } => {
                if !self.is_there(transport, endpoint).await? {
                    return Ok(None);
                }
                let asking = self.asked_patiently(transport, endpoint, audience);
                let answer = tokio::time::timeout(PATIENCE, asking).await;
                let answer = answer.unwrap_or_else(|_| {
                    Err(Error::Silent {
                        service: "the metadata service",
                        seconds: PATIENCE.as_secs(),
                    })
                });
                self.of_metadata(answer?)
            }
        }
    }

    /// Whether a metadata service of Azure's is there: it answers 400 at once to whoever does not
    /// say `Metadata: true`, unless it is busy, or being updated.
    async fn is_there(&self, transport: &Transport, endpoint: &Url) -> Result<bool, Error> {
        let request = Request::new(Method::GET, endpoint.clone());
        let request = request.without_proxy().attempts(Attempts::Once);
        let who = self.who();
        let glance = tokio::time::timeout(GLANCE, ask(transport, &who, request));
        let answered = glance.await.map_err(|_| Error::Absent)?;
        let status = answered.map(|answer| answer.status.as_u16());
        Ok(matches!(status, Ok(200 | 400 | 410 | 429)))
    }

    /// What the metadata service answers, asked again where that may help: Microsoft has 404 and 410
    /// while it is updated, 429 where it is asked too much.
    async fn asked_patiently(
        &self,
        transport: &Transport,
        endpoint: &Url,
        audience: &str,
    ) -> Result<Answer, Error> {
        let who = self.who();
        let attempts = transport.settings().retry.attempts;
        let mut wait = WAIT;
        for _ in 1..attempts {
            let answer = ask(transport, &who, self.to_metadata(endpoint, audience)).await;
            let is_temporary = match &answer {
                Ok(answer) => is_temporary(answer.status),
                Err(_) => true,
            };
            if !is_temporary {
                return answer;
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        ask(transport, &who, self.to_metadata(endpoint, audience)).await
    }

    fn to_metadata(&self, endpoint: &Url, audience: &str) -> Request {
        let name = HeaderName::from_static("metadata");
        self.question(endpoint, "2018-02-01", audience)
            .header(name, HeaderValue::from_static("true"))
            .attempts(Attempts::Once)
    }

    /// The token that the metadata service gives. What is like one says no in other words, and a
    /// machine without an identity was not asked for.
    fn of_metadata(&self, answer: Answer) -> Result<Option<Secret>, Error> {
        let who = self.who();
        if answer.status == StatusCode::OK {
            return answer.access_token(&who, &[]).map(Some);
        }
        let refusal = answer.refusal(&[]);
        let is_nobody = self.client.is_none() && refusal.words.contains("Identity not found");
        let is_other = refusal.code.is_empty() && !is_temporary(answer.status);
        if is_other || is_nobody {
            return Ok(None);
        }
        Err(answer.refused(&who, &[]))
    }

    fn question(&self, endpoint: &Url, version: &str, audience: &str) -> Request {
        let mut url = endpoint.clone();
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("api-version", version);
            query.append_pair("resource", audience);
            if let Some(client) = &self.client {
                query.append_pair("client_id", client);
            }
        }
        // A proxy would say who the proxy is.
        Request::new(Method::GET, url).without_proxy()
    }
}

/// Whether the metadata service may answer otherwise a little later.
fn is_temporary(status: StatusCode) -> bool {
    matches!(status.as_u16(), 404 | 410 | 429) || status.is_server_error()
}

/// A service of the machine's own: over TLS, or not in public.
fn own_service(name: &'static str, text: &str) -> Result<Url, Error> {
    let wrong = |reason| Error::Variable { name, reason };
    let url = Url::parse(text).map_err(|_| wrong("is no URL"))?;
    let origin = Origin::of(&url).ok_or_else(|| wrong("is no URL of HTTP"))?;
    let is_near = match origin.class() {
        Some(class) => !matches!(class, Class::Public | Class::Special | Class::Unspecified),
        None => url.host_str() == Some("localhost"),
    };
    if origin.is_secure() || is_near {
        Ok(url)
    } else {
        Err(wrong("is reached without TLS, and not on this machine"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_goes_without_tls_to_a_near_place_alone() {
        for (url, expected) in [
            ("http://localhost:42356/msi/token", true),
            ("http://127.0.0.1:41741/msi/token/", true),
            ("http://169.254.129.3:8081/msi/token", true),
            ("http://10.0.0.4/token", true),
            ("https://identity.example.com/token", true),
            ("http://identity.example.com/token", false),
            ("http://8.8.8.8/token", false),
            ("ftp://localhost/token", false),
            ("localhost", false),
        ] {
            assert_eq!(own_service(ENDPOINT, url).is_ok(), expected, "{url}");
        }
    }
}
