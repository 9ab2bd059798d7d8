//! vitest 2 and newer: a unit is a file, or the tests of one name in it; one invocation takes any number of files, or one
//! part, and writes one JUnit file.
//!
//! In that file a test that was never run is a pass: the worker died, or `--bail` ended the session. So vitest also writes
//! its JSON, which calls such a test pending, and a skipped one skipped. What neither has is an error outside of any test
//! (an unhandled rejection); vitest's exit code tells of it, unless a failure in the same shard explains that code as well.

use std::collections::HashMap;

use super::{
    CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, as_argument, file_name, file_of,
    package_json, test_names,
};
use crate::model::{Case, Division, ReportFile, ReportFormat, ReportProblem, Unit, split_part};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

/// vitest.
#[derive(Debug, Clone, Copy)]
pub struct Vitest;

const CONFIGURATIONS: &[&str] = &[
    "vitest.config.js",
    "vitest.config.ts",
    "vitest.config.mjs",
    "vitest.config.mts",
    "vitest.config.cjs",
    "vitest.config.cts",
    "vitest.workspace.js",
    "vitest.workspace.ts",
    "vitest.workspace.json",
];

/// Settings of vite, which have vitest's under a key.
const VITE_CONFIGURATIONS: &[&str] = &["vite.config.js", "vite.config.ts", "vite.config.mjs", "vite.config.mts"];

impl Framework for Vitest {
    fn name(&self) -> &'static str {
        "vitest"
    }

    fn default_path(&self) -> Option<&'static str> {
        Some(".")
    }

    fn is_unit(&self, path: &str) -> bool {
        // vitest's default `include`: `**/*.{test,spec}.?(c|m)[jt]s?(x)`.
        let Some((stem, extension)) = file_name(path).rsplit_once('.') else { return false };
        let extension = extension.strip_prefix(['c', 'm']).unwrap_or(extension);
        let is_script = matches!(extension, "js" | "jsx" | "ts" | "tsx");
        is_script && (stem.ends_with(".test") || stem.ends_with(".spec"))
    }

    fn skips_directory(&self, name: &str) -> bool {
        // vitest's default `exclude`.
        let hidden = [".idea", ".git", ".cache", ".output", ".temp"];
        matches!(name, "node_modules" | "dist" | "cypress") || hidden.contains(&name)
    }

    fn sign(&self, project: &ProjectFiles) -> Option<Sign> {
        let configured = || project.one_of(CONFIGURATIONS).map(|file| Sign::file(Strength::Certain, file));
        let in_vite = || VITE_CONFIGURATIONS.iter().find(|file| project.has(file, "vitest"));
        let usual = || project.path(|path| self.is_unit(path)).map(|path| Sign::file(Strength::Usual, path));
        configured()
            .or_else(|| package_json::sign(project, self.name()))
            .or_else(|| in_vite().map(|file| Sign::inside(file, "`vitest`")))
            .or_else(usual)
    }

    fn takes_parts(&self) -> bool {
        true
    }

    fn stands_alone(&self, unit: &str) -> bool {
        split_part(unit).1.is_some()
    }

    fn part_listing(&self, call: &FrameworkCall, files: &[&str]) -> Option<Vec<String>> {
        if test_names::selects_by_name(call, test_names::BY_NAME) {
            return None;
        }
        // Its `list` fails where a test file prints something. Tests that a pattern leaves out are reported all the same.
        let own = [
            "run".to_owned(),
            "--reporter=json".to_owned(),
            format!("--outputFile.json={}", test_names::listing_file()),
            test_names::NO_TEST.to_owned(),
            "--coverage.enabled=false".to_owned(),
            "--cache=false".to_owned(),
        ];
        let files = files.iter().map(|file| as_argument(file));
        let listing = call.command.iter().cloned().chain(own).chain(call.args.iter().cloned()).chain(files);
        Some(test_names::printed(listing))
    }

    fn listed_parts(&self, stdout: &str, files: &[&str]) -> Vec<String> {
        test_names::of_jest(stdout, files)
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        // The project's own version first. `npx` would find no other, and may ask a registry.
        &[
            CommandCandidate {
                argv: &["node_modules/.bin/vitest"],
                needs: &[Need::OnPath("node"), Need::InWorkDir("node_modules/.bin/vitest")],
            },
            CommandCandidate {
                argv: &["node", "node_modules/vitest/vitest.mjs"],
                needs: &[Need::OnPath("node"), Need::InWorkDir("node_modules/vitest/vitest.mjs")],
            },
            CommandCandidate { argv: &["vitest"], needs: &[Need::OnPath("vitest")] },
        ]
    }

    fn report_format(&self, path: &str) -> Option<ReportFormat> {
        let is_json = path.ends_with(".json").then_some(ReportFormat::Jest);
        is_json.or_else(|| path.ends_with(".xml").then_some(ReportFormat::JUnit))
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        let own = [
            "--reporter=default".to_owned(),
            "--reporter=junit".to_owned(),
            "--reporter=json".to_owned(),
            format!("--outputFile.junit={REPORT_DIR}/vitest.xml"),
            format!("--outputFile.json={REPORT_DIR}/vitest.json"),
            // Else a mounted project gets a `node_modules/.vite` of the container's user.
            "--cache=false".to_owned(),
        ];
        let others = if let [unit] = units { without_look_alikes(file_of(unit)) } else { Vec::new() };
        let others = others.into_iter().chain(test_names::selection(units));
        let units = units.iter().map(|unit| as_argument(file_of(unit)));
        let command = call.command.iter().cloned().chain(["run".to_owned()]);
        command.chain(call.args.iter().cloned()).chain(own).chain(others).chain(units).collect()
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        let (json, junit): (Vec<_>, Vec<_>) = reports.into_iter().partition(|report| report.path.ends_with(".json"));
        // What vitest leaves when it finds no test file.
        let junit: Vec<_> = junit.into_iter().filter(|report| report.problems != [ReportProblem::Empty]).collect();
        let mut division = Division {
            by_unit: vec![Vec::new(); units.len()],
            damaged: vec![false; units.len()],
            report_files: junit.len() + json.len(),
            ..Division::default()
        };
        division.damage = junit.iter().chain(&json).find_map(ReportFile::damage);
        if json.is_empty() && !junit.is_empty() {
            division.damage.get_or_insert("`vitest.json` is missing".to_owned());
        }
        if division.damage.is_some() {
            division.damaged.fill(true);
        }
        let mut files = TestFiles::of(json);
        for (file, cases) in by_file(junit) {
            let told = files.of_class(&file);
            give(&mut division, units, &file, cases, told.as_deref().unwrap_or_default());
        }
        for (unit, cases) in units.iter().zip(&mut division.by_unit) {
            test_names::leave_out_unselected(unit.id.as_str(), cases);
        }
        division
    }

    fn exit_meaning(&self, code: i64, _stopped: bool) -> ExitMeaning {
        match code {
            0 | 1 => ExitMeaning::Finished,
            _ => ExitMeaning::Unfinished,
        }
    }

    fn exit_hint(&self, code: i64) -> Option<&'static str> {
        (code == 1).then_some("a failure, an error outside of any test, or a file that vitest's own settings leave out")
    }
}

/// Returns arguments that leave out the files whose path has the unit's path as a part, as vitest would run those too.
fn without_look_alikes(unit: &str) -> Vec<String> {
    let mut glob = String::with_capacity(unit.len());
    for c in unit.chars() {
        if "\\*?[]{}()!+@|,^$".contains(c) {
            glob.push('\\');
        }
        glob.push(c);
    }
    let globs = [format!("*/**/{glob}"), format!("**/?*{glob}"), format!("**/{glob}?*")];
    globs.into_iter().map(|glob| format!("--exclude={glob}")).collect()
}

/// What the JSON says of one test.
#[derive(Debug, Clone, Copy)]
struct Told {
    was_run: bool,
    line: Option<u32>,
}

/// The tests of each file, by the file's absolute path and in the order in which they are also in the JUnit file.
struct TestFiles(HashMap<String, Vec<Told>>);

impl TestFiles {
    fn of(reports: Vec<ReportFile>) -> Self {
        let mut files: HashMap<String, Vec<Told>> = HashMap::new();
        for case in reports.into_iter().flat_map(|report| report.cases) {
            let was_run = case.findings.iter().all(|finding| finding.r#type != "pending");
            files.entry(case.file.unwrap_or_default()).or_default().push(Told { was_run, line: case.line });
        }
        Self(files)
    }

    /// Takes the tests of a file by its path relative to vitest's root, which is not known here.
    fn of_class(&mut self, class: &str) -> Option<Vec<Told>> {
        let is_file = |file: &&String| file.strip_suffix(above(class)).is_some_and(|before| before.ends_with('/'));
        let file = self.0.keys().filter(is_file).min_by_key(|file| file.len())?.clone();
        self.0.remove(&file)
    }
}

/// Gathers cases by the file that their class name is, in their order.
fn by_file(reports: Vec<ReportFile>) -> Vec<(String, Vec<Case>)> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut files: Vec<(String, Vec<Case>)> = Vec::new();
    for case in reports.into_iter().flat_map(|report| report.cases) {
        let place = *places.entry(case.classname.clone()).or_insert(files.len());
        if place == files.len() {
            files.push((case.classname.clone(), Vec::new()));
        }
        files[place].1.push(case);
    }
    files
}

/// Gives a file's cases to its unit, without those of tests that were not run.
fn give(division: &mut Division, units: &[Unit], file: &str, cases: Vec<Case>, told: &[Told]) {
    let all_run = told.iter().all(|test| test.was_run);
    let Some(place) = place_of(units, file) else {
        // Asked for by nobody: its path has a unit's path as a part. Only a failure of it changes the exit code.
        if all_run && cases.iter().all(|case| !case.outcome().is_bad()) {
            return;
        }
        if units.len() == 1 {
            division.foreign_unit.get_or_insert_with(|| file.to_owned());
        } else {
            division.strays.extend(cases);
        }
        return;
    };
    if !all_run {
        division.damaged[place] = true;
        division.damage.get_or_insert_with(|| {
            format!("tests of `{file}` were never run (its worker process died, or `--bail` ended the session)")
        });
    }
    for (at, case) in cases.into_iter().enumerate() {
        let test = told.get(at).copied().unwrap_or(Told { was_run: true, line: None });
        if test.was_run {
            division.by_unit[place].push(Case { line: case.line.or(test.line), ..case });
        }
    }
}

/// Finds the unit of a file by its path relative to vitest's root, which may lie below or above the project's.
fn place_of(units: &[Unit], file: &str) -> Option<usize> {
    let exact = units.iter().position(|unit| file_of(unit.id.as_str()) == file);
    exact.or_else(|| {
        let is_below = |path: &str, part: &str| path.strip_suffix(part).is_some_and(|before| before.ends_with('/'));
        let fits = |unit: &Unit| {
            let climbs = above(file).len() < file.len();
            let unit = file_of(unit.id.as_str());
            let is_above = climbs && unit == above(file);
            is_above || is_below(unit, above(file))
        };
        let mut fitting = units.iter().enumerate().filter(|(_, unit)| fits(unit)).map(|(place, _)| place);
        fitting.next().filter(|_| fitting.next().is_none())
    })
}

/// Returns a path without the `../` that it begins with.
fn above(path: &str) -> &str {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("../") {
        path = rest;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Finding, FindingKind};

    fn finding(kind: FindingKind, r#type: &str) -> Finding {
        Finding { kind, message: String::new(), r#type: r#type.to_owned(), text: String::new() }
    }

    fn junit(files: &[(&str, bool)]) -> ReportFile {
        let case = |(file, passes): &(&str, bool)| Case {
            classname: (*file).to_owned(),
            findings: (!passes).then(|| finding(FindingKind::Failure, "")).into_iter().collect(),
            ..Case::default()
        };
        ReportFile { path: "vitest.xml".into(), cases: files.iter().map(case).collect(), ..ReportFile::default() }
    }

    fn json(tests: &[(&str, &str)]) -> ReportFile {
        let case = |(file, status): &(&str, &str)| Case {
            file: Some((*file).to_owned()),
            line: Some(3),
            findings: (*status != "passed").then(|| finding(FindingKind::Skipped, status)).into_iter().collect(),
            ..Case::default()
        };
        ReportFile { path: "vitest.json".into(), cases: tests.iter().map(case).collect(), ..ReportFile::default() }
    }

    fn divide(units: &[&str], reports: Vec<ReportFile>) -> Division {
        Vitest.divide(&units.iter().map(|unit| Unit::new(*unit)).collect::<Vec<_>>(), reports)
    }

    fn counts(division: &Division) -> Vec<usize> {
        division.by_unit.iter().map(Vec::len).collect()
    }

    #[test]
    fn a_test_that_was_never_run_is_no_pass() {
        let reports = vec![
            junit(&[("a.test.js", true), ("a.test.js", true), ("src/a.test.js", true)]),
            json(&[("/p/a.test.js", "passed"), ("/p/a.test.js", "pending"), ("/p/src/a.test.js", "skipped")]),
        ];
        let division = divide(&["a.test.js", "src/a.test.js"], reports);
        assert_eq!((counts(&division), division.damaged.as_slice()), (vec![1, 1], &[true, false][..]));
        assert!(division.damage.unwrap().contains("`a.test.js` were never run"));
        assert_eq!(division.by_unit[0][0].line, Some(3));
    }

    #[test]
    fn a_junit_file_alone_proves_nothing_and_an_empty_one_is_none() {
        let division = divide(&["a.test.js"], vec![junit(&[("a.test.js", true)])]);
        assert_eq!(division.damage.as_deref(), Some("`vitest.json` is missing"));
        let empty = ReportFile { problems: vec![ReportProblem::Empty], ..junit(&[]) };
        let division = divide(&["a.test.js"], vec![empty]);
        assert_eq!((division.report_files, division.damage), (0, None));
    }

    #[test]
    fn a_file_that_was_not_asked_for_is_passed_over_unless_it_fails() {
        let units = ["a.test.js", "b.test.js"];
        let fails = |passes| vec![junit(&[("a.test.js", true), ("src/a.test.js", passes)]), json(&[])];
        assert_eq!(divide(&units, fails(true)).strays.len(), 0);
        assert_eq!(divide(&units, fails(false)).strays.len(), 1);
        assert_eq!(divide(&units[..1], fails(true)).foreign_unit, None);
        assert_eq!(divide(&units[..1], fails(false)).foreign_unit.as_deref(), Some("src/a.test.js"));
    }

    #[test]
    fn the_root_may_lie_below_or_above_the_project() {
        let units = ["packages/x/a.test.js", "packages/y/a.test.js", "b.test.js"];
        for (file, expected) in [
            ("x/a.test.js", [1, 0, 0]),
            ("../y/a.test.js", [0, 1, 0]),
            ("../../b.test.js", [0, 0, 1]),
            ("a.test.js", [0, 0, 0]),
        ] {
            assert_eq!(counts(&divide(&units, vec![junit(&[(file, true)]), json(&[])])), expected, "{file}");
        }
    }

    #[test]
    fn units_are_what_vitest_finds_by_itself() {
        for path in ["a.test.js", "x/b.spec.mts", "c.test.cjs", "d.test.tsx"] {
            assert!(Vitest.is_unit(path), "{path}");
        }
        for path in ["test.js", "a.test.json", "__tests__/a.js", "latest.js", "a.test.d.ts.map"] {
            assert!(!Vitest.is_unit(path), "{path}");
        }
    }

    #[test]
    fn a_file_alone_leaves_out_those_whose_path_has_its_own_as_a_part() {
        let call = FrameworkCall::new("vitest", vec!["vitest".into()], vec![]);
        let argv = Vitest.argv(&call, &["-a (b).test.js"]);
        assert_eq!(argv[..2], ["vitest", "run"]);
        assert_eq!(
            argv[argv.len() - 4..],
            [
                r"--exclude=*/**/-a \(b\).test.js",
                r"--exclude=**/?*-a \(b\).test.js",
                r"--exclude=**/-a \(b\).test.js?*",
                "./-a (b).test.js"
            ]
        );
        assert!(!Vitest.argv(&call, &["a.test.js", "b.test.js"]).iter().any(|word| word.contains("exclude")));
    }
}
