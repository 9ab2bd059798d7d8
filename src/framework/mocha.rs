//! mocha 10 and newer: a unit is a file, or the tests of one name in it; one invocation takes any number of files, or one
//! part, and writes one JUnit file.
//!
//! mocha has one reporter at a time, and here it is `xunit`, which writes to a file: of a run's progress the output shows
//! nothing, only what the tests themselves print. mocha writes the file when it has come to its end; a test that ends the
//! process leaves none, or one of no byte.

use super::{
    CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, as_argument, by_file, file_name,
    file_of, package_json, test_names,
};
use crate::model::{Division, ReportFile, Unit, split_part};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

/// mocha.
#[derive(Debug, Clone, Copy)]
pub struct Mocha;

const CONFIGURATIONS: &[&str] =
    &[".mocharc.js", ".mocharc.cjs", ".mocharc.yaml", ".mocharc.yml", ".mocharc.json", ".mocharc.jsonc"];

impl Framework for Mocha {
    fn name(&self) -> &'static str {
        "mocha"
    }

    fn default_path(&self) -> Option<&'static str> {
        Some("test")
    }

    fn is_unit(&self, path: &str) -> bool {
        // mocha's default `spec`, `./test/*.{js,cjs,mjs}`, and what projects with other directories call their files.
        let Some((stem, extension)) = path.rsplit_once('.') else { return false };
        let is_named = [".spec", ".test", "/spec", "/test"].iter().any(|end| stem.ends_with(end));
        match extension {
            "js" | "cjs" | "mjs" => is_named || is_in_test(path),
            "jsx" | "ts" | "cts" | "mts" | "tsx" => is_named,
            _ => false,
        }
    }

    fn skips_directory(&self, name: &str) -> bool {
        matches!(name, "node_modules" | ".git")
    }

    fn sign(&self, project: &ProjectFiles) -> Option<Sign> {
        let configured = project.one_of(CONFIGURATIONS).map(|file| Sign::file(Strength::Certain, file));
        let is_usual = |path: &str| is_in_test(path) && self.is_unit(path);
        let usual = || project.path(is_usual).map(|path| Sign::file(Strength::Usual, path));
        let possible = || project.path(|path| self.is_unit(path)).map(|path| Sign::file(Strength::Possible, path));
        configured.or_else(|| package_json::sign(project, self.name())).or_else(usual).or_else(possible)
    }

    fn takes_parts(&self) -> bool {
        true
    }

    fn stands_alone(&self, unit: &str) -> bool {
        split_part(unit).1.is_some()
    }

    fn part_listing(&self, call: &FrameworkCall, files: &[&str]) -> Option<Vec<String>> {
        if test_names::selects_by_name(call, &["-g", "--grep", "-f", "--fgrep", "-i", "--invert"]) {
            return None;
        }
        let output = format!("--reporter-option=output={}", test_names::listing_file());
        let own = ["--dry-run".to_owned(), "--reporter=json".to_owned(), output];
        // A file that cannot be loaded, and `only` in one, would count for all.
        let files: Vec<String> = files.iter().map(|file| as_argument(file)).collect();
        let listing = call.command.iter().cloned().chain(call.args.iter().cloned()).chain(own);
        Some(test_names::printed_for_each(listing, &files))
    }

    fn listed_parts(&self, stdout: &str, files: &[&str]) -> Vec<String> {
        test_names::of_mocha(stdout, files)
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        // The project's own version first. `npx` would find no other, and may ask a registry.
        &[
            CommandCandidate {
                argv: &["node_modules/.bin/mocha"],
                needs: &[Need::OnPath("node"), Need::InWorkDir("node_modules/.bin/mocha")],
            },
            CommandCandidate {
                argv: &["node", "node_modules/mocha/bin/mocha.js"],
                needs: &[Need::OnPath("node"), Need::InWorkDir("node_modules/mocha/bin/mocha.js")],
            },
            CommandCandidate { argv: &["mocha"], needs: &[Need::OnPath("mocha")] },
        ]
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        let own = ["--reporter=xunit".to_owned(), format!("--reporter-option=output={REPORT_DIR}/mocha.xml")];
        let files = units.iter().map(|unit| as_argument(file_of(unit)));
        let own = own.into_iter().chain(test_names::mocha_selection(units)).chain(files);
        // Of a reporter that is named twice mocha takes the last.
        call.command.iter().cloned().chain(call.args.iter().cloned()).chain(own).collect()
    }

    fn divide(&self, units: &[Unit], mut reports: Vec<ReportFile>) -> Division {
        for case in reports.iter_mut().flat_map(|report| &mut report.cases) {
            // A hook outside of any group is of no file.
            case.file = case.file.take().filter(|file| file != "undefined");
        }
        by_file::divide(units, reports)
    }

    fn exit_meaning(&self, code: i64, _stopped: bool) -> ExitMeaning {
        // The number of failures, at most 255.
        match code {
            0..=255 => ExitMeaning::Finished,
            _ => ExitMeaning::Unfinished,
        }
    }

    fn exit_hint(&self, code: i64) -> Option<&'static str> {
        match code {
            1 => Some("a failure, or a file that could not be loaded"),
            7 => Some("an error outside of any test"),
            _ => None,
        }
    }
}

/// Tells whether a file is directly in a directory called `test`.
fn is_in_test(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(directory, _)| file_name(directory) == "test")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Case;

    #[test]
    fn units_are_what_mocha_finds_and_what_is_called_a_test() {
        for path in ["test/a.js", "pkg/test/b.mjs", "lib/c.spec.js", "d.test.cjs", "e.spec.ts"] {
            assert!(Mocha.is_unit(path), "{path}");
        }
        for path in ["test/sub/a.js", "test/a.ts", "test/data.json", "latest.js", "test"] {
            assert!(!Mocha.is_unit(path), "{path}");
        }
    }

    #[test]
    fn a_hook_of_no_file_makes_no_file_foreign() {
        let case = |file: &str| Case { file: Some(file.to_owned()), ..Case::default() };
        let report = ReportFile { cases: vec![case("/p/test/a.js"), case("undefined")], ..ReportFile::default() };
        let division = Mocha.divide(&[Unit::new("test/a.js")], vec![report.clone()]);
        assert_eq!((division.foreign_unit, division.by_unit[0].len()), (None, 2));
        let division = Mocha.divide(&[Unit::new("test/a.js"), Unit::new("test/b.js")], vec![report]);
        assert_eq!(division.strays.len(), 1);
    }
}
