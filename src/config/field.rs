//! The three ways in which an option holds its values: one, a list that is replaced, a list that grows.

use std::path::Path;

use super::error::{ConfigError, Place};
use super::origin::Origin;
use super::raw::{Kind, Raw, Word};
use super::scalar::Scalar;
use super::setting::{Printed, Setting};
use super::spec::{FlagStyle, OptionSpec, Shape};
use crate::notation::Fault;

/// A value and the place where it was given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Given<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// Holds the values of an option, read from one source or merged from several.
pub(crate) trait Field: Default {
    const SHAPE: Shape;
    const CHOICES: &'static [&'static str];
    /// What a single value may be in a TOML file.
    const KINDS: &'static [Kind];

    /// Reads what one source gives. Relative paths are taken from `base`.
    fn read(raw: &Raw, place: &Place, base: &Path) -> Result<Self, ConfigError>;

    /// Lays the values of a stronger source over these.
    fn merge(self, stronger: Self) -> Self;

    /// Lists the values for people; paths below `root` are written relative to it.
    fn print(&self, spec: &'static OptionSpec, root: &Path) -> Vec<Setting>;
}

/// An option with one value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct One<T>(pub(crate) Option<Given<T>>);

/// An option with a list of values; a stronger source replaces the whole list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Many<T>(pub(crate) Option<Given<Vec<T>>>);

/// An option with a list of values; a stronger source adds to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct All<T>(pub(crate) Vec<Given<T>>);

impl<T> Default for One<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for All<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> One<T> {
    /// Returns the value, if a source gave one.
    pub(crate) fn value(self) -> Option<T> {
        self.0.map(|given| given.value)
    }

    /// Returns the value of an option whose row in the table has a default.
    pub(crate) fn settled(self) -> T {
        self.value().expect("an option with a default always has a value")
    }
}

impl<T> Many<T> {
    /// Returns the values in the order in which they were given.
    pub(crate) fn values(self) -> Vec<T> {
        self.0.map(|given| given.value).unwrap_or_default()
    }

    /// Returns what the values mean, if a source gave some.
    pub(crate) fn given<M>(self, meaning: impl Fn(T) -> M) -> Option<Vec<M>> {
        self.0.map(|given| given.value.into_iter().map(meaning).collect())
    }
}

impl<T: Scalar> Field for One<T> {
    const SHAPE: Shape = T::SHAPE;
    const CHOICES: &'static [&'static str] = T::CHOICES;
    const KINDS: &'static [Kind] = T::KINDS;

    fn read(raw: &Raw, place: &Place, base: &Path) -> Result<Self, ConfigError> {
        let value = match raw {
            Raw::Scalar(word) => scalar(word, place, base)?,
            Raw::List(words) => {
                let Some(from_list) = T::FROM_LIST else { return Err(place.wrong_type("an array")) };
                let texts = words.iter().map(|word| string(word, place)).collect::<Result<_, _>>()?;
                from_list(texts).map_err(|fault| place.fault(fault, None))?
            }
        };
        Ok(Self(Some(Given { value, place: place.clone() })))
    }

    fn merge(self, stronger: Self) -> Self {
        Self(stronger.0.or(self.0))
    }

    fn print(&self, spec: &'static OptionSpec, root: &Path) -> Vec<Setting> {
        let Some(given) = &self.0 else { return vec![Setting::unset(spec)] };
        vec![Setting::new(spec, Printed::One(given.value.print(root)), &given.place.origin)]
    }
}

impl<T: Scalar> Field for Many<T> {
    const SHAPE: Shape = Shape::Many;
    const CHOICES: &'static [&'static str] = T::CHOICES;
    const KINDS: &'static [Kind] = T::KINDS;

    fn read(raw: &Raw, place: &Place, base: &Path) -> Result<Self, ConfigError> {
        let words = words(raw, place)?;
        let value = words.iter().map(|word| scalar(word, &place.at_line(word.line), base)).collect::<Result<_, _>>()?;
        Ok(Self(Some(Given { value, place: place.clone() })))
    }

    fn merge(self, stronger: Self) -> Self {
        Self(stronger.0.or(self.0))
    }

    fn print(&self, spec: &'static OptionSpec, root: &Path) -> Vec<Setting> {
        let Some(given) = &self.0 else { return vec![Setting::unset(spec)] };
        let printed = given.value.iter().map(|value| value.print(root)).collect();
        vec![Setting::new(spec, Printed::List(printed), &given.place.origin)]
    }
}

impl<T: Scalar> Field for All<T> {
    const SHAPE: Shape = Shape::All;
    const CHOICES: &'static [&'static str] = T::CHOICES;
    const KINDS: &'static [Kind] = T::KINDS;

    fn read(raw: &Raw, place: &Place, base: &Path) -> Result<Self, ConfigError> {
        let given = |word: &Word| {
            let place = place.at_line(word.line);
            Ok(Given { value: scalar(word, &place, base)?, place })
        };
        words(raw, place)?.iter().map(given).collect::<Result<_, _>>().map(Self)
    }

    fn merge(mut self, stronger: Self) -> Self {
        self.0.extend(stronger.0);
        self
    }

    fn print(&self, spec: &'static OptionSpec, root: &Path) -> Vec<Setting> {
        if self.0.is_empty() {
            return vec![Setting::unset(spec)];
        }
        let row = |given: &Given<T>| Setting::new(spec, Printed::One(given.value.print(root)), &given.place.origin);
        self.0.iter().map(row).collect()
    }
}

/// Returns the words of a list. A variable is split as a shell would, and so are arguments for the framework that are one
/// string of a file; any other single value of a file is a list of one.
fn words(raw: &Raw, place: &Place) -> Result<Vec<Word>, ConfigError> {
    let word = match raw {
        Raw::List(words) => return Ok(words.clone()),
        Raw::Scalar(word) => word,
    };
    let is_line = matches!(place.origin, Origin::Env(_)) || place.spec.style == FlagStyle::Trailing;
    if !is_line || !matches!(word.kind, Kind::Plain | Kind::String) {
        return Ok(vec![word.clone()]);
    }
    let texts = shell_words::split(&word.text).map_err(|_| place.fault(unbalanced(), None))?;
    Ok(texts.into_iter().map(|text| Word { text, ..word.clone() }).collect())
}

/// What is wrong with text that cannot be split into words.
pub(crate) fn unbalanced() -> Fault {
    Fault::new("has a quote that is not closed").help("Words are split as a shell would: quote those with spaces.")
}

fn scalar<T: Scalar>(word: &Word, place: &Place, base: &Path) -> Result<T, ConfigError> {
    if word.kind != Kind::Plain && !T::KINDS.contains(&word.kind) {
        return Err(place.wrong_type(word.kind.phrase()));
    }
    T::parse(&word.text, base).map_err(|fault| place.fault(fault, (!T::SECRET).then_some(&word.text)))
}

fn string(word: &Word, place: &Place) -> Result<String, ConfigError> {
    match word.kind {
        Kind::Plain | Kind::String => Ok(word.text.clone()),
        Kind::Integer | Kind::Float | Kind::Boolean => Err(place.at_line(word.line).wrong_type(word.kind.phrase())),
    }
}
