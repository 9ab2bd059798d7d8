//! The scenarios of a feature file, and the lines that select them.

use gherkin::{Feature, GherkinEnv, Scenario};

/// Returns a selector `file:line` for each scenario and each row of an outline, in the file's order; empty when the text is
/// no feature that this parser knows: then the framework itself has the last word, on the whole file.
pub(super) fn scenarios(file: &str, text: &str) -> Vec<String> {
    // The parser takes a byte order mark for text.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let Ok(feature) = Feature::parse(text, GherkinEnv::default()) else { return Vec::new() };
    let of_rules = feature.rules.iter().flat_map(|rule| &rule.scenarios);
    let mut lines: Vec<usize> =
        feature.scenarios.iter().chain(of_rules).flat_map(|scenario| lines_of(scenario, text)).collect();
    lines.sort_unstable();
    lines.dedup();
    lines.into_iter().map(|line| format!("{file}:{line}")).collect()
}

/// Returns the line of a scenario, or those of its rows when it is an outline.
fn lines_of(scenario: &Scenario, text: &str) -> Vec<usize> {
    if scenario.examples.is_empty() {
        return vec![scenario.position.line];
    }
    let tables = scenario.examples.iter().filter_map(|examples| examples.table.as_ref());
    tables.flat_map(|table| row_lines(table.position.line, table.rows.len(), text)).collect()
}

/// Returns the lines of a table's rows but its first, which is the head. The parser gives no places of rows, so they are
/// looked for from the table's first line on; blank lines and comments may stand between them.
fn row_lines(first: usize, rows: usize, text: &str) -> Vec<usize> {
    let lines = (1..).zip(text.lines()).skip(first - 1);
    let is_row = |(_, line): &(usize, &str)| line.trim_start().starts_with('|');
    lines.filter(is_row).take(rows).skip(1).map(|(number, _)| number).collect()
}

#[cfg(test)]
mod tests {
    use super::scenarios;

    #[test]
    fn scenarios_and_rows_are_found_by_their_lines() {
        let text = "# a comment\n@tag\nFeature: F\n\n  Background:\n    Given x\n\n  @slow\n  Scenario: one\n    Given a table\n      \
                    | not | a row |\n\n  Scenario Outline: many <n>\n    Given <n>\n\n    Examples: first\n      | n |\n\n      \
                    # between\n      | 1 |\n      | 2 |\n\n    Examples: second\n      | n |\n      | 3 |\n\n  \
                    Rule: R\n    Example: in a rule\n      Given x\n";
        let selectors = scenarios("a.feature", text);
        assert_eq!(selectors, ["a.feature:9", "a.feature:20", "a.feature:21", "a.feature:25", "a.feature:28"]);
    }

    #[test]
    fn line_ends_marks_and_languages_of_every_kind_are_read() {
        assert_eq!(scenarios("x", "\u{FEFF}Feature: F\r\n\r\n  Scenario: s\r\n    Given x\r\n"), ["x:3"]);
        assert_eq!(scenarios("x", "# language: de\nFunktionalität: F\n  Szenario: s\n    Angenommen x"), ["x:3"]);
    }

    #[test]
    fn what_cannot_be_parsed_or_has_no_scenario_is_left_whole() {
        for text in [
            "",
            "# only a comment\n",
            "Feature: F\n",
            "Scenario: without a feature\n",
            "Feature: F\n  Nonsense: s\n  | |",
        ] {
            assert!(scenarios("x", text).is_empty(), "{text:?}");
        }
    }
}
