//! One question to the registry, with whatever authorization it wants.

use super::Client;
use super::error::Error;
use super::problem::Problem;
use crate::auth::credential::Subject;
use crate::auth::scope::{Action, Scope, Scopes};
use crate::auth::{self, Access, Granted, Refusal};
use crate::oci::reference::{Repository, RepositoryName};
use crate::transport::origin::Origin;
use crate::transport::{Lane, Request, Response};
use http::{HeaderMap, Method, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// A refusal is read no further.
const READ: usize = 64 * 1024;

/// So often a request is sent at most: as nobody without and with a token, as somebody, as the same
/// with a new credential, and as nobody after all, each once, and once more where a token is over.
const MOST: usize = 6;

/// A client without patience waits no longer for a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

impl Client {
    /// The URL of `path` below `/v2/`. Names and digests hold nothing that needs escaping.
    pub(super) async fn url(&self, path: &str) -> Result<Url, Error> {
        let base = self.address.base().await?;
        base.join(&format!("/v2/{path}"))
            .map_err(|_| Error::protocol(self.host(), "its address cannot be extended"))
    }

    /// Says that requests of this kind are about to be made, so many at once, so that connections
    /// can be opened ahead.
    pub fn warm(&self, lane: Lane, count: usize) {
        if let Some(base) = self.address.known() {
            self.transport.warm(base, lane, count);
        }
    }

    /// Access to one repository.
    pub(super) async fn access(
        &self,
        name: &RepositoryName,
        actions: &[Action],
    ) -> Result<Access, Error> {
        let repository = Repository {
            host: self.host().clone(),
            name: name.clone(),
        };
        Ok(Access {
            home: self.address.home().await?,
            subject: Subject::Repository(repository),
            scopes: Scopes::one(Scope::repository(name, actions)),
        })
    }

    /// Access to the registry as a whole.
    pub(super) async fn access_to_all(&self, scopes: Scopes) -> Result<Access, Error> {
        let subject = Subject::Host(self.host().clone());
        Ok(Access {
            home: self.address.home().await?,
            subject,
            scopes,
        })
    }

    /// Whether both repositories are read with the same credential, so that one token can be good
    /// for both.
    pub async fn shares_credential(&self, one: &RepositoryName, other: &RepositoryName) -> bool {
        let subject = |name: &RepositoryName| {
            Subject::Repository(Repository {
                host: self.host().clone(),
                name: name.clone(),
            })
        };
        let Ok(home) = self.address.home().await else {
            return one == other;
        };
        let (first, second) = (subject(one), subject(other));
        one == other || self.auth.is_same_credential(&home, &first, &second).await
    }

    /// Sends a request; a 401 is answered once. A request whose body cannot be sent twice comes
    /// back with its 401.
    pub(super) async fn call(&self, request: Request, access: &Access) -> Result<Response, Error> {
        let request = request.to_registry();
        // Boxed: it holds all that a login can take, and many calls wait at once.
        let granted = match Box::pin(self.auth.prepare(access)).await {
            // Not a right that this token service knows: the registry says which it wants.
            Err(error) if is_unknown_right(&error) => None,
            prepared => prepared?,
        };
        Box::pin(self.call_as(request, access, granted)).await
    }

    async fn call_as(
        &self,
        mut request: Request,
        access: &Access,
        mut granted: Option<Granted>,
    ) -> Result<Response, Error> {
        if self.is_brief {
            request = request.briefly(CONNECT_WITHIN);
        }
        let mut is_answered = false;
        for _ in 0..MOST {
            let again = request.repeat();
            let authorization = granted.as_ref().map(|g| g.authorization.clone());
            let request_now = request.authorization(authorization);
            let response = self.send(request_now).await?;
            if !is_refusal_of(&response, access) {
                granted.inspect(|granted| self.auth.accepted(granted));
                return Ok(response);
            }
            let Some(again) = again else {
                return self
                    .unless_rejected(response, access, granted.as_ref())
                    .await;
            };
            let in_vain = |granted| self.auth.is_in_vain(access, granted, response.headers());
            let is_challenge = response.status() == StatusCode::UNAUTHORIZED
                && !granted.as_ref().is_some_and(in_vain);
            let next = if is_challenge && !is_answered {
                is_answered = true;
                let asked = Asked::of(response).await;
                self.answer(access, &asked, granted.as_ref()).await?
            } else {
                match self.instead(access, granted.as_ref(), response).await? {
                    Next::Ask(next) => *next,
                    Next::Over(response) => {
                        return self
                            .unless_rejected(response, access, granted.as_ref())
                            .await;
                    }
                }
            };
            (granted, request) = (Some(next), again);
        }
        let what = "it lets in nobody whom it has given a token";
        Err(Error::protocol(self.host(), what))
    }

    /// Who else may ask, where the registry does not let in who was `granted` this.
    async fn instead(
        &self,
        access: &Access,
        granted: Option<&Granted>,
        response: Response,
    ) -> Result<Next, Error> {
        let Some(granted) = granted else {
            return Ok(Next::Over(response));
        };
        let (body, response) = response.aside(READ).await;
        let problem = Problem::of(response.status(), &body);
        let is_expiry = (!body.is_empty()).then(|| problem.is_expiry());
        let instead = self.otherwise(access, granted, problem, is_expiry).await?;
        Ok(instead.map_or(Next::Over(response), |next| Next::Ask(Box::new(next))))
    }

    async fn otherwise(
        &self,
        access: &Access,
        granted: &Granted,
        problem: Problem,
        is_expiry: Option<bool>,
    ) -> Result<Option<Granted>, Error> {
        let refusal = Refusal {
            status: problem.status,
            is_expiry,
            cause: Error::Refused(problem).into(),
        };
        Ok(Box::pin(self.auth.instead(access, granted, refusal)).await?)
    }

    /// The answer, unless it is a no to a credential that was sent along, or to nobody because of
    /// one that could not be.
    async fn unless_rejected(
        &self,
        response: Response,
        access: &Access,
        granted: Option<&Granted>,
    ) -> Result<Response, Error> {
        let Some(granted) = granted else {
            return Ok(response);
        };
        if let Some(failed) = &granted.failed {
            return Err(Arc::clone(failed).into());
        }
        let is_rejection = is_challenge_of(&response, access)
            && self.auth.rejection(access, granted, None).is_some();
        if !is_rejection {
            return Ok(response);
        }
        let problem = Problem::read(response).await;
        let message = problem.message().map(str::to_owned);
        let rejection = self.auth.rejection(access, granted, message);
        Err(rejection.map_or(Error::Refused(problem), |error| Arc::new(error).into()))
    }

    /// Finds the authorization that a 401 asks for. Some registries only say at `/v2/` what they
    /// want.
    async fn answer(
        &self,
        access: &Access,
        asked: &Asked,
        rejected: Option<&Granted>,
    ) -> Result<Granted, Error> {
        let Asked { url, headers } = asked;
        let answered = Box::pin(self.auth.answer(access, url, headers, rejected)).await;
        match answered {
            Err(error) if matches!(*error, auth::Error::Unchallenged { .. }) => {
                let ping = Request::new(Method::GET, self.url("").await?);
                let welcome = self.send(ping).await?;
                if !is_challenge_of(&welcome, access) {
                    return Err(error.into());
                }
                let Asked { url, headers } = Asked::of(welcome).await;
                Ok(Box::pin(self.auth.answer(access, &url, &headers, rejected)).await?)
            }
            answered => Ok(answered?),
        }
    }

    /// The authorization to send along with bytes that can be sent only once.
    pub(super) async fn authorize(&self, access: &Access) -> Result<Option<Granted>, Error> {
        Ok(Box::pin(self.auth.prepare(access)).await?)
    }

    /// A new authorization after `rejected` was not accepted in the middle of an upload.
    pub(super) async fn reauthorize(
        &self,
        access: &Access,
        response: Response,
        rejected: Option<&Granted>,
    ) -> Result<(), Error> {
        let asked = Asked::of(response).await;
        Box::pin(self.answer(access, &asked, rejected))
            .await
            .map(|_| ())
    }

    /// Makes the credential anew that `granted` came of, where the registry says that it has lived
    /// its time, in the middle of an upload. `false`: there is nothing to be done.
    pub(super) async fn renew(
        &self,
        access: &Access,
        granted: Option<&Granted>,
        problem: &Problem,
    ) -> Result<bool, Error> {
        match granted.filter(|_| problem.is_expiry()) {
            Some(granted) => {
                let new = self.otherwise(access, granted, problem.clone(), Some(true));
                Ok(new.await?.is_some())
            }
            None => Ok(false),
        }
    }

    /// Asks `/v2/` who we are: whether the registry accepts the credential, and whether it wanted
    /// one at all.
    ///
    /// Source: distribution-spec 1.1, "Determining Support".
    pub async fn ping(&self) -> Result<Welcome, Error> {
        let access = self.access_to_all(Scopes::none()).await?;
        let ping = Request::new(Method::GET, self.url("").await?);
        let asked = self.send(ping.repeat().unwrap_or(ping)).await?;
        let (response, verified) = if is_challenge_of(&asked, &access) {
            let asked = Asked::of(asked).await;
            let (response, granted) = self.ask_as_wanted(&access, &asked).await?;
            (response, granted.origin.is_some())
        } else {
            (asked, false)
        };
        match response.status() {
            status if status.is_success() => {
                self.refuse_markup(&response)?;
                Ok(if verified {
                    Welcome::Verified
                } else {
                    Welcome::Unasked
                })
            }
            // Not every registry answers at the root of its API.
            StatusCode::NOT_FOUND if verified => Ok(Welcome::Verified),
            _ => Err(Error::refused(response).await),
        }
    }

    /// Asks `/v2/` as whoever it wants: its answer, unless that is a no to who he is.
    pub(super) async fn ask_as_wanted(
        &self,
        access: &Access,
        asked: &Asked,
    ) -> Result<(Response, Granted), Error> {
        let granted = self.answer(access, asked, None).await?;
        let ping = Request::new(Method::GET, self.url("").await?);
        let ping = ping.authorization(Some(granted.authorization.clone()));
        let response = self.send(ping).await?;
        let response = self
            .unless_rejected(response, access, Some(&granted))
            .await?;
        Ok((response, granted))
    }

    /// A page for people instead of an answer: a portal, or a proxy, is in between.
    pub(super) fn refuse_markup(&self, response: &Response) -> Result<(), Error> {
        match response.header(&http::header::CONTENT_TYPE) {
            Some(kind) if kind.starts_with("text/html") => {
                Err(Error::protocol(self.host(), "it answers with a web page"))
            }
            _ => Ok(()),
        }
    }
}

/// What a registry made of our credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Welcome {
    /// It asked for one and accepted it.
    Verified,
    /// It asked for none, so that none was checked.
    Unasked,
}

/// What a 401 says, without the answer itself: that holds one of the host's slots, which whoever
/// fetches a token may need.
pub(super) struct Asked {
    url: Url,
    headers: HeaderMap,
}

impl Asked {
    /// One that was read before.
    pub(super) fn again(url: Url, headers: HeaderMap) -> Self {
        Self { url, headers }
    }

    /// Reads the answer to its end, so that its connection can be used again.
    async fn of(response: Response) -> Self {
        let (url, headers) = (response.url().clone(), response.headers().clone());
        response.beginning(READ).await;
        Self { url, headers }
    }
}

/// What is done about a refusal.
enum Next {
    /// This is sent along.
    Ask(Box<Granted>),
    /// Nothing.
    Over(Response),
}

/// Whether it is the registry itself that wants a login, and not a storage host that it redirected
/// to: no secret is for those.
fn is_challenge_of(response: &Response, access: &Access) -> bool {
    response.status() == StatusCode::UNAUTHORIZED
        && Origin::of(response.url()).as_ref() == Some(access.home.origin())
}

/// Whether it is the registry itself that does not let in who asks.
fn is_refusal_of(response: &Response, access: &Access) -> bool {
    let refuses = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&response.status());
    refuses && Origin::of(response.url()).as_ref() == Some(access.home.origin())
}

fn is_unknown_right(error: &auth::Error) -> bool {
    matches!(error, auth::Error::Refused { status, .. } if *status == StatusCode::BAD_REQUEST)
}

/// The error of a token service that does not grant all that was asked for.
pub(super) fn is_refused_grant(error: &Error) -> bool {
    let refused = |error: &Arc<auth::Error>| matches!(**error, auth::Error::Refused { .. });
    matches!(error, Error::Auth(error) if refused(error))
}
