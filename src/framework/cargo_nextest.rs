//! cargo-nextest 0.9: a unit is a test binary, or a test of one as `binary-id$test`, which only cargo can list. One invocation takes any number of them and writes
//! one JUnit file.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, by_shell};
use crate::model::{Case, Division, Finding, FindingKind, ReportFile, Unit, split_part};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

/// Where the configuration is that sends the report to [`REPORT_DIR`].
const CONFIG: &str = "/tmp/minke/nextest.toml";

/// Options that say what is built, and take a value; the list of binaries needs them too.
const BUILD_VALUES: &[&str] = &[
    "--package",
    "-p",
    "--exclude",
    "--bin",
    "--test",
    "--example",
    "--bench",
    "--features",
    "-F",
    "--cargo-profile",
    "--target",
    "--target-dir",
    "--manifest-path",
    "--config",
    "-Z",
    "--build-jobs",
    "--profile",
    "-P",
    "--run-ignored",
    "--config-file",
];
/// The same without a value.
const BUILD_SWITCHES: &[&str] = &[
    "--workspace",
    "--all",
    "--lib",
    "--bins",
    "--tests",
    "--examples",
    "--benches",
    "--all-targets",
    "--all-features",
    "--no-default-features",
    "--release",
    "-r",
    "--offline",
    "--locked",
    "--frozen",
    "--ignore-default-filter",
];
/// Options that filter tests by an expression. nextest would run what any of them selects, so they are put into ours.
const FILTERS: &[&str] = &["-E", "--filterset", "--filter-expr"];
/// Options that say what happens after a failure.
const FAIL_FAST: &[&str] = &["--fail-fast", "--no-fail-fast", "--ff", "--nff", "--max-fail"];

/// cargo-nextest.
#[derive(Debug, Clone, Copy)]
pub struct CargoNextest;

impl Framework for CargoNextest {
    fn name(&self) -> &'static str {
        "cargo-nextest"
    }

    fn default_path(&self) -> Option<&'static str> {
        Some("*")
    }

    fn is_unit(&self, _path: &str) -> bool {
        false
    }

    fn sign(&self, project: &ProjectFiles) -> Option<Sign> {
        let manifest = project.one_of(&["Cargo.toml"])?;
        let configured = project.one_of(&[".config/nextest.toml"]).map(|file| Sign::file(Strength::Certain, file));
        configured.or_else(|| Some(Sign::file(Strength::Usual, manifest)))
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        &[CommandCandidate {
            argv: &["cargo", "nextest"],
            needs: &[Need::OnPath("cargo"), Need::OnPath("cargo-nextest")],
        }]
    }

    fn listing(&self, call: &FrameworkCall) -> Option<Vec<String>> {
        let given = Arguments::of(&call.args);
        let own = ["list", "--message-format", "json"].map(str::to_owned);
        let filter = given.filter.map(|filter| vec!["-E".to_owned(), filter]).unwrap_or_default();
        Some(call.command.iter().cloned().chain(own).chain(given.build).chain(filter).collect())
    }

    fn takes_parts(&self) -> bool {
        true
    }

    fn part_listing(&self, call: &FrameworkCall, _files: &[&str]) -> Option<Vec<String>> {
        self.listing(call)
    }

    fn listed_parts(&self, stdout: &str, files: &[&str]) -> Vec<String> {
        let Ok(list) = serde_json::from_str::<List>(stdout) else { return Vec::new() };
        let wanted = list.rust_suites.into_iter().filter(|(id, _)| files.contains(&id.as_str()));
        let parts = wanted.flat_map(|(id, suite)| {
            let matching = suite.testcases.into_iter().filter(|(_, test)| test.filter_match.status == "matches");
            matching.map(move |(test, _)| format!("{id}${test}")).collect::<Vec<_>>()
        });
        parts.collect()
    }

    fn listed(&self, stdout: &[u8]) -> Result<Vec<String>, String> {
        let list: List = serde_json::from_slice(stdout).map_err(|error| error.to_string())?;
        let has_test = |suite: &Suite| suite.testcases.values().any(|test| test.filter_match.status == "matches");
        Ok(list.rust_suites.into_iter().filter(|(_, suite)| has_test(suite)).map(|(id, _)| id).collect())
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        let given = Arguments::of(&call.args);
        let tests = |unit: &&str| match split_part(unit) {
            (binary, None) => format!("binary_id(={})", escaped(binary)),
            (binary, Some(test)) => format!("(binary_id(={}) & test(={}))", escaped(binary), escaped(test)),
        };
        let binaries = units.iter().map(tests).collect::<Vec<_>>().join(" + ");
        let expression = match given.filter {
            Some(filter) => format!("({binaries}) & ({filter})"),
            None => binaries,
        };
        let all = (!given.has_fail_fast).then(|| "--no-fail-fast".to_owned());
        let own = [format!("--tool-config-file=minke:{CONFIG}"), "-E".to_owned(), expression];
        // A file of the profile's own name in the repository's configuration still ends up in this directory.
        let script = format!(
            "mkdir -p {REPORT_DIR} && printf '[store]\\ndir = \"{REPORT_DIR}\"\\n[profile.%s.junit]\\npath = \"junit.xml\"\\n\
             store-success-output = true\\n' \"{}\" >{CONFIG} && exec \"$@\"",
            given.profile.as_deref().filter(|name| is_plain(name)).unwrap_or("${NEXTEST_PROFILE:-default}")
        );
        let run = call.command.iter().cloned().chain(["run".to_owned()]).chain(all).chain(own).chain(given.others);
        by_shell(&script, run.collect())
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        let mut division = Division::begin(units.len(), &reports);
        for mut case in reports.into_iter().flat_map(|report| report.cases) {
            judge_output(&mut case);
            let is_of = |unit: &Unit| {
                let (binary, test) = split_part(unit.id.as_str());
                binary == case.classname && test.is_none_or(|test| test == case.name)
            };
            match units.iter().position(is_of) {
                Some(place) => division.by_unit[place].push(case),
                None => {
                    if units.len() == 1 {
                        division.foreign_unit.get_or_insert_with(|| case.classname.clone());
                    }
                    division.strays.push(case);
                }
            }
        }
        division
    }

    fn is_stopped(&self, case: &Case) -> bool {
        let by_signal = |finding: &Finding| {
            ["signal 2 (SIGINT)", "signal 15 (SIGTERM)"].iter().any(|signal| finding.message.contains(signal))
        };
        case.findings.iter().any(by_signal)
    }

    fn exit_meaning(&self, code: i64, stopped: bool) -> ExitMeaning {
        // <https://docs.rs/nextest-metadata/latest/nextest_metadata/enum.NextestExitCode.html>
        match code {
            0 => ExitMeaning::Finished,
            100 if !stopped => ExitMeaning::Finished,
            4 => ExitMeaning::NothingSelected,
            _ => ExitMeaning::Unfinished,
        }
    }

    fn exit_hint(&self, code: i64) -> Option<&'static str> {
        Some(match code {
            4 => "no tests were run",
            94 => "a filter that cannot be read, or that matches no binary",
            96 => "nextest's configuration cannot be read",
            101 => "the build failed",
            102 => "cargo could not tell what there is",
            104 => "a test binary could not list its tests",
            105 => "a setup script failed",
            _ => return None,
        })
    }
}

/// What `cargo nextest list` prints.
#[derive(Deserialize)]
struct List {
    #[serde(rename = "rust-suites")]
    rust_suites: BTreeMap<String, Suite>,
}

#[derive(Deserialize)]
struct Suite {
    #[serde(default)]
    testcases: BTreeMap<String, Test>,
}

#[derive(Deserialize)]
struct Test {
    #[serde(rename = "filter-match")]
    filter_match: FilterMatch,
}

#[derive(Deserialize)]
struct FilterMatch {
    status: String,
}

/// The user's own arguments, told apart.
#[derive(Debug, Default, PartialEq, Eq)]
struct Arguments {
    /// What the list of binaries needs too.
    build: Vec<String>,
    /// All but the filters.
    others: Vec<String>,
    /// The filters in one.
    filter: Option<String>,
    profile: Option<String>,
    has_fail_fast: bool,
}

impl Arguments {
    fn of(args: &[String]) -> Self {
        let mut given = Self::default();
        let mut filters = Vec::new();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            if arg == "--" {
                given.others.push(arg.clone());
                given.others.extend(rest.cloned());
                break;
            }
            let (name, inline) = arg.split_once('=').map_or((arg.as_str(), None), |(name, value)| (name, Some(value)));
            given.has_fail_fast |= FAIL_FAST.contains(&name);
            let takes_value = FILTERS.contains(&name) || BUILD_VALUES.contains(&name);
            let value = match inline {
                Some(value) => Some(value.to_owned()),
                None => takes_value.then(|| rest.next().cloned()).flatten(),
            };
            if FILTERS.contains(&name) {
                filters.extend(value.map(|value| format!("({value})")));
                continue;
            }
            let words: Vec<String> = match (inline, value.clone()) {
                (None, Some(value)) => vec![arg.clone(), value],
                (Some(_), _) | (None, None) => vec![arg.clone()],
            };
            if matches!(name, "--profile" | "-P") {
                given.profile = value;
            }
            if takes_value || BUILD_SWITCHES.contains(&name) {
                given.build.extend(words.iter().cloned());
            }
            given.others.extend(words);
        }
        given.filter = (!filters.is_empty()).then(|| filters.join(" + "));
        given
    }
}

/// Makes an error of a pass that Rust's own harness does not confirm: the process ended with 0 in the middle of the test. A
/// confirmed pass loses the harness's lines.
fn judge_output(case: &mut Case) {
    let Some(output) = case.system_out.as_deref().filter(|_| case.findings.is_empty()) else { return };
    let text = output.trim_start();
    if !text.starts_with("running 1 test") {
        return;
    }
    if !output.contains("test result: ok") {
        case.findings.push(Finding {
            kind: FindingKind::Error,
            message: "the process ended with exit code 0 before the test was through".to_owned(),
            r#type: String::new(),
            text: output.to_owned(),
        });
        return;
    }
    let is_own = |line: &&str| {
        !(line.is_empty()
            || *line == "running 1 test"
            || line.starts_with("test result: ok")
            || (line.starts_with("test ") && line.ends_with(" ... ok")))
    };
    let own: Vec<&str> = output.lines().filter(is_own).collect();
    case.system_out = (!own.is_empty()).then(|| own.join("\n"));
}

/// Writes a binary's id so that it means itself in a filter.
fn escaped(id: &str) -> String {
    id.replace('\\', "\\\\").replace(')', "\\)").replace(',', "\\,")
}

/// Tells whether a profile's name can stand in a configuration as it is.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(args: &[&str]) -> FrameworkCall {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        FrameworkCall::new("cargo-nextest", vec!["cargo".into(), "nextest".into()], args)
    }

    #[test]
    fn filters_of_the_users_are_put_into_ours() {
        let argv =
            CargoNextest.argv(&call(&["-E", "test(a)", "--filterset=test(b)", "--retries", "2"]), &["a::b", "c"]);
        let at = argv.iter().position(|word| word == "-E").unwrap();
        assert_eq!(argv[at + 1], "(binary_id(=a::b) + binary_id(=c)) & ((test(a)) + (test(b)))");
        assert_eq!(&argv[at + 2..], ["--retries", "2"]);
        assert!(argv.contains(&"--no-fail-fast".to_owned()));
    }

    #[test]
    fn the_list_gets_what_says_what_is_built() {
        let args = ["--release", "-p", "x", "--features=y", "--retries", "2", "--profile", "ci", "-E", "all()"];
        let argv = CargoNextest.listing(&call(&args)).unwrap();
        let expected = ["--release", "-p", "x", "--features=y", "--profile", "ci", "-E", "(all())"];
        assert_eq!(&argv[5..], expected);
        assert!(CargoNextest.argv(&call(&args), &["x"])[2].contains("junit]"));
        assert!(CargoNextest.argv(&call(&args), &["x"])[2].contains("\"ci\""));
    }

    #[test]
    fn binaries_without_a_test_to_run_are_no_units() {
        let list = br#"{"test-count":2,"rust-suites":{
            "m::it":{"testcases":{"a":{"ignored":false,"filter-match":{"status":"matches"}}}},
            "m":{"testcases":{}},
            "m::old":{"testcases":{"b":{"ignored":true,"filter-match":{"status":"mismatch","reason":"ignored"}}}}}}"#;
        assert_eq!(CargoNextest.listed(list).unwrap(), ["m::it"]);
        assert!(CargoNextest.listed(b"error").is_err());
    }

    #[test]
    fn a_pass_that_the_harness_does_not_confirm_is_an_error() {
        let case = |output: &str| {
            let mut case = Case { system_out: Some(output.to_owned()), ..Case::default() };
            judge_output(&mut case);
            case
        };
        assert_eq!(case("\nrunning 1 test\n").findings[0].kind, FindingKind::Error);
        let passed = case("\nrunning 1 test\nhello\ntest a ... ok\n\ntest result: ok. 1 passed\n\n");
        assert_eq!((passed.findings.len(), passed.system_out.as_deref()), (0, Some("hello")));
        assert!(case("a harness of its own\n").findings.is_empty());
    }

    #[test]
    fn cases_belong_to_the_binary_of_their_class() {
        let case = |class: &str| Case { classname: class.to_owned(), name: "t".to_owned(), ..Case::default() };
        let report = ReportFile { cases: vec![case("a::b"), case("a"), case("x")], ..ReportFile::default() };
        let division = CargoNextest.divide(&[Unit::new("a"), Unit::new("a::b")], vec![report]);
        assert_eq!((division.by_unit[0].len(), division.by_unit[1].len(), division.strays.len()), (1, 1, 1));
    }
}
