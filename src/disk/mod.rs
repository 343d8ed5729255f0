//! Files that several processes read and write at once.

pub mod lock;
pub mod regular;
pub mod replace;
pub mod unfinished;

/// Who may read a file that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone.
    Owner,
    /// Whoever the process's file mode creation mask leaves.
    Usual,
}

impl Access {
    /// The mode that a file is asked to be made with.
    #[cfg(unix)]
    fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Usual => 0o666,
        }
    }
}
