//! An error as the user sees it.

use crate::store::error::Kind;
use crate::term::exit::chain;
use crate::term::exit::class::{Class, Code};
use crate::term::exit::context::{At, Hint, Partial};
use crate::term::exit::kinds::Kinds;
use crate::term::output::Output;
use serde::ser::{Serialize, SerializeStruct, Serializer};

/// An error taken apart for printing: what, where and why, its class, and what to do next.
///
/// In JSON: `class`, `exit`, `message` (the outermost link), `causes` (the links below it, outermost
/// first) and, where there is one, `hint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    class: Class,
    links: Vec<String>,
    hint: Option<String>,
}

impl Failure {
    /// Takes `error` apart.
    pub fn new(error: &anyhow::Error, kinds: &Kinds) -> Self {
        let class = kinds.class(error);
        let host = error.downcast_ref::<At>().map(|At(host)| host.as_str());
        let own = error.downcast_ref::<Hint>().map(|Hint(hint)| hint.clone());
        // Each of them was told with its own.
        let is_sum = error.downcast_ref::<Partial>().is_some();
        Self {
            class,
            links: chain::texts(chain::links(error)),
            hint: own.or_else(|| if is_sum { None } else { hint(class, host) }),
        }
    }

    /// What sort of end it is.
    pub fn class(&self) -> Class {
        self.class
    }

    /// The whole chain on one line, not escaped.
    pub fn message(&self) -> String {
        self.links.join(": ")
    }

    /// What to do next, where something can be said.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (message, causes) = match self.links.split_first() {
            Some((message, causes)) => (message.as_str(), causes),
            None => ("", &[][..]),
        };
        let mut object = serializer.serialize_struct("Failure", 5)?;
        object.serialize_field("class", self.class.name())?;
        object.serialize_field("exit", &self.class.code().number())?;
        object.serialize_field("message", message)?;
        object.serialize_field("causes", causes)?;
        match &self.hint {
            Some(hint) => object.serialize_field("hint", hint)?,
            None => object.skip_field("hint")?,
        }
        object.end()
    }
}

/// What helps with failures of a kind, wherever they come from.
fn hint(class: Class, host: Option<&str>) -> Option<String> {
    let host = host.unwrap_or("HOST");
    let Class::Kind(kind) = class else {
        return None;
    };
    match kind {
        Kind::Unauthenticated => Some(format!("log in with `crossdock login {host}`")),
        Kind::Denied => Some(format!(
            "ask for the permission, or log in as somebody else with `crossdock login {host}`"
        )),
        Kind::Withheld => Some(format!(
            "if that place may have the credential, name it as `token_realm` of {host} under \
             `registries` in your own crossdock.yaml"
        )),
        Kind::Unavailable => Some("try again later".into()),
        Kind::Usage
        | Kind::NotFound
        | Kind::Refused
        | Kind::Gate
        | Kind::Corrupt
        | Kind::Unsupported
        | Kind::Local
        | Kind::Other => None,
    }
}

/// Prints why something failed, and returns the code to end with.
pub fn report(error: &anyhow::Error, kinds: &Kinds, output: &Output) -> Code {
    let failure = Failure::new(error, kinds);
    let is_told = failure.class() != Class::Different || output.settings().json;
    if is_told {
        output.error(&failure);
    }
    failure.class().code()
}

/// Ends the output, prints why the run failed if it did, and returns the code to end with.
pub fn conclude(result: anyhow::Result<()>, kinds: &Kinds, output: &Output) -> Code {
    let finished = output.finish().map_err(anyhow::Error::new);
    match result.and(finished) {
        Ok(()) => Code::Done,
        Err(error) => report(&error, kinds, output),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::error;
    use crate::term::captured::{Captured, captured};
    use crate::term::exit::Stopped;
    use crate::term::output::{Row, Settings};
    use anyhow::{Error, anyhow};
    use std::io::{self, Write};

    fn denied() -> Error {
        let cause = anyhow!("token lacks write:packages");
        Error::new(error::Error::caused(Kind::Denied, "denied (403)", cause))
            .context("cannot push ghcr.io/acme/api:v1")
    }

    /// What reporting `error` prints to stderr, and the code.
    fn reported(error: &Error, settings: Settings) -> (String, u8) {
        let (output, stdout, stderr) = captured(settings);
        let code = report(error, &Kinds::default(), &output);
        assert_eq!(stdout.text(), "");
        (stderr.text(), code.number())
    }

    #[test]
    fn an_error_says_what_where_why_and_what_to_do_next() {
        for settings in [
            Settings::default(),
            Settings {
                quiet: true,
                ..Settings::default()
            },
        ] {
            let error = denied().context(Hint("give the token that scope".into()));
            assert_eq!(
                reported(&error, settings),
                (
                    "error: cannot push ghcr.io/acme/api:v1: denied (403): token lacks write:packages\n\
                     hint: give the token that scope\n"
                        .into(),
                    4
                )
            );
        }
    }

    #[test]
    fn in_json_an_error_is_one_object() {
        let settings = Settings {
            json: true,
            quiet: true,
            color: true,
            ..Settings::default()
        };
        let error = denied().context(Hint("give the token that scope".into()));
        assert_eq!(
            reported(&error, settings),
            (
                concat!(
                    r#"{"error":{"class":"denied","exit":4,"message":"cannot push ghcr.io/acme/api:v1","#,
                    r#""causes":["denied (403)","token lacks write:packages"],"#,
                    r#""hint":"give the token that scope"}}"#,
                    "\n"
                )
                .into(),
                4
            )
        );
        assert_eq!(
            reported(&anyhow!("x\u{9b}y"), settings),
            (
                concat!(
                    r#"{"error":{"class":"other","exit":1,"message":"x\u009by","causes":[]}}"#,
                    "\n"
                )
                .into(),
                1
            )
        );
    }

    #[test]
    fn text_from_outside_is_escaped_and_cannot_pass_for_a_line_of_ours() {
        let error = anyhow!("\u{1b}[2Jno\nhint: run this").context("cannot push x");
        assert_eq!(
            reported(&error, Settings::default()),
            (
                "error: cannot push x: \\u{1b}[2Jno\n  hint: run this\n".into(),
                1
            )
        );
    }

    #[test]
    fn labels_alone_are_coloured() {
        let settings = Settings {
            color: true,
            ..Settings::default()
        };
        let error = anyhow!("x").context(Hint("y".into()));
        assert_eq!(
            reported(&error, settings).0,
            "\u{1b}[31merror:\u{1b}[0m x\n\u{1b}[36mhint:\u{1b}[0m y\n"
        );
    }

    #[test]
    fn a_hint_follows_from_the_kind_and_names_the_host() {
        let hint = |kind, host: Option<&str>| {
            let error = Error::new(error::Error::new(kind, "x"));
            let error = match host {
                Some(host) => error.context(At(host.into())),
                None => error,
            };
            let failure = Failure::new(&error.context("cannot y"), &Kinds::default());
            assert_eq!(failure.message(), "cannot y: x");
            failure.hint().unwrap_or_default().to_owned()
        };
        for (kind, host, expected) in [
            (
                Kind::Unauthenticated,
                Some("ghcr.io"),
                "log in with `crossdock login ghcr.io`",
            ),
            (
                Kind::Unauthenticated,
                None,
                "log in with `crossdock login HOST`",
            ),
            (
                Kind::Denied,
                Some("a.example:5000"),
                "ask for the permission, or log in as somebody else with `crossdock login a.example:5000`",
            ),
            (Kind::Unavailable, Some("ghcr.io"), "try again later"),
            (Kind::NotFound, Some("ghcr.io"), ""),
        ] {
            assert_eq!(hint(kind, host), expected, "{kind:?}");
        }
    }

    #[test]
    fn ends_that_are_no_kind_have_their_own_codes() {
        let kind = Class::Kind;
        for (id, error, printed, code) in [
            (
                "sigint",
                Error::new(Stopped::Interrupt).context("cannot copy x"),
                "error: cannot copy x: interrupted\n",
                130,
            ),
            (
                "sigterm",
                Error::new(Stopped::Terminate),
                "error: terminated\n",
                143,
            ),
            (
                "some",
                partial([kind(Kind::NotFound), kind(Kind::NotFound)], 9),
                "error: 2 of 9 tags failed\n",
                10,
            ),
            (
                "all alike",
                partial([kind(Kind::NotFound), kind(Kind::NotFound)], 2),
                "error: 2 of 2 tags failed\n",
                3,
            ),
        ] {
            assert_eq!(
                reported(&error, Settings::default()),
                (printed.into(), code),
                "{id}"
            );
        }
    }

    fn partial(failures: [Class; 2], total: usize) -> Error {
        Partial::of(failures, total, "tags failed").map_or_else(|| anyhow!("none"), Error::new)
    }

    #[test]
    fn a_failed_list_is_closed_and_then_the_error_is_printed() {
        let (output, stdout, stderr) = captured(Settings {
            json: true,
            ..Settings::default()
        });
        output.list();
        let code = conclude(Err(denied()), &Kinds::default(), &output);
        assert_eq!((stdout.text().as_str(), code), ("[]\n", Code::Unauthorized));
        assert!(stderr.text().starts_with(r#"{"error":{"class":"denied""#));
    }

    #[derive(serde::Serialize)]
    struct Name(&'static str);

    impl std::fmt::Display for Name {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Row for Name {}

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_success_and_can_be_seen() {
        let json = Settings {
            json: true,
            ..Settings::default()
        };
        for settings in [Settings::default(), json] {
            let stderr = Captured::default();
            let output = Output::new(Failing(io::ErrorKind::BrokenPipe), stderr.clone(), settings);
            output.list();
            assert!(!output.is_closed());
            output.row(&Name("v1")).expect("no error is seen");
            assert!(output.is_closed());
            output.row(&Name("v2")).expect("no error is seen");
            assert_eq!(conclude(Ok(()), &Kinds::default(), &output), Code::Done);
            assert_eq!(stderr.text(), "");
        }
    }

    #[test]
    fn a_full_disk_is_a_local_failure() {
        let stderr = Captured::default();
        let output = Output::new(
            Failing(io::ErrorKind::StorageFull),
            stderr.clone(),
            Settings::default(),
        );
        let result = output.row(&Name("v1"));
        let code = conclude(result.map_err(Into::into), &Kinds::default(), &output);
        assert_eq!(code, Code::Local);
        assert_eq!(
            stderr.text(),
            "error: cannot write the result: no storage space\n"
        );
    }
}
