//! How `--partition` is written.

use std::path::Path;

use super::scalar::Scalar;
use crate::notation::Fault;
use crate::plan::Partition;

impl Scalar for Partition {
    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        let help = "Write `2/5` for the second of five machines.";
        let Some((Ok(index), Ok(count))) = text.split_once('/').map(|(i, n)| (i.parse(), n.parse())) else {
            return Err(Fault::new("must be I/N, two whole numbers").help(help));
        };
        if count == 0 {
            return Err(Fault::new("must have at least one part").help(help));
        }
        Self::new(index, count).ok_or_else(|| Fault::new(format!("must be a part from 1 to {count}")).help(help))
    }

    fn print(&self, _root: &Path) -> String {
        self.to_string()
    }
}
