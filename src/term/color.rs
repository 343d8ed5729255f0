//! When to colour, and the three labels that are coloured.

use anstyle::{AnsiColor, Style};

/// When stderr is coloured. stdout never is: it is data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    /// Where stderr is a terminal and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always, even into a file; typed by hand, it holds over `NO_COLOR`.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether to colour, given that `NO_COLOR` is set and not empty, and stderr is a terminal.
    ///
    /// Source: <https://no-color.org>.
    pub fn applies(self, no_color: bool, stderr_is_terminal: bool) -> bool {
        match self {
            Self::Auto => stderr_is_terminal && !no_color,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// What a line on stderr begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Error,
    Warning,
    Hint,
    Note,
}

impl Label {
    /// The word itself; also the member's name in JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
            Self::Note => "note",
        }
    }

    /// The word and its colon, coloured or not.
    pub(crate) fn painted(self, color: bool) -> String {
        let word = self.word();
        match self.style().filter(|_| color) {
            Some(style) => format!("{style}{word}:{style:#}"),
            None => format!("{word}:"),
        }
    }

    fn style(self) -> Option<Style> {
        match self {
            Self::Error => Some(AnsiColor::Red.on_default()),
            Self::Warning => Some(AnsiColor::Yellow.on_default()),
            Self::Hint => Some(AnsiColor::Cyan.on_default()),
            Self::Note => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn color_follows_the_flag_then_no_color_then_the_terminal() {
        for (color, no_color, terminal, applies) in [
            (Color::Auto, false, true, true),
            (Color::Auto, true, true, false),
            (Color::Auto, false, false, false),
            (Color::Always, true, false, true),
            (Color::Never, false, true, false),
        ] {
            assert_eq!(
                color.applies(no_color, terminal),
                applies,
                "{color:?} {no_color} {terminal}"
            );
        }
    }
}
