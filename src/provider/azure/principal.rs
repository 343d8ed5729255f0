//! Service principals: applications that prove who they are to Entra by a secret, a certificate, or
//! the token of somebody whom they trust.
//!
//! Source: Microsoft identity platform, "OAuth 2.0 client credentials flow"; GitHub, "`OpenID`
//! Connect reference".

use super::ask::{ask, form};
use super::certificate::assertion;
use super::error::Error;
use super::{read, variable};
use crate::provider::Surroundings;
use crate::transport::carry::Home;
use crate::transport::origin::Origin;
use crate::transport::secret::Secret;
use crate::transport::{Authorization, Request, Transport};
use http::{HeaderValue, Method, StatusCode};
use std::path::PathBuf;
use url::Url;
use zeroize::Zeroizing;

const CLIENT: &str = "AZURE_CLIENT_ID";
const TENANT: &str = "AZURE_TENANT_ID";
const SECRET: &str = "AZURE_CLIENT_SECRET";
const CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
const TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
const GITHUB_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const GITHUB_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
/// What a foreign token has to be for.
const EXCHANGE: &str = "api://AzureADTokenExchange";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// No token in a file is longer.
const TOKEN_LIMIT: u64 = 64 * 1024;

/// An application, and how it proves that it is that.
pub(super) struct Principal {
    client: String,
    pub(super) tenant: String,
    proof: Proof,
}

enum Proof {
    Secret(Secret),
    Certificate(PathBuf),
    /// A file with a token of the cluster's, which is renewed in place.
    TokenFile(PathBuf),
    /// GitHub, which gives a token to a workflow that asks with this.
    GitHub {
        url: Url,
        token: Secret,
    },
}

impl Principal {
    /// The one that the variables speak of.
    pub(super) fn of(surroundings: &Surroundings) -> Result<Option<Self>, Error> {
        let Some((set, proof)) = proof(surroundings)? else {
            return Ok(None);
        };
        let needed = |missing| {
            let value = variable(surroundings, missing);
            value.ok_or(Error::Incomplete { set, missing })
        };
        let (client, tenant) = match (set, needed(CLIENT), needed(TENANT)) {
            // Every workflow that may ask GitHub has its variables, whatever it is about.
            (GITHUB_URL, Err(_), _) | (GITHUB_URL, _, Err(_)) => return Ok(None),
            (_, client, tenant) => (client?, tenant?),
        };
        let is_tenant = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        if !tenant.bytes().all(is_tenant) || tenant.starts_with('.') {
            return Err(Error::Variable {
                name: TENANT,
                reason: "is no tenant: neither an identifier nor a domain",
            });
        }
        Ok(Some(Self {
            client: client.to_owned(),
            tenant: tenant.to_owned(),
            proof,
        }))
    }

    /// Who it is, and where that was found.
    pub(super) fn who(&self) -> String {
        let by = match self.proof {
            Proof::Secret(_) => SECRET,
            Proof::Certificate(_) => CERTIFICATE,
            Proof::TokenFile(_) => TOKEN_FILE,
            Proof::GitHub { .. } => "the workflow's token of GitHub",
        };
        format!("the Azure application {} ({by})", self.client)
    }

    /// Whether it is only an offer: a workflow may ask GitHub for a token whatever its variables are
    /// about, and the application need not trust that.
    pub(super) fn is_offered(&self) -> bool {
        matches!(self.proof, Proof::GitHub { .. })
    }

    /// Its token for `audience`.
    pub(super) async fn token(
        &self,
        transport: &Transport,
        authority: &Url,
        audience: &str,
    ) -> Result<Secret, Error> {
        let mut url = authority.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty()
                .extend([&self.tenant, "oauth2", "v2.0", "token"]);
        }
        let (names, proof) = self.proved(transport, &url).await?;
        let scope = format!("{audience}/.default");
        let mut fields = vec![
            ("grant_type", b"client_credentials".as_slice()),
            ("client_id", self.client.as_bytes()),
            ("scope", scope.as_bytes()),
            (names, proof.expose()),
        ];
        if names == "client_assertion" {
            fields.push(("client_assertion_type", ASSERTION_TYPE.as_bytes()));
        }
        let who = self.who();
        let answer = ask(transport, &who, form(url, &fields)).await?;
        answer.access_token(&who, &[&proof])
    }

    /// The field that proves who it is, and its value.
    async fn proved(
        &self,
        transport: &Transport,
        url: &Url,
    ) -> Result<(&'static str, Secret), Error> {
        let assertion = match &self.proof {
            Proof::Secret(secret) => return Ok(("client_secret", secret.clone())),
            Proof::Certificate(path) => assertion(CERTIFICATE, path, &self.client, url)?,
            Proof::TokenFile(path) => token_in(path)?,
            Proof::GitHub { url, token } => self.of_github(transport, url, token).await?,
        };
        Ok(("client_assertion", assertion))
    }

    async fn of_github(
        &self,
        transport: &Transport,
        url: &Url,
        token: &Secret,
    ) -> Result<Secret, Error> {
        let mut url = url.clone();
        url.query_pairs_mut().append_pair("audience", EXCHANGE);
        let request = Request::new(Method::GET, url.clone());
        let request = request.authorization(bearer(token, &url));
        let who = self.who();
        let answer = ask(transport, &who, request).await?;
        if answer.status == StatusCode::OK {
            answer.token("value")
        } else {
            Err(answer.refused(&who, &[token]))
        }
    }
}

/// How an application proves who it is, and the variable that says so.
fn proof(surroundings: &Surroundings) -> Result<Option<(&'static str, Proof)>, Error> {
    let value = |name| variable(surroundings, name);
    let found = if let Some(secret) = value(SECRET) {
        (SECRET, Proof::Secret(Secret::new(secret)))
    } else if let Some(path) = value(CERTIFICATE) {
        (CERTIFICATE, Proof::Certificate(path.into()))
    } else if let Some(path) = value(TOKEN_FILE) {
        (TOKEN_FILE, Proof::TokenFile(path.into()))
    } else if let (Some(url), Some(token)) = (value(GITHUB_URL), value(GITHUB_TOKEN)) {
        let url = Url::parse(url).ok().filter(|url| url.scheme() == "https");
        let url = url.ok_or(Error::Variable {
            name: GITHUB_URL,
            reason: "is no URL that is reached over TLS (`https://…`)",
        })?;
        let token = Secret::new(token);
        (GITHUB_URL, Proof::GitHub { url, token })
    } else {
        return Ok(None);
    };
    Ok(Some(found))
}

/// The token in a file, as it is now.
fn token_in(path: &std::path::Path) -> Result<Secret, Error> {
    let content = read(TOKEN_FILE, path, TOKEN_LIMIT)?;
    let text = content.expose_str().map(str::trim).unwrap_or_default();
    super::ask::visible(text).ok_or_else(|| Error::File {
        variable: TOKEN_FILE,
        path: path.to_owned(),
        reason: "holds no token",
    })
}

/// The authorization for `url` and nowhere else.
fn bearer(token: &Secret, url: &Url) -> Option<Authorization> {
    let text = Zeroizing::new(format!("Bearer {}", token.expose_str()?));
    let value = HeaderValue::from_str(&text).ok()?;
    Some(Authorization::new(
        value,
        Home::new(Origin::of(url)?, vec![]),
    ))
}
