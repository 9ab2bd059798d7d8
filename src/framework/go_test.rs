//! `go test` of Go 1.14 and newer: a unit is the directory of a package that has tests. One invocation takes any number of
//! packages and tells of each by its import path; `go list` says in which directory that is.

use std::collections::HashMap;

use super::{CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, by_shell, file_name};
use crate::model::{Case, Division, Finding, ReportFile, ReportFormat, Unit, split_part};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

/// The report's name.
const REPORT: &str = "go-test.ndjson";

/// `go test`.
#[derive(Debug, Clone, Copy)]
pub struct GoTest;

impl Framework for GoTest {
    fn name(&self) -> &'static str {
        "go-test"
    }

    fn default_path(&self) -> Option<&'static str> {
        Some(".")
    }

    fn is_unit(&self, path: &str) -> bool {
        // What Go passes over: <https://pkg.go.dev/cmd/go#hdr-Package_lists_and_patterns>.
        path.ends_with("_test.go") && !file_name(path).starts_with(['.', '_'])
    }

    fn unit_of(&self, file: &str) -> String {
        let Some(directory) = file.strip_suffix(".go") else { return file.to_owned() };
        directory.rsplit_once('/').map_or(".", |(directory, _)| directory).to_owned()
    }

    fn sign(&self, project: &ProjectFiles) -> Option<Sign> {
        let test = project.path(|path| self.is_unit(path))?;
        let module = project.one_of(&["go.mod"]).map(|file| Sign::file(Strength::Certain, file));
        module.or_else(|| Some(Sign::file(Strength::Usual, test)))
    }

    fn skips_directory(&self, name: &str) -> bool {
        name.starts_with(['.', '_']) || matches!(name, "testdata" | "vendor" | "node_modules")
    }

    fn takes_parts(&self) -> bool {
        true
    }

    fn stands_alone(&self, unit: &str) -> bool {
        split_part(unit).1.is_some()
    }

    fn part_listing(&self, call: &FrameworkCall, files: &[&str]) -> Option<Vec<String>> {
        let packages = files.iter().map(|file| argument(file));
        let own = ["test", "-list", "^(Test|Example|Fuzz)"].map(str::to_owned);
        let command = call.command.iter().cloned().chain(own).chain(call.args.iter().cloned()).chain(packages);
        Some(by_shell(&format!("{SETTINGS}\nexec \"$@\""), command.collect()))
    }

    fn listed_parts(&self, stdout: &str, files: &[&str]) -> Vec<String> {
        let mut parts = Vec::new();
        let mut names = Vec::new();
        for line in stdout.lines() {
            let mut words = line.split('\t').map(str::trim);
            match (words.next(), words.next()) {
                (Some("ok"), Some(import)) => {
                    let names: Vec<&str> = std::mem::take(&mut names);
                    let package = directory_of(import, files);
                    parts.extend(
                        package.iter().flat_map(|package| names.iter().map(move |name| format!("{package}::{name}"))),
                    );
                }
                (Some(name), None) if !name.is_empty() && !name.contains(' ') => names.push(name),
                _ => names.clear(),
            }
        }
        parts
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        &[CommandCandidate { argv: &["go"], needs: &[Need::OnPath("go")] }]
    }

    fn report_format(&self, path: &str) -> Option<ReportFormat> {
        (path == REPORT).then_some(ReportFormat::GoTest)
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        let packages: Vec<String> = units.iter().map(|unit| argument(split_part(unit).0)).collect();
        let part = units.first().and_then(|unit| split_part(unit).1);
        let go = shell_words::join(&call.command);
        let listed = shell_words::join(&packages);
        let command = call.command.iter().cloned().chain(["test".to_owned(), "-json".to_owned()]);
        let command =
            command.chain(call.args.iter().cloned()).chain(part.map(|part| format!("-run={}", pattern(part))));
        by_shell(&script(&go, &listed), command.chain(packages).collect())
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        let directories: Vec<String> = units.iter().map(|unit| split_part(unit.id.as_str()).0.to_owned()).collect();
        let mut division = Division {
            // A list of packages is no report of a test.
            report_files: reports.iter().filter(|report| !report.ran.is_empty() || !report.cases.is_empty()).count(),
            ..Division::begin(units.len(), &reports)
        };
        for ReportFile { cases, ran, .. } in reports {
            let mut known: HashMap<String, Option<usize>> = HashMap::new();
            for mut case in cases {
                let directory = case.file.take();
                let place = *known
                    .entry(case.classname.clone())
                    .or_insert_with(|| place_of(&case, directory.as_deref(), &directories));
                if let Some(place) = place.filter(|_| !ran.contains(&case.classname)) {
                    // The package did not come to its end.
                    division.damaged[place] = true;
                    division.damage.get_or_insert_with(|| format!("`{REPORT}` breaks off in `{}`", case.classname));
                }
                if is_running(&case) {
                    division.stopped_in.get_or_insert(case.name);
                    continue;
                }
                match place {
                    Some(place) => division.by_unit[place].push(case),
                    None => division.strays.push(case),
                }
            }
        }
        division
    }

    fn exit_meaning(&self, code: i64, stopped: bool) -> ExitMeaning {
        match code {
            0 => ExitMeaning::Finished,
            1 | 2 if !stopped => ExitMeaning::Finished,
            _ => ExitMeaning::Unfinished,
        }
    }

    fn exit_hint(&self, code: i64) -> Option<&'static str> {
        Some(match code {
            1 => "a failed test, or a package that is not there",
            2 => "a package that cannot be built, or wrong arguments for go",
            _ => return None,
        })
    }
}

/// Sets what go needs: a build cache that can be written, and no C compiler where there is none.
const SETTINGS: &str = r#"[ -n "${HOME:-}" ] || export HOME=/tmp
cache=${GOCACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/go-build}
{ mkdir -p "$cache" && [ -w "$cache" ]; } 2>/dev/null || export GOCACHE=/tmp/minke-go-build
[ -n "${CGO_ENABLED:-}" ] || command -v "${CC:-gcc}" >/dev/null 2>&1 || export CGO_ENABLED=0"#;

/// Writes the shell text that runs the tests with what they need. The packages are listed first, into the same report.
fn script(go: &str, packages: &str) -> String {
    let object = r#"{"Action":"minke-package","Package":{{printf "%q" .ImportPath}},"Output":{{printf "%q" .Dir}}}"#;
    format!(
        "mkdir -p {REPORT_DIR} || exit 125
{SETTINGS}
printf '{{\"Action\":\"minke-work-dir\",\"Output\":\"%s\"}}\\n' \"$PWD\" >{REPORT_DIR}/{REPORT}
{go} list -e -f '{object}' {packages} >>{REPORT_DIR}/{REPORT} 2>/dev/null
exec \"$@\" >>{REPORT_DIR}/{REPORT}"
    )
}

/// Finds the package of an import path among directories: the longest that it ends with, else the module's own.
fn directory_of<'f>(import: &str, directories: &[&'f str]) -> Option<&'f str> {
    let below = directories.iter().filter(|it| import.strip_suffix(**it).is_some_and(|rest| rest.ends_with('/')));
    below.max_by_key(|it| it.len()).or_else(|| directories.iter().find(|it| **it == ".")).copied()
}

/// Writes a directory as the argument that means its package.
fn argument(directory: &str) -> String {
    let is_path = directory == "." || directory.starts_with("../") || directory.starts_with('/');
    if is_path { directory.to_owned() } else { format!("./{directory}") }
}

/// Writes the pattern that selects one test and nothing else: `^TestSub$/^b_c$`.
fn pattern(part: &str) -> String {
    let element = |name: &str| {
        let quoted = name.chars().fold(String::new(), |mut quoted, c| {
            match c {
                // As Go writes them in the names of subtests.
                c if c.is_whitespace() => quoted.push('_'),
                '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' => {
                    quoted.extend(['\\', c]);
                }
                c => quoted.push(c),
            }
            quoted
        });
        format!("^{quoted}$")
    };
    part.split('/').map(element).collect::<Vec<_>>().join("/")
}

/// Finds the unit of a package: by its directory, or, where that is not known, as the only one whose path the import path
/// ends with.
fn place_of(case: &Case, directory: Option<&str>, directories: &[String]) -> Option<usize> {
    if directories.len() == 1 {
        return Some(0);
    }
    if let Some(directory) = directory {
        return directories.iter().position(|unit| unit.trim_start_matches("./") == directory);
    }
    let is_below = |unit: &String| case.classname.strip_suffix(unit.as_str()).is_some_and(|above| above.ends_with('/'));
    let mut ends = directories.iter().enumerate().filter(|(_, unit)| is_below(unit));
    let (place, _) = ends.next()?;
    ends.next().is_none().then_some(place)
}

/// Tells whether a test was running when the report ended, so that nothing is known of it.
fn is_running(case: &Case) -> bool {
    case.findings.iter().any(|finding| finding.r#type == Finding::RUNNING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FindingKind;

    fn case(package: &str, file: Option<&str>) -> Case {
        Case { classname: package.into(), name: "TestX".into(), file: file.map(str::to_owned), ..Case::default() }
    }

    fn divide(directories: &[&str], cases: Vec<Case>) -> Division {
        let units: Vec<Unit> = directories.iter().map(|directory| Unit::new(*directory)).collect();
        let ran = cases.iter().map(|case| case.classname.clone()).collect();
        GoTest.divide(&units, vec![ReportFile { cases, ran, ..ReportFile::default() }])
    }

    #[test]
    fn a_test_file_s_unit_is_its_package() {
        assert_eq!(GoTest.unit_of("a/b/x_test.go"), "a/b");
        assert_eq!(GoTest.unit_of("x_test.go"), ".");
        assert_eq!(GoTest.unit_of("a::TestX/b.go c"), "a::TestX/b.go c");
        assert!(!GoTest.is_unit("a/_x_test.go") && GoTest.is_unit("a/x_test.go"));
    }

    #[test]
    fn packages_are_known_by_their_directories_and_else_by_their_ends() {
        let units = [".", "a", "b/a"];
        let counts = |cases| divide(&units, cases).by_unit.iter().map(Vec::len).collect::<Vec<_>>();
        let told = vec![case("m", Some(".")), case("m/a", Some("a")), case("m/b/a", Some("b/a"))];
        assert_eq!(counts(told), [1, 1, 1]);
        assert_eq!(counts(vec![case("m/a", None)]), [0, 1, 0]);
        // Both `a` and `b/a` could be meant: nothing is guessed.
        let division = divide(&units, vec![case("m/b/a", None), case("m", None)]);
        assert_eq!((division.by_unit.concat().len(), division.strays.len()), (0, 2));
    }

    #[test]
    fn a_package_that_did_not_end_is_damaged_and_its_running_test_is_no_case() {
        let running = Finding {
            kind: FindingKind::Error,
            message: String::new(),
            r#type: Finding::RUNNING.to_owned(),
            text: String::new(),
        };
        let cases = vec![case("m/a", Some("a")), Case { findings: vec![running], ..case("m/b", Some("b")) }];
        let report = ReportFile { cases, ran: vec!["m/a".to_owned()], ..ReportFile::default() };
        let division = GoTest.divide(&[Unit::new("a"), Unit::new("b")], vec![report]);
        assert_eq!(division.damaged, [false, true]);
        assert_eq!((division.by_unit[1].len(), division.stopped_in.as_deref()), (0, Some("TestX")));
    }

    #[test]
    fn a_part_is_selected_exactly() {
        assert_eq!(pattern("TestSub/b c[1].x"), r"^TestSub$/^b_c\[1\]\.x$");
        let call = FrameworkCall::new("go-test", vec!["go".into()], vec!["-race".into()]);
        let argv = GoTest.argv(&call, &["pkg::TestX"]);
        assert_eq!(&argv[4..], ["go", "test", "-json", "-race", "-run=^TestX$", "./pkg"]);
        assert!(GoTest.stands_alone("pkg::TestX") && !GoTest.stands_alone("pkg"));
    }
}
