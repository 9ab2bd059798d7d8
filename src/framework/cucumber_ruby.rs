//! cucumber-ruby 2.4 and newer: a unit is a feature; one invocation writes a JUnit file for each.

use super::{
    CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, all_to_one, as_argument, by_name,
    gherkin_parts,
};
use crate::model::{Case, Division, ReportFile, Unit, split_part};
use crate::plan::{FrameworkCall, Strictness};
use crate::schedule::ExitMeaning;

/// cucumber for Ruby.
#[derive(Debug, Clone, Copy)]
pub struct CucumberRuby;

impl Framework for CucumberRuby {
    fn name(&self) -> &'static str {
        "cucumber-ruby"
    }

    fn default_path(&self) -> Option<&'static str> {
        Some("features")
    }

    fn is_unit(&self, path: &str) -> bool {
        path.ends_with(".feature")
    }

    fn sign(&self, project: &ProjectFiles) -> Option<Sign> {
        let feature = project.path(|path| self.is_unit(path))?;
        if let Some(file) = project.one_of(&["cucumber.yml", "config/cucumber.yml"]) {
            return Some(Sign::file(Strength::Certain, file));
        }
        if project.has("Gemfile", "cucumber") {
            return Some(Sign::inside("Gemfile", "`cucumber`"));
        }
        let support =
            |path: &str| path.ends_with(".rb") && (path.contains("/step_definitions/") || path.contains("/support/"));
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
        &[
            CommandCandidate { argv: &["cucumber"], needs: &[Need::OnPath("cucumber")] },
            CommandCandidate {
                argv: &["bundle", "exec", "cucumber"],
                needs: &[Need::OnPath("bundle"), Need::InWorkDir("Gemfile")],
            },
        ]
    }

    fn always_reports(&self) -> bool {
        false
    }

    fn report_key(&self, unit: &str) -> Option<String> {
        Some(report_name(unit))
    }

    fn environment(&self) -> &'static [(&'static str, &'static str)] {
        // Ruby refuses a feature file that is not ASCII where the image sets no locale.
        &[("LC_ALL", "C.UTF-8"), ("CUCUMBER_PUBLISH_QUIET", "true")]
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        let mut own = vec!["--format", "junit", "--out", REPORT_DIR];
        // A second formatter without a file would be refused.
        if !call.args.iter().any(|arg| arg.starts_with("-f") || arg.starts_with("--format")) {
            own.extend(["--format", "pretty"]);
        }
        if call.strictness == Strictness::Strict && !call.args.iter().any(|arg| arg.starts_with("--strict")) {
            own.push("--strict");
        }
        let own = own.into_iter().map(str::to_owned);
        let units = units.iter().map(|unit| as_argument(unit));
        // The user's arguments come first: an `--out` of theirs would otherwise take our formatter's place.
        call.command.iter().cloned().chain(call.args.iter().cloned()).chain(own).chain(units).collect()
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        if let [unit] = units {
            let own = report_name(unit.id.as_str());
            let has_own = reports.iter().any(|report| report.path == own);
            let other = reports.iter().find(|report| has_own && report.path != own);
            return Division { foreign_unit: other.map(|report| report.path.clone()), ..all_to_one(reports) };
        }
        // Within a batch no two units have the same name: the plan sees to it.
        let place_of = |report: &ReportFile| units.iter().position(|unit| report.path == report_name(unit.id.as_str()));
        by_name(units, reports, place_of)
    }

    fn is_stopped(&self, case: &Case) -> bool {
        // SIGTERM is an exception of the step that runs; what runs at the second SIGINT is not reported.
        case.findings.iter().any(|finding| finding.text.contains("SIGTERM (SignalException)"))
    }

    fn exit_meaning(&self, code: i64, stopped: bool) -> ExitMeaning {
        match code {
            0 => ExitMeaning::Finished,
            // A signal also ends it with 1, with a report of what was run.
            1 if !stopped => ExitMeaning::Finished,
            _ => ExitMeaning::Unfinished,
        }
    }

    fn exit_hint(&self, code: i64) -> Option<&'static str> {
        (code == 2).then_some("a feature that cannot be parsed, a missing file or a wrong option")
    }
}

/// Names the report of a feature, or of a part of one, as cucumber does: its path with `-` for `/`, so `a-b/c` and `a/b-c` collide.
fn report_name(unit: &str) -> String {
    let argument = as_argument(split_part(unit).0);
    let flat = argument.replace(['/', '\\'], "-");
    format!("TEST-{}.xml", flat.strip_suffix(".feature").unwrap_or(&flat))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Case;

    #[test]
    fn features_whose_reports_would_collide_have_the_same_key() {
        let key = |unit| CucumberRuby.report_key(unit);
        assert_eq!(key("features/a-b/c.feature"), key("features/a/b-c.feature"));
        assert_ne!(key("features/a.feature"), key("features/b.feature"));
    }

    #[test]
    fn reports_are_divided_by_their_file_names() {
        let units = [Unit::new("features/a.feature"), Unit::new("features/sub/b.feature")];
        let report = |path: &str| ReportFile {
            path: path.into(),
            cases: vec![Case { name: path.into(), ..Case::default() }],
            ..ReportFile::default()
        };
        let reports = vec![report("TEST-features-sub-b.xml"), report("TEST-features-other.xml")];
        let division = CucumberRuby.divide(&units, reports);
        assert_eq!(division.by_unit.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(division.strays.len(), 1);
    }

    #[test]
    fn a_formatter_of_the_users_takes_the_terminal() {
        let call = |args: &[&str]| {
            let args = args.iter().map(|&arg| arg.to_owned()).collect();
            FrameworkCall::new("cucumber-ruby", vec!["cucumber".into()], args)
        };
        assert!(CucumberRuby.argv(&call(&[]), &["a.feature"]).contains(&"pretty".to_owned()));
        assert!(!CucumberRuby.argv(&call(&["-f", "progress"]), &["a.feature"]).contains(&"pretty".to_owned()));
    }
}
