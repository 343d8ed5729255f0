//! The table of exit codes.

use crate::store::error::Kind;

/// What the process ends with. Scripts branch on it, so a number never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Code {
    /// Done, or already so.
    Done = 0,
    /// Failed in a way that has no code of its own, or what was compared differs.
    Failed = 1,
    /// A bad flag, reference, policy or configuration; nothing was sent.
    Usage = 2,
    /// Not found.
    NotFound = 3,
    /// 401, 403, or a credential was withheld.
    Unauthorized = 4,
    /// Refused by a rule.
    Refused = 5,
    /// A gate said no.
    Gate = 6,
    /// The network, the registry or the time; trying later may work.
    Unavailable = 7,
    /// Content or protocol is not what was promised.
    Corrupt = 8,
    /// Disk, permission or lock on this machine.
    Local = 9,
    /// Some of several items failed, not all alike.
    Partial = 10,
    /// Stopped by SIGINT (128 + 2).
    Interrupted = 130,
    /// Stopped by SIGTERM (128 + 15).
    Terminated = 143,
}

impl Code {
    /// The number.
    pub fn number(self) -> u8 {
        self as u8
    }
}

impl From<Code> for std::process::ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code.number())
    }
}

impl From<Kind> for Code {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Usage => Self::Usage,
            Kind::NotFound => Self::NotFound,
            Kind::Unauthenticated | Kind::Denied | Kind::Withheld => Self::Unauthorized,
            Kind::Refused => Self::Refused,
            Kind::Gate => Self::Gate,
            Kind::Unavailable => Self::Unavailable,
            Kind::Corrupt => Self::Corrupt,
            Kind::Local => Self::Local,
            Kind::Unsupported | Kind::Other => Self::Failed,
        }
    }
}

/// What sort of end an error is: finer than the code, and the `class` of an error in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// One thing went wrong.
    Kind(Kind),
    /// Several things went wrong, not all alike.
    Partial,
    /// Nothing went wrong; what was compared differs, and that was asked for.
    Different,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Class {
    /// The exit code.
    pub fn code(self) -> Code {
        match self {
            Self::Kind(kind) => kind.into(),
            Self::Partial => Code::Partial,
            Self::Different => Code::Failed,
            Self::Interrupted => Code::Interrupted,
            Self::Terminated => Code::Terminated,
        }
    }

    /// The name in JSON. Programs compare it, so it never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kind(kind) => kind_name(kind),
            Self::Partial => "partial",
            Self::Different => "different",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Usage => "usage",
        Kind::NotFound => "not_found",
        Kind::Unauthenticated => "unauthenticated",
        Kind::Denied => "denied",
        Kind::Withheld => "withheld",
        Kind::Refused => "refused",
        Kind::Gate => "gate",
        Kind::Unavailable => "unavailable",
        Kind::Corrupt => "corrupt",
        Kind::Unsupported => "unsupported",
        Kind::Local => "local",
        Kind::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_name_and_code() {
        for (class, name, code) in [
            (Class::Kind(Kind::Other), "other", 1),
            (Class::Kind(Kind::Unsupported), "unsupported", 1),
            (Class::Kind(Kind::Usage), "usage", 2),
            (Class::Kind(Kind::NotFound), "not_found", 3),
            (Class::Kind(Kind::Unauthenticated), "unauthenticated", 4),
            (Class::Kind(Kind::Denied), "denied", 4),
            (Class::Kind(Kind::Withheld), "withheld", 4),
            (Class::Kind(Kind::Refused), "refused", 5),
            (Class::Kind(Kind::Gate), "gate", 6),
            (Class::Kind(Kind::Unavailable), "unavailable", 7),
            (Class::Kind(Kind::Corrupt), "corrupt", 8),
            (Class::Kind(Kind::Local), "local", 9),
            (Class::Partial, "partial", 10),
            (Class::Different, "different", 1),
            (Class::Interrupted, "interrupted", 130),
            (Class::Terminated, "terminated", 143),
        ] {
            assert_eq!(
                (class.name(), class.code().number()),
                (name, code),
                "{class:?}"
            );
        }
        assert_eq!(Code::Done.number(), 0);
    }
}
