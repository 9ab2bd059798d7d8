//! Elements that are open, and what they say in their attributes.

use std::borrow::Cow;

use super::group::Group;

/// The attributes of an element in their order, names in lower case.
#[derive(Debug, Default)]
pub(crate) struct Attributes<'a>(pub(crate) Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// An element that is open.
#[derive(Debug)]
pub(crate) enum Node {
    /// `<testsuites>` or `<testsuite>`.
    Group(Box<Group>),
    Case(usize),
    Properties(usize),
    /// The `<properties>` of a suite.
    SuiteProperties,
    /// The element whose text is collected.
    Captured,
    /// An element inside of it, whose text belongs to it.
    InsideCaptured,
    /// An element outside of cases that is looked through.
    Unknown,
    /// An element of a case that is of no interest, with all that it holds.
    Ignored,
}

impl Attributes<'_> {
    /// Returns the value of the first attribute of that name.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
    }
}

impl Node {
    /// Returns the suite that is open.
    pub(crate) fn as_group(&self) -> Option<&Group> {
        match self {
            Self::Group(group) => Some(group),
            Self::Case(_)
            | Self::Properties(_)
            | Self::SuiteProperties
            | Self::Captured
            | Self::InsideCaptured
            | Self::Unknown
            | Self::Ignored => None,
        }
    }
}
