//! RSpec 3: a unit is a spec file, or examples of one by their lines or ids; one invocation takes any number.
//!
//! The report is that of RSpec's own JSON formatter. Every RSpec 3 has it, and it says more than the JUnit formatter that
//! an image may have besides: the ids, which name the file that ran a shared example, why an example is pending, and
//! errors outside of examples.

use std::collections::HashSet;

use serde::Deserialize;

use super::{CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, as_argument, by_shell};
use crate::model::{Case, Division, ReportFile, ReportFormat, ReportProblem, Unit, split_part};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

/// RSpec.
#[derive(Debug, Clone, Copy)]
pub struct Rspec;

impl Framework for Rspec {
    fn name(&self) -> &'static str {
        "rspec"
    }

    fn default_path(&self) -> Option<&'static str> {
        Some("spec")
    }

    fn is_unit(&self, path: &str) -> bool {
        path.ends_with("_spec.rb")
    }

    fn sign(&self, project: &ProjectFiles) -> Option<Sign> {
        let spec = project.path(|path| self.is_unit(path))?;
        if let Some(file) = project.one_of(&[".rspec"]) {
            return Some(Sign::file(Strength::Certain, file));
        }
        if project.has("Gemfile", "rspec") {
            return Some(Sign::inside("Gemfile", "`rspec`"));
        }
        let helper = project.path(|path| path.ends_with("spec/spec_helper.rb"));
        let helper = helper.map(|path| Sign::file(Strength::Certain, path));
        helper.or_else(|| Some(Sign::file(Strength::Usual, spec)))
    }

    fn passes_without_running(&self) -> &'static [&'static str] {
        &["--dry-run"]
    }

    fn takes_parts(&self) -> bool {
        true
    }

    fn part_listing(&self, call: &FrameworkCall, files: &[&str]) -> Option<Vec<String>> {
        let own = ["--dry-run", "--format", "json"].map(str::to_owned);
        let listing = call.command.iter().cloned().chain(call.args.iter().cloned()).chain(own).collect();
        let files = shell_words::join(files.iter().map(|file| as_argument(file)));
        // With a file that cannot be loaded RSpec lists nothing of the others.
        let script = format!("\"$@\" {files} || for file in {files}; do echo; \"$@\" \"$file\"; done");
        Some(by_shell(&script, listing))
    }

    fn listed_parts(&self, stdout: &str, files: &[&str]) -> Vec<String> {
        // Files may print something of their own while they are loaded.
        let lists = stdout.lines().filter_map(|line| serde_json::from_str::<List>(line).ok());
        let parts = lists.flat_map(|list| list.examples).map(|example| example.id.trim_start_matches("./").to_owned());
        let mut seen = HashSet::new();
        parts.filter(|part| files.contains(&split_part(part).0) && seen.insert(part.clone())).collect()
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        &[
            CommandCandidate { argv: &["rspec"], needs: &[Need::OnPath("rspec")] },
            CommandCandidate {
                argv: &["bundle", "exec", "rspec"],
                needs: &[Need::OnPath("bundle"), Need::InWorkDir("Gemfile")],
            },
        ]
    }

    fn report_format(&self, path: &str) -> Option<ReportFormat> {
        path.ends_with(".json").then_some(ReportFormat::Rspec)
    }

    fn report_key(&self, unit: &str) -> Option<String> {
        // Examples that two parts of a file select cannot be told apart.
        Some(split_part(unit).0.to_owned())
    }

    fn environment(&self) -> &'static [(&'static str, &'static str)] {
        // Ruby refuses a spec that is not ASCII where the image sets no locale.
        &[("LC_ALL", "C.UTF-8")]
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        let report = format!("{REPORT_DIR}/rspec.json");
        let mut own = vec!["--format", "json", "--out", &report];
        if !call.args.iter().any(|arg| arg.starts_with("-f") || arg.starts_with("--format")) {
            own.extend(["--format", "documentation"]);
        }
        let own = own.into_iter().map(str::to_owned);
        let units = units.iter().map(|unit| as_argument(unit));
        // The user's arguments come first: an `--out` of theirs would otherwise take our formatter's place.
        call.command.iter().cloned().chain(call.args.iter().cloned()).chain(own).chain(units).collect()
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        let mut division = Division { damaged: vec![false; units.len()], ..Division::begin(units.len(), &reports) };
        for report in reports {
            mark_damage(&mut division, units, &report.problems);
            for case in report.cases {
                match place_of(units, &case) {
                    Ok(place) => division.by_unit[place].push(case),
                    Err(foreign) => {
                        division.foreign_unit = division.foreign_unit.or(foreign.filter(|_| units.len() == 1));
                        division.strays.push(case);
                    }
                }
            }
        }
        for (place, unit) in units.iter().enumerate() {
            check_part(&mut division, place, unit.id.as_str());
        }
        division
    }

    fn exit_meaning(&self, code: i64, stopped: bool) -> ExitMeaning {
        match code {
            0 => ExitMeaning::Finished,
            // A SIGINT also ends it with 1, after the example that runs, with a report that looks whole.
            1 if !stopped => ExitMeaning::Finished,
            _ => ExitMeaning::Unfinished,
        }
    }

    fn exit_hint(&self, code: i64) -> Option<&'static str> {
        (code == 1).then_some("a failure, an error outside of examples, or an interruption")
    }
}

/// Returns the file that ran a case: the one in its id, or the unit that an error outside of examples names first.
///
/// # Errors
/// With the file, when it is none of the units'.
fn place_of(units: &[Unit], case: &Case) -> Result<usize, Option<String>> {
    let file = |unit: &Unit| split_part(unit.id.as_str()).0.to_owned();
    if let Some((_, id)) = case.properties.iter().find(|(name, _)| name == "rspec.id") {
        let ran = file_of_id(id);
        return units.iter().position(|unit| file(unit) == ran).ok_or_else(|| Some(ran.to_owned()));
    }
    if units.len() == 1 {
        return Ok(0);
    }
    let text: String = case.findings.iter().map(|finding| format!("{}\n{}\n", finding.message, finding.text)).collect();
    let named = |(place, unit): (usize, &Unit)| {
        let path = format!("./{}", file(unit));
        let mut found = text.match_indices(&path).map(|(at, _)| at);
        let ends =
            |at: &usize| !text[at + path.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_');
        found.find(ends).map(|at| (at, place))
    };
    units.iter().enumerate().filter_map(named).min().map(|(_, place)| place).ok_or(None)
}

/// Returns the file of an example's id, such as `./spec/a_spec.rb[1:2]`.
fn file_of_id(id: &str) -> &str {
    let file = id.rsplit_once('[').map_or(id, |(file, _)| file);
    file.strip_prefix("./").unwrap_or(file)
}

fn mark_damage(division: &mut Division, units: &[Unit], problems: &[ReportProblem]) {
    for problem in problems.iter().filter(|problem| problem.loses_cases()) {
        let broken = match problem {
            ReportProblem::BrokenOff { test } => Some(test),
            ReportProblem::Empty
            | ReportProblem::Truncated
            | ReportProblem::Malformed { .. }
            | ReportProblem::TooLarge { .. }
            | ReportProblem::FailuresMissing { .. }
            | ReportProblem::CountsDiffer { .. }
            | ReportProblem::Repaired
            | ReportProblem::EntitiesIgnored => None,
        };
        let place =
            broken.and_then(|id| units.iter().position(|unit| split_part(unit.id.as_str()).0 == file_of_id(id)));
        match place {
            Some(place) => division.damaged[place] = true,
            None => division.damaged.fill(true),
        }
        division.stopped_in = division.stopped_in.take().or(broken.cloned());
    }
}

/// Looks whether what a part selects is what ran. Of a line on which nothing begins RSpec runs the nearest example before
/// it, even beyond the end of the file, and of an id that is not there it says nothing.
fn check_part(division: &mut Division, place: usize, unit: &str) {
    let (file, Some(part)) = split_part(unit) else { return };
    let cases = &division.by_unit[place];
    let is_example = |case: &&Case| !case.properties.is_empty();
    let Some(nearest) = cases.iter().rfind(is_example) else { return };
    if let Some(ids) = part.strip_prefix('[').and_then(|part| part.strip_suffix(']')) {
        let has = |id: &str| cases.iter().any(|case| has_id(case, id));
        if let Some(missing) = ids.split(',').find(|id| !has(id.trim())) {
            division.damaged[place] = true;
            division.damage = Some(format!("`{file}` has no example with the id `{missing}`"));
        }
        return;
    }
    for line in part.split(':').filter_map(|line| line.parse::<u32>().ok()) {
        // The line of a group stands before its examples; a shared example is in another file.
        let fits = |case: &Case| case.line.is_none_or(|at| at >= line) || case.file.as_deref() != Some(file);
        if !cases.iter().any(fits) {
            let ran = nearest.line.unwrap_or_default();
            division.damaged[place] = true;
            division.foreign_unit = Some(format!("{file}:{ran}"));
            let names =
                format!("no example or group of `{file}` begins on line {line}; RSpec ran that of line {ran} instead");
            division.damage = Some(names);
        }
    }
}

/// Tells whether a case is the example with an id, or one of the group with it.
fn has_id(case: &Case, id: &str) -> bool {
    let own = case.properties.iter().find(|(name, _)| name == "rspec.id");
    let own = own.and_then(|(_, own)| own.rsplit_once('[')).map(|(_, own)| own.trim_end_matches(']'));
    let below = own.and_then(|own| own.strip_prefix(id));
    below.is_some_and(|below| below.is_empty() || below.starts_with(':'))
}

/// What a dry run lists.
#[derive(Deserialize)]
struct List {
    examples: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Finding, FindingKind};

    fn units(paths: &[&str]) -> Vec<Unit> {
        paths.iter().map(|&path| Unit::new(path)).collect()
    }

    fn example(id: &str, file: &str, line: u32) -> Case {
        let properties = vec![("rspec.id".to_owned(), id.to_owned())];
        Case { file: Some(file.into()), line: Some(line), properties, ..Case::default() }
    }

    fn error(text: &str) -> Case {
        let finding =
            Finding { kind: FindingKind::Error, message: text.into(), r#type: String::new(), text: String::new() };
        Case { findings: vec![finding], ..Case::default() }
    }

    fn divide(paths: &[&str], cases: Vec<Case>, problems: Vec<ReportProblem>) -> Division {
        let report = ReportFile { path: "rspec.json".into(), cases, problems, ..ReportFile::default() };
        Rspec.divide(&units(paths), vec![report])
    }

    #[test]
    fn a_shared_example_belongs_to_the_file_that_ran_it() {
        let cases = vec![
            example("./spec/b_spec.rb[1:1]", "spec/shared.rb", 2),
            example("./spec/a_spec.rb[1:1]", "spec/a_spec.rb", 2),
        ];
        let division = divide(&["spec/a_spec.rb", "spec/b_spec.rb"], cases, Vec::new());
        assert_eq!(division.by_unit.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
    }

    #[test]
    fn an_error_outside_of_examples_belongs_to_the_file_that_it_names() {
        let cases =
            vec![error("while loading ./spec/ab_spec.rb."), error("in a hook.\n# ./other.rb:1"), error("./a_spec.rbx")];
        let division = divide(&["a_spec.rb", "spec/ab_spec.rb"], cases, Vec::new());
        assert_eq!(division.by_unit.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(division.strays.len(), 2);
    }

    #[test]
    fn the_file_in_which_the_process_ended_is_damaged_alone() {
        let broken = vec![ReportProblem::BrokenOff { test: "./b_spec.rb[1:2]".into() }];
        let division = divide(&["a_spec.rb", "b_spec.rb"], Vec::new(), broken);
        assert_eq!(division.damaged, [false, true]);
        assert_eq!(divide(&["a_spec.rb", "b_spec.rb"], Vec::new(), vec![ReportProblem::Empty]).damaged, [true, true]);
    }

    #[test]
    fn another_example_in_place_of_the_line_s_is_foreign() {
        let ran =
            |part: &str| divide(&[part], vec![example("./a_spec.rb[1:2]", "a_spec.rb", 7)], Vec::new()).foreign_unit;
        assert_eq!(ran("a_spec.rb:99").as_deref(), Some("a_spec.rb:7"));
        assert_eq!(ran("a_spec.rb:8").as_deref(), Some("a_spec.rb:7"));
        assert_eq!((ran("a_spec.rb:7"), ran("a_spec.rb:3"), ran("a_spec.rb")), (None, None, None));
    }

    #[test]
    fn an_id_that_did_not_run_is_missed() {
        let ran =
            |part: &str| divide(&[part], vec![example("./a_spec.rb[1:2:1]", "a_spec.rb", 7)], Vec::new()).damaged[0];
        assert!(ran("a_spec.rb[1:2,1:3]") && ran("a_spec.rb[1:2:11]"));
        assert!(!ran("a_spec.rb[1:2:1]") && !ran("a_spec.rb[1:2]"));
    }

    #[test]
    fn a_formatter_of_the_users_takes_the_terminal() {
        let argv = |args: &[&str]| {
            let args = args.iter().map(|&arg| arg.to_owned()).collect();
            Rspec.argv(&FrameworkCall::new("rspec", vec!["rspec".into()], args), &["-a_spec.rb", "b_spec.rb[1:2]"])
        };
        assert!(argv(&[]).contains(&"documentation".to_owned()));
        assert!(!argv(&["-fp"]).contains(&"documentation".to_owned()));
        assert_eq!(argv(&[])[argv(&[]).len() - 2..], ["./-a_spec.rb", "b_spec.rb[1:2]"]);
    }
}
