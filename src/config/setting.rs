//! One line of `minke config`: an option, its value and where the value comes from.

use super::origin::Origin;
use super::spec::OptionSpec;

/// The value of an option for people and other tools. Values of variables are masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The option's key.
    pub key: &'static str,
    /// The value.
    pub value: Printed,
    /// Where it was given.
    pub origin: Origin,
}

/// A value as text, as it would be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Printed {
    /// There is none; the text says what happens instead, where that is not plain.
    Unset(Option<&'static str>),
    /// One value.
    One(String),
    /// A list of values.
    List(Vec<String>),
}

impl Setting {
    pub(super) fn new(spec: &OptionSpec, value: Printed, origin: &Origin) -> Self {
        Self { key: spec.key, value, origin: origin.clone() }
    }

    pub(super) fn unset(spec: &OptionSpec) -> Self {
        Self { key: spec.key, value: Printed::Unset(spec.otherwise), origin: Origin::Default }
    }
}
