//! The command that runs units again, for the summary of a run and for whoever looks at it later.

use std::path::Path;

use crate::model::{RunState, UnitId};

use super::super::fit::{PAGE_WIDTH, width};
use super::problems::is_failed_or_errored;
use super::{Page, SummaryOptions};

/// The most units that a command names.
const PATHS: usize = 20;

/// Adds the command, in lines that a shell takes as they stand.
pub(crate) fn add_command(page: &mut Page, state: &RunState, options: &SummaryOptions) {
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
    again(command_line, framework_args, &failed, Some(failed_list))
}

/// Writes the command that runs units again, in lines that a shell takes as they stand; none without a command or a unit.
///
/// `list` is a file that holds just these units, and is named when they are too many for a command or have names that
/// cannot be shown. Without one they are named all the same, in the shell's `$'...'` where it must be.
pub(crate) fn again(
    command: &[String],
    framework_args: &[String],
    units: &[&UnitId],
    list: Option<&Path>,
) -> Vec<String> {
    if command.is_empty() || units.is_empty() {
        return Vec::new();
    }
    let mut words: Vec<String> = command.iter().map(|word| quote(word)).collect();
    let is_showable = units.iter().all(|unit| !unit.as_str().contains(char::is_control));
    match list {
        Some(list) if units.len() > PATHS || !is_showable => {
            words.push(format!("--files-from {}", quote(&list.display().to_string())));
        }
        Some(_) | None => words.extend(units.iter().map(|unit| quote(&as_argument(unit.as_str())))),
    }
    if !framework_args.is_empty() {
        words.push("--".to_owned());
        words.extend(framework_args.iter().map(|word| quote(word)));
    }
    command_lines(&words)
}

/// Returns the words of the command that runs one unit again.
pub fn repeat_words(command: &[String], framework_args: &[String], unit: &UnitId) -> Vec<String> {
    let end = if framework_args.is_empty() { None } else { Some("--".to_owned()) };
    let unit = as_argument(unit.as_str());
    command.iter().cloned().chain([unit]).chain(end).chain(framework_args.iter().cloned()).collect()
}

/// Quotes a word for a shell; one with control characters so that they are not shown as themselves, as bash and zsh read it.
fn quote(word: &str) -> String {
    if !word.contains(char::is_control) {
        return shell_words::quote(word).into_owned();
    }
    let escaped: String = word
        .chars()
        .map(|character| match character {
            '\'' | '\\' => format!("\\{character}"),
            _ if character.is_control() => {
                let mut bytes = [0; 4];
                character.encode_utf8(&mut bytes).bytes().map(|byte| format!("\\{byte:03o}")).collect()
            }
            _ => character.to_string(),
        })
        .collect();
    format!("$'{escaped}'")
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
    fn a_name_with_control_characters_is_written_as_bash_reads_it() {
        let name = "a\nb'c\u{1b}[2J\\\u{9b}.py";
        let units = [&UnitId::new(name)];
        let lines = again(&["printf".to_owned(), "%s".to_owned()], &[], &units, None);
        assert!(!lines.join("").contains(char::is_control), "{lines:?}");
        let said = std::process::Command::new("bash").args(["-c", &lines.join("\n")]).output().unwrap();
        assert_eq!(String::from_utf8(said.stdout).unwrap(), name);
    }

    #[test]
    fn a_path_is_never_an_option() {
        assert_eq!(as_argument("-x.py"), "./-x.py");
    }
}
