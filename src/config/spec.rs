//! What is known of an option besides its type: its names, its place in the help, its default.

use std::path::Path;

use super::error::{ConfigError, Place};
use super::options::Options;
use super::origin::Origin;
use super::raw::{Kind, Raw, Word};
use super::setting::Setting;

/// Describes one option. Flag, variable, file key and help text all come from here.
#[derive(Debug)]
pub struct OptionSpec {
    /// The key in files, which is also the long flag: `run-timeout`.
    pub key: &'static str,
    /// The environment variable: `MINKE_RUN_TIMEOUT`.
    pub env: &'static str,
    /// The group of the help text that the option is listed in.
    pub section: Section,
    /// What stands for the value in help texts: `DURATION`.
    pub value: &'static str,
    /// How many values the option takes.
    pub shape: Shape,
    /// How the option is written on the command line.
    pub style: FlagStyle,
    /// Another long flag for the same option.
    pub alias: Option<&'static str>,
    /// A flag of one letter.
    pub short: Option<char>,
    /// The value of a flag that is given without one, where that is allowed.
    pub bare: Option<&'static str>,
    /// The default, as it would be typed.
    pub default: Option<&'static str>,
    /// What happens without a value, where no single value says so.
    pub otherwise: Option<&'static str>,
    /// The values to choose from, if they are few.
    pub choices: &'static [&'static str],
    pub(super) kinds: &'static [Kind],
    pub(super) takes_table: bool,
    pub(super) help: &'static str,
    pub(super) clear: fn(&mut Options),
    pub(super) read: Read,
    pub(super) print: Print,
}

pub(super) type Read = fn(&mut Options, &Raw, &Place, &Path) -> Result<(), ConfigError>;
pub(super) type Print = fn(&Options, &'static OptionSpec, &Path) -> Vec<Setting>;

/// A group of options in the help text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Which tests are run.
    Selection,
    /// The containers' image, files and environment.
    Image,
    /// What runs beside the tests.
    Services,
    /// How tests are run.
    Running,
    /// Time, failures and resources.
    Limits,
    /// What is shown and written.
    Output,
}

impl Section {
    /// Returns the heading of the group.
    pub fn title(self) -> &'static str {
        match self {
            Self::Selection => "Selection",
            Self::Image => "Image and sources",
            Self::Services => "Services",
            Self::Running => "Running",
            Self::Limits => "Limits",
            Self::Output => "Output",
        }
    }
}

/// How many values an option takes, and how they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    One,
    /// None, or `true` or `false` after `=`.
    Switch,
    /// None; the flag is counted.
    Count,
    /// Any number; the flag is repeated. A stronger source replaces the list of a weaker one.
    Many,
    /// Any number; the flag is repeated. A stronger source adds to the list of a weaker one.
    All,
}

/// How an option is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagStyle {
    /// `--key VALUE`.
    Long,
    /// `--key VALUE`, and also as arguments without a flag.
    LongOrPositional,
    /// Only as the arguments after `--`.
    Trailing,
}

impl OptionSpec {
    /// Returns the sentence that tells what the option does.
    pub fn help(&self) -> &'static str {
        self.help.trim_start()
    }

    /// Returns how the option is named on the command line.
    pub fn flag(&self) -> String {
        match self.style {
            FlagStyle::Long | FlagStyle::LongOrPositional => format!("--{}", self.key),
            FlagStyle::Trailing => "-- ARGS".to_owned(),
        }
    }

    /// Returns what the value must be in a file, such as `a string or an integer`.
    pub(super) fn expected(&self) -> String {
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.phrase()).collect();
        let one = kinds.join(" or ");
        match self.shape {
            Shape::One | Shape::Switch | Shape::Count => one,
            Shape::Many => format!("{one}, or an array of them"),
            Shape::All if self.takes_table => "a table of strings, or an array of them".to_owned(),
            Shape::All => format!("{one}, or an array of them"),
        }
    }

    /// Reads one source's value into `options`. Relative paths are taken from `base`.
    pub(super) fn read(
        &'static self,
        options: &mut Options,
        raw: &Raw,
        origin: Origin,
        base: &Path,
    ) -> Result<(), ConfigError> {
        (self.read)(options, raw, &Place { spec: self, origin }, base)
    }

    /// Sets the option in `options` to its default, or to nothing if it has none.
    pub(super) fn reset(&'static self, options: &mut Options, root: &Path) -> Result<(), ConfigError> {
        (self.clear)(options);
        let Some(default) = self.default else { return Ok(()) };
        self.read(options, &Raw::Scalar(Word::plain(default)), Origin::Default, root)
    }

    pub(super) const fn alias(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    pub(super) const fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    pub(super) const fn bare(mut self, value: &'static str) -> Self {
        self.bare = Some(value);
        self
    }

    pub(super) const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    pub(super) const fn otherwise(mut self, otherwise: &'static str) -> Self {
        self.otherwise = Some(otherwise);
        self
    }

    pub(super) const fn style(mut self, style: FlagStyle) -> Self {
        self.style = style;
        self
    }

    pub(super) const fn takes_table(mut self) -> Self {
        self.takes_table = true;
        self
    }
}
