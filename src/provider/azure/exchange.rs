//! Trading a token of Entra's for one of a registry's own.
//!
//! Source: Azure, `acr/docs/AAD-OAuth.md`.

use super::ask::{ask, form};
use super::error::Error;
use crate::auth::challenge::Challenge;
use crate::oci::reference::Host;
use crate::transport::secret::Secret;
use crate::transport::{Request, Transport};
use crate::vendor::acr::AcrHost;
use http::{Method, StatusCode};
use url::Url;

/// The refresh token that the registry at `host` gives to `who` for a token of Entra's, which goes
/// nowhere else.
pub(super) async fn exchange(
    transport: &Transport,
    who: &str,
    host: &Host,
    tenant: Option<&str>,
    token: &Secret,
) -> Result<Secret, Error> {
    let registry = host.to_string();
    let service = service(transport, who, host).await?;
    let mut fields = vec![
        ("grant_type", b"access_token".as_slice()),
        ("service", service.as_bytes()),
        ("access_token", token.expose()),
    ];
    if let Some(tenant) = tenant {
        fields.push(("tenant", tenant.as_bytes()));
    }
    let request = form(url(host, "/oauth2/exchange")?, &fields);
    let answer = ask(transport, who, request).await?;
    match answer.status {
        StatusCode::OK => answer.token("refresh_token"),
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Err(Error::Stranger {
            refusal: answer.refusal(&[token]),
            who: who.to_owned(),
            registry,
            status,
        }),
        _ => Err(answer.refused(who, &[token])),
    }
}

/// What the registry calls itself: a domain of its owner's is only another name for it.
async fn service(transport: &Transport, who: &str, host: &Host) -> Result<String, Error> {
    let typed = host.to_string();
    if AcrHost::of(host).is_some() {
        return Ok(typed);
    }
    let request = Request::new(Method::GET, url(host, "/v2/")?).without_redirects();
    let unasked = |source| Error::Unasked {
        who: who.to_owned(),
        service: typed.clone(),
        source,
    };
    let response = transport.send(request).await.map_err(unasked)?;
    match Challenge::read(response.headers()) {
        Ok(Some(Challenge::Bearer(bearer))) => Ok(bearer.service.unwrap_or(typed)),
        _ => Ok(typed),
    }
}

fn url(host: &Host, path: &str) -> Result<Url, Error> {
    let url = Url::parse(&format!("https://{host}{path}"));
    url.map_err(|_| Error::Reply {
        service: host.to_string(),
        reason: "cannot be asked for: its name is none of a URL",
    })
}
