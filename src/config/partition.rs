//! The part of a plan that one of several machines runs.

use std::num::NonZeroU32;
use std::path::Path;

use super::raw::Fault;
use super::scalar::Scalar;

/// Part `index` of `count`; the index counts from 1 and is never above the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    index: NonZeroU32,
    count: NonZeroU32,
}

impl Partition {
    /// Makes part `index` of `count`, if there is such a part.
    pub fn new(index: NonZeroU32, count: NonZeroU32) -> Option<Self> {
        (index <= count).then_some(Self { index, count })
    }

    /// Returns which part it is, from 1.
    pub fn index(self) -> NonZeroU32 {
        self.index
    }

    /// Returns how many parts there are.
    pub fn count(self) -> NonZeroU32 {
        self.count
    }
}

impl Scalar for Partition {
    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        let help = "Write `2/5` for the second of five machines.";
        let Some((Ok(index), Ok(count))) = text.split_once('/').map(|(i, n)| (i.parse::<u32>(), n.parse::<u32>()))
        else {
            return Err(Fault::new("must be I/N, two whole numbers").help(help));
        };
        let Some(parts) = NonZeroU32::new(count) else {
            return Err(Fault::new("must have at least one part").help(help));
        };
        NonZeroU32::new(index)
            .and_then(|index| Self::new(index, parts))
            .ok_or_else(|| Fault::new(format!("must be a part from 1 to {parts}")).help(help))
    }

    fn print(&self, _root: &Path) -> String {
        format!("{}/{}", self.index, self.count)
    }
}
