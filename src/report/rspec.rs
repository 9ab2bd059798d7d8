//! The report of RSpec's JSON formatter: one object, written when the run has ended.
//!
//! Format: `lib/rspec/core/formatters/json_formatter.rb` of rspec-core 3. It comes out of a container, so it may hold
//! anything.

use std::fmt;
use std::io::{BufRead, BufReader, Read};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::junit::Excerpt;
use crate::model::{Case, Finding, FindingKind, ReportFile, ReportProblem};

/// How much of a file is read.
const FILE_BYTES: u64 = 256 << 20;

/// How many bytes of a text are kept.
const TEXT_BYTES: usize = 256 << 10;

/// How many bytes of a name are kept.
const NAME_BYTES: usize = 4 << 10;

/// How many cases are kept.
const MOST_CASES: usize = 1_000_000;

/// Reads a report. What is wrong with it is in its problems, and the examples before that are kept.
///
/// An example's id is its case's property `rspec.id`: the file in it is the one that was run, while the example's own file
/// may be that of a shared example. An error outside of examples becomes a case without a class name.
pub fn read(path: &str, input: impl Read) -> ReportFile {
    let mut contents = Contents::default();
    let mut input = BufReader::new(input.take(FILE_BYTES));
    let mut problem = match input.fill_buf() {
        Ok([]) => Some(ReportProblem::Empty),
        Ok(_) => contents.read(input).err(),
        Err(error) => Some(ReportProblem::Malformed { detail: error.to_string() }),
    };
    if let Some(id) = contents.running.filter(|_| problem.is_none()) {
        problem = Some(ReportProblem::BrokenOff { test: id });
    }
    if contents.errors > 0 && !contents.cases.iter().any(|case| case.classname.is_empty()) {
        contents.cases.push(error_outside("RSpec tells of an error outside of examples, and not what it was"));
    }
    ReportFile {
        path: path.to_owned(),
        cases: contents.cases,
        ran: Vec::new(),
        problems: problem.into_iter().collect(),
    }
}

/// What was read so far.
#[derive(Default)]
struct Contents {
    cases: Vec<Case>,
    /// The example that has no outcome, because the process was ended in it.
    running: Option<String>,
    /// How many errors RSpec counted outside of examples.
    errors: u64,
}

impl Contents {
    fn read(&mut self, input: impl Read) -> Result<(), ReportProblem> {
        let mut parser = serde_json::Deserializer::from_reader(input);
        let read = parser.deserialize_map(Report(self)).and_then(|()| parser.end());
        read.map_err(|error| match error.classify() {
            serde_json::error::Category::Eof => ReportProblem::Truncated,
            serde_json::error::Category::Io
            | serde_json::error::Category::Syntax
            | serde_json::error::Category::Data => ReportProblem::Malformed { detail: error.to_string() },
        })
    }

    fn take(&mut self, example: Example) {
        let (kind, message) = match example.status.as_str() {
            "passed" => (None, None),
            "failed" => (Some(FindingKind::Failure), None),
            "pending" => (Some(FindingKind::Skipped), example.pending_message),
            _ => {
                self.running.get_or_insert(Excerpt::of(&example.id, NAME_BYTES));
                return;
            }
        };
        let exception = example.exception.unwrap_or_default();
        let finding = |kind| Finding {
            kind,
            message: Excerpt::of(message.as_deref().unwrap_or(exception.message.trim()), TEXT_BYTES),
            r#type: Excerpt::of(&exception.class, NAME_BYTES),
            text: Excerpt::of(&exception.text(), TEXT_BYTES),
        };
        let file = example.id.split('[').next().unwrap_or_default().trim_start_matches("./");
        self.cases.push(Case {
            classname: Excerpt::of(&file.trim_end_matches(".rb").replace('/', "."), NAME_BYTES),
            name: Excerpt::of(&example.full_description, NAME_BYTES),
            file: Some(Excerpt::of(example.file_path.trim_start_matches("./"), NAME_BYTES)),
            line: example.line_number,
            seconds: example.run_time.filter(|seconds| *seconds >= 0.0),
            findings: kind.map(finding).into_iter().collect(),
            properties: vec![("rspec.id".to_owned(), Excerpt::of(&example.id, NAME_BYTES))],
            ..Case::default()
        });
    }
}

fn error_outside(message: &str) -> Case {
    let (first, rest) = message.trim().split_once('\n').unwrap_or((message.trim(), ""));
    let finding = Finding {
        kind: FindingKind::Error,
        message: Excerpt::of(first, TEXT_BYTES),
        r#type: String::new(),
        text: Excerpt::of(rest.trim(), TEXT_BYTES),
    };
    Case { name: "error outside of examples".to_owned(), findings: vec![finding], ..Case::default() }
}

#[derive(Deserialize)]
struct Example {
    id: String,
    full_description: String,
    status: String,
    file_path: String,
    line_number: Option<u32>,
    run_time: Option<f64>,
    pending_message: Option<String>,
    exception: Option<Exception>,
}

#[derive(Deserialize, Default)]
struct Exception {
    class: String,
    #[serde(default)]
    message: String,
    backtrace: Option<Vec<String>>,
}

impl Exception {
    /// Puts the message before the backtrace, from which RSpec's own lines are left out, as it does for people.
    fn text(&self) -> String {
        let is_own = |line: &str| line.contains("/rspec-") || line.contains("/bin/rspec:");
        let lines = self.backtrace.iter().flatten().map(String::as_str);
        let mut kept: Vec<&str> = lines.clone().filter(|line| !is_own(line)).collect();
        if kept.is_empty() {
            kept = lines.collect();
        }
        format!("{}\n{}", self.message.trim(), kept.join("\n")).trim().to_owned()
    }
}

#[derive(Deserialize)]
struct Summary {
    #[serde(default)]
    errors_outside_of_examples_count: u64,
}

/// The whole object.
struct Report<'a>(&'a mut Contents);

impl<'de> Visitor<'de> for Report<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the object of RSpec's JSON formatter")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut has_examples = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "examples" => {
                    has_examples = true;
                    map.next_value_seed(Examples(self.0))?;
                }
                "messages" => {
                    let errors = map.next_value::<Vec<String>>()?;
                    let errors = errors.iter().filter(|message| message.trim_start().starts_with("An error occurred"));
                    self.0.cases.extend(errors.take(MOST_CASES).map(|message| error_outside(message)));
                }
                "summary" => self.0.errors = map.next_value::<Summary>()?.errors_outside_of_examples_count,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        has_examples.then_some(()).ok_or_else(|| serde::de::Error::missing_field("examples"))
    }
}

/// The list of examples, each taken as it comes.
struct Examples<'a>(&'a mut Contents);

impl<'de> DeserializeSeed<'de> for Examples<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Examples<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of examples")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut examples: A) -> Result<(), A::Error> {
        while let Some(example) = examples.next_element()? {
            if self.0.cases.len() >= MOST_CASES {
                return Err(serde::de::Error::custom("too many examples"));
            }
            self.0.take(example);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::CaseOutcome;

    fn example(id: &str, status: &str) -> String {
        format!(
            "{{\"id\":\"{id}\",\"full_description\":\"A b\",\"status\":\"{status}\",\"file_path\":\"./spec/shared.rb\",\
             \"line_number\":2,\"run_time\":0.5,\"pending_message\":\"why\"}}"
        )
    }

    fn report(messages: &str, examples: &[String], errors: u32) -> String {
        let examples = examples.join(",");
        format!(
            "{{\"version\":\"3.12.0\",\"messages\":[{messages}],\"examples\":[{examples}],\
             \"summary\":{{\"duration\":0.1,\"errors_outside_of_examples_count\":{errors}}},\"summary_line\":\"x\"}}"
        )
    }

    #[test]
    fn an_example_is_filed_under_the_file_that_ran_it() {
        let read = read("r", report("", &[example("./spec/sub/a_spec.rb[1:2]", "pending")], 0).as_bytes());
        let case = &read.cases[0];
        assert_eq!((case.classname.as_str(), case.outcome()), ("spec.sub.a_spec", CaseOutcome::Skipped));
        assert_eq!((case.file.as_deref(), case.findings[0].message.as_str()), (Some("spec/shared.rb"), "why"));
        assert!(read.problems.is_empty());
    }

    #[test]
    fn an_example_without_an_outcome_was_running_when_the_process_ended() {
        let examples = [example("./a_spec.rb[1:1]", "passed"), example("./a_spec.rb[1:2]", "")];
        let read = read("r", report("", &examples, 0).as_bytes());
        assert_eq!(read.problems, [ReportProblem::BrokenOff { test: "./a_spec.rb[1:2]".into() }]);
        assert_eq!(read.cases.len(), 1);
    }

    #[test]
    fn errors_outside_of_examples_are_cases() {
        let message = "\"Run options: x\",\"\\nAn error occurred while loading ./a_spec.rb.\\nFailure/Error: x\\n\"";
        for (messages, errors) in [(message, 1), ("", 2)] {
            let read = read("r", report(messages, &[], errors).as_bytes());
            assert_eq!((read.cases.len(), read.cases[0].outcome()), (1, CaseOutcome::Errored), "{messages}");
        }
    }

    #[test]
    fn what_stands_before_a_cut_is_kept() {
        let whole = report("", &[example("./a_spec.rb[1:1]", "passed"), example("./a_spec.rb[1:2]", "failed")], 0);
        let cut = read("r", &whole.as_bytes()[..whole.find("[1:2]").unwrap()]);
        assert_eq!((cut.cases.len(), cut.problems), (1, vec![ReportProblem::Truncated]));
        assert_eq!(read("r", &b""[..]).problems, [ReportProblem::Empty]);
        assert!(matches!(read("r", &b"{\"version\":1}"[..]).problems[..], [ReportProblem::Malformed { .. }]));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_problem_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read("r", &bytes[..]).is_incomplete());
        }
    }
}
