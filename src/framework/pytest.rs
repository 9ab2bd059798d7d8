//! pytest 7 and newer: a unit is a file; one invocation takes any number of them and writes one JUnit file.

use std::collections::HashMap;

use super::{CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, as_argument, file_name};
use crate::model::{Case, Division, Finding, FindingKind, ReportFile, Unit, split_part};
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

    fn remark(&self, project: &ProjectFiles) -> Option<String> {
        let files = ["pytest.ini", "pyproject.toml", "setup.cfg", "tox.ini"];
        let file = files.into_iter().find(|file| project.has(file, "python_files"))?;
        Some(format!(
            "`{file}` sets `python_files`, and minke does not read it: in directories it takes `test_*.py` and `*_test.py`; \
             select others by a glob, such as 'tests/**/check_*.py'"
        ))
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

    fn passes_without_running(&self) -> &'static [&'static str] {
        &["--setup-plan", "--setup-only"]
    }

    fn takes_parts(&self) -> bool {
        true
    }

    fn part_listing(&self, call: &FrameworkCall, files: &[&str]) -> Option<Vec<String>> {
        let own = ["--collect-only", "-q", "--override-ini=cache_dir=/tmp/minke-pytest-cache"].map(str::to_owned);
        // A file that cannot be collected is no reason to list none; it stays whole, and fails when it is run.
        let own = own.into_iter().chain(["--continue-on-collection-errors".to_owned()]);
        let files = files.iter().map(|file| as_argument(file));
        Some(call.command.iter().cloned().chain(call.args.iter().cloned()).chain(own).chain(files).collect())
    }

    fn listed_parts(&self, stdout: &str, files: &[&str]) -> Vec<String> {
        let part = |line: &str| {
            let (path, part) = split_part(line);
            let part = part?;
            // pytest writes paths relative to its root directory, which may lie below the project's.
            let exact = files.iter().find(|file| **file == path);
            let mut below = files.iter().filter(|file| file.strip_suffix(path).is_some_and(|rest| rest.ends_with('/')));
            let file = exact.or_else(|| below.next().filter(|_| below.next().is_none()))?;
            Some(format!("{file}::{part}"))
        };
        // The list ends with a blank line; what follows is a summary, and names tests of its own.
        stdout.lines().take_while(|line| !line.is_empty()).filter_map(part).collect()
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        &[
            CommandCandidate { argv: &["pytest"], needs: &[Need::OnPath("pytest")] },
            CommandCandidate { argv: &["pytest-3"], needs: &[Need::OnPath("pytest-3")] },
            CommandCandidate {
                argv: &["python3", "-m", "pytest"],
                needs: &[Need::OnPath("python3"), Need::Unseen("pytest")],
            },
        ]
    }

    fn environment(&self) -> &'static [(&'static str, &'static str)] {
        // Without the first, nothing is seen of a running file; without the second, a mounted project gets files of
        // the container's user; without the third, a test that prints `é` fails where the image sets no locale.
        &[("PYTHONUNBUFFERED", "1"), ("PYTHONDONTWRITEBYTECODE", "1"), ("LC_ALL", "C.UTF-8")]
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        // What a failing test printed is in its case, unless the user says something of it.
        let is_said = call.args.iter().any(|arg| arg.contains("junit_log"));
        let defaults = ["--override-ini=junit_logging=all", "--override-ini=junit_log_passing_tests=false"];
        let defaults = defaults.into_iter().filter(|_| !is_said).map(str::to_owned);
        let own = [
            format!("--junitxml={REPORT_DIR}/pytest.xml"),
            // The other families leave out `file` and `line`.
            "--override-ini=junit_family=xunit1".to_owned(),
            "--override-ini=cache_dir=/tmp/minke-pytest-cache".to_owned(),
        ];
        let units = units.iter().map(|unit| as_argument(unit));
        // Of an option that is there twice pytest takes the last, and without its report a run is nothing.
        let command = call.command.iter().cloned().chain(defaults);
        command.chain(call.args.iter().cloned()).chain(own).chain(units).collect()
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        let mut division = Division::begin(units.len(), &reports);
        let mut modules = Modules::of(units);
        let mut last = 0;
        for mut case in reports.into_iter().flat_map(|report| report.cases) {
            if case.is_nameless() && case.findings.is_empty() {
                // pytest writes such a case for the test that the session's end cut off.
                division.interrupted_at = Some(last);
                continue;
            }
            restore_escapes(&mut case);
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
        let only = |is_meant: &dyn Fn(&str) -> bool| {
            let mut meant = units.iter().enumerate().filter(|(_, unit)| is_meant(unit.id.as_str()));
            let (place, _) = meant.next()?;
            meant.next().is_none().then_some(place)
        };
        let file = |unit: &str| split_part(unit).0.to_owned();
        let exact = only(&|unit| file(unit) == path);
        // Of parts of one file the line names the test itself, if pytest is verbose.
        let part = || only(&|unit| unit.len() > path.len() && line.starts_with(unit));
        let below = || only(&|unit| file(unit).strip_suffix(path).is_some_and(|above| above.ends_with('/')));
        exact.or_else(part).or_else(below)
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
    /// The classes and the test that a unit stands for, when it is a part of its file.
    parts: Vec<Option<Vec<String>>>,
    /// The units of a file, by the class name of a case.
    found: HashMap<String, Vec<usize>>,
}

impl Modules {
    fn of(units: &[Unit]) -> Self {
        let split = || units.iter().map(|unit| split_part(unit.id.as_str()));
        let dotted = split().map(|(file, _)| dotted(file)).collect();
        Self { dotted, parts: split().map(|(_, part)| part.map(components)).collect(), found: HashMap::new() }
    }

    fn unit_of(&mut self, case: &Case) -> Option<usize> {
        if self.dotted.len() == 1 {
            return Some(0);
        }
        // A file that could not be collected has its module as the case's name.
        let key = if case.classname.is_empty() { &case.name } else { &case.classname };
        if !self.found.contains_key(key) {
            let units = self.longest_matches(key);
            self.found.insert(key.clone(), units);
        }
        let units = &self.found[key];
        units.iter().copied().find(|&place| {
            let classes = classes_below(&self.dotted[place], key);
            self.parts[place].as_ref().is_none_or(|part| is_part(part, classes, case))
        })
    }

    /// Tells whether a case is of another file than the one that runs alone: its class name is another module's, and its
    /// `file` is that module. A class name alone proves nothing, because a test may choose it.
    fn is_foreign(&self, case: &Case) -> bool {
        let [module] = self.dotted.as_slice() else { return false };
        let is_of_file = |file: &String| match_length(&dotted(file), &case.classname) > 0;
        let is_plain = module.bytes().all(|byte| byte.is_ascii_graphic());
        is_plain && case.file.as_ref().is_some_and(is_of_file) && match_length(module, &case.classname) == 0
    }

    /// Returns the units whose module path has the longest match: several parts of one file, or none when two files match
    /// equally well.
    fn longest_matches(&self, key: &str) -> Vec<usize> {
        let lengths: Vec<usize> = self.dotted.iter().map(|module| match_length(module, key)).collect();
        let most = lengths.iter().copied().max().unwrap_or(0);
        let best: Vec<usize> = (0..lengths.len()).filter(|&place| most > 0 && lengths[place] == most).collect();
        let is_one_file = best.iter().all(|&place| self.dotted[place] == self.dotted[best[0]]);
        if is_one_file { best } else { Vec::new() }
    }
}

/// Puts the escape character back where pytest wrote `#x1B` for it, and the bell, so that each report can show or take out
/// the colours.
fn restore_escapes(case: &mut Case) {
    let findings = case.findings.iter_mut().flat_map(|finding| [&mut finding.message, &mut finding.text]);
    let outputs = [&mut case.system_out, &mut case.system_err].into_iter().flatten();
    for text in findings.chain(outputs).filter(|text| text.contains("#x1B")) {
        // The bell ends some sequences.
        *text = text.replace("#x1B", "\u{1b}").replace("#x07", "\u{7}");
    }
}

/// Splits the part of a node id behind the file: `TestX::test_y[a::b]` has two components.
fn components(part: &str) -> Vec<String> {
    let (names, parameters) = part.split_at(part.find('[').unwrap_or(part.len()));
    let mut components: Vec<String> = names.split("::").map(str::to_owned).collect();
    if let Some(last) = components.last_mut() {
        last.push_str(parameters);
    }
    components
}

/// Tells whether a case in some classes of a file is of a part of the file. A file that could not be collected is the
/// trouble of any part.
fn is_part(part: &[String], classes: &str, case: &Case) -> bool {
    if case.classname.is_empty() {
        return true;
    }
    let path: Vec<&str> = classes.split('.').filter(|class| !class.is_empty()).chain([case.name.as_str()]).collect();
    let Some((last, before)) = part.split_last() else { return true };
    let Some(found) = path.get(before.len()) else { return false };
    let has_parameters = |rest: &str| path.len() == part.len() && rest.starts_with('[');
    let is_last = *found == last || found.strip_prefix(last.as_str()).is_some_and(has_parameters);
    is_last && before.iter().zip(&path).all(|(one, other)| one == other)
}

fn dotted(path: &str) -> String {
    path.strip_suffix(".py").unwrap_or(path).replace('/', ".")
}

/// Returns how many bytes of a module's dotted path a class name shares with it, 0 when it is not of that module.
fn match_length(module: &str, key: &str) -> usize {
    match_module(module, key).map_or(0, |(length, _)| length)
}

/// Returns the classes in a class name of a module.
fn classes_below<'k>(module: &str, key: &'k str) -> &'k str {
    match_module(module, key).map_or("", |(_, classes)| classes.trim_start_matches('.'))
}

/// Finds a module's dotted path in a class name: how many bytes of it are there, and what follows them.
///
/// pytest writes paths relative to its root directory, which may lie below or above the project's.
fn match_module<'k>(module: &str, key: &'k str) -> Option<(usize, &'k str)> {
    let is_end = |rest: &&str| rest.is_empty() || rest.starts_with('.');
    let below = std::iter::successors(Some(module), |part| part.split_once('.').map(|(_, rest)| rest));
    let mut starts = below.filter_map(|part| Some((part.len(), key.strip_prefix(part).filter(is_end)?)));
    starts.next().or_else(|| {
        let at = key.find(&format!(".{module}"))?;
        Some((module.len(), Some(&key[at + 1 + module.len()..]).filter(is_end)?))
    })
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
    fn parts_of_one_file_get_their_own_cases() {
        let paths = ["t/test_a.py::test_x", "t/test_a.py::TestC", "t/test_a.py::TestD::test_x[a::b]", "t/test_b.py"];
        let cases = vec![
            case("t.test_a", "test_x[1]"),
            case("t.test_a.TestC", "test_x"),
            case("t.test_a.TestD", "test_x[a::b]"),
            case("t.test_b.TestC", "test_x"),
            case("t.test_a.TestC.TestInner", "test_z"),
        ];
        let division = divide(&paths, cases);
        assert_eq!(division.by_unit.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1, 1]);
        let strays = divide(&paths, vec![case("t.test_a", "test_xy"), case("t.test_a.TestD", "test_x[c]")]);
        assert_eq!(strays.strays.len(), 2);
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
    fn listed_tests_become_parts_of_their_files() {
        let printed = "tests/test_a.py::test_x[a b]\ntests/test_a.py::TestC::test_y\nsub/test_b.py::test_z\n\n\
                       3 tests collected\nERROR tests/test_c.py::x\n";
        let files = ["tests/test_a.py", "tests/sub/test_b.py", "tests/test_c.py"];
        assert_eq!(
            Pytest.listed_parts(printed, &files),
            ["tests/test_a.py::test_x[a b]", "tests/test_a.py::TestC::test_y", "tests/sub/test_b.py::test_z"]
        );
        assert!(Pytest.listed_parts("tests/test_a.py: 3\n", &files).is_empty());
    }

    #[test]
    fn colours_that_pytest_wrote_as_text_are_colours_again() {
        let mut coloured = case("test_a", "t");
        coloured.system_out = Some("#x1B[31mred#x1B[0m\nplain #x1 left".into());
        let division = divide(&["test_a.py"], vec![coloured]);
        assert_eq!(division.by_unit[0][0].system_out.as_deref(), Some("\u{1b}[31mred\u{1b}[0m\nplain #x1 left"));
    }

    #[test]
    fn a_leading_dash_is_no_option() {
        let call = FrameworkCall::new("pytest", vec!["pytest".into()], vec!["-x".into()]);
        let argv = Pytest.argv(&call, &["-dash_test.py", "$(touch pwned).py"]);
        // What the user says stands after what is only a default.
        assert_eq!(argv[3], "-x");
        assert_eq!(&argv[argv.len() - 2..], ["./-dash_test.py", "$(touch pwned).py"]);
    }
}
