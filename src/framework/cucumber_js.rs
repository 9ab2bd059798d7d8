//! cucumber-js 10 and newer: a unit is a feature, or scenarios of one by their lines; one invocation takes any number.
//!
//! The report is its messages. Its JUnit file has the same cases, but names neither files nor lines, and is written at the
//! very end; messages also tell what was run before a crash, and what an execution before a retry said.

use std::collections::HashMap;

use super::{CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, as_argument, gherkin_parts};
use crate::model::{Case, Division, FindingKind, ReportFile, ReportFormat, ReportProblem, Unit, split_part};
use crate::plan::{FrameworkCall, Strictness};
use crate::schedule::ExitMeaning;

/// The file of the messages.
const REPORT: &str = "cucumber.ndjson";

/// The same of a run that is not strict, which the messages themselves do not tell.
const LENIENT_REPORT: &str = "cucumber-not-strict.ndjson";

/// The property that names the line of the outline which a case is a row of.
const OUTLINE_LINE: &str = "cucumber.outline_line";

/// The type of the error of a file that is no feature.
const PARSE_ERROR: &str = "parse-error";

/// The type of the skip of a scenario that was not even begun.
const NOT_RUN: &str = "not-run";

/// The type of the failure of a scenario with a pending step.
const PENDING: &str = "pending";

/// cucumber for JavaScript.
#[derive(Debug, Clone, Copy)]
pub struct CucumberJs;

impl Framework for CucumberJs {
    fn name(&self) -> &'static str {
        "cucumber-js"
    }

    fn default_path(&self) -> Option<&'static str> {
        Some("features")
    }

    fn is_unit(&self, path: &str) -> bool {
        path.ends_with(".feature")
    }

    fn sign(&self, project: &ProjectFiles) -> Option<Sign> {
        let feature = project.path(|path| self.is_unit(path))?;
        if let Some(file) = project.one_of(&["cucumber.js", "cucumber.json", "cucumber.cjs", "cucumber.mjs"]) {
            return Some(Sign::file(Strength::Certain, file));
        }
        if project.has("package.json", "\"@cucumber/cucumber\"") {
            return Some(Sign::inside("package.json", "`@cucumber/cucumber`"));
        }
        let is_script = |path: &str| [".js", ".cjs", ".mjs", ".ts"].iter().any(|end| path.ends_with(end));
        let is_step =
            |path: &str| is_script(path) && path.split('/').any(|part| part.contains("step") || part == "support");
        let below = feature.split('/').next().unwrap_or_default();
        let support = project.path(|path| path.starts_with(below) && is_step(path));
        let support = support.map(|path| Sign::file(Strength::Certain, path));
        support.or_else(|| Some(Sign::file(Strength::Possible, feature)))
    }

    fn takes_parts(&self) -> bool {
        true
    }

    fn parts_in(&self, file: &str, text: &str) -> Vec<String> {
        gherkin_parts::scenarios(file, text)
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        &[
            // The project's own version first.
            CommandCandidate {
                argv: &["node_modules/.bin/cucumber-js"],
                needs: &[Need::InWorkDir("node_modules/.bin/cucumber-js")],
            },
            CommandCandidate { argv: &["cucumber-js"], needs: &[Need::OnPath("cucumber-js")] },
            CommandCandidate {
                argv: &["node", "node_modules/@cucumber/cucumber/bin/cucumber.js"],
                needs: &[Need::OnPath("node"), Need::InWorkDir("node_modules/@cucumber/cucumber/bin/cucumber.js")],
            },
        ]
    }

    fn report_format(&self, path: &str) -> Option<ReportFormat> {
        matches!(path, REPORT | LENIENT_REPORT).then_some(ReportFormat::CucumberMessages)
    }

    fn environment(&self) -> &'static [(&'static str, &'static str)] {
        &[("CUCUMBER_PUBLISH_QUIET", "true")]
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        let (report, lenient) = match call.strictness {
            Strictness::Strict => (REPORT, None),
            Strictness::Lenient => (LENIENT_REPORT, Some("--no-strict".to_owned())),
        };
        let own = [format!("--format=message:{REPORT_DIR}/{report}")];
        let units = units.iter().map(|unit| as_argument(unit));
        call.command.iter().cloned().chain(own).chain(lenient).chain(call.args.iter().cloned()).chain(units).collect()
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        let mut division = Division::begin(units.len(), &reports);
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, unit) in units.iter().enumerate() {
            places.entry(split_part(unit.id.as_str()).0).or_default().push(place);
        }
        for report in reports {
            division.stopped_in = division.stopped_in.or_else(|| broken_off_in(&report));
            for ran in &report.ran {
                // What a file shows before a fault is whole where every scenario of it was run to its end.
                for &place in places.get(plain_path(ran)).into_iter().flatten() {
                    division.damaged[place] = false;
                }
            }
            for mut case in report.cases {
                if report.path == LENIENT_REPORT {
                    skip_pending(&mut case);
                }
                let lines = lines_of(&mut case);
                let is_of_all = case.findings.iter().any(|finding| finding.r#type == PARSE_ERROR);
                let file = case.file.as_deref().map(plain_path).unwrap_or_default();
                let of_file = places.get(file).into_iter().flatten().copied();
                // An outline and one of its rows may both be units, and then both have the row.
                let mut chosen =
                    of_file.filter(|&place| is_of_all || selects(units[place].id.as_str(), lines)).peekable();
                if chosen.peek().is_none() {
                    division.foreign_unit.get_or_insert_with(|| place_name(file, lines));
                    division.strays.push(case);
                    continue;
                }
                for place in chosen {
                    division.by_unit[place].push(case.clone());
                }
            }
        }
        leave_out_not_run(&mut division);
        division
    }

    fn exit_meaning(&self, code: i64, stopped: bool) -> ExitMeaning {
        match code {
            0 => ExitMeaning::Finished,
            1 if !stopped => ExitMeaning::Finished,
            _ => ExitMeaning::Unfinished,
        }
    }

    fn exit_hint(&self, _code: i64) -> Option<&'static str> {
        None
    }
}

/// Returns a file as cucumber-js names it without a leading `./`, which guards a name that looks like an option.
fn plain_path(uri: &str) -> &str {
    uri.strip_prefix("./").unwrap_or(uri)
}

/// Returns the scenario that ran when the report breaks off.
fn broken_off_in(report: &ReportFile) -> Option<String> {
    report.problems.iter().find_map(|problem| match problem {
        ReportProblem::BrokenOff { test } => Some(test.clone()),
        ReportProblem::Empty
        | ReportProblem::Truncated
        | ReportProblem::Malformed { .. }
        | ReportProblem::TooLarge { .. }
        | ReportProblem::FailuresMissing { .. }
        | ReportProblem::CountsDiffer { .. }
        | ReportProblem::Repaired
        | ReportProblem::EntitiesIgnored => None,
    })
}

/// Leaves out what cucumber-js never came to after a failure (`--fail-fast`) and reports as skipped: it says nothing of a
/// unit of which no scenario was begun.
fn leave_out_not_run(division: &mut Division) {
    let is_not_run = |case: &Case| case.findings.iter().any(|finding| finding.r#type == NOT_RUN);
    let has_failed = division.by_unit.iter().flatten().chain(&division.strays).any(|case| case.outcome().is_bad());
    for cases in division.by_unit.iter_mut().filter(|cases| has_failed && cases.iter().all(is_not_run)) {
        cases.clear();
    }
}

/// Makes skips of pending steps. cucumber-js lets them pass when it is not strict, and still calls them failures in JUnit.
fn skip_pending(case: &mut Case) {
    for finding in case.findings.iter_mut().filter(|finding| finding.r#type == PENDING) {
        finding.kind = FindingKind::Skipped;
    }
}

/// Takes the lines that select a case: its own, and that of the outline that it is a row of.
fn lines_of(case: &mut Case) -> [Option<u32>; 2] {
    let outline = case.properties.extract_if(.., |(name, _)| name == OUTLINE_LINE).next();
    [case.line, outline.and_then(|(_, line)| line.parse().ok())]
}

/// Tells whether a unit of the right file selects a case.
fn selects(unit: &str, lines: [Option<u32>; 2]) -> bool {
    let Some(part) = split_part(unit).1 else { return true };
    part.split(':').filter_map(|line| line.parse().ok()).any(|line| lines.contains(&Some(line)))
}

fn place_name(file: &str, lines: [Option<u32>; 2]) -> String {
    lines[0].map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Finding;

    fn case(file: &str, line: u32, outline: Option<u32>) -> Case {
        let properties = outline.map(|line| (OUTLINE_LINE.to_owned(), line.to_string())).into_iter().collect();
        Case { file: Some(file.to_owned()), line: Some(line), properties, ..Case::default() }
    }

    fn with(kind: FindingKind, r#type: &str, case: Case) -> Case {
        let (message, text) = (String::new(), String::new());
        Case { findings: vec![Finding { kind, message, r#type: r#type.to_owned(), text }], ..case }
    }

    fn report(cases: Vec<Case>) -> ReportFile {
        ReportFile { path: REPORT.to_owned(), cases, ..ReportFile::default() }
    }

    fn divide(units: &[&str], report: ReportFile) -> Division {
        let units: Vec<Unit> = units.iter().map(|unit| Unit::new(*unit)).collect();
        CucumberJs.divide(&units, vec![report])
    }

    fn sizes(division: &Division) -> (Vec<usize>, usize) {
        (division.by_unit.iter().map(Vec::len).collect(), division.strays.len())
    }

    #[test]
    fn cases_go_to_their_features_and_to_the_parts_that_select_their_lines() {
        let cases = || {
            let rows = [case("a.feature", 12, Some(9)), case("a.feature", 13, Some(9))];
            [case("a.feature", 3, None), case("./-b.feature", 2, None)].into_iter().chain(rows).collect::<Vec<_>>()
        };
        let division = divide(&["a.feature", "-b.feature"], report(cases()));
        assert_eq!(sizes(&division), (vec![3, 1], 0));
        assert!(division.by_unit[0].iter().all(|case| case.properties.is_empty()));
        let division = divide(&["a.feature:3:13", "-b.feature", "a.feature:12"], report(cases()));
        assert_eq!(sizes(&division), (vec![2, 1, 1], 0));
        // What selects an outline has all of its rows, also one that is a unit besides.
        let division = divide(&["a.feature:9", "a.feature:12", "a.feature:3", "-b.feature"], report(cases()));
        assert_eq!(sizes(&division), (vec![2, 1, 1, 1], 0));
    }

    #[test]
    fn what_nobody_asked_for_is_named() {
        let ran = || report(vec![case("a.feature", 3, None), case("b.feature", 2, None)]);
        let division = divide(&["a.feature"], ran());
        assert_eq!((sizes(&division), division.foreign_unit.as_deref()), ((vec![1], 1), Some("b.feature:2")));
        let division = divide(&["a.feature:4", "b.feature"], ran());
        assert_eq!((sizes(&division), division.foreign_unit.as_deref()), ((vec![0, 1], 1), Some("a.feature:3")));
    }

    #[test]
    fn a_report_that_breaks_off_is_believed_of_features_that_were_run_to_their_end() {
        let problems = vec![ReportProblem::BrokenOff { test: "x".to_owned() }];
        let cases = vec![case("a.feature", 3, None), case("b.feature", 2, None)];
        let broken = ReportFile { ran: vec!["a.feature".to_owned()], problems, ..report(cases) };
        let division = divide(&["a.feature", "b.feature", "c.feature"], broken);
        assert_eq!((division.damaged, division.stopped_in.as_deref()), (vec![false, true, true], Some("x")));
        assert_eq!(divide(&["a.feature", "b.feature"], report(Vec::new())).damaged, [false, false]);
    }

    #[test]
    fn a_file_that_is_no_feature_is_the_error_of_each_part_of_it() {
        let error = with(FindingKind::Error, PARSE_ERROR, case("a.feature", 4, None));
        let division = divide(&["a.feature:3", "a.feature:9", "b.feature"], report(vec![error]));
        assert_eq!(sizes(&division), (vec![1, 1, 0], 0));
    }

    #[test]
    fn pending_steps_are_skips_where_they_may_be() {
        let pending = || report(vec![with(FindingKind::Failure, PENDING, case("a.feature", 3, None))]);
        let kind = |report| divide(&["a.feature"], report).by_unit[0][0].findings[0].kind;
        assert_eq!(kind(pending()), FindingKind::Failure);
        assert_eq!(kind(ReportFile { path: LENIENT_REPORT.to_owned(), ..pending() }), FindingKind::Skipped);
        let mut call = FrameworkCall::new("cucumber-js", vec!["cucumber-js".to_owned()], Vec::new());
        for (strictness, name) in [(Strictness::Strict, REPORT), (Strictness::Lenient, LENIENT_REPORT)] {
            call.strictness = strictness;
            let format = format!("--format=message:{REPORT_DIR}/{name}");
            assert!(CucumberJs.argv(&call, &["a.feature"]).contains(&format));
            assert_eq!(CucumberJs.report_format(name), Some(ReportFormat::CucumberMessages));
        }
    }

    #[test]
    fn what_was_never_begun_after_a_failure_is_no_skip() {
        let not_run = |file| with(FindingKind::Skipped, NOT_RUN, case(file, 2, None));
        let failed = with(FindingKind::Failure, "Error", case("a.feature", 3, None));
        let cases = vec![failed, not_run("a.feature"), not_run("b.feature")];
        let units = ["a.feature", "b.feature"];
        assert_eq!(sizes(&divide(&units, report(cases.clone()))), (vec![2, 0], 0));
        // A dry run.
        assert_eq!(sizes(&divide(&units, report(cases[1..].to_vec()))), (vec![1, 1], 0));
    }
}
