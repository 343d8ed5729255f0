//! Who may do what, and how a request proves who it is from.

use crate::server::problem::{Code, Problem};
use crate::server::scope::{self, Actions, Resource, Scope};
use crate::server::token::Tokens;
use crate::transport::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use subtle::ConstantTimeEq as _;

/// Who may do what.
#[derive(Debug, Clone)]
pub enum Access {
    /// Everybody, everything.
    Open,
    /// Users who send their name and password.
    Basic {
        /// The users.
        users: Vec<User>,
    },
    /// Users, or everybody, who trade their credential for a token first.
    Token(TokenService),
}

/// A token service, at `/token` of the registry itself.
///
/// Its tokens are random strings that are held in memory with what they grant: enough for tests
/// and demonstrations, and nothing that another registry could check.
#[derive(Debug, Clone)]
pub struct TokenService {
    /// The URL that challenges name.
    pub realm: String,
    /// The service that challenges name.
    pub service: String,
    /// Who gets a token.
    pub users: Vec<User>,
    /// How long a token is good for.
    pub lifetime: Duration,
    /// What a token grants that was asked for without a credential.
    pub anonymous: Anonymous,
    /// Whether the service answers the OAuth 2 POST. Without: 405.
    pub oauth2: bool,
}

/// What those may do who do not say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anonymous {
    /// Nothing; they get no token.
    Nothing,
    /// Pull, from every repository.
    Pull,
}

/// Somebody with a password.
#[derive(Debug, Clone)]
pub struct User {
    /// The user name. A colon in it could not be sent.
    pub name: String,
    /// The password.
    pub password: Secret,
    /// What the user may do; what several rights allow adds up.
    pub rights: Vec<Right>,
}

/// Actions on the repositories below a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// `team` means `team` and `team/…`; the empty one means all.
    pub prefix: String,
    /// What may be done there.
    pub actions: Actions,
}

impl Right {
    fn applies_to(&self, repository: &str) -> bool {
        let rest = repository.strip_prefix(self.prefix.as_str());
        self.prefix.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl User {
    /// Somebody who may do everything.
    pub fn new(name: impl Into<String>, password: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            password: Secret::new(password),
            rights: vec![Right {
                prefix: String::new(),
                actions: Actions::ALL,
            }],
        }
    }

    /// The same user, who may do nothing but `actions` below `prefix`.
    pub fn only(mut self, prefix: impl Into<String>, actions: Actions) -> Self {
        self.rights.clear();
        self.and(prefix, actions)
    }

    /// The same user, who may do `actions` below `prefix` too.
    pub fn and(mut self, prefix: impl Into<String>, actions: Actions) -> Self {
        self.rights.push(Right {
            prefix: prefix.into(),
            actions,
        });
        self
    }

    /// What of `wanted` the user may do.
    pub(super) fn grant(&self, wanted: &Scope) -> Actions {
        let applying = self.rights.iter().filter(|right| match &wanted.resource {
            Resource::Repository(name) => right.applies_to(name),
            Resource::Catalog => right.prefix.is_empty(),
        });
        let allowed = applying.fold(Actions::NONE, |all, right| all.union(right.actions));
        match wanted.resource {
            Resource::Repository(_) => allowed.intersection(wanted.actions),
            // The catalog has no actions of its own: whoever may pull everything may list it.
            Resource::Catalog if allowed.pull => wanted.actions,
            Resource::Catalog => Actions::NONE,
        }
    }

    fn may(&self, needed: &Scope) -> bool {
        self.grant(needed).contains(needed.actions)
    }
}

/// Who a request is from: a user's name, or `None` where nobody has to say.
pub(super) type Account = Option<String>;

/// Lets a request pass that may do all of `needed`, and says who it is from.
pub(super) fn check(
    access: &Access,
    tokens: &Tokens,
    headers: &HeaderMap,
    needed: &[Scope],
) -> Result<Account, Problem> {
    match access {
        Access::Open => Ok(None),
        Access::Basic { users } => check_password(users, headers, needed),
        Access::Token(service) => check_token(service, tokens, headers, needed),
    }
}

fn check_password(
    users: &[User],
    headers: &HeaderMap,
    needed: &[Scope],
) -> Result<Account, Problem> {
    let user = basic(headers).and_then(|(name, password)| find(users, &name, &password));
    let user = user.ok_or_else(unauthenticated)?;
    match needed.iter().find(|scope| !user.may(scope)) {
        None => Ok(Some(user.name.clone())),
        Some(scope) => Err(Problem::new(
            Code::Denied,
            "requested access to the resource is denied",
        )
        .detail(detail(std::slice::from_ref(scope)))),
    }
}

/// The refusal that asks for a name and a password.
pub(super) fn unauthenticated() -> Problem {
    Problem::new(Code::Unauthorized, "authentication required")
        .header(WWW_AUTHENTICATE, "Basic realm=\"crossdock\"")
}

fn check_token(
    service: &TokenService,
    tokens: &Tokens,
    headers: &HeaderMap,
    needed: &[Scope],
) -> Result<Account, Problem> {
    let Some(token) = credentials(headers, "bearer") else {
        return Err(challenge(service, needed, None));
    };
    let Some(grant) = tokens.find(token) else {
        return Err(challenge(service, needed, Some("invalid_token")));
    };
    if needed
        .iter()
        .all(|scope| scope::allow(&grant.scopes, scope))
    {
        Ok(grant.account)
    } else {
        Err(challenge(service, needed, Some("insufficient_scope")))
    }
}

fn challenge(service: &TokenService, needed: &[Scope], error: Option<&str>) -> Problem {
    let mut text = format!(
        "Bearer realm=\"{}\",service=\"{}\"",
        service.realm, service.service
    );
    if !needed.is_empty() {
        text = format!("{text},scope=\"{}\"", scope::join(needed));
    }
    if let Some(error) = error {
        text = format!("{text},error=\"{error}\"");
    }
    Problem::new(Code::Unauthorized, "authentication required")
        .detail(detail(needed))
        .header(WWW_AUTHENTICATE, text)
}

fn detail(needed: &[Scope]) -> serde_json::Value {
    let rows = needed.iter().flat_map(|scope| {
        let (kind, name) = scope.resource();
        let actions: Vec<&str> = match scope.resource {
            Resource::Repository(_) => scope.actions.names().collect(),
            Resource::Catalog => vec!["*"],
        };
        let row = move |action| json!({"Type": kind, "Class": "", "Name": name, "Action": action});
        actions.into_iter().map(row)
    });
    rows.collect()
}

/// The user with this name and password.
pub(super) fn find<'a>(users: &'a [User], name: &str, password: &[u8]) -> Option<&'a User> {
    let user = users.iter().find(|user| user.name == name)?;
    // Hashed first, so that not even the length of the password shows in the time it takes.
    let expected = Sha256::digest(user.password.expose());
    let given = Sha256::digest(password);
    bool::from(expected.as_slice().ct_eq(given.as_slice())).then_some(user)
}

/// The name and password of a Basic `Authorization` (RFC 7617).
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, Vec<u8>)> {
    let decoded = STANDARD.decode(credentials(headers, "basic")?).ok()?;
    let colon = decoded.iter().position(|&byte| byte == b':')?;
    let name = String::from_utf8(decoded[..colon].to_vec()).ok()?;
    Some((name, decoded[colon + 1..].to_vec()))
}

/// What follows `scheme`, given in lower case, in `Authorization`.
fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (given, rest) = value.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_a_slash() {
        let right = |prefix: &str| Right {
            prefix: prefix.to_owned(),
            actions: Actions::PULL,
        };
        let cases = [
            ("", "team/app", true),
            ("team", "team", true),
            ("team", "team/app", true),
            ("team", "teams/app", false),
            ("team/app", "team", false),
        ];
        for (prefix, repository, applies) in cases {
            assert_eq!(
                right(prefix).applies_to(repository),
                applies,
                "{prefix} {repository}"
            );
        }
    }

    #[test]
    fn rights_add_up_and_limit_what_is_granted() {
        let user = User::new("ann", "pw")
            .only("", Actions::PULL)
            .and("team", Actions::PUSH);
        let grant = |name: &str| user.grant(&Scope::repository(name, Actions::ALL));
        assert_eq!(grant("other"), Actions::PULL);
        assert_eq!(grant("team/app"), Actions::PUSH);
        assert!(user.may(&Scope::catalog()));
        let narrow = User::new("bob", "pw").only("team", Actions::ALL);
        assert!(!narrow.may(&Scope::catalog()));
    }

    #[test]
    fn passwords_are_compared_whole() {
        let users = [User::new("ann", "secret"), User::new("bob", "")];
        let cases: [(&str, &[u8], bool); 6] = [
            ("ann", b"secret", true),
            ("ann", b"secre", false),
            ("ann", b"secret ", false),
            ("ann", b"", false),
            ("bob", b"", true),
            ("eve", b"secret", false),
        ];
        for (name, password, known) in cases {
            assert_eq!(
                find(&users, name, password).is_some(),
                known,
                "{name} {password:?}"
            );
        }
    }
}
