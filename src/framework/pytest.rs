//! pytest 7 and newer: a unit is a file; one invocation takes any number of them and writes one JUnit file.

use std::collections::HashMap;

use super::{CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, as_argument, file_name};
use crate::model::{Case, Division, Finding, FindingKind, ReportFile, Unit};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

/// pytest.
#[derive(Debug, Clone, Copy)]
pub struct Pytest;

impl Framework for Pytest {
    fn name(&self) -> &'static str {
        "pytest"
    }

    fn default_path(&self) -> Option<&'static str> {
        Some(".")
    }

    fn sign(&self, project: &ProjectFiles) -> Option<Sign> {
        let configured = [("pyproject.toml", "[tool.pytest"), ("setup.cfg", "[tool:pytest]"), ("tox.ini", "[pytest]")];
        if let Some(file) = project.one_of(&["pytest.ini"]) {
            return Some(Sign::file(Strength::Certain, file));
        }
        if let Some((file, table)) = configured.into_iter().find(|(file, table)| project.has(file, table)) {
            return Some(Sign::inside(file, &format!("`{table}`")));
        }
        if let Some(conftest) = project.path(|path| file_name(path) == "conftest.py") {
            return Some(Sign::file(Strength::Certain, conftest));
        }
        project.path(|path| self.is_unit(path)).map(|path| Sign::file(Strength::Usual, path))
    }

    fn is_unit(&self, path: &str) -> bool {
        // pytest's default `python_files`.
        file_name(path).strip_suffix(".py").is_some_and(|stem| stem.starts_with("test_") || stem.ends_with("_test"))
    }

    fn skips_directory(&self, name: &str) -> bool {
        // pytest's default `norecursedirs`, and `__pycache__`.
        name.starts_with('.')
            || name.ends_with(".egg")
            || matches!(name, "_darcs" | "build" | "CVS" | "dist" | "node_modules" | "venv" | "{arch}" | "__pycache__")
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        &[
            CommandCandidate { argv: &["pytest"], needs: &[Need::OnPath("pytest")] },
            CommandCandidate { argv: &["pytest-3"], needs: &[Need::OnPath("pytest-3")] },
            CommandCandidate { argv: &["python3", "-m", "pytest"], needs: &[Need::OnPath("python3")] },
        ]
    }

    fn environment(&self) -> &'static [(&'static str, &'static str)] {
        // Without the first, nothing is seen of a running file; without the second, a mounted project gets files of
        // the container's user; without the third, a test that prints `é` fails where the image sets no locale.
        &[("PYTHONUNBUFFERED", "1"), ("PYTHONDONTWRITEBYTECODE", "1"), ("LC_ALL", "C.UTF-8")]
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        let own = [
            format!("--junitxml={REPORT_DIR}/pytest.xml"),
            // The other families leave out `file` and `line`.
            "--override-ini=junit_family=xunit1".to_owned(),
            "--override-ini=cache_dir=/tmp/minke-pytest-cache".to_owned(),
        ];
        let units = units.iter().map(|unit| as_argument(unit));
        // Of an option that is there twice pytest takes the last, and without its report a run is nothing.
        call.command.iter().cloned().chain(call.args.iter().cloned()).chain(own).chain(units).collect()
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        let mut division = Division {
            by_unit: vec![Vec::new(); units.len()],
            damaged: vec![reports.iter().any(ReportFile::is_incomplete); units.len()],
            damage: reports.iter().find_map(ReportFile::damage),
            report_files: reports.len(),
            ..Division::default()
        };
        let mut modules = Modules::of(units);
        let mut last = 0;
        for mut case in reports.into_iter().flat_map(|report| report.cases) {
            if case.is_nameless() && case.findings.is_empty() {
                // pytest writes such a case for the test that the session's end cut off.
                division.interrupted_at = Some(last);
                continue;
            }
            // pytest counts lines from 0.
            case.line = case.line.map(|line| line + 1);
            if units.len() == 1 && modules.is_foreign(&case) {
                division.foreign_unit.get_or_insert_with(|| case.classname.clone());
            }
            match modules.unit_of(&case) {
                Some(place) => {
                    last = place;
                    division.by_unit[place].push(case);
                }
                None => division.strays.push(case),
            }
        }
        division
    }

    fn seen(&self, line: &str, units: &[Unit]) -> Option<usize> {
        let end = line.find("::").or_else(|| line.find(".py ").map(|at| at + 3))?;
        let path = &line[..end];
        let exact = units.iter().position(|unit| unit.id.as_str() == path);
        exact.or_else(|| {
            let is_below = |unit: &Unit| unit.id.as_str().strip_suffix(path).is_some_and(|above| above.ends_with('/'));
            let mut ends = units.iter().enumerate().filter(|(_, unit)| is_below(unit));
            let (place, _) = ends.next()?;
            ends.next().is_none().then_some(place)
        })
    }

    fn is_stopped(&self, case: &Case) -> bool {
        // A file that was being collected; a test that was running has no case, or one without a name.
        let at_end = |finding: &Finding| finding.text.trim_end().ends_with("KeyboardInterrupt");
        case.findings.iter().any(|finding| finding.kind == FindingKind::Error && at_end(finding))
    }

    fn exit_meaning(&self, code: i64, _stopped: bool) -> ExitMeaning {
        // <https://docs.pytest.org/en/stable/reference/exit-codes.html>
        match code {
            0 | 1 => ExitMeaning::Finished,
            5 => ExitMeaning::NothingSelected,
            _ => ExitMeaning::Unfinished,
        }
    }

    fn exit_hint(&self, code: i64) -> Option<&'static str> {
        Some(match code {
            2 => "interrupted, or a file could not be collected",
            3 => "an internal error of pytest",
            4 => "wrong arguments for pytest, or a file that is not there",
            5 => "no tests were collected",
            _ => return None,
        })
    }
}

/// Finds the unit of a case by its class name, which begins with the dotted path of the module that ran it.
///
/// The `file` attribute does not serve: of an inherited test it names the file where the test was written.
struct Modules {
    dotted: Vec<String>,
    found: HashMap<String, Option<usize>>,
}

impl Modules {
    fn of(units: &[Unit]) -> Self {
        let dotted = units.iter().map(|unit| dotted(unit.id.as_str())).collect();
        Self { dotted, found: HashMap::new() }
    }

    fn unit_of(&mut self, case: &Case) -> Option<usize> {
        if self.dotted.len() == 1 {
            return Some(0);
        }
        // A file that could not be collected has its module as the case's name.
        let key = if case.classname.is_empty() { &case.name } else { &case.classname };
        if let Some(known) = self.found.get(key) {
            return *known;
        }
        let unit = self.longest_match(key);
        self.found.insert(key.clone(), unit);
        unit
    }

    /// Tells whether a case is of another file than the one that runs alone: its class name is another module's, and its
    /// `file` is that module. A class name alone proves nothing, because a test may choose it.
    fn is_foreign(&self, case: &Case) -> bool {
        let [module] = self.dotted.as_slice() else { return false };
        let is_of_file = |file: &String| match_length(&dotted(file), &case.classname) > 0;
        let is_plain = module.bytes().all(|byte| byte.is_ascii_graphic());
        is_plain && case.file.as_ref().is_some_and(is_of_file) && match_length(module, &case.classname) == 0
    }

    /// Returns the unit whose module path has the longest match; `None` when none has, or two match equally well.
    fn longest_match(&self, key: &str) -> Option<usize> {
        let mut best: Option<(usize, usize)> = None;
        let mut tied = false;
        for (place, module) in self.dotted.iter().enumerate() {
            let length = match_length(module, key);
            match best {
                _ if length == 0 => {}
                Some((_, most)) if length == most => tied = true,
                Some((_, most)) if length < most => {}
                Some(_) | None => {
                    best = Some((place, length));
                    tied = false;
                }
            }
        }
        best.filter(|_| !tied).map(|(place, _)| place)
    }
}

fn dotted(path: &str) -> String {
    path.strip_suffix(".py").unwrap_or(path).replace('/', ".")
}

/// Returns how many bytes of a module's dotted path a class name shares with it, 0 when it is not of that module.
///
/// pytest writes paths relative to its root directory, which may lie below or above the project's.
fn match_length(module: &str, key: &str) -> usize {
    let starts = |part: &str| key.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let below = std::iter::successors(Some(module), |part| part.split_once('.').map(|(_, rest)| rest));
    if let Some(part) = below.clone().find(|part| starts(part)) {
        return part.len();
    }
    let inside = format!(".{module}");
    let above = key.find(&inside).map(|at| &key[at + inside.len()..]);
    if above.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) { module.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(paths: &[&str]) -> Vec<Unit> {
        paths.iter().map(|path| Unit::new(*path)).collect()
    }

    fn case(classname: &str, name: &str) -> Case {
        Case { classname: classname.into(), name: name.into(), ..Case::default() }
    }

    fn divide(paths: &[&str], cases: Vec<Case>) -> Division {
        Pytest.divide(&units(paths), vec![ReportFile { cases, ..ReportFile::default() }])
    }

    #[test]
    fn an_inherited_test_belongs_to_the_module_that_ran_it() {
        let mut inherited = case("tests.test_child.TestChild", "test_of_base");
        inherited.file = Some("tests/test_base.py".into());
        let division = divide(&["tests/test_base.py", "tests/test_child.py"], vec![inherited]);
        assert_eq!(division.by_unit[1].len(), 1);
        assert!(division.strays.is_empty());
    }

    #[test]
    fn modules_with_a_common_beginning_are_told_apart() {
        let paths = ["tests/test_a.py", "tests/test_ab.py", "tests/test_a/test_b.py"];
        let cases = vec![case("tests.test_ab", "x"), case("tests.test_a.TestA", "x"), case("tests.test_a.test_b", "x")];
        let division = divide(&paths, cases);
        assert_eq!(division.by_unit.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1]);
    }

    #[test]
    fn the_root_directory_may_lie_below_or_above_the_project() {
        let paths = ["sub/tests/test_a.py", "sub/tests/test_b.py"];
        assert_eq!(divide(&paths, vec![case("tests.test_b.TestB", "x")]).by_unit[1].len(), 1);
        assert_eq!(divide(&paths, vec![case("repo.sub.tests.test_b", "x")]).by_unit[1].len(), 1);
    }

    #[test]
    fn a_case_that_fits_two_units_equally_is_a_stray() {
        let division = divide(&["a/test_x.py", "b/test_x.py"], vec![case("test_x", "t")]);
        assert_eq!((division.strays.len(), division.by_unit.concat().len()), (1, 0));
    }

    #[test]
    fn a_collection_error_belongs_to_the_module_in_its_name() {
        let division = divide(&["tests/test_ok.py", "tests/test_bad.py"], vec![case("", "tests.test_bad")]);
        assert_eq!(division.by_unit[1].len(), 1);
    }

    #[test]
    fn a_nameless_case_marks_an_interruption_and_one_with_a_failure_is_kept() {
        let division = divide(&["a/test_x.py", "b/test_y.py"], vec![case("b.test_y", "t"), case("", "")]);
        assert_eq!(division.interrupted_at, Some(1));
    }

    #[test]
    fn output_shows_the_file_that_runs() {
        let units = units(&["tests/test_a.py", "tests/sub/test_b.py"]);
        assert_eq!(Pytest.seen("tests/test_a.py ..", &units), Some(0));
        assert_eq!(Pytest.seen("sub/test_b.py::TestB::test_x PASSED", &units), Some(1));
        assert_eq!(Pytest.seen("collected 2 items", &units), None);
        assert_eq!(Pytest.seen("other/test_a.py .", &units), None);
    }

    #[test]
    fn a_leading_dash_is_no_option() {
        let call = FrameworkCall::new("pytest", vec!["pytest".into()], vec!["-x".into()]);
        let argv = Pytest.argv(&call, &["-dash_test.py", "$(touch pwned).py"]);
        assert_eq!(argv[1], "-x");
        assert_eq!(&argv[argv.len() - 2..], ["./-dash_test.py", "$(touch pwned).py"]);
    }
}
