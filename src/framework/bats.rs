//! bats 1.2 and newer: a unit is a file. One container runs bats once for each, so that each has a report and an exit code of
//! its own: where a test kills its process, bats files it as skipped or as passed, and only the exit code tells.

use super::{
    CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, all_to_one, as_argument, by_shell,
};
use crate::model::{Division, ReportFile, Unit};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

/// What the output has before each file.
const MARK: &str = "minke: bats ";

/// bats.
#[derive(Debug, Clone, Copy)]
pub struct Bats;

impl Framework for Bats {
    fn name(&self) -> &'static str {
        "bats"
    }

    fn default_path(&self) -> Option<&'static str> {
        Some(".")
    }

    fn is_unit(&self, path: &str) -> bool {
        path.ends_with(".bats")
    }

    fn sign(&self, project: &ProjectFiles) -> Option<Sign> {
        project.path(|path| self.is_unit(path)).map(|path| Sign::file(Strength::Usual, path))
    }

    fn skips_directory(&self, name: &str) -> bool {
        name.starts_with('.') || name == "node_modules"
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        &[
            CommandCandidate { argv: &["bats"], needs: &[Need::OnPath("bats")] },
            CommandCandidate { argv: &["node_modules/.bin/bats"], needs: &[Need::InWorkDir("node_modules/.bin/bats")] },
            CommandCandidate { argv: &["test/bats/bin/bats"], needs: &[Need::InWorkDir("test/bats/bin/bats")] },
        ]
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        let bats = shell_words::join(call.command.iter().chain(&call.args));
        by_shell(&script(&bats, units.len()), units.iter().map(|unit| as_argument(unit)).collect())
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        if units.len() == 1 {
            return all_to_one(reports);
        }
        let mut division = Division { damaged: vec![false; units.len()], ..Division::begin(units.len(), &reports) };
        for report in reports {
            let number = report.path.split('/').next().and_then(|number| number.parse::<usize>().ok());
            match number.and_then(|number| number.checked_sub(1)).filter(|&place| place < units.len()) {
                Some(place) => {
                    division.damaged[place] |= report.is_incomplete();
                    division.by_unit[place].extend(report.cases);
                }
                None => division.strays.extend(report.cases),
            }
        }
        division
    }

    fn seen(&self, line: &str, units: &[Unit]) -> Option<usize> {
        let path = line.strip_prefix(MARK)?;
        units.iter().position(|unit| as_argument(unit.id.as_str()) == path)
    }

    fn heeds_interrupt(&self) -> bool {
        false
    }

    fn exit_meaning(&self, code: i64, stopped: bool) -> ExitMeaning {
        match code {
            0 => ExitMeaning::Finished,
            1 if !stopped => ExitMeaning::Finished,
            _ => ExitMeaning::Unfinished,
        }
    }

    fn exit_hint(&self, code: i64) -> Option<&'static str> {
        (code == 1).then_some("a failed test, a test that killed its process, or a file that cannot be read")
    }
}

/// Writes the shell text that runs bats for each file.
///
/// bats ends before the process that writes its report, which must not be cut off. A green report of a bats that failed is
/// no proof beside others: it is removed, so that the file is run again alone, where the exit code is its own.
fn script(bats: &str, units: usize) -> String {
    let keeps_green = if units == 1 {
        ""
    } else {
        "grep -q -e '<failure' -e '<error' \"$dir/report.xml\" || rm -f \"$dir/report.xml\"\n"
    };
    format!(
        "worst=0; number=0
for unit; do
number=$((number + 1)); dir={REPORT_DIR}/$number
mkdir -p \"$dir\" || exit 125
printf '{MARK}%s\\n' \"$unit\"
code=0; {bats} --report-formatter junit --output \"$dir\" \"$unit\" || code=$?
waits=0
while grep -qsa '[b]ats-format-junit' /proc/[0-9]*/cmdline && [ $waits -lt 200 ]; do
sleep 0.05; waits=$((waits + 1))
done
[ $code -ne 0 ] || continue
{keeps_green}[ $code -le $worst ] || worst=$code
done
exit $worst"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Case;

    #[test]
    fn reports_are_divided_by_their_numbers() {
        let units = [Unit::new("a/x.bats"), Unit::new("b/x.bats")];
        let report = |path: &str| ReportFile {
            path: path.to_owned(),
            cases: vec![Case { name: path.to_owned(), ..Case::default() }],
            ..ReportFile::default()
        };
        let division = Bats.divide(&units, vec![report("2/report.xml"), report("3/report.xml"), report("x")]);
        assert_eq!(division.by_unit.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(division.strays.len(), 2);
    }

    #[test]
    fn names_are_words_of_the_shell_and_the_command_is_quoted() {
        let call = FrameworkCall::new("bats", vec!["bats".into()], vec!["--filter".into(), "a $(b)'c".into()]);
        let argv = Bats.argv(&call, &["-x.bats", "$(touch pwned).bats"]);
        assert!(argv[2].contains(r#"bats --filter 'a $(b)'\''c' --report-formatter"#), "{}", argv[2]);
        assert_eq!(&argv[4..], ["./-x.bats", "$(touch pwned).bats"]);
    }

    #[test]
    fn a_file_is_seen_by_its_mark() {
        let units = [Unit::new("a.bats"), Unit::new("-b.bats")];
        assert_eq!(Bats.seen("minke: bats ./-b.bats", &units), Some(1));
        assert_eq!(Bats.seen("ok 1 a.bats", &units), None);
    }
}
