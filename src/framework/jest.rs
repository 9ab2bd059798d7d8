//! jest 28 and newer: a unit is a file, or the tests of one name in it; one invocation takes any number of files, or one part,
//! and writes its results as JSON.
//!
//! The report is jest's own `--json`, not jest-junit: it is in every jest, and it says more (files that could not be loaded,
//! the file of every test, what is still to do). jest writes it when the session has come to its end, or not at all.

use super::{
    CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, by_file, by_shell, file_name, file_of,
    package_json, test_names,
};
use crate::model::{Division, ReportFile, ReportFormat, Unit, split_part};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

/// jest.
#[derive(Debug, Clone, Copy)]
pub struct Jest;

const CONFIGURATIONS: &[&str] =
    &["jest.config.js", "jest.config.ts", "jest.config.mjs", "jest.config.cjs", "jest.config.json"];

impl Framework for Jest {
    fn name(&self) -> &'static str {
        "jest"
    }

    fn default_path(&self) -> Option<&'static str> {
        Some(".")
    }

    fn is_unit(&self, path: &str) -> bool {
        // jest's default `testMatch`: `**/__tests__/**/*.[jt]s?(x)` and `**/?(*.)+(spec|test).[jt]s?(x)`.
        let Some(stem) = [".js", ".jsx", ".ts", ".tsx"].iter().find_map(|end| path.strip_suffix(end)) else {
            return false;
        };
        let is_below_tests = path.split('/').rev().skip(1).any(|directory| directory == "__tests__");
        let last = file_name(stem).rsplit('.').next().unwrap_or_default();
        is_below_tests || matches!(last, "spec" | "test")
    }

    fn skips_directory(&self, name: &str) -> bool {
        matches!(name, "node_modules" | ".git" | ".hg" | ".sl")
    }

    fn sign(&self, project: &ProjectFiles) -> Option<Sign> {
        let configured = project.one_of(CONFIGURATIONS).map(|file| Sign::file(Strength::Certain, file));
        let usual = || project.path(|path| self.is_unit(path)).map(|path| Sign::file(Strength::Usual, path));
        configured.or_else(|| package_json::sign(project, self.name())).or_else(usual)
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
        // jest lists no tests, but it reports those that a pattern leaves out. Files are loaded, tests and hooks are not run.
        let own = [
            "--ci".to_owned(),
            "--json".to_owned(),
            format!("--outputFile={}", test_names::listing_file()),
            test_names::NO_TEST.to_owned(),
            "--reporters=default".to_owned(),
            "--coverage=false".to_owned(),
            "--runTestsByPath".to_owned(),
            "--".to_owned(),
        ];
        let files = files.iter().map(|file| (*file).to_owned());
        let listing = call.command.iter().cloned().chain(call.args.iter().cloned()).chain(own).chain(files);
        Some(test_names::printed(listing))
    }

    fn listed_parts(&self, stdout: &str, files: &[&str]) -> Vec<String> {
        test_names::of_jest(stdout, files)
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        // The project's own version first. `npx` would find no other, and may ask a registry.
        &[
            CommandCandidate {
                argv: &["node_modules/.bin/jest"],
                needs: &[Need::OnPath("node"), Need::InWorkDir("node_modules/.bin/jest")],
            },
            CommandCandidate {
                argv: &["node", "node_modules/jest/bin/jest.js"],
                needs: &[Need::OnPath("node"), Need::InWorkDir("node_modules/jest/bin/jest.js")],
            },
            CommandCandidate { argv: &["jest"], needs: &[Need::OnPath("jest")] },
        ]
    }

    fn report_format(&self, path: &str) -> Option<ReportFormat> {
        path.ends_with(".json").then_some(ReportFormat::Jest)
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        let own = [
            "--ci".to_owned(),
            "--json".to_owned(),
            format!("--outputFile={REPORT_DIR}/jest.json"),
            "--testLocationInResults".to_owned(),
        ];
        let paths = [
            // Else the paths are regular expressions.
            "--runTestsByPath".to_owned(),
            // An option before may take any number of values.
            "--".to_owned(),
        ];
        let files = units.iter().map(|unit| file_of(unit).to_owned());
        let own = own.into_iter().chain(test_names::selection(units)).chain(paths).chain(files);
        let argv = call.command.iter().cloned().chain(call.args.iter().cloned()).chain(own).collect();
        // jest makes no directory for its report.
        by_shell(&format!("mkdir -p {REPORT_DIR} && exec \"$@\""), argv)
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        let mut division = by_file::divide(units, reports);
        for (unit, cases) in units.iter().zip(&mut division.by_unit) {
            test_names::leave_out_unselected(unit.id.as_str(), cases);
            for case in cases {
                // As vitest has it: titles recur from file to file, and GitLab keeps one case of each class and name.
                case.classname = file_of(unit.id.as_str()).to_owned();
            }
        }
        division
    }

    fn exit_meaning(&self, code: i64, _stopped: bool) -> ExitMeaning {
        // 1 for anything, which `testFailureExitCode` can change. A report proves that the session came to its end.
        match code {
            0..=127 => ExitMeaning::Finished,
            _ => ExitMeaning::Unfinished,
        }
    }

    fn exit_hint(&self, code: i64) -> Option<&'static str> {
        (code == 1).then_some("a failure, wrong arguments or settings, or a file that jest's own settings leave out")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_what_jest_finds_by_itself() {
        for path in ["a.test.js", "x/b.spec.tsx", "test.js", "spec.ts", "x/__tests__/deep/any.jsx", "a.b.test.ts"] {
            assert!(Jest.is_unit(path), "{path}");
        }
        for path in ["a.test.mjs", "latest.js", "a-test.js", "__tests__.js", "__tests__/data.json", "test/a.js"] {
            assert!(!Jest.is_unit(path), "{path}");
        }
    }

    #[test]
    fn no_option_takes_a_file_as_its_value() {
        let call = FrameworkCall::new("jest", vec!["jest".into()], vec!["--reporters".into(), "default".into()]);
        let argv = Jest.argv(&call, &["-a.test.js", "b (c).test.js"]);
        assert_eq!(argv[argv.len() - 4..], ["--runTestsByPath", "--", "-a.test.js", "b (c).test.js"]);
        assert_eq!(argv[4..7], ["jest", "--reporters", "default"]);
    }
}
