//! cucumber-js 10 and newer: a unit is a feature. Its JUnit file names no feature, so each gets an invocation of its own.

use std::num::NonZeroU32;

use super::{CommandCandidate, Framework, Need, REPORT_DIR, all_to_one, as_argument};
use crate::model::{Division, ReportFile, Unit};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

/// cucumber for JavaScript.
#[derive(Debug, Clone, Copy)]
pub struct CucumberJs;

impl Framework for CucumberJs {
    fn name(&self) -> &'static str {
        "cucumber-js"
    }

    fn default_path(&self) -> &'static str {
        "features"
    }

    fn is_unit(&self, file_name: &str) -> bool {
        file_name.ends_with(".feature")
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        &[
            CommandCandidate { argv: &["cucumber-js"], needs: &[Need::OnPath("cucumber-js")] },
            CommandCandidate {
                argv: &["npx", "cucumber-js"],
                needs: &[Need::OnPath("npx"), Need::InWorkDir("node_modules/.bin/cucumber-js")],
            },
            CommandCandidate {
                argv: &["node", "node_modules/@cucumber/cucumber/bin/cucumber.js"],
                needs: &[Need::OnPath("node"), Need::InWorkDir("node_modules/@cucumber/cucumber/bin/cucumber.js")],
            },
        ]
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
        let units = units.iter().map(|unit| as_argument(unit));
        call.command.iter().cloned().chain(own).chain(call.args.iter().cloned()).chain(units).collect()
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        let (messages, reports): (Vec<_>, Vec<_>) =
            reports.into_iter().partition(|report| report.path.ends_with(".ndjson"));
        let is_foreign = |ran: &String| units.iter().all(|unit| unit.id.as_str() != ran.trim_start_matches("./"));
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
