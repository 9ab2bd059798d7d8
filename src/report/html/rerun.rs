//! The commands that run a failure again.

use std::borrow::Cow;

use super::HtmlOptions;
use crate::model::RunState;

/// The most units that a command names.
const PATHS: usize = 20;

/// Returns the command that runs some units again, quoted for a shell; `None` when nobody knows how the run was asked for.
pub(super) fn command<'a>(
    state: &RunState,
    units: impl ExactSizeIterator<Item = &'a str> + Clone,
    options: &HtmlOptions,
) -> Option<String> {
    let plan = state.plan().filter(|plan| !plan.command_line.is_empty())?;
    let mut words: Vec<Cow<'_, str>> = plan.command_line.iter().map(|word| shell_words::quote(word)).collect();
    let is_showable = units.clone().all(|unit| !unit.contains(char::is_control));
    if units.len() <= PATHS && is_showable {
        words.extend(units.map(|unit| Cow::Owned(shell_words::quote(&as_argument(unit)).into_owned())));
    } else {
        let list = options.run_dir.as_ref().filter(|_| units.len() > 1)?.join("failed.txt");
        words.push(Cow::Borrowed("--files-from"));
        words.push(Cow::Owned(shell_words::quote(&list.display().to_string()).into_owned()));
    }
    if !plan.framework_args.is_empty() {
        words.push(Cow::Borrowed("--"));
        words.extend(plan.framework_args.iter().map(|word| shell_words::quote(word)));
    }
    let line = words.join(" ");
    (!line.contains(char::is_control)).then_some(line)
}

/// Writes a path so that it is not taken for an option.
fn as_argument(path: &str) -> Cow<'_, str> {
    if path.starts_with('-') { Cow::Owned(format!("./{path}")) } else { Cow::Borrowed(path) }
}
