//! What a merge has to say besides its documents.

/// Something about one of the inputs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// The input, as it was named.
    pub path: String,
    /// The rest of a sentence that begins with the path.
    pub text: String,
    /// Whether cases may be missing because of it.
    pub loses_cases: bool,
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many inputs there were.
    pub files: usize,
    /// How many cases they held: `<testcase>` elements, and failures and errors that a suite has itself.
    pub cases: usize,
    /// How many of the cases are failures and errors that a suite has itself.
    pub of_suites: usize,
    /// Everything noticed, in the order of the paths.
    pub remarks: Vec<Remark>,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Cases that came from the inputs, each counted once however many attempts of it were written.
    pub cases: usize,
    /// Cases for reports that could not be read whole.
    pub entries: usize,
    /// Rows that became another attempt of a case.
    pub retries: usize,
    /// Rows that were the same as another one.
    pub identical: usize,
    /// Rows that were skipped where another report ran the case.
    pub skips: usize,
    /// Outputs of suites that the form has no place for.
    pub left_out: usize,
    /// The first cases that had several attempts, by name and file, with their outcomes.
    pub retried: Vec<String>,
    /// How many more cases had several attempts.
    pub unnamed: usize,
    /// How many bytes the largest file has.
    pub bytes: u64,
}

impl Summary {
    /// Tells whether every input was read whole.
    pub fn is_whole(&self) -> bool {
        !self.remarks.iter().any(|remark| remark.loses_cases)
    }
}

impl Written {
    /// Returns how many rows were merged into others.
    pub fn merged(&self) -> usize {
        self.retries + self.identical + self.skips
    }
}
