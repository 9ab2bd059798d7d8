//! The part of a plan that one of several CI machines runs.

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// Part `index` of `count`, written `2/5`. The parts are disjoint and together are the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    index: NonZeroU32,
    count: NonZeroU32,
}

impl Partition {
    /// Makes part `index` (from 1) of `count`; `None` when there is no such part.
    pub fn new(index: u32, count: u32) -> Option<Self> {
        let (index, count) = (NonZeroU32::new(index)?, NonZeroU32::new(count)?);
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

    /// Keeps every `count`th item, beginning with the one at `index`.
    pub fn select<T>(self, items: Vec<T>) -> Vec<T> {
        let (first, step) = (self.index.get() as usize - 1, self.count.get() as usize);
        items.into_iter().skip(first).step_by(step).collect()
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}
