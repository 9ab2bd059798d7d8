//! behave 1.2.6 and newer: a unit is a feature, or scenarios of one by their lines; one invocation writes a JUnit file
//! for each feature that it came to.
//!
//! behave has no lenient mode: whoever says `--no-strict` still gets undefined and pending steps as failures, because
//! behave ends with code 1 for them, and a green report beside that code would be minke's word against behave's.

use std::collections::BTreeSet;

use super::{
    CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, all_to_one, as_argument, by_name,
    file_name, file_of, gherkin_parts,
};
use crate::model::{Case, CaseOutcome, Division, Finding, FindingKind, ReportFile, Unit, split_part};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

/// behave.
#[derive(Debug, Clone, Copy)]
pub struct Behave;

impl Framework for Behave {
    fn name(&self) -> &'static str {
        "behave"
    }

    fn default_path(&self) -> Option<&'static str> {
        Some("features")
    }

    fn is_unit(&self, path: &str) -> bool {
        path.ends_with(".feature")
    }

    fn sign(&self, project: &ProjectFiles) -> Option<Sign> {
        let feature = project.path(|path| self.is_unit(path))?;
        if let Some(file) = project.one_of(&["behave.ini", ".behaverc"]) {
            return Some(Sign::file(Strength::Certain, file));
        }
        let configured = [("pyproject.toml", "[tool.behave"), ("setup.cfg", "[behave]"), ("tox.ini", "[behave]")];
        if let Some((file, table)) = configured.into_iter().find(|(file, table)| project.has(file, table)) {
            return Some(Sign::inside(file, &format!("`{table}`")));
        }
        let is_step = |path: &str| path.rsplit_once('/').is_some_and(|(above, _)| file_name(above) == "steps");
        let support = |path: &str| path.ends_with(".py") && (is_step(path) || file_name(path) == "environment.py");
        let support = project.path(support).map(|path| Sign::file(Strength::Certain, path));
        support.or_else(|| Some(Sign::file(Strength::Possible, feature)))
    }

    fn takes_parts(&self) -> bool {
        true
    }

    fn parts_in(&self, file: &str, text: &str) -> Vec<String> {
        gherkin_parts::scenarios(file, text)
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        &[CommandCandidate { argv: &["behave"], needs: &[Need::OnPath("behave")] }]
    }

    fn always_reports(&self) -> bool {
        // Of a file without any text it says nothing.
        false
    }

    fn report_key(&self, unit: &str) -> Option<String> {
        // behave leaves out a beginning of the path that all features have in common, which changes no collision.
        Some(flat(file_of(unit)))
    }

    fn environment(&self) -> &'static [(&'static str, &'static str)] {
        &[("PYTHONUNBUFFERED", "1"), ("PYTHONDONTWRITEBYTECODE", "1"), ("LC_ALL", "C.UTF-8")]
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        let own = ["--junit", "--junit-directory", REPORT_DIR].map(str::to_owned);
        let units = units.iter().flat_map(|unit| locations(unit));
        // Of an option that is there twice behave takes the last.
        call.command.iter().cloned().chain(call.args.iter().cloned()).chain(own).chain(units).collect()
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        let names = report_names(units, &reports);
        let place_of = |report: &ReportFile| {
            let mut places = names.iter().filter_map(|names| names.iter().position(|name| *name == report.path));
            let place = places.next()?;
            places.all(|other| other == place).then_some(place)
        };
        let mut division = if units.len() == 1 {
            let (own, other): (Vec<_>, Vec<_>) = reports.iter().partition(|report| place_of(report).is_some());
            let foreign_unit = other.first().filter(|_| !own.is_empty()).map(|report| report.path.clone());
            Division { foreign_unit, ..all_to_one(reports) }
        } else {
            by_name(units, reports, place_of)
        };
        // behave may have stopped at a failure, where a project turned off the steps that would show it.
        let has_bad = division.by_unit.iter().flatten().any(|case| case.outcome().is_bad());
        let is_doubtful = |case: &Case| units.len() > 1 && has_bad && is_skipped(case) && steps_of(case).is_none();
        for (unit, cases) in units.iter().zip(&mut division.by_unit) {
            cases.retain(|case| !is_untested(case) && !is_doubtful(case));
            if split_part(unit.id.as_str()).1.is_some() {
                leave_out_unselected(unit.id.as_str(), cases);
            }
        }
        division
    }

    fn seen(&self, line: &str, units: &[Unit]) -> Option<usize> {
        // `Feature: Name # features/name.feature:1`, in the language of the feature.
        let (keyword, location) = line.rsplit_once(" # ")?;
        let (path, line) = location.trim_end().rsplit_once(':')?;
        let is_feature = !keyword.starts_with(' ') && line.bytes().all(|byte| byte.is_ascii_digit());
        units.iter().position(|unit| is_feature && file_of(unit.id.as_str()) == path)
    }

    fn is_stopped(&self, case: &Case) -> bool {
        case.findings.iter().any(|finding| finding.r#type == "KeyboardInterrupt")
    }

    fn exit_meaning(&self, code: i64, stopped: bool) -> ExitMeaning {
        match code {
            0 => ExitMeaning::Finished,
            // A SIGINT also ends it with 1, with a report of what was run.
            1 if !stopped => ExitMeaning::Finished,
            _ => ExitMeaning::Unfinished,
        }
    }

    fn exit_hint(&self, code: i64) -> Option<&'static str> {
        (code == 1).then_some("a feature that cannot be parsed, no steps to be found, or a failed hook")
    }
}

/// Writes a unit as behave's arguments: behave takes one line with a file, not several.
fn locations(unit: &str) -> Vec<String> {
    let (file, lines) = split_part(unit);
    let file = as_argument(file);
    match lines {
        None => vec![file],
        Some(lines) => lines.split(':').map(|line| format!("{file}:{line}")).collect(),
    }
}

/// Flattens a feature's path as behave does for its report: `a.b/c` and `a/b.c` collide.
fn flat(path: &str) -> String {
    path.strip_suffix(".feature").unwrap_or(path).replace(['/', '\\'], ".")
}

/// Names the reports of all units, once for each directory that may be behave's base.
///
/// behave names a report by the feature's path relative to the directory that holds `steps` or `environment.py`, the
/// nearest above the first feature. Only the names themselves tell which it was: it is one with the most reports.
fn report_names(units: &[Unit], reports: &[ReportFile]) -> Vec<Vec<String>> {
    let written: BTreeSet<&str> = reports.iter().map(|report| report.path.as_str()).collect();
    let first = units.first().map_or("", |unit| file_of(unit.id.as_str()));
    let bases = first.match_indices('/').map(|(end, _)| &first[..end]).chain([""]);
    let named = bases.map(|base| {
        let name = |unit: &Unit| format!("TESTS-{}.xml", flat(&relative(base, file_of(unit.id.as_str()))));
        units.iter().map(name).collect::<Vec<_>>()
    });
    let counted: Vec<_> =
        named.map(|names| (names.iter().filter(|name| written.contains(name.as_str())).count(), names)).collect();
    let most = counted.iter().map(|(count, _)| *count).max().unwrap_or(0);
    counted.into_iter().filter(|(count, _)| *count == most).map(|(_, names)| names).collect()
}

/// Makes a path relative to a directory, both relative to the project's root.
fn relative(base: &str, path: &str) -> String {
    let mut above: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    let mut below = path;
    while let [top, rest @ ..] = above.as_slice() {
        let Some(inside) = below.strip_prefix(*top).and_then(|below| below.strip_prefix('/')) else { break };
        below = inside;
        above = rest.to_vec();
    }
    format!("{}{below}", "../".repeat(above.len()))
}

/// Tells whether behave never came to a scenario, because it was interrupted or told to stop at the first failure: it
/// reports the rest as skipped, or even without a finding.
fn is_untested(case: &Case) -> bool {
    let is_mark = |step: &str| step.ends_with(" ... untested") || step.contains(" ... untested in ");
    !case.outcome().is_bad() && steps_of(case).is_some_and(|steps| steps.lines().any(is_mark))
}

/// Returns the steps of a scenario and how each ended, as behave writes them unless a project turns that off.
fn steps_of(case: &Case) -> Option<&str> {
    let (_, described) = case.system_out.as_ref()?.split_once("@scenario.begin")?;
    Some(described.split("@scenario.end").next().unwrap_or_default())
}

fn is_skipped(case: &Case) -> bool {
    case.outcome() == CaseOutcome::Skipped
}

/// Leaves out the scenarios of a feature that were not asked for, which behave reports as skipped.
///
/// Told not to (`--no-skipped`), it would write nothing at all of a scenario that its own hook skips. Of a part that is
/// skipped as a whole, one case says so: which of the skipped scenarios it is about, the report does not tell.
fn leave_out_unselected(unit: &str, cases: &mut Vec<Case>) {
    if cases.iter().all(is_skipped) {
        let Some(first) = cases.first() else { return };
        let skip = Finding {
            kind: FindingKind::Skipped,
            message: "what was selected of the feature is skipped".to_owned(),
            r#type: String::new(),
            text: String::new(),
        };
        let (classname, file) = (first.classname.clone(), Some(file_of(unit).to_owned()));
        *cases = vec![Case { classname, name: unit.to_owned(), file, findings: vec![skip], ..Case::default() }];
    } else {
        cases.retain(|case| !is_skipped(case));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(paths: &[&str]) -> Vec<Unit> {
        paths.iter().map(|&path| Unit::new(path)).collect()
    }

    fn case(name: &str, kind: Option<FindingKind>, steps: &str) -> Case {
        let finding = |kind| Finding { kind, message: String::new(), r#type: String::new(), text: String::new() };
        let findings = kind.map(finding).into_iter().collect();
        let system_out = Some(format!("\n@scenario.begin\n  Scenario: {name}\n{steps}\n@scenario.end\n----\n"));
        Case { name: name.into(), findings, system_out, ..Case::default() }
    }

    fn report(path: &str, cases: Vec<Case>) -> ReportFile {
        ReportFile { path: path.into(), cases, ..ReportFile::default() }
    }

    fn sizes(division: &Division) -> Vec<usize> {
        division.by_unit.iter().map(Vec::len).collect()
    }

    #[test]
    fn reports_are_divided_by_names_whatever_directory_they_are_relative_to() {
        let passed = || vec![case("x", None, "")];
        let paths = ["features/b/c.feature", "features/a/b/c.feature", "other/d.feature"];
        for names in [["b.c", "a.b.c", "...other.d"], ["features.b.c", "features.a.b.c", "other.d"]] {
            let reports = names.map(|name| report(&format!("TESTS-{name}.xml"), passed()));
            let division = Behave.divide(&units(&paths), reports.to_vec());
            assert_eq!((sizes(&division), division.strays.len()), (vec![1, 1, 1], 0), "{names:?}");
        }
        let division = Behave.divide(&units(&paths), vec![report("TESTS-elsewhere.xml", passed())]);
        assert_eq!(division.strays.len(), 1);
    }

    #[test]
    fn a_report_that_could_be_of_two_features_is_of_none() {
        let paths = ["a/a/b.feature", "a/b.feature"];
        let division = Behave.divide(&units(&paths), vec![report("TESTS-a.b.xml", vec![case("x", None, "")])]);
        assert_eq!((sizes(&division), division.strays.len()), (vec![0, 0], 1));
    }

    #[test]
    fn features_whose_reports_would_collide_have_the_same_key() {
        let key = |unit| Behave.report_key(unit);
        assert_eq!(key("features/a.b/c.feature"), key("features/a/b.c.feature"));
        assert_eq!(key("features/a.feature:3"), key("features/a.feature:9"));
        assert_ne!(key("features/a.feature"), key("features/b.feature"));
    }

    #[test]
    fn what_behave_never_came_to_is_no_skip() {
        let untested = case("b", Some(FindingKind::Skipped), "    Given ok ... untested in 0.000s");
        let bare = case("c", None, "    Given ok ... untested in 0.000s");
        let skipped = case("d", Some(FindingKind::Skipped), "    Given ok ... skipped in 0.000s");
        let mut talks = case("e", None, "    Given ok ... passed in 0.000s");
        talks.system_out = talks.system_out.map(|text| text + "\nCaptured stdout:\nx ... untested\n");
        let reports = vec![report("TESTS-a.xml", vec![untested, bare, skipped, talks])];
        let division = Behave.divide(&units(&["features/a.feature"]), reports);
        let names: Vec<_> = division.by_unit[0].iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["d", "e"]);
    }

    #[test]
    fn a_skip_that_does_not_show_its_steps_is_doubted_after_a_failure() {
        let reports = |kind| {
            let mut skipped = case("b", Some(FindingKind::Skipped), "");
            skipped.system_out = None;
            vec![report("TESTS-a.xml", vec![case("a", kind, "")]), report("TESTS-b.xml", vec![skipped])]
        };
        let both = units(&["features/a.feature", "features/b.feature"]);
        assert_eq!(sizes(&Behave.divide(&both, reports(Some(FindingKind::Failure)))), [1, 0]);
        assert_eq!(sizes(&Behave.divide(&both, reports(None))), [1, 1]);
    }

    #[test]
    fn a_part_has_only_the_cases_that_ran() {
        let cases = vec![case("a", Some(FindingKind::Skipped), ""), case("b", None, "")];
        let part = units(&["features/a.feature:7"]);
        let division = Behave.divide(&part, vec![report("TESTS-a.xml", cases.clone())]);
        assert_eq!(division.by_unit[0], cases[1..]);
        let division = Behave.divide(&part, vec![report("TESTS-a.xml", vec![cases[0].clone(); 2])]);
        assert_eq!(division.by_unit[0].len(), 1);
        assert_eq!(division.by_unit[0][0].outcome(), CaseOutcome::Skipped);
    }

    #[test]
    fn several_lines_are_several_arguments() {
        let call = FrameworkCall::new("behave", vec!["behave".into()], vec!["--junit-directory=/x".into()]);
        let argv = Behave.argv(&call, &["-a b.feature:3:7", "c.feature"]);
        assert_eq!(argv[1], "--junit-directory=/x");
        assert_eq!(argv[argv.len() - 3..], ["./-a b.feature:3", "./-a b.feature:7", "c.feature"]);
    }

    #[test]
    fn the_pretty_formatter_shows_the_feature_that_runs() {
        let units = units(&["features/a.feature", "features/b #.feature:4"]);
        assert_eq!(Behave.seen("Feature: A # features/a.feature:1", &units), Some(0));
        assert_eq!(Behave.seen("Funktion: B # x # features/b #.feature:2\n", &units), Some(1));
        assert_eq!(Behave.seen("  Scenario: x # features/a.feature:3", &units), None);
    }
}
