//! The command that runs the failed units again.

use std::path::Path;

use crate::model::{RunState, UnitId};

use super::super::fit::{PAGE_WIDTH, width};
use super::problems::is_failed_or_errored;
use super::{Page, SummaryOptions};

/// The most units that a command names.
const PATHS: usize = 20;

/// Adds the command, in lines that a shell takes as they stand.
pub(super) fn add_command(page: &mut Page, state: &RunState, options: &SummaryOptions) {
    let lines = rerun_lines(state, &options.rerun, &options.framework_args, &options.failed_list);
    if lines.is_empty() {
        return;
    }
    page.heading("to run the failures again");
    for line in lines {
        page.line(&line);
    }
}

/// Writes the command that runs the failed and errored units again, in lines that a shell takes as they stand; none if
/// nothing failed or the run's own command is not known.
///
/// `command_line` is the run's without its paths and without `framework_args`; `failed_list` is named where the units are
/// too many for a command.
pub(crate) fn rerun_lines(
    state: &RunState,
    command_line: &[String],
    framework_args: &[String],
    failed_list: &Path,
) -> Vec<String> {
    let failed: Vec<&UnitId> =
        state.units().iter().filter(|unit| is_failed_or_errored(unit)).map(|unit| &unit.unit).collect();
    if command_line.is_empty() || failed.is_empty() {
        return Vec::new();
    }
    let mut words: Vec<String> = command_line.iter().map(|word| shell_words::quote(word).into_owned()).collect();
    let is_showable = failed.iter().all(|unit| !unit.as_str().contains(char::is_control));
    if failed.len() <= PATHS && is_showable {
        words.extend(failed.iter().map(|unit| shell_words::quote(&as_argument(unit.as_str())).into_owned()));
    } else {
        let list = failed_list.display().to_string();
        words.push(format!("--files-from {}", shell_words::quote(&list)));
    }
    if !framework_args.is_empty() {
        words.push("--".to_owned());
        words.extend(framework_args.iter().map(|word| shell_words::quote(word).into_owned()));
    }
    command_lines(&words)
}

/// Writes a path so that it is not taken for an option.
fn as_argument(path: &str) -> String {
    if path.starts_with('-') { format!("./{path}") } else { path.to_owned() }
}

/// Joins words that are quoted for a shell, and breaks the lines between them where they get too wide.
fn command_lines(words: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = " ".to_owned();
    for word in words {
        let is_first = line.trim().is_empty();
        // Two columns are kept for the backslash that may have to follow.
        if !is_first && width(&line) + 1 + width(word) + 2 > PAGE_WIDTH {
            lines.push(std::mem::replace(&mut line, " ".repeat(5)) + " \\");
        }
        line.push(' ');
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_lines_as_the_words() {
        let mut words: Vec<String> =
            ["minke", "pytest", "--image", "a b", "it's", "$HOME", ""].map(String::from).to_vec();
        words.extend((0..12).map(|number| format!("tests/deep/test_{number}.py")));
        let quoted: Vec<String> = words.iter().map(|word| shell_words::quote(word).into_owned()).collect();
        let lines = command_lines(&quoted);
        assert!(lines.iter().all(|line| width(line) <= PAGE_WIDTH), "{lines:?}");
        assert_eq!(shell_words::split(&lines.join("\n")).unwrap(), words);
    }

    #[test]
    fn a_path_is_never_an_option() {
        assert_eq!(as_argument("-x.py"), "./-x.py");
    }
}
