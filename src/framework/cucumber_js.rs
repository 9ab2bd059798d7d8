//! cucumber-js 10 and newer: a unit is a feature. Its JUnit file names no feature, so each gets an invocation of its own.

use std::num::NonZeroU32;

use super::{
    CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, all_to_one, as_argument, gherkin_parts,
};
use crate::model::{Division, ReportFile, ReportFormat, Unit, split_part};
use crate::plan::{FrameworkCall, Strictness};
use crate::schedule::ExitMeaning;

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
        let is_messages = path.ends_with(".ndjson").then_some(ReportFormat::CucumberMessages);
        is_messages.or_else(|| path.ends_with(".xml").then_some(ReportFormat::JUnit))
    }

    fn units_per_invocation(&self) -> Option<NonZeroU32> {
        Some(NonZeroU32::MIN)
    }

    fn environment(&self) -> &'static [(&'static str, &'static str)] {
        &[("CUCUMBER_PUBLISH_QUIET", "true")]
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        let own =
            [format!("--format=junit:{REPORT_DIR}/cucumber.xml"), format!("--format=message:{REPORT_DIR}/ran.ndjson")];
        let lenient = (call.strictness == Strictness::Lenient).then(|| "--no-strict".to_owned());
        let units = units.iter().map(|unit| as_argument(unit));
        call.command.iter().cloned().chain(own).chain(lenient).chain(call.args.iter().cloned()).chain(units).collect()
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        let (messages, reports): (Vec<_>, Vec<_>) =
            reports.into_iter().partition(|report| report.path.ends_with(".ndjson"));
        let is_foreign =
            |ran: &String| units.iter().all(|unit| split_part(unit.id.as_str()).0 != ran.trim_start_matches("./"));
        let foreign_unit = messages.into_iter().flat_map(|report| report.ran).find(is_foreign);
        Division { foreign_unit, ..all_to_one(reports) }
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
