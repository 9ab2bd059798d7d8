//! `go test -json`: one JSON object a line, of every package at once: <https://pkg.go.dev/cmd/test2json>.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};

use serde::Deserialize;

use super::junit::{Excerpt, ReadLimits};
use crate::model::{Case, Finding, FindingKind, ReportFile, ReportProblem};

/// The longest line that is read whole; test2json cuts output long before.
const LINE_BYTES: u64 = 1 << 20;
/// How much of a test's output is kept.
const OUTPUT_BYTES: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    action: String,
    #[serde(default)]
    package: String,
    /// In events of the build from Go 1.24 on, the package, with its variant in brackets.
    #[serde(default)]
    import_path: String,
    #[serde(default)]
    test: String,
    #[serde(default)]
    output: String,
    elapsed: Option<f64>,
}

/// Reads the tests of every package as cases whose class is the package's import path. [`ReportFile::ran`] has the packages
/// that came to their end; of others, cases may be missing.
///
/// Objects that Go does not write say where packages are: the action `minke-work-dir` has the working directory in
/// `Output`, `minke-package` the directory of a package, which relative to the former becomes the `file` of its cases.
pub fn read(path: &str, input: impl Read, limits: &ReadLimits) -> ReportFile {
    let mut input = BufReader::new(input.take(limits.file_bytes));
    let mut packages = Packages::default();
    let mut problems = Vec::new();
    let mut line = Vec::new();
    let mut read = 0;
    loop {
        line.clear();
        match input.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(bytes) => read += bytes as u64,
            Err(error) => {
                problems.push(ReportProblem::Malformed { detail: error.to_string() });
                break;
            }
        }
        packages.take_line(&line);
        if packages.cases.len() > limits.cases {
            problems.push(ReportProblem::TooLarge { detail: format!("it has more than {} tests", limits.cases) });
            break;
        }
    }
    if read == 0 {
        problems.push(ReportProblem::Empty);
    } else if read >= limits.file_bytes {
        problems.push(ReportProblem::TooLarge { detail: format!("it has {} bytes or more", limits.file_bytes) });
    }
    if packages.begun.is_empty() && packages.ended.is_empty() && problems.is_empty() && !packages.has_directories() {
        problems.push(ReportProblem::Malformed { detail: "no line is one of `go test -json`".to_owned() });
    }
    packages.finish(path, problems)
}

#[derive(Default)]
struct Packages {
    begun: HashMap<String, Package>,
    /// The packages that came to their end, in that order.
    ended: Vec<String>,
    directories: HashMap<String, String>,
    work_dir: Option<String>,
    /// What the compiler said, by import path.
    builds: HashMap<String, Excerpt<'static>>,
    cases: Vec<Case>,
}

/// A package that runs.
struct Package {
    /// The tests that have begun and not ended, in the order of their beginning.
    running: Vec<(String, Excerpt<'static>)>,
    output: Excerpt<'static>,
    /// Whether a test of it has failed.
    has_failed: bool,
    /// Whether the test binary said that all tests are through.
    is_through: bool,
    any_test: bool,
}

/// How a test or a package ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Pass,
    Fail,
    Skip,
}

impl Packages {
    fn has_directories(&self) -> bool {
        !self.directories.is_empty()
    }

    fn take_line(&mut self, line: &[u8]) {
        match serde_json::from_slice::<Event>(line) {
            Ok(event) => self.take(event),
            Err(_) => self.take_plain(&String::from_utf8_lossy(line)),
        }
    }

    /// Before Go 1.24 a package that cannot be built is told in a line of plain text: `FAIL\tPACKAGE [build failed]`.
    fn take_plain(&mut self, line: &str) {
        let told = line.trim_end().strip_prefix("FAIL\t").and_then(|rest| rest.strip_suffix(']'));
        if let Some((package, reason)) = told.and_then(|rest| rest.rsplit_once(" [")) {
            self.add_package_case(package, FindingKind::Error, format!("the package's {reason}"), String::new());
            self.ended.push(package.to_owned());
        }
    }

    fn take(&mut self, event: Event) {
        let end = match event.action.as_str() {
            "minke-package" => {
                self.directories.insert(event.package, event.output);
                return;
            }
            "minke-work-dir" => {
                self.work_dir = Some(event.output);
                return;
            }
            "build-output" => {
                let build = self.builds.entry(plain_path(&event.import_path).to_owned());
                return build.or_insert_with(|| Excerpt::new(OUTPUT_BYTES)).push(&event.output);
            }
            "pass" => Some(End::Pass),
            "fail" => Some(End::Fail),
            "skip" => Some(End::Skip),
            "run" | "output" | "start" => None,
            _ => return,
        };
        if event.package.is_empty() {
            return;
        }
        let package = self.begun.entry(event.package.clone()).or_insert_with(Package::new);
        match (end, event.test.is_empty()) {
            (None, false) if event.action == "run" => {
                package.any_test = true;
                package.running.push((event.test, Excerpt::new(OUTPUT_BYTES)));
            }
            (None, false) => package.test(&event.test).push(shown(&event.output)),
            (None, true) => {
                // What a test printed without a line's end stands before it.
                package.is_through |= event.output.ends_with("PASS\n");
                package.output.push(&event.output);
            }
            (Some(end), false) => {
                let output = package.take_test(&event.test);
                package.has_failed |= end == End::Fail;
                let case = case_of(&event.package, event.test, end, output, event.elapsed);
                self.cases.push(case);
            }
            (Some(end), true) => {
                if let Some(package) = self.begun.remove(&event.package) {
                    self.end_package(&event.package, package, end);
                }
            }
        }
    }

    fn end_package(&mut self, name: &str, mut package: Package, end: End) {
        for (test, output) in std::mem::take(&mut package.running) {
            let output = output.finish();
            // Until Go 1.19 the end of a test is not told when its output has no line's end before.
            let said = [("PASS", End::Pass), ("FAIL", End::Fail), ("SKIP", End::Skip)]
                .into_iter()
                .find(|(word, _)| output.contains(&format!("--- {word}: {test} (")));
            match said {
                Some((_, end)) => {
                    package.has_failed |= end == End::Fail;
                    self.cases.push(case_of(name, test, end, output, None));
                }
                None => {
                    package.has_failed = true;
                    let message = "the test began and never ended: something ended its process".to_owned();
                    let finding = finding(FindingKind::Error, message, output);
                    self.cases.push(Case {
                        classname: name.to_owned(),
                        name: test,
                        findings: vec![finding],
                        ..Case::default()
                    });
                }
            }
        }
        let output = package.output.finish();
        match end {
            End::Fail if !package.has_failed => {
                let build = self.builds.remove(name).map(Excerpt::finish);
                let (kind, message) = match build {
                    Some(_) => (FindingKind::Error, "the package's build failed"),
                    None => (FindingKind::Failure, "the package failed, and none of its tests"),
                };
                self.add_package_case(name, kind, message.to_owned(), build.unwrap_or(output));
            }
            End::Pass if package.any_test && !package.is_through && !package.has_failed => {
                let message = "the test binary ended with exit code 0 before all its tests were through".to_owned();
                self.add_package_case(name, FindingKind::Error, message, output);
            }
            End::Fail | End::Pass | End::Skip => {}
        }
        self.ended.push(name.to_owned());
    }

    fn add_package_case(&mut self, package: &str, kind: FindingKind, message: String, text: String) {
        let findings = vec![finding(kind, message, text)];
        let name = "(package)".to_owned();
        self.cases.push(Case { classname: package.to_owned(), name, findings, ..Case::default() });
    }

    fn finish(mut self, path: &str, problems: Vec<ReportProblem>) -> ReportFile {
        // Of a package that did not come to its end, what was running shows where it was.
        for (name, package) in std::mem::take(&mut self.begun) {
            for (test, output) in package.running {
                let message = "the test was running when the report ends".to_owned();
                let mut finding = finding(FindingKind::Error, message, output.finish());
                finding.r#type = Finding::RUNNING.to_owned();
                let findings = vec![finding];
                self.cases.push(Case { classname: name.clone(), name: test, findings, ..Case::default() });
            }
        }
        for directory in self.directories.values_mut() {
            let Some(base) = &self.work_dir else { continue };
            if directory == base {
                *directory = ".".to_owned();
            } else if let Some(below) = directory.strip_prefix(&format!("{}/", base.trim_end_matches('/'))) {
                *directory = below.to_owned();
            }
        }
        for case in &mut self.cases {
            case.file = self.directories.get(&case.classname).cloned();
        }
        ReportFile { path: path.to_owned(), cases: self.cases, ran: self.ended, problems }
    }
}

impl Package {
    fn new() -> Self {
        let output = Excerpt::new(OUTPUT_BYTES);
        Self { running: Vec::new(), output, has_failed: false, is_through: false, any_test: false }
    }

    /// Returns where a test's output goes; output may come before the test is said to run.
    fn test(&mut self, name: &str) -> &mut Excerpt<'static> {
        let place = self.running.iter().rposition(|(running, _)| running == name);
        match place {
            Some(place) => &mut self.running[place].1,
            None => &mut self.output,
        }
    }

    fn take_test(&mut self, name: &str) -> String {
        let place = self.running.iter().rposition(|(running, _)| running == name);
        place.map(|place| self.running.remove(place).1.finish()).unwrap_or_default()
    }
}

/// Leaves out the lines by which the test binary tells what it does.
fn shown(output: &str) -> &str {
    let is_told = ["=== RUN ", "=== PAUSE ", "=== CONT ", "=== NAME "].iter().any(|start| output.starts_with(start));
    if is_told { "" } else { output }
}

fn case_of(package: &str, test: String, end: End, output: String, elapsed: Option<f64>) -> Case {
    let seconds = elapsed.filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
    let mut case = Case { classname: package.to_owned(), name: test, seconds, ..Case::default() };
    let own: String =
        output.lines().filter(|line| !line.trim_start().starts_with("--- ")).fold(String::new(), |mut text, line| {
            text.push_str(line);
            text.push('\n');
            text
        });
    match end {
        End::Pass => case.system_out = Some(own).filter(|text| !text.is_empty()),
        End::Skip => case.findings.push(finding(FindingKind::Skipped, own.trim().to_owned(), String::new())),
        End::Fail => {
            let message = own.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("the test failed");
            case.findings.push(finding(FindingKind::Failure, message.to_owned(), own.clone()));
        }
    }
    case
}

fn finding(kind: FindingKind, message: String, text: String) -> Finding {
    Finding { kind, message, r#type: String::new(), text }
}

/// Returns the package of `PACKAGE [VARIANT]`.
fn plain_path(import_path: &str) -> &str {
    import_path.split_once(" [").map_or(import_path, |(package, _)| package)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::CaseOutcome;

    fn report(lines: &[&str]) -> ReportFile {
        read("go.ndjson", lines.join("\n").as_bytes(), &ReadLimits::default())
    }

    fn outcomes(report: &ReportFile) -> Vec<(&str, CaseOutcome)> {
        report.cases.iter().map(|case| (case.name.as_str(), case.outcome())).collect()
    }

    #[test]
    fn tests_and_subtests_of_packages_that_run_at_once_are_told_apart() {
        let report = report(&[
            r#"{"Action":"minke-work-dir","Output":"/p"}"#,
            r#"{"Action":"minke-package","Package":"m/a","Output":"/p/a"}"#,
            r#"{"Action":"minke-package","Package":"m/b","Output":"/p"}"#,
            r#"{"Action":"run","Package":"m/a","Test":"TestX"}"#,
            r#"{"Action":"run","Package":"m/b","Test":"TestX"}"#,
            r#"{"Action":"output","Package":"m/a","Test":"TestX","Output":"=== RUN   TestX\n"}"#,
            r#"{"Action":"run","Package":"m/a","Test":"TestX/b_c"}"#,
            r#"{"Action":"output","Package":"m/a","Test":"TestX/b_c","Output":"    a_test.go:3: no\n"}"#,
            r#"{"Action":"output","Package":"m/a","Test":"TestX/b_c","Output":"    --- FAIL: TestX/b_c (0.00s)\n"}"#,
            r#"{"Action":"fail","Package":"m/a","Test":"TestX/b_c","Elapsed":0.5}"#,
            r#"{"Action":"fail","Package":"m/a","Test":"TestX","Elapsed":0.5}"#,
            r#"{"Action":"fail","Package":"m/a","Elapsed":0.6}"#,
            r#"{"Action":"output","Package":"m/b","Test":"TestX","Output":"    b_test.go:3: why\n"}"#,
            r#"{"Action":"skip","Package":"m/b","Test":"TestX","Elapsed":0}"#,
            r#"{"Action":"output","Package":"m/b","Output":"PASS\n"}"#,
            r#"{"Action":"pass","Package":"m/b","Elapsed":0.6}"#,
        ]);
        let expected =
            [("TestX/b_c", CaseOutcome::Failed), ("TestX", CaseOutcome::Failed), ("TestX", CaseOutcome::Skipped)];
        assert_eq!(outcomes(&report), expected);
        assert_eq!(report.cases[0].findings[0].text, "    a_test.go:3: no\n");
        assert_eq!((report.cases[0].file.as_deref(), report.cases[0].seconds), (Some("a"), Some(0.5)));
        assert_eq!(report.cases[2].file.as_deref(), Some("."));
        assert_eq!(report.cases[2].findings[0].message, "b_test.go:3: why");
        assert_eq!(report.ran, ["m/a", "m/b"]);
        assert!(report.problems.is_empty());
    }

    #[test]
    fn an_end_that_go_does_not_tell_is_read_from_the_output() {
        let report = report(&[
            r#"{"Action":"run","Package":"m","Test":"TestA"}"#,
            r#"{"Action":"output","Package":"m","Test":"TestA","Output":"no newline--- PASS: TestA (0.00s)\n"}"#,
            r#"{"Action":"output","Package":"m","Output":"PASS\n"}"#,
            r#"{"Action":"pass","Package":"m"}"#,
        ]);
        assert_eq!(outcomes(&report), [("TestA", CaseOutcome::Passed)]);
    }

    #[test]
    fn a_binary_that_ends_with_0_in_or_between_tests_is_an_error() {
        let inside =
            report(&[r#"{"Action":"run","Package":"m","Test":"TestA"}"#, r#"{"Action":"pass","Package":"m"}"#]);
        assert_eq!(outcomes(&inside), [("TestA", CaseOutcome::Errored)]);
        let between = report(&[
            r#"{"Action":"run","Package":"m","Test":"TestA"}"#,
            r#"{"Action":"pass","Package":"m","Test":"TestA"}"#,
            r#"{"Action":"pass","Package":"m"}"#,
        ]);
        assert_eq!(outcomes(&between), [("TestA", CaseOutcome::Passed), ("(package)", CaseOutcome::Errored)]);
    }

    #[test]
    fn a_package_that_fails_by_itself_has_a_case() {
        let old = report(&["FAIL\tm/broken [build failed]"]);
        assert_eq!(outcomes(&old), [("(package)", CaseOutcome::Errored)]);
        assert_eq!(
            (old.cases[0].classname.as_str(), old.cases[0].findings[0].message.as_str()),
            ("m/broken", "the package's build failed")
        );
        let new = report(&[
            r#"{"ImportPath":"m/broken [m/broken.test]","Action":"build-output","Output":"x.go:1: no\n"}"#,
            r#"{"ImportPath":"m/broken [m/broken.test]","Action":"build-fail"}"#,
            r#"{"Action":"start","Package":"m/broken"}"#,
            r#"{"Action":"fail","Package":"m/broken","Elapsed":0,"FailedBuild":"m/broken [m/broken.test]"}"#,
        ]);
        assert_eq!(outcomes(&new), [("(package)", CaseOutcome::Errored)]);
        assert_eq!(new.cases[0].findings[0].text, "x.go:1: no\n");
        let main = report(&[
            r#"{"Action":"output","Package":"m","Output":"exit status 3\n"}"#,
            r#"{"Action":"fail","Package":"m"}"#,
        ]);
        assert_eq!(outcomes(&main), [("(package)", CaseOutcome::Failed)]);
    }

    #[test]
    fn a_package_without_an_end_has_not_run() {
        let cut = report(&[r#"{"Action":"run","Package":"m","Test":"TestA"}"#, r#"{"Action":"outp"#]);
        assert_eq!(outcomes(&cut), [("TestA", CaseOutcome::Errored)]);
        assert!(cut.ran.is_empty());
        assert_eq!(report(&[]).problems, [ReportProblem::Empty]);
        assert!(matches!(report(&["hello"]).problems[..], [ReportProblem::Malformed { .. }]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            read("go.ndjson", &bytes[..], &ReadLimits::default());
        }

        #[test]
        fn any_order_of_events_is_read(
            events in proptest::collection::vec(
                ("run|pass|fail|skip|output|start|pause|bench", "[ab]", "|T|T/x", "|PASS\n|--- PASS: T (0s)\n"), 0..30,
            ),
        ) {
            let lines: Vec<String> = events
                .iter()
                .map(|(action, package, test, output)| {
                    serde_json::json!({"Action": action, "Package": package, "Test": test, "Output": output}).to_string()
                })
                .collect();
            let begun = events.iter().filter(|(action, _, test, _)| action == "run" && !test.is_empty()).count();
            let report = read("go.ndjson", lines.join("\n").as_bytes(), &ReadLimits::default());
            prop_assert!(report.cases.len() >= begun, "a test that began is a case");
        }
    }
}
