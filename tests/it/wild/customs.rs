//! How the token services of each kind of registry behave, as far as a client can tell.
//!
//! Sources: the vendors' pages and code, and what users report of them; where those are silent it is
//! what CNCF distribution does.

use crossdock::vendor::Kind;
use serde_json::{Value, json};

/// What one kind of registry wants to see, and says.
#[derive(Clone)]
pub(crate) struct Custom {
    pub(crate) kind: Kind,
    pub(crate) login: Login,
    /// The rights that a removal takes, as a challenge names them; `None`: it removes nothing here.
    pub(crate) removal: Option<&'static str>,
    /// What a token that is good for less gets to hear.
    pub(crate) denial: Denial,
    /// Whether a mount from where nothing may be read is refused, and not an upload.
    pub(crate) refuses_mounts: bool,
    /// Whether its tokens are good for what they were given for.
    pub(crate) keeps_its_word: bool,
}

/// How somebody says who it is.
#[derive(Clone)]
pub(crate) enum Login {
    /// With this challenge.
    Basic(&'static str),
    Tokens(Box<Tokens>),
}

/// A token service.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) path: &'static str,
    pub(crate) service: Option<&'static str>,
    /// Whether `/v2/` names the service too.
    pub(crate) ping_names_service: bool,
    /// What challenges say of the scope.
    pub(crate) scope: Named,
    /// Whether a token that does not count gets another challenge, and not just a no.
    pub(crate) is_told_anew: bool,
    /// Rights that may be asked for; another one is a bad request. `None`: all.
    pub(crate) rights: Option<&'static [&'static str]>,
    /// Whether it knows the POST.
    pub(crate) posts: bool,
    /// What else is in the answer, beside or instead of `token`.
    pub(crate) reply: fn(&str) -> Value,
    /// Status and body for a wrong password.
    pub(crate) wrong: (u16, Value),
    /// Status and body for nobody; `None`: nobody gets a token that is good for nothing.
    pub(crate) nobody: Option<(u16, Value)>,
}

/// What a challenge says of the scope.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Rightly,
    /// Nothing.
    Not,
    /// Always this.
    As(&'static str),
}

/// What a token gets to hear that is good for less.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denial {
    /// 401 and another challenge.
    Challenge,
    /// 403 with this message.
    Denied(&'static str),
}

fn both(token: &str) -> Value {
    json!({"token": token, "access_token": token, "expires_in": 300, "issued_at": "2026-11-20T12:00:00Z"})
}

fn token_alone(token: &str) -> Value {
    json!({"token": token})
}

fn errors(code: &str, message: &str) -> Value {
    json!({"errors": [{"code": code, "message": message}]})
}

impl Tokens {
    fn at(path: &'static str, service: Option<&'static str>) -> Self {
        Self {
            path,
            service,
            ping_names_service: true,
            scope: Named::Rightly,
            is_told_anew: true,
            rights: None,
            posts: false,
            reply: token_alone,
            wrong: (401, errors("UNAUTHORIZED", "authentication required")),
            nobody: None,
        }
    }
}

impl Custom {
    /// What registries of this kind do.
    pub(crate) fn of(kind: Kind) -> Self {
        match kind {
            Kind::DockerHub => Self::docker_hub(),
            Kind::Ecr => Self::basic(
                kind,
                r#"Basic realm="https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com""#,
            ),
            Kind::EcrPublic => Self::ecr_public(),
            Kind::Google => Self::google(),
            Kind::Acr => Self::acr(),
            Kind::Ghcr => Self::ghcr(),
            Kind::Harbor => Self::harbor(),
            Kind::Quay => Self::quay(),
            Kind::Artifactory => Self::artifactory(),
            Kind::Nexus => Self::basic(kind, r#"BASIC realm="Sonatype Nexus Repository Manager""#),
            Kind::GitLab => Self::gitlab(),
            Kind::Distribution => Self::new(kind, Tokens::at("/token", Some("registry"))),
            Kind::Zot => Self::basic(kind, r#"Basic realm="Authorization Required""#),
        }
    }

    fn new(kind: Kind, tokens: Tokens) -> Self {
        Self {
            kind,
            login: Login::Tokens(Box::new(tokens)),
            removal: Some("delete"),
            denial: Denial::Challenge,
            refuses_mounts: true,
            keeps_its_word: true,
        }
    }

    fn basic(kind: Kind, challenge: &'static str) -> Self {
        Self {
            login: Login::Basic(challenge),
            denial: Denial::Denied("not for you"),
            // Amazon ECR knows another API for that.
            removal: (kind != Kind::Ecr).then_some("delete"),
            ..Self::new(kind, Tokens::at("", None))
        }
    }

    fn docker_hub() -> Self {
        let wrong = json!({"details": "incorrect username or password"});
        let tokens = Tokens {
            posts: true,
            reply: both,
            wrong: (401, wrong),
            ..Tokens::at("/token", Some("registry.docker.io"))
        };
        Self {
            removal: Some("pull,push,delete"),
            ..Self::new(Kind::DockerHub, tokens)
        }
    }

    fn ecr_public() -> Self {
        let tokens = Tokens {
            scope: Named::As("aws"),
            ..Tokens::at("/token/", Some("public.ecr.aws"))
        };
        Self {
            removal: None,
            denial: Denial::Denied("not authorized"),
            ..Self::new(Kind::EcrPublic, tokens)
        }
    }

    fn google() -> Self {
        let denied = r#"Permission "artifactregistry.repositories.uploadArtifacts" denied on resource "projects/p/locations/eu/repositories/r" (or it may not exist)"#;
        let tokens = Tokens {
            ping_names_service: false,
            is_told_anew: false,
            reply: |token| json!({"token": token, "expires_in": 43200}),
            wrong: (
                401,
                errors("UNAUTHORIZED", "No valid credential was supplied."),
            ),
            ..Tokens::at("/v2/token", Some("eu-docker.pkg.dev"))
        };
        Self {
            removal: Some("pull,push"),
            denial: Denial::Denied(denied),
            refuses_mounts: false,
            ..Self::new(Kind::Google, tokens)
        }
    }

    fn acr() -> Self {
        let tokens = Tokens {
            posts: true,
            reply: |token| json!({"access_token": token}),
            ..Tokens::at("/oauth2/token", Some("acme.azurecr.io"))
        };
        Self::new(Kind::Acr, tokens)
    }

    fn ghcr() -> Self {
        let tokens = Tokens {
            wrong: (403, errors("DENIED", "denied")),
            nobody: Some((401, errors("UNAUTHORIZED", "authentication required"))),
            ..Tokens::at("/token", Some("ghcr.io"))
        };
        Self {
            removal: None,
            denial: Denial::Denied(
                "permission_denied: The token provided does not match expected scopes.",
            ),
            refuses_mounts: false,
            ..Self::new(Kind::Ghcr, tokens)
        }
    }

    fn harbor() -> Self {
        let tokens = Tokens {
            reply: |token| json!({"token": token, "access_token": "", "expires_in": 1800, "issued_at": "2026-11-20T12:00:00Z"}),
            ..Tokens::at("/service/token", Some("harbor-registry"))
        };
        Self::new(Kind::Harbor, tokens)
    }

    /// Another right than these, and two scopes in one parameter, are a bad request.
    fn quay() -> Self {
        let tokens = Tokens {
            rights: Some(&["pull", "push", "*"]),
            ..Tokens::at("/v2/auth", Some("quay.io"))
        };
        Self {
            removal: Some("pull,push"),
            ..Self::new(Kind::Quay, tokens)
        }
    }

    fn artifactory() -> Self {
        let wrong = json!({"errors": [{"status": 401, "message": "Bad credentials"}]});
        let tokens = Tokens {
            scope: Named::Not,
            reply: |token| json!({"token": token, "expires_in": 3600}),
            wrong: (401, wrong),
            ..Tokens::at(
                "/artifactory/api/docker/docker-local/v2/token",
                Some("acme.jfrog.io"),
            )
        };
        Self {
            denial: Denial::Denied("not enough permissions"),
            refuses_mounts: false,
            ..Self::new(Kind::Artifactory, tokens)
        }
    }

    /// Nexus with its realm for Docker's tokens: everybody may read.
    pub(crate) fn nexus_with_tokens() -> Self {
        let tokens = Tokens::at("/v2/token", Some("nexus"));
        Self::new(Kind::Nexus, tokens)
    }

    fn gitlab() -> Self {
        let wrong = "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect.";
        let tokens = Tokens {
            wrong: (401, errors("UNAUTHORIZED", wrong)),
            nobody: Some((403, errors("DENIED", "access forbidden"))),
            ..Tokens::at("/jwt/auth", Some("container_registry"))
        };
        Self::new(Kind::GitLab, tokens)
    }

    pub(crate) fn tokens(&self) -> Option<&Tokens> {
        match &self.login {
            Login::Tokens(tokens) => Some(tokens),
            Login::Basic(_) => None,
        }
    }
}
