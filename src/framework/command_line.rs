//! Any command, for each file by itself: `--command 'make check FILE={unit}'`. Its exit code is all that it says, unless it
//! writes reports that `--report` names.

use std::num::NonZeroU32;

use super::{CommandCandidate, Framework, ProjectFiles, Sign, all_to_one, as_argument, file_name};
use crate::model::{Case, Division, Finding, FindingKind, ReportFile, ReportFormat, Unit};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

/// What stands for the file in the command and in the globs of its reports.
const PLACE: &str = "{unit}";
/// automake's exit code of a test that was skipped: <https://www.gnu.org/software/automake/manual/html_node/Scripts_002dbased-Testsuites.html>.
const SKIPPED: i64 = 77;

/// A command of the user's own.
#[derive(Debug, Clone, Copy)]
pub struct CommandLine;

impl Framework for CommandLine {
    fn name(&self) -> &'static str {
        "command"
    }

    fn default_path(&self) -> Option<&'static str> {
        None
    }

    fn is_unit(&self, _path: &str) -> bool {
        true
    }

    fn sign(&self, _project: &ProjectFiles) -> Option<Sign> {
        None
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        &[]
    }

    fn units_per_invocation(&self) -> Option<NonZeroU32> {
        Some(NonZeroU32::MIN)
    }

    fn report_format(&self, _path: &str) -> Option<ReportFormat> {
        // Its reports are where `--report` says.
        None
    }

    fn report_globs(&self, call: &FrameworkCall, unit: &str) -> Vec<String> {
        let unit = globset::escape(unit);
        call.reports.iter().map(|glob| glob.replace(PLACE, &unit)).collect()
    }

    fn case_of_exit(&self, call: &FrameworkCall, unit: &str, code: i64) -> Option<Case> {
        let finding = match code {
            SKIPPED => Some(finding(FindingKind::Skipped, code)),
            // The reports say what the tests did.
            _ if !call.reports.is_empty() => return None,
            0 => None,
            // The first two are the shell's for a command that cannot be run, the others are signals.
            126 | 127 | 129..=192 => return None,
            _ => Some(finding(FindingKind::Failure, code)),
        };
        let findings = finding.into_iter().collect();
        Some(Case { classname: "command".to_owned(), name: file_name(unit).to_owned(), findings, ..Case::default() })
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        let unit = units.first().copied().unwrap_or_default();
        let mut has_place = false;
        let mut argv: Vec<String> = call.command.iter().map(|word| filled(word, unit, &mut has_place)).collect();
        argv.extend(call.args.iter().cloned());
        argv.extend((!has_place).then(|| as_argument(unit)));
        argv
    }

    fn divide(&self, _units: &[Unit], reports: Vec<ReportFile>) -> Division {
        all_to_one(reports)
    }

    fn heeds_interrupt(&self) -> bool {
        false
    }

    fn exit_meaning(&self, code: i64, stopped: bool) -> ExitMeaning {
        match code {
            0 => ExitMeaning::Finished,
            SKIPPED => ExitMeaning::NothingSelected,
            126 | 127 | 129..=192 => ExitMeaning::Unfinished,
            _ if stopped => ExitMeaning::Unfinished,
            _ => ExitMeaning::Finished,
        }
    }

    fn exit_hint(&self, code: i64) -> Option<&'static str> {
        Some(match code {
            126 => "the command, or one that it calls, cannot be executed",
            127 => "the command, or one that it calls, was not found",
            129..=192 => "a signal ended the command",
            _ => return None,
        })
    }

    fn missing_help(&self) -> &'static str {
        "install it in the image, or give another `--command`"
    }
}

fn finding(kind: FindingKind, code: i64) -> Finding {
    Finding { kind, message: format!("exit code {code}"), r#type: "exit-code".to_owned(), text: String::new() }
}

/// Puts the file in its places in a word; `{{unit}}` is the plain text `{unit}`.
fn filled(word: &str, unit: &str, has_place: &mut bool) -> String {
    let mut text = String::new();
    let mut rest = word;
    while let Some(at) = rest.find(PLACE) {
        let end = at + PLACE.len();
        let is_escaped = rest[..at].ends_with('{') && rest[end..].starts_with('}');
        if is_escaped {
            text.push_str(&rest[..at - 1]);
            text.push_str(PLACE);
            rest = &rest[end + 1..];
            continue;
        }
        text.push_str(&rest[..at]);
        // At the beginning of a word a name could pass for an option.
        text.push_str(&if text.is_empty() { as_argument(unit) } else { unit.to_owned() });
        *has_place = true;
        rest = &rest[end..];
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CaseOutcome;

    fn call(words: &[&str]) -> FrameworkCall {
        FrameworkCall::new("command", words.iter().map(|&word| word.to_owned()).collect(), Vec::new())
    }

    #[test]
    fn the_file_is_put_inside_words_and_never_split() {
        let argv = |words: &[&str], unit| CommandLine.argv(&call(words), &[unit]);
        assert_eq!(argv(&["make", "check", "FILE={unit}"], "a b;$(x).sh"), ["make", "check", "FILE=a b;$(x).sh"]);
        assert_eq!(argv(&["cp", "{unit}", "{unit}.bak"], "-r"), ["cp", "./-r", "./-r.bak"]);
        assert_eq!(argv(&["x", "{{unit}}", "{unit}"], "a"), ["x", "{unit}", "a"]);
        assert_eq!(argv(&["x", "{{unit}}"], "a"), ["x", "{unit}", "a"]);
    }

    #[test]
    fn a_command_without_a_place_gets_the_file_last() {
        let mut call = call(&["sh", "-e"]);
        call.args.push("--fast".to_owned());
        assert_eq!(CommandLine.argv(&call, &["-t/a.sh"]), ["sh", "-e", "--fast", "./-t/a.sh"]);
    }

    #[test]
    fn an_exit_code_is_an_answer_unless_nothing_was_run() {
        let outcome = |code| CommandLine.case_of_exit(&call(&["sh"]), "t/a.sh", code).map(|case| case.outcome());
        assert_eq!(outcome(0), Some(CaseOutcome::Passed));
        assert_eq!(outcome(77), Some(CaseOutcome::Skipped));
        for code in [1, 2, 99, 125, 128, 255] {
            assert_eq!(outcome(code), Some(CaseOutcome::Failed), "{code}");
        }
        for code in [126, 127, 137, 139, 192] {
            assert_eq!(outcome(code), None, "{code}");
        }
    }

    #[test]
    fn with_reports_only_a_skip_is_told_by_the_code() {
        let call = FrameworkCall { reports: vec!["out/{unit}.xml".to_owned()], ..call(&["sh"]) };
        assert!(CommandLine.case_of_exit(&call, "a.sh", 0).is_none());
        assert!(CommandLine.case_of_exit(&call, "a.sh", 1).is_none());
        assert!(CommandLine.case_of_exit(&call, "a.sh", 77).is_some());
    }

    #[test]
    fn a_report_s_glob_takes_the_file_literally() {
        let call = FrameworkCall { reports: vec!["out/{unit}.xml".to_owned()], ..call(&["sh"]) };
        assert_eq!(CommandLine.report_globs(&call, "t/a*.sh"), ["out/t/a[*].sh.xml"]);
    }
}
