//! prove, of Perl 5.10 and newer: a unit is a script that writes TAP. One invocation takes any number of them; the harness
//! keeps the TAP of each in a file of its own, and prove's state has its verdict, which knows the scripts' exit codes too.

use std::collections::HashMap;

use super::{CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, as_argument, by_shell};
use crate::model::{Case, Division, Finding, FindingKind, ReportFile, ReportFormat, Unit};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

/// The directory below [`REPORT_DIR`] that has the TAP of each script at the script's own path.
const TAP_DIR: &str = "tap/";
/// The file below [`REPORT_DIR`] that has prove's verdicts.
const STATE: &str = "prove-state";

/// prove.
#[derive(Debug, Clone, Copy)]
pub struct Prove;

impl Framework for Prove {
    fn name(&self) -> &'static str {
        "prove"
    }

    fn default_path(&self) -> Option<&'static str> {
        Some("t")
    }

    fn is_unit(&self, path: &str) -> bool {
        path.ends_with(".t")
    }

    fn sign(&self, project: &ProjectFiles) -> Option<Sign> {
        let script = project.path(|path| self.is_unit(path))?;
        if let Some(file) = project.one_of(&["Makefile.PL", "cpanfile", "dist.ini", ".proverc"]) {
            return Some(Sign::file(Strength::Certain, file));
        }
        // Other tools have files with this end too (cram, Unix diff tests), but hardly in a directory `t`.
        let is_usual = script.starts_with("t/") || script.contains("/t/");
        Some(Sign::file(if is_usual { Strength::Usual } else { Strength::Possible }, script))
    }

    fn skips_directory(&self, name: &str) -> bool {
        name.starts_with('.') || matches!(name, "blib" | "local" | "node_modules")
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        &[CommandCandidate { argv: &["prove"], needs: &[Need::OnPath("prove")] }]
    }

    fn report_format(&self, path: &str) -> Option<ReportFormat> {
        if path == STATE {
            return Some(ReportFormat::ProveState);
        }
        path.starts_with(TAP_DIR).then_some(ReportFormat::Tap)
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        // Both are set last: what the user says of them elsewhere would take the reports away.
        let script = format!(
            "mkdir -p {REPORT_DIR} && PERL_TEST_HARNESS_DUMP_TAP={REPORT_DIR}/{} exec \"$@\"",
            TAP_DIR.trim_end_matches('/')
        );
        let own = ["--state=save".to_owned(), "--statefile".to_owned(), format!("{REPORT_DIR}/{STATE}")];
        let units = units.iter().map(|unit| as_argument(unit));
        let words = call.command.iter().cloned().chain(call.args.iter().cloned()).chain(own).chain(units);
        by_shell(&script, words.collect())
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        let (state, scripts): (Vec<_>, Vec<_>) = reports.into_iter().partition(|report| report.path == STATE);
        let damaged_state = state.iter().find_map(ReportFile::damage);
        let verdicts: HashMap<String, Case> = state
            .into_iter()
            .flat_map(|report| report.cases)
            .map(|case| (plain(&case.name).to_owned(), case))
            .collect();
        let mut division = Division {
            by_unit: vec![Vec::new(); units.len()],
            damaged: vec![false; units.len()],
            damage: damaged_state,
            report_files: scripts.len(),
            ..Division::default()
        };
        for report in scripts {
            let path = report.path.strip_prefix(TAP_DIR).unwrap_or(&report.path);
            let place = units.iter().position(|unit| dumped(unit.id.as_str()) == path);
            let Some(place) = place else {
                if units.len() == 1 {
                    division.foreign_unit.get_or_insert_with(|| path.to_owned());
                }
                division.strays.extend(report.cases);
                continue;
            };
            let damage = report.damage();
            let unit = units[place].id.as_str();
            match verdicts.get(plain(unit)) {
                // What is wrong with a report that is not whole is told by itself.
                Some(_) if damage.is_some() => division.by_unit[place] = report.cases,
                Some(verdict) => division.by_unit[place] = with_verdict(report.cases, verdict),
                None => {
                    // prove writes its state at the end: without an entry it did not get there.
                    division.damaged[place] = true;
                    division.damage.get_or_insert_with(|| format!("prove said nothing of `{unit}` in the end"));
                    division.by_unit[place] = report.cases;
                }
            }
            division.damaged[place] |= damage.is_some();
            division.damage = division.damage.take().or(damage);
            for case in division.by_unit[place].iter_mut().filter(|case| case.classname.is_empty()) {
                case.classname = unit.to_owned();
            }
        }
        division
    }

    fn exit_meaning(&self, code: i64, stopped: bool) -> ExitMeaning {
        match code {
            0 => ExitMeaning::Finished,
            1 if !stopped => ExitMeaning::Finished,
            _ => ExitMeaning::Unfinished,
        }
    }

    fn exit_hint(&self, code: i64) -> Option<&'static str> {
        (code == 255).then_some("a script bailed out, or prove itself failed")
    }
}

/// Adds an error where prove calls a script bad and its TAP shows nothing bad: it ended with an exit code, by a signal, or
/// prove read something else in it.
fn with_verdict(mut cases: Vec<Case>, verdict: &Case) -> Vec<Case> {
    let is_explained = cases.iter().any(|case| case.outcome().is_bad());
    if verdict.outcome().is_bad() && !is_explained {
        let finding = Finding {
            kind: FindingKind::Error,
            message:
                "prove calls the script failed, although its TAP does not: it ended with a non-zero exit code, by a \
                      signal, or with TAP that this prove does not know; the output tells"
                    .to_owned(),
            r#type: "dubious".to_owned(),
            text: String::new(),
        };
        cases.push(Case { name: "(script)".to_owned(), findings: vec![finding], ..Case::default() });
    }
    cases
}

/// Returns a path without the `./` that keeps a name from being an option.
fn plain(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

/// Returns where the harness puts a script's TAP below its directory.
fn dumped(unit: &str) -> &str {
    plain(unit).trim_start_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(path: &str, cases: &[(&str, bool)]) -> ReportFile {
        let finding = || Finding {
            kind: FindingKind::Failure,
            message: String::new(),
            r#type: String::new(),
            text: String::new(),
        };
        let case = |&(name, bad): &(&str, bool)| Case {
            name: name.to_owned(),
            findings: bad.then(finding).into_iter().collect(),
            ..Case::default()
        };
        ReportFile { path: path.to_owned(), cases: cases.iter().map(case).collect(), ..ReportFile::default() }
    }

    #[test]
    fn a_green_script_that_prove_calls_bad_has_an_error() {
        let units = [Unit::new("t/a.t"), Unit::new("-b.t"), Unit::new("t/c.t")];
        let state = report(STATE, &[("t/a.t", true), ("./-b.t", true), ("t/c.t", false)]);
        let reports = vec![
            report("tap/t/a.t", &[("x", false)]),
            report("tap/-b.t", &[("x", true)]),
            report("tap/t/c.t", &[("x", false)]),
            state,
        ];
        let division = Prove.divide(&units, reports);
        let names = |place: usize| division.by_unit[place].iter().map(|case| case.name.as_str()).collect::<Vec<_>>();
        assert_eq!((names(0), names(1), names(2)), (vec!["x", "(script)"], vec!["x"], vec!["x"]));
        assert!(!division.has_damage());
        assert_eq!(division.by_unit[0][0].classname, "t/a.t");
    }

    #[test]
    fn without_a_verdict_nothing_is_proven() {
        let units = [Unit::new("t/a.t"), Unit::new("t/b.t")];
        let division = Prove.divide(&units, vec![report("tap/t/a.t", &[("x", false)])]);
        assert_eq!(division.damaged, [true, false]);
    }

    #[test]
    fn a_script_that_nobody_asked_for_is_foreign() {
        let units = [Unit::new("t/a.t")];
        let reports = vec![report("tap/t/a.t", &[]), report("tap/t/b.t", &[("x", false)])];
        assert_eq!(Prove.divide(&units, reports).foreign_unit.as_deref(), Some("t/b.t"));
    }
}
