//! The output of a build: the step that it is at, and its last lines.

use std::collections::VecDeque;

/// How many lines are kept.
const LINES: usize = 20;
/// How much of a line is kept, in bytes.
const LINE_BYTES: usize = 400;

/// Follows the output of a build, of the classic builder or of BuildKit's plain progress.
#[derive(Debug, Default)]
pub(super) struct Followed {
    begun: String,
    last: VecDeque<String>,
    step: Option<String>,
    failed_step: Option<String>,
}

impl Followed {
    /// Takes a piece of output; it need not end with a line.
    pub(super) fn feed(&mut self, piece: &str) {
        for part in piece.split_inclusive('\n') {
            self.begun.push_str(part);
            if part.ends_with('\n') || self.begun.len() > LINE_BYTES {
                let line = std::mem::take(&mut self.begun);
                self.take(line.trim_end());
            }
        }
    }

    /// Returns the step that failed: the one that the builder names, or else the last one that was begun.
    pub(super) fn failed_step(&self) -> Option<&str> {
        self.failed_step.as_deref().or(self.step.as_deref())
    }

    /// Returns the last lines.
    pub(super) fn last_lines(mut self) -> String {
        let rest = std::mem::take(&mut self.begun);
        self.take(rest.trim_end());
        Vec::from(self.last).join("\n")
    }

    fn take(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        if let Some(step) = step_of(line) {
            // What the classic builder printed for earlier steps explains nothing; BuildKit runs several at once.
            if line.starts_with("Step ") {
                self.last.clear();
            }
            self.step = Some(step);
        }
        if let Some(step) = line.trim_start().strip_prefix("> [").and_then(|rest| rest.strip_suffix(':')) {
            self.failed_step = step_of(&format!("#0 [{step}"));
        }
        let end = (0..=line.len().min(LINE_BYTES)).rev().find(|&end| line.is_char_boundary(end)).unwrap_or(0);
        self.last.push_back(line[..end].to_owned());
        if self.last.len() > LINES {
            self.last.pop_front();
        }
    }
}

/// Reads the step that a line begins, as ``step 3/4 `RUN make` ``.
pub(super) fn step_of(line: &str) -> Option<String> {
    let (number, instruction) = match line.strip_prefix("Step ") {
        Some(rest) => rest.split_once(" : ")?,
        None => {
            let (place, instruction) = line.strip_prefix('#')?.split_once(" [")?.1.split_once("] ")?;
            // `[internal] load ...` is no step of the Dockerfile.
            (place.rsplit(' ').next().filter(|number| number.contains('/'))?, instruction)
        }
    };
    number.starts_with(|char: char| char.is_ascii_digit()).then(|| format!("step {number} `{}`", instruction.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_is_that_of_the_dockerfile() {
        let mut output = Followed::default();
        output.feed("Step 1/2 : FROM a\n ---> 0123\nStep 2/2 : RUN ma");
        assert_eq!(output.failed_step(), Some("step 1/2 `FROM a`"));
        output.feed("ke\n ---> Running in 00\nno rule\n\n");
        assert_eq!(output.failed_step(), Some("step 2/2 `RUN make`"));
        assert!(output.last_lines().ends_with(" ---> Running in 00\nno rule"));
    }

    #[test]
    fn buildkit_names_the_step_that_failed() {
        let mut output = Followed::default();
        output.feed(
            "#1 [internal] load build definition\n#5 [base 1/3] FROM x\n#7 [base 3/3] RUN false\n#8 [2/2] RUN a\n",
        );
        assert_eq!(output.failed_step(), Some("step 2/2 `RUN a`"));
        output.feed("------\n > [base 3/3] RUN false:\n------\n");
        assert_eq!(output.failed_step(), Some("step 3/3 `RUN false`"));
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut output = Followed::default();
        (0..100).for_each(|number| output.feed(&format!("line {number}\n")));
        output.feed(&"é".repeat(100_000));
        let last = output.last_lines();
        assert!(last.len() < 30 * LINE_BYTES && last.ends_with('é'), "{last}");
    }
}
