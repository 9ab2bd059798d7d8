//! What the reader makes of files that real frameworks wrote.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use minke::model::{CaseCounts, CaseOutcome, ReportFile, ReportProblem};
use minke::report::junit::{ReadLimits, read};

fn samples() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/junit");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    paths.sort();
    assert!(paths.len() > 50);
    paths
}

fn sample(name: &str) -> ReportFile {
    let path = format!("{}/fixtures/junit/{name}.xml", env!("CARGO_MANIFEST_DIR"));
    read(name, fs::File::open(path).unwrap(), &ReadLimits::default())
}

#[test]
fn every_sample_has_the_cases_that_its_framework_ran() {
    let mut table = String::from("sample: cases = passed + failed + errored + skipped; problems\n");
    for path in samples() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let report = sample(name);
        let counts = CaseCounts::of(&report.cases);
        write!(
            table,
            "{name}: {} = {} + {} + {} + {}",
            counts.total(),
            counts.passed,
            counts.failed,
            counts.errored,
            counts.skipped
        )
        .unwrap();
        for problem in &report.problems {
            write!(table, "; {problem:?}").unwrap();
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table, @r#"
    sample: cases = passed + failed + errored + skipped; problems
    bats-empty: 0 = 0 + 0 + 0 + 0
    bats-mix: 5 = 2 + 2 + 0 + 1; Repaired
    bats-two: 9 = 4 + 4 + 0 + 1; CountsDiffer { detail: "suite \"exit.bats\": tests=\"3\", counted 4; failures=\"1\", counted 2" }; Repaired
    behave-empty: 0 = 0 + 0 + 0 + 0
    behave-line: 10 = 1 + 0 + 0 + 9
    behave-mix: 10 = 6 + 2 + 2 + 0; Repaired
    behave-nothing: 10 = 0 + 0 + 0 + 10
    behave-rule: 0 = 0 + 0 + 0 + 0
    behave-two: 10 = 2 + 0 + 0 + 8
    cucumber-ruby24-expand: 10 = 6 + 2 + 0 + 2; Repaired
    cucumber-ruby24-line: 1 = 1 + 0 + 0 + 0
    cucumber-ruby24-lines: 3 = 2 + 1 + 0 + 0
    cucumber-ruby24-mix: 10 = 6 + 2 + 0 + 2; Repaired
    cucumber-ruby24-strictmix: 10 = 6 + 4 + 0 + 0; Repaired
    cucumberjs11-empty: 0 = 0 + 0 + 0 + 0
    cucumberjs11-exline: 1 = 1 + 0 + 0 + 0
    cucumberjs11-line: 1 = 1 + 0 + 0 + 0
    cucumberjs11-missing: 0 = 0 + 0 + 0 + 0
    cucumberjs11-mix: 10 = 6 + 4 + 0 + 0
    cucumberjs11-nothing: 0 = 0 + 0 + 0 + 0
    cucumberjs11-par: 10 = 6 + 4 + 0 + 0
    jest-junit-deflt: 9 = 5 + 3 + 0 + 1; CountsDiffer { detail: "suite \"Suite é <&>\": tests=\"8\", counted 9" }
    jest-junit-empty: 2 = 0 + 1 + 1 + 0; CountsDiffer { detail: "suite \"empty.test.js\": tests=\"0\", counted 2; failures=\"0\", counted 1" }
    jest-junit-missing: 2 = 0 + 1 + 1 + 0; CountsDiffer { detail: "suite \"nope.test.js\": tests=\"0\", counted 2; failures=\"0\", counted 1" }
    jest-junit-mix: 9 = 5 + 3 + 0 + 1; CountsDiffer { detail: "suite \"mix.test.js\": tests=\"8\", counted 9" }
    mocha-junit-missing1: 6 = 2 + 4 + 0 + 0; CountsDiffer { detail: "suite \"Suite é <&>\": tests=\"6\", counted 4" }
    mocha-junit-mix: 6 = 2 + 4 + 0 + 0; CountsDiffer { detail: "suite \"Suite é <&>\": tests=\"6\", counted 4" }
    mocha-junit-none: 0 = 0 + 0 + 0 + 0
    mocha-xunit-missing1: 8 = 2 + 4 + 0 + 2; CountsDiffer { detail: "suite \"Mocha Tests\": tests=\"7\", counted 8; failures=\"0\", counted 4; errors=\"4\", counted 0; skipped=\"1\", counted 2" }; Repaired
    mocha-xunit-mix: 8 = 2 + 4 + 0 + 2; CountsDiffer { detail: "suite \"Mocha Tests\": tests=\"7\", counted 8; failures=\"0\", counted 4; errors=\"4\", counted 0; skipped=\"1\", counted 2" }; Repaired
    mocha-xunit-none: 0 = 0 + 0 + 0 + 0
    prove-bail: 1 = 0 + 0 + 1 + 0
    prove-exit3: 3 = 2 + 0 + 1 + 0
    prove-mix: 6 = 4 + 1 + 1 + 0
    prove-short: 2 = 1 + 0 + 1 + 0; CountsDiffer { detail: "suite \"short_t\": errors=\"3\", counted 1" }
    prove-skipall: 0 = 0 + 0 + 0 + 0
    prove-sub: 2 = 0 + 1 + 1 + 0
    pytest7-collecterr: 2 = 0 + 0 + 2 + 0
    pytest7-mix: 15 = 6 + 4 + 3 + 2
    pytest9-allskip: 2 = 0 + 0 + 0 + 2
    pytest9-badnode: 0 = 0 + 0 + 0 + 0
    pytest9-collecterr: 2 = 0 + 0 + 2 + 0
    pytest9-junit_logging_all: 15 = 6 + 4 + 3 + 2; CountsDiffer { detail: "suite \"pytest\": tests=\"18\", counted 15" }
    pytest9-mix: 15 = 6 + 4 + 3 + 2; CountsDiffer { detail: "suite \"pytest\": tests=\"18\", counted 15" }
    pytest9-none: 0 = 0 + 0 + 0 + 0
    pytest9-sysexit: 3 = 2 + 1 + 0 + 0
    pytest9-xunit1: 15 = 6 + 4 + 3 + 2; CountsDiffer { detail: "suite \"pytest\": tests=\"18\", counted 15" }
    rspec-bad: 0 = 0 + 0 + 0 + 0
    rspec-empty: 0 = 0 + 0 + 0 + 0
    rspec-mix: 10 = 3 + 4 + 0 + 3
    unittest-xmlrunner-mix: 7 = 1 + 2 + 2 + 2
    vitest-all: 15 = 6 + 7 + 0 + 2
    vitest-mix: 9 = 4 + 3 + 0 + 2
    "#);
}

#[test]
fn pytest_cases_keep_their_texts_and_kinds() {
    let report = sample("pytest9-mix");
    let skip = &report.cases[2];
    assert_eq!(
        (skip.classname.as_str(), skip.name.as_str(), skip.outcome()),
        ("test_mix", "test_skip", CaseOutcome::Skipped)
    );
    assert_eq!(skip.findings[0].r#type, "pytest.skip");
    assert_eq!(skip.findings[0].message, "not now");
    assert_eq!(skip.findings[0].text, "/fx/pt/test_mix.py:10: not now");
    let failure = &report.cases[1].findings[0];
    assert!(failure.message.starts_with("AssertionError: msg <&> #x07 ]]>\nassert {'a': 1"), "{}", failure.message);
    assert!(failure.text.ends_with("test_mix.py:8: AssertionError"));
    assert_eq!(report.cases[0].seconds, Some(0.051));
    assert_eq!(report.cases[0].file, None);
    assert_eq!(report.cases[11].name, "test_p[a/b::c [d]]");
    let with_files = sample("pytest9-xunit1");
    assert_eq!(with_files.cases[0].file.as_deref(), Some("test_mix.py"));
    assert!(with_files.cases[0].line.is_some());
}

#[test]
fn terminal_colours_are_removed_from_every_form_of_them() {
    for (name, case, text) in [
        ("bats-mix", 1, "some ]]> out\nred"),
        ("mocha-xunit-mix", 3, "boom red <&> ]]>"),
        ("cucumber-ruby24-mix", 1, "nope \u{e9} <&> red ]]> (RuntimeError)"),
        ("behave-mix", 1, "red"),
    ] {
        let report = sample(name);
        let found = &report.cases[case].findings[0].text;
        assert!(found.contains(text) && !found.contains('\u{1B}'), "{name}: {found}");
        assert!(report.problems.contains(&ReportProblem::Repaired), "{name}");
    }
}

#[test]
fn errors_of_a_suite_become_cases_of_that_name() {
    let report = sample("prove-bail");
    assert_eq!(report.cases[0].name, "bail_t");
    assert_eq!(report.cases[0].findings[0].message, "No plan in TAP output");
    let report = sample("prove-mix");
    assert_eq!(report.cases[5].name, "mix_t");
    assert_eq!(report.cases[5].outcome(), CaseOutcome::Errored);
    assert_eq!(report.cases[1].classname, "");
}

#[test]
fn a_suite_gives_its_file_to_its_cases() {
    let report = sample("mocha-junit-mix");
    assert_eq!(report.cases[0].file, None);
    assert_eq!(report.cases[1].file.as_deref(), Some("/w/mocha/mix.spec.js"));
}

#[test]
fn empty_output_is_none_and_indented_sections_are_joined() {
    let report = sample("cucumber-ruby24-mix");
    assert_eq!(report.cases[1].system_out, None);
    let text = &report.cases[1].findings[0].text;
    assert!(text.trim_start().starts_with("Scenario: fails with \"quotes\" <&>\n"), "{text}");
    let report = sample("vitest-mix");
    assert_eq!(report.cases[0].system_out.as_deref(), Some("log out"));
}
