//! From who asks to what is sent, and who asks instead where that is refused.

use super::{Authenticator, Grant, Refusal, Remembered, Wish};
use crate::auth::asking::{Asking, Who};
use crate::auth::cache::Key;
use crate::auth::credential::Credential;
use crate::auth::error::Error;
use crate::auth::granted::Granted;
use crate::auth::token::{self, Exchange, Token};
use crate::transport::BoxError;
use http::StatusCode;
use std::sync::Arc;

impl Authenticator {
    /// The authorization for whoever asks.
    ///
    /// A credential that was good once and is refused now may have lived its time: whoever gave it
    /// is asked anew.
    pub(super) async fn grant(&self, wish: &Wish<'_>) -> Grant {
        let asking = self.find(wish).await?;
        let first = self.grant_to(&asking, wish).await;
        if !is_refusal(&first, wish.rejected) {
            return self.unless_over(&asking, wish, first).await;
        }
        match asking.who.credential() {
            None => match self.as_somebody(wish).await? {
                None => first,
                granted => Ok(granted),
            },
            Some(credential) if self.is_proven(credential) => {
                match self.renewed(&asking, wish).await? {
                    Some(new) => self.otherwise(&new, wish).await,
                    None => self.unless_over(&asking, wish, first).await,
                }
            }
            Some(_) => self.unless_over(&asking, wish, first).await,
        }
    }

    /// The authorization for who asks instead of somebody else.
    pub(super) async fn otherwise(&self, asking: &Asking, wish: &Wish<'_>) -> Grant {
        let granted = self.grant_to(asking, wish).await;
        self.unless_over(asking, wish, granted).await
    }

    /// Nobody is refused: what the machine's identity is given, where there is one.
    pub(super) async fn as_somebody(&self, wish: &Wish<'_>) -> Grant {
        self.seeker.note_that_nobody_is_refused(wish.access);
        let asking = self.find(wish).await?;
        match (&asking.who, &asking.failed) {
            (Who::Nobody, Some(failed)) => Err(Arc::clone(failed)),
            (Who::Nobody, None) => Ok(None),
            _ => self.otherwise(&asking, wish).await,
        }
    }

    /// Who asks once the credential was made anew. `None`: it is the same as before.
    pub(super) async fn renewed(
        &self,
        asking: &Asking,
        wish: &Wish<'_>,
    ) -> Result<Option<Asking>, Arc<Error>> {
        let Some(stale) = asking.who.credential() else {
            return Ok(None);
        };
        self.seeker.forget(wish.access, &asking.who);
        let new = self.find(wish).await?;
        let is_new = match new.who.credential() {
            Some(credential) => credential != stale,
            None => new.failed.is_some(),
        };
        if !is_new {
            self.proven().remove(stale);
        }
        Ok(is_new.then_some(new))
    }

    /// Whether the credential of who asks may have lived its time. A registry that does not say a
    /// word, as none can to a HEAD, is believed to mean that once.
    pub(super) fn may_be_over(&self, wish: &Wish<'_>, asking: &Asking, refusal: &Refusal) -> bool {
        if !asking.who.credential().is_some_and(|c| self.is_proven(c)) {
            return false;
        }
        refusal.is_expiry.unwrap_or_else(|| {
            let origin = wish.access.home.origin().clone();
            matches!(asking.who, Who::Identity(_)) && self.renewed_blindly().insert(origin)
        })
    }

    /// What was granted, unless it is the machine's identity that is refused, and a read that
    /// nobody may be allowed: then nobody asks.
    async fn unless_over(&self, asking: &Asking, wish: &Wish<'_>, granted: Grant) -> Grant {
        let registry = || wish.access.home.origin().authority();
        let (is_known, cause): (bool, BoxError) = match (&granted, asking.who.found()) {
            (Ok(Some(again)), Some(found)) if again.is_again(wish.rejected) => {
                let rejected = Error::Rejected {
                    registry: registry(),
                    what: again.sent.unwrap_or("credential"),
                    origin: found.origin.clone(),
                    message: None,
                };
                (false, rejected.into())
            }
            (Err(error), _) if is_refused_by_service(error) || is_withheld(error) => {
                (false, Arc::clone(error).into())
            }
            _ => return granted,
        };
        match self.nobody_instead(asking, wish, is_known, cause).await? {
            Some(instead) => Ok(Some(instead)),
            None => granted,
        }
    }

    /// What nobody is granted, where it is the machine's identity that is refused a read.
    pub(super) async fn nobody_instead(
        &self,
        asking: &Asking,
        wish: &Wish<'_>,
        is_known: bool,
        cause: BoxError,
    ) -> Grant {
        let Who::Identity(found) = &asking.who else {
            return Ok(None);
        };
        if !wish.access.scopes.only_read() {
            return Ok(None);
        }
        let failed = Arc::new(Error::Unaccepted {
            registry: wish.access.home.origin().authority(),
            origin: found.origin.clone(),
            is_known,
            source: cause,
        });
        self.seeker.note_refusal(wish.access, Arc::clone(&failed));
        if self.seeker.is_not_for_nobody(wish.access) {
            return Err(failed);
        }
        let nobody = Asking::nobody(Some(Arc::clone(&failed)));
        match self.grant_to(&nobody, wish).await? {
            Some(granted) => Ok(Some(granted)),
            None => Err(failed),
        }
    }

    pub(super) async fn grant_to(&self, asking: &Asking, wish: &Wish<'_>) -> Grant {
        let (realm, service) = match wish.known {
            Remembered::Basic => {
                let home = wish.access.home.clone();
                return Ok(Granted::password(&asking.who, home, wish.scopes));
            }
            Remembered::Bearer { realm, service } => (realm, service),
        };
        let home = &wish.access.home;
        let credential = asking.who.credential();
        let ready = match credential {
            Some(Credential::Registry(token)) => Some(token),
            _ => None,
        };
        let token = if let Some(token) = ready {
            token.clone()
        } else {
            let exchange = Exchange {
                registry: home,
                realm: realm.clone(),
                service: service.clone(),
                scopes: wish.scopes.clone(),
                credential,
            };
            // Boxed: it is what makes all who wait for a login large.
            let token = Box::pin(self.token(&exchange, wish.rejected)).await;
            token.map_err(|error| asking.blamed(error))?.value
        };
        let registry = home.origin().authority();
        let authorization = token::bearer(&token, home.clone()).ok_or_else(|| Error::Reply {
            service: registry.clone(),
            reason: "holds a token that no header can hold",
        })?;
        if let Some(failed) = &asking.failed {
            let text = format!("{}; asking as nobody", reason(failed));
            self.transport.observer().warning(&registry, &text);
        }
        if ready.is_none() {
            credential.inspect(|credential| self.prove(credential));
        }
        let sent = ready.map(|_| "token");
        let failed = asking.failed.clone();
        let granted = Granted::to(&asking.who, authorization, sent, failed, wish.scopes);
        Ok(Some(granted.with_token(token)))
    }

    async fn token(
        &self,
        exchange: &Exchange<'_>,
        rejected: Option<&Granted>,
    ) -> Result<Token, Arc<Error>> {
        let key = Key {
            registry: exchange.registry.origin().clone(),
            realm: exchange.realm.clone(),
            service: exchange.service.clone(),
            scopes: exchange.scopes.clone(),
            credential: exchange.credential.cloned(),
        };
        if let (Some(rejected), Some(known)) = (rejected, self.tokens.known(&key)) {
            let same = token::bearer(&known.value, exchange.registry.clone())
                .is_some_and(|known| known.is_same(&rejected.authorization));
            if same {
                self.tokens.forget(&key, &known);
            }
        }
        self.tokens
            .get_or_fetch(&key, exchange.fetch(&self.transport))
            .await
    }
}

/// Whether somebody's credential, or nobody's want of one, is not accepted.
fn is_refusal(granted: &Grant, rejected: Option<&Granted>) -> bool {
    match granted {
        Ok(granted) => granted.as_ref().is_some_and(|new| new.is_again(rejected)),
        Err(error) => is_refused_by_service(error),
    }
}

fn is_refused_by_service(error: &Error) -> bool {
    matches!(
        error,
        Error::Refused {
            status: StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN,
            ..
        }
    )
}

fn is_withheld(error: &Error) -> bool {
    matches!(error, Error::Withheld { .. })
}

/// What is behind a failure, without what was wanted.
fn reason(failed: &Error) -> String {
    let first = std::error::Error::source(failed);
    let causes = std::iter::successors(first, |cause| cause.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    let causes = causes.join(": ");
    match failed {
        Error::Unaccepted { origin, .. } => format!("refuses {origin}: {causes}"),
        Error::Slow { .. } => failed.to_string(),
        Error::Exposed { registry, .. } => {
            format!(
                "{failed} (`crossdock login {registry} -u USER` gives a credential all the same)"
            )
        }
        _ => causes,
    }
}
