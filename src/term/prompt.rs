//! Asking for a user name and a password, on the terminal or through a pipe.

use crate::store::error::Kind;
use crate::term::escape::escape;
use crate::term::exit::Stopped;
use crate::term::output::Output;
use crate::transport::secret::Secret;
use rpassword::ConfigBuilder;
use std::io::{self, BufRead, Read};
use zeroize::Zeroizing;

/// The longest password taken, in bytes. Cloud tokens have a few thousand.
pub const PASSWORD_LIMIT: usize = 64 << 10;

/// The longest user name taken, in bytes.
const USERNAME_LIMIT: u64 = 4 << 10;

/// No user name or password could be had.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// Nothing was typed, or the pipe was empty.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// More than is taken.
    #[error("the {0} is too long")]
    TooLong(&'static str),
    /// The terminal or the pipe cannot be read.
    #[error("cannot read the {0}")]
    Unreadable(&'static str, #[source] io::Error),
    /// Ctrl-C.
    #[error("no {0} was given")]
    Interrupted(&'static str, #[source] Stopped),
}

impl PromptError {
    /// What sort of failure this is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Empty(_) | Self::TooLong(_) => Kind::Usage,
            Self::Unreadable(..) => Kind::Local,
            Self::Interrupted(..) => Kind::Other,
        }
    }

    fn from_io(what: &'static str, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::Interrupted => Self::Interrupted(what, Stopped::Interrupt),
            io::ErrorKind::UnexpectedEof => Self::Empty(what),
            _ => Self::Unreadable(what, error),
        }
    }
}

/// The terminal as it is now, to be so again when this is dropped.
///
/// A prompt that nobody waits for any more, as after a deadline, ends with the process and does
/// not put back what it changed.
#[derive(Debug)]
pub struct Kept {
    #[cfg(unix)]
    terminal: Option<(std::fs::File, rustix::termios::Termios)>,
}

impl Kept {
    /// Takes note of how the terminal is.
    pub fn now() -> Self {
        Self {
            #[cfg(unix)]
            terminal: std::fs::File::open("/dev/tty").ok().and_then(|terminal| {
                let settings = rustix::termios::tcgetattr(&terminal).ok()?;
                Some((terminal, settings))
            }),
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some((terminal, settings)) = &self.terminal {
            let now = rustix::termios::OptionalActions::Now;
            let _ = rustix::termios::tcsetattr(terminal, now, settings);
        }
    }
}

/// Asks for a user name on stderr and reads a line of `input`.
pub fn username(
    prompt: &str,
    output: &Output,
    input: &mut impl BufRead,
) -> Result<String, PromptError> {
    const WHAT: &str = "user name";
    output.ask(prompt);
    let mut line = String::new();
    input
        .take(USERNAME_LIMIT + 1)
        .read_line(&mut line)
        .map_err(|error| PromptError::from_io(WHAT, error))?;
    if line.len() as u64 > USERNAME_LIMIT {
        return Err(PromptError::TooLong(WHAT));
    }
    match line.trim() {
        "" => Err(PromptError::Empty(WHAT)),
        name => Ok(name.to_owned()),
    }
}

/// Asks for a password on the terminal and reads it there without showing it.
pub fn password(prompt: &str) -> Result<Secret, PromptError> {
    typed(prompt, ConfigBuilder::new().password_feedback_hide())
}

fn typed(prompt: &str, terminal: ConfigBuilder) -> Result<Secret, PromptError> {
    let password = rpassword::prompt_password_with_config(escape(prompt), terminal.build())
        .map_err(|error| PromptError::from_io("password", error))?;
    checked(Zeroizing::new(password.into_bytes()))
}

/// Reads a password from a pipe (`--password-stdin`): all of it but one line break at its end.
pub fn piped_password(input: impl Read) -> Result<Secret, PromptError> {
    // One byte more than may be there, in one allocation, so that no copy is left behind.
    let most = PASSWORD_LIMIT + "\r\n".len() + 1;
    let mut password = Zeroizing::new(Vec::with_capacity(most));
    input
        .take(most as u64)
        .read_to_end(&mut password)
        .map_err(|error| PromptError::from_io("password", error))?;
    if password.ends_with(b"\n") {
        password.pop();
        if password.ends_with(b"\r") {
            password.pop();
        }
    }
    checked(password)
}

fn checked(mut password: Zeroizing<Vec<u8>>) -> Result<Secret, PromptError> {
    match password.len() {
        0 => Err(PromptError::Empty("password")),
        1..=PASSWORD_LIMIT => Ok(Secret::new(std::mem::take(&mut *password))),
        _ => Err(PromptError::TooLong("password")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::term::captured::captured;
    use crate::term::output::Settings;

    fn piped(input: &[u8]) -> Result<Vec<u8>, String> {
        piped_password(input)
            .map(|secret| secret.expose().to_vec())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn exactly_one_line_break_is_taken_off_a_piped_password() {
        for (id, input, password) in [
            ("none", &b"secret"[..], &b"secret"[..]),
            ("lf", b"secret\n", b"secret"),
            ("crlf", b"secret\r\n", b"secret"),
            ("two", b"secret\n\n", b"secret\n"),
            ("cr alone", b"secret\r", b"secret\r"),
            ("blanks", b" se cret \n", b" se cret "),
            ("not utf-8", b"\xff\xfe\n", b"\xff\xfe"),
        ] {
            assert_eq!(piped(input).unwrap(), password, "{id}");
        }
    }

    #[test]
    fn a_piped_password_is_neither_empty_nor_endless() {
        assert_eq!(piped(b"").unwrap_err(), "the password is empty");
        assert_eq!(piped(b"\r\n").unwrap_err(), "the password is empty");
        let mut longest = vec![b'x'; PASSWORD_LIMIT];
        assert_eq!(piped(&longest).unwrap().len(), PASSWORD_LIMIT);
        longest.extend(b"\r\n");
        assert_eq!(piped(&longest).unwrap().len(), PASSWORD_LIMIT);
        longest.insert(0, b'x');
        assert_eq!(piped(&longest).unwrap_err(), "the password is too long");
        let endless = piped_password(io::repeat(b'x')).unwrap_err();
        assert_eq!(endless.to_string(), "the password is too long");
        assert_eq!(endless.kind(), Kind::Usage);
    }

    #[test]
    fn a_user_name_is_asked_for_on_stderr_even_when_quiet() {
        let (output, stdout, stderr) = captured(Settings {
            quiet: true,
            ..Settings::default()
        });
        let name = username("user name for ghcr.io: ", &output, &mut &b"  me \nrest"[..]);
        assert_eq!(name.unwrap(), "me");
        assert_eq!(
            (stdout.text(), stderr.text()),
            (String::new(), "user name for ghcr.io: ".into())
        );
        let none = username("", &output, &mut &b""[..]).unwrap_err();
        assert_eq!(none.to_string(), "the user name is empty");
        let endless = username("", &output, &mut io::BufReader::new(io::repeat(b'x')));
        assert_eq!(
            endless.unwrap_err().to_string(),
            "the user name is too long"
        );
    }

    #[test]
    fn a_typed_password_is_read_without_its_line_break() {
        let terminal = |typed: &str| {
            ConfigBuilder::new()
                .input_data(typed)
                .output_discard()
                .password_feedback_hide()
        };
        let secret = typed("password: ", terminal("s3cret\n")).unwrap();
        assert_eq!(secret.expose(), b"s3cret");
        let none = typed("password: ", terminal("\n")).unwrap_err();
        assert_eq!(none.to_string(), "the password is empty");
    }
}
