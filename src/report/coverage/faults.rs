//! What is wrong with a coverage file, in sentences that name the file and the line.

/// How many faults of one file are told one by one.
const MOST_TOLD: usize = 5;
/// How much of a line is shown.
const SHOWN_CHARS: usize = 60;

/// Collects the faults of one file.
#[derive(Debug)]
pub(crate) struct Faults<'a> {
    file: &'a str,
    told: Vec<String>,
    more: usize,
}

impl<'a> Faults<'a> {
    /// Begins a list for a file, which the sentences call `file`.
    pub(crate) fn of(file: &'a str) -> Self {
        Self { file, told: Vec::new(), more: 0 }
    }

    /// Adds what is wrong with a line, counted from 1.
    pub(crate) fn at(&mut self, line: u64, detail: &str) {
        self.add(format!("`{}` line {line}: {detail}", self.file));
    }

    /// Adds what is wrong with the file as a whole.
    pub(crate) fn whole(&mut self, detail: &str) {
        self.add(format!("`{}`: {detail}", self.file));
    }

    fn add(&mut self, sentence: String) {
        if self.told.len() < MOST_TOLD {
            self.told.push(sentence);
        } else {
            self.more += 1;
        }
    }

    /// Returns the sentences; the last one counts those that are not told.
    pub(crate) fn sentences(self) -> Vec<String> {
        let mut told = self.told;
        if self.more > 0 {
            told.push(format!("`{}`: {} more lines like these", self.file, self.more));
        }
        told
    }
}

/// Quotes the beginning of foreign text.
pub(crate) fn quoted(text: &str) -> String {
    let cut = text.chars().count() > SHOWN_CHARS;
    let start: String = text.chars().take(SHOWN_CHARS).collect();
    format!("`{}{}`", start.escape_debug(), if cut { "..." } else { "" })
}
