//! How single values are parsed and printed: the trait, and the types that need no file of their own.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use super::field::unbalanced;
use super::raw::Kind;
use super::spec::Shape;
use crate::model::Network;
use crate::model::Subnet;
use crate::notation::Fault;

/// A type that an option's value can have.
pub(crate) trait Scalar: Sized {
    /// How the option is written if it has one value of this type.
    const SHAPE: Shape = Shape::One;
    /// What the value may be in a TOML file.
    const KINDS: &'static [Kind] = &[Kind::String];
    /// The values to choose from, if they are few.
    const CHOICES: &'static [&'static str] = &[];
    /// Whether the text must not be repeated in errors.
    const SECRET: bool = false;
    /// Makes a value of an array of strings, if the type has such a form.
    const FROM_LIST: Option<FromList<Self>> = None;

    /// Parses the value. A relative path is taken from `base`.
    fn parse(text: &str, base: &Path) -> Result<Self, Fault>;

    /// Writes the value so that it could be typed again. A path below `root` is written relative to it.
    fn print(&self, root: &Path) -> String;
}

/// Makes a value of an array of strings.
pub(crate) type FromList<T> = fn(Vec<String>) -> Result<T, Fault>;

/// A yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Switch(pub(crate) bool);

/// How often a flag was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) u8);

/// An absolute path inside a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContainerPath(pub(crate) String);

/// A user, and perhaps a group, by name or number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User(pub(crate) String);

/// How many processes and threads there may be, if there is a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PidsLimit(pub(crate) Option<NonZeroU32>);

/// A command as a list of words, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Argv(pub(crate) Vec<String>);

impl Scalar for String {
    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        not_empty(text).map(str::to_owned)
    }

    fn print(&self, _root: &Path) -> String {
        self.clone()
    }
}

impl Scalar for PathBuf {
    fn parse(text: &str, base: &Path) -> Result<Self, Fault> {
        not_empty(text).map(|text| base.join(text))
    }

    fn print(&self, root: &Path) -> String {
        self.strip_prefix(root).unwrap_or(self).display().to_string()
    }
}

impl Scalar for NonZeroU32 {
    const KINDS: &'static [Kind] = &[Kind::Integer];

    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        if text.trim_start_matches('-').chars().all(|digit| digit == '0') && !text.is_empty() {
            return Err(Fault::new("must be at least 1").help("Give a whole number from 1, or leave it out."));
        }
        text.parse().map_err(|_| {
            Fault::new(format!("must be a whole number from 1 to {}", u32::MAX)).help("Such as `4`; or leave it out.")
        })
    }

    fn print(&self, _root: &Path) -> String {
        self.to_string()
    }
}

impl Scalar for Switch {
    const SHAPE: Shape = Shape::Switch;
    const KINDS: &'static [Kind] = &[Kind::Boolean];

    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(Self(true)),
            "false" | "no" | "off" | "0" => Ok(Self(false)),
            _ => {
                Err(Fault::new("must be `true` or `false`")
                    .help("`yes`, `on`, `1` and `no`, `off`, `0` mean the same."))
            }
        }
    }

    fn print(&self, _root: &Path) -> String {
        self.0.to_string()
    }
}

impl Scalar for Count {
    const SHAPE: Shape = Shape::Count;
    const KINDS: &'static [Kind] = &[Kind::Integer];

    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        text.parse().map(Self).map_err(|_| Fault::new(format!("must be a whole number from 0 to {}", u8::MAX)))
    }

    fn print(&self, _root: &Path) -> String {
        self.0.to_string()
    }
}

impl Scalar for ContainerPath {
    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        if text.starts_with('/') {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new("must be an absolute path in the container").help("Begin it with `/`, such as `/work`."))
    }

    fn print(&self, _root: &Path) -> String {
        self.0.clone()
    }
}

impl Scalar for Subnet {
    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        let advice = "Write a range of private addresses, such as `10.213.0.0/16` or `192.168.128.0/20`.";
        let subnet: Self = text.parse().map_err(|why| Fault::new(format!("must be a range: {why}")).help(advice))?;
        match subnet.bits() {
            8..=24 => Ok(subnet),
            _ => Err(Fault::new("must have 8 to 24 bits before the free ones").help(advice)),
        }
    }

    fn print(&self, _root: &Path) -> String {
        self.to_string()
    }
}

impl Scalar for User {
    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        let parts: Vec<&str> = text.split(':').collect();
        let is_name = |part: &&str| !part.is_empty() && !part.contains(char::is_whitespace);
        if parts.len() <= 2 && parts.iter().all(is_name) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new("must be USER or USER:GROUP").help("Names or numbers, such as `1000:1000`."))
    }

    fn print(&self, _root: &Path) -> String {
        self.0.clone()
    }
}

impl Scalar for PidsLimit {
    const KINDS: &'static [Kind] = &[Kind::Integer, Kind::String];

    fn parse(text: &str, base: &Path) -> Result<Self, Fault> {
        if text == "none" {
            return Ok(Self(None));
        }
        NonZeroU32::parse(text, base)
            .map(|number| Self(Some(number)))
            .map_err(|fault| fault.help("Give a whole number such as `4096`, or `none` for no limit."))
    }

    fn print(&self, _root: &Path) -> String {
        self.0.map_or("none".to_owned(), |number| number.to_string())
    }
}

impl Scalar for Argv {
    const FROM_LIST: Option<FromList<Self>> = Some(Self::from_words);

    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        Self::from_words(shell_words::split(text).map_err(|_| unbalanced())?)
    }

    fn print(&self, _root: &Path) -> String {
        shell_words::join(&self.0)
    }
}

impl Argv {
    fn from_words(words: Vec<String>) -> Result<Self, Fault> {
        match words.first() {
            Some(program) if !program.is_empty() => Ok(Self(words)),
            Some(_) | None => {
                Err(Fault::new("must name a program").help("Such as `python -m pytest`, as text or as an array."))
            }
        }
    }
}

/// `none`, `bridge` or a name as Docker allows it: letters, digits, `_`, `.` and `-`, the first a letter or digit.
impl Scalar for Network {
    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        let is_name = text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.chars().all(|char| char.is_ascii_alphanumeric() || "_.-".contains(char));
        match text {
            "none" => Ok(Self::None),
            "bridge" => Ok(Self::Bridge),
            _ if is_name => Ok(Self::Named(text.to_owned())),
            _ => Err(Fault::new("must be `none`, `bridge` or the name of a network")
                .help("`docker network ls` lists the networks that exist.")),
        }
    }

    fn print(&self, _root: &Path) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Bridge => "bridge".to_owned(),
            Self::Named(name) => name.clone(),
        }
    }
}

fn not_empty(text: &str) -> Result<&str, Fault> {
    if text.is_empty() {
        return Err(Fault::new("must not be empty").help("Give a value, or leave it out."));
    }
    Ok(text)
}
