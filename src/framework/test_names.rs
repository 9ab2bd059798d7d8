//! Parts of JavaScript test files: a test's full name, and the pattern that selects what has it and nothing else.
//!
//! jest, vitest and mocha run what a regular expression matches of a test's titles, joined by spaces.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Deserialize;

use super::{REPORT_DIR, by_file, by_shell};
use crate::model::{Case, CaseOutcome, Unit, split_part};
use crate::notation::LossyText;
use crate::plan::FrameworkCall;

/// What stands between the titles in the name of a case of jest's and vitest's.
const BETWEEN_TITLES: &str = " > ";

/// The options of jest and vitest that select tests by their names.
pub(super) const BY_NAME: &[&str] = &["-t", "--testNamePattern"];

/// The argument with which jest and vitest run no test, and report all.
pub(super) const NO_TEST: &str = "--testNamePattern=(?!)";

/// Writes the argument with which jest and vitest run the part among some units; `None` when they are whole files.
pub(super) fn selection(units: &[&str]) -> Option<String> {
    Some(format!("--testNamePattern={}", pattern(part_among(units)?)))
}

/// Writes the argument with which mocha runs the part among some units; `None` when they are whole files.
pub(super) fn mocha_selection(units: &[&str]) -> Option<String> {
    Some(format!("--grep=^{}$", escaped(part_among(units)?)))
}

/// Returns the name of the part among some units: one that stands alone.
fn part_among<'u>(units: &[&'u str]) -> Option<&'u str> {
    units.iter().find_map(|unit| split_part(unit).1)
}

/// Writes the pattern of a name whose titles ` > ` divides; they are matched as joined by a space.
fn pattern(name: &str) -> String {
    let titles: Vec<String> = name.split(BETWEEN_TITLES).map(escaped).collect();
    // A title may have the sign itself.
    format!("^{}$", titles.join("(?: >)? "))
}

/// Escapes what means something in a regular expression of JavaScript.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\^$.*+?()[]{}|/".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Tells whether the user's own arguments select tests by their names, so that a part could not.
pub(super) fn selects_by_name(call: &FrameworkCall, options: &[&str]) -> bool {
    let is_option = |arg: &str, option: &str| {
        let rest = arg.strip_prefix(option);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('=') || !option.starts_with("--"))
    };
    call.args.iter().any(|arg| options.iter().any(|option| is_option(arg, option)))
}

/// Returns the file that a listing writes.
pub(super) fn listing_file() -> String {
    format!("{REPORT_DIR}/parts.json")
}

/// Makes a command print what a listing writes into its file, and nothing else. The listing is done for all files at once.
pub(super) fn printed(listing: impl Iterator<Item = String>) -> Vec<String> {
    by_shell(&format!("mkdir -p {REPORT_DIR}; \"$@\" >&2; cat {}", listing_file()), listing.collect())
}

/// The same for a listing that is done for each file by itself.
pub(super) fn printed_for_each(listing: impl Iterator<Item = String>, files: &[String]) -> Vec<String> {
    let (list, files) = (listing_file(), shell_words::join(files));
    let each = format!("for file in {files}; do \"$@\" \"$file\" >&2; cat {list}; rm -f {list}; done");
    by_shell(&format!("mkdir -p {REPORT_DIR}; {each}"), listing.collect())
}

/// What a framework lists of one file: each test's name, and what its pattern is matched with.
type Named = Vec<(String, String)>;

/// Reads the parts of files in jest's JSON, which vitest writes too.
pub(super) fn of_jest(stdout: &str, files: &[&str]) -> Vec<String> {
    let Ok(list) = serde_json::from_str::<Results>(stdout) else { return Vec::new() };
    let mut found: BTreeMap<String, Named> = BTreeMap::new();
    for file in list.test_results {
        let tests = file.assertion_results.into_iter().map(|test| {
            let titles: Vec<&str> =
                test.ancestor_titles.iter().chain([&test.title]).map(|title| title.0.as_str()).collect();
            let is_usual = titles.join(" ") == test.full_name.0;
            // A name without a part of its own keeps the file whole.
            if is_usual { (titles.join(BETWEEN_TITLES), test.full_name.0) } else { Default::default() }
        });
        found.entry(file.name.0).or_default().extend(tests);
    }
    parts(found, files)
}

/// Reads the parts of files in mocha's JSON, one document for each file.
pub(super) fn of_mocha(stdout: &str, files: &[&str]) -> Vec<String> {
    let mut found: BTreeMap<String, Named> = BTreeMap::new();
    let lists = serde_json::Deserializer::from_str(stdout).into_iter::<Tests>();
    for test in lists.map_while(Result::ok).flat_map(|list| list.tests) {
        let LossyText(name) = test.full_title;
        found.entry(test.file.unwrap_or_default().0).or_default().push((name.clone(), name));
    }
    parts(found, files)
}

/// Writes the parts of each file that can be divided exactly. Tests of one name are one part.
fn parts(found: BTreeMap<String, Named>, files: &[&str]) -> Vec<String> {
    let units: Vec<Unit> = files.iter().map(|file| Unit::new(*file)).collect();
    let names: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    let places = by_file::places(&units, &names);
    let mut parts = Vec::new();
    for (file, tests) in &found {
        let Some(&place) = places.get(file) else { continue };
        if is_exact(tests) {
            let mut seen = HashSet::new();
            let names = tests.iter().map(|(name, _)| name).filter(|name| seen.insert(name.as_str()));
            parts.extend(names.map(|name| format!("{}::{name}", files[place])));
        }
    }
    parts
}

/// Tells whether no test is selected by the pattern of another name. jest's is blind to the case of letters.
fn is_exact(tests: &Named) -> bool {
    let mut owners: HashMap<String, &str> = HashMap::new();
    tests.iter().all(|(name, matched)| {
        let is_whole = !name.contains([char::REPLACEMENT_CHARACTER]) && !name.contains(char::is_control);
        let is_plain = is_whole && !name.is_empty() && name.trim() == name;
        // Patterns take titles that are joined in either way.
        let matched = matched.replace(BETWEEN_TITLES, " ").to_uppercase();
        is_plain && *owners.entry(matched).or_insert(name) == name
    })
}

/// Leaves out the tests that the pattern of a part did: they are reported as skipped, under other names.
pub(super) fn leave_out_unselected(unit: &str, cases: &mut Vec<Case>) {
    if let (_, Some(part)) = split_part(unit) {
        cases.retain(|case| case.name == part || case.outcome() != CaseOutcome::Skipped);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    test_results: Vec<TestFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TestFile {
    name: LossyText,
    assertion_results: Vec<Test>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    title: LossyText,
    full_name: LossyText,
    ancestor_titles: Vec<LossyText>,
}

#[derive(Deserialize)]
struct Tests {
    tests: Vec<MochaTest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MochaTest {
    full_title: LossyText,
    file: Option<LossyText>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_escapes_what_means_something_and_takes_both_ways_to_join_titles() {
        let of_jest = selection(&["a.test.js::outer (a+b) > x/y"]);
        assert_eq!(of_jest.unwrap(), r"--testNamePattern=^outer \(a\+b\)(?: >)? x\/y$");
        assert_eq!(mocha_selection(&["a.js::costs $5 > 4"]).unwrap(), r"--grep=^costs \$5 > 4$");
        assert_eq!((selection(&["a.test.js", "b.test.js"]), mocha_selection(&["a.js"])), (None, None));
    }

    fn of(tests: &[&[&str]]) -> Vec<String> {
        let test = |titles: &&[&str]| {
            let (title, above) = titles.split_last().unwrap();
            json!({ "title": title, "ancestorTitles": above, "fullName": titles.join(" ") })
        };
        let tests: Vec<_> = tests.iter().map(test).collect();
        let list = json!({ "testResults": [{ "name": "/p/t/a.test.js", "assertionResults": tests }] });
        of_jest(&list.to_string(), &["t/a.test.js"])
    }

    #[test]
    fn tests_of_one_name_are_one_part() {
        let parts = of(&[&["row 2"], &["outer", "deep"], &["row 2"]]);
        assert_eq!(parts, ["t/a.test.js::row 2", "t/a.test.js::outer > deep"]);
    }

    #[test]
    fn a_file_in_which_a_pattern_would_select_two_names_stays_whole() {
        for tests in [
            &[&["a b", "c"][..], &["a", "b c"]][..],
            &[&["a b"], &["a > b"]],
            &[&["A"], &["a"]],
            &[&["two\nlines"]],
            &[&[""]],
            &[&["good"], &[" padded"]],
        ] {
            assert_eq!(of(tests), [""; 0], "{tests:?}");
        }
        // These two have one name, so they are one part.
        assert_eq!(of(&[&["a > b"], &["a > b"]]), ["t/a.test.js::a > b"]);
    }

    #[test]
    fn what_is_no_listing_divides_nothing() {
        for text in ["", "{}", "Error", "{\"testResults\": 1}"] {
            assert_eq!(of_jest(text, &["a.test.js"]), [""; 0]);
            assert_eq!(of_mocha(text, &["a.js"]), [""; 0]);
        }
    }

    #[test]
    fn the_users_own_selection_by_name_is_seen() {
        let call = |arg: &str| FrameworkCall::new("jest", vec!["jest".into()], vec![arg.into()]);
        for arg in ["-t", "-tname", "--testNamePattern", "--testNamePattern=x"] {
            assert!(selects_by_name(&call(arg), BY_NAME), "{arg}");
        }
        for arg in ["--testTimeout=5", "--testNamePatterns", "--runInBand"] {
            assert!(!selects_by_name(&call(arg), BY_NAME), "{arg}");
        }
    }
}
