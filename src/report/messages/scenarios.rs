//! What the documents say of each scenario: where it stands, and the names that a case's name is made of.

use std::collections::HashMap;
use std::rc::Rc;

use super::envelope::{GherkinDocument, Pickle, Scenario, Step};

/// The scenarios, rows and steps of every document, by their ids.
#[derive(Default)]
pub(super) struct Scenarios {
    scenarios: HashMap<String, Place>,
    rows: HashMap<String, Row>,
    keywords: HashMap<String, Rc<str>>,
    /// The keywords that there are; they recur in every step.
    known: HashMap<String, Rc<str>>,
}

/// A scenario, and what it stands in.
struct Place {
    feature: Rc<str>,
    rule: Option<Rc<str>>,
    name: String,
    line: u32,
}

/// A row of an outline.
struct Row {
    examples: Rc<str>,
    /// The places of its table and of itself therein, from 1.
    number: (usize, usize),
    line: u32,
}

/// How cucumber-js writes the name of a case in JUnit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Naming {
    /// Up to version 10: the rule and the scenario.
    Short,
    /// From version 11 on: also which row of which table of an outline it is.
    #[default]
    Long,
}

impl Naming {
    /// Returns the naming of a version such as `10.9.0`.
    pub(super) fn of_version(version: &str) -> Self {
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major.is_some_and(|major| major <= 10) { Self::Short } else { Self::Long }
    }
}

/// What a case is called, and where it stands.
pub(super) struct Title {
    pub(super) feature: String,
    pub(super) name: String,
    /// The line of the scenario, or of the row.
    pub(super) line: Option<u32>,
    /// The line of the outline that the row belongs to.
    pub(super) outline_line: Option<u32>,
}

impl Scenarios {
    /// Takes what a document holds.
    pub(super) fn take(&mut self, document: GherkinDocument) {
        let Some(feature) = document.feature else { return };
        let name: Rc<str> = feature.name.0.into();
        for child in feature.children {
            self.take_steps(child.background.into_iter().flat_map(|background| background.steps));
            if let Some(scenario) = child.scenario {
                self.take_scenario(scenario, &name, None);
            }
            let Some(rule) = child.rule else { continue };
            let rule_name: Rc<str> = rule.name.0.into();
            for child in rule.children {
                self.take_steps(child.background.into_iter().flat_map(|background| background.steps));
                if let Some(scenario) = child.scenario {
                    self.take_scenario(scenario, &name, Some(&rule_name));
                }
            }
        }
    }

    fn take_scenario(&mut self, scenario: Scenario, feature: &Rc<str>, rule: Option<&Rc<str>>) {
        for (table, examples) in (1..).zip(scenario.examples) {
            let name: Rc<str> = examples.name.0.into();
            for (number, row) in (1..).zip(examples.table_body) {
                let place = Row { examples: Rc::clone(&name), number: (table, number), line: row.location.line };
                self.rows.insert(row.id, place);
            }
        }
        self.take_steps(scenario.steps);
        let (feature, rule, line) = (Rc::clone(feature), rule.cloned(), scenario.location.line);
        self.scenarios.insert(scenario.id, Place { feature, rule, name: scenario.name.0, line });
    }

    fn take_steps(&mut self, steps: impl IntoIterator<Item = Step>) {
        for step in steps {
            let keyword = step.keyword.0;
            let keyword = self.known.entry(keyword).or_insert_with_key(|keyword| keyword.trim().into());
            self.keywords.insert(step.id, Rc::clone(keyword));
        }
    }

    /// Returns the keyword of a step of a document, such as `Given`.
    pub(super) fn keyword(&self, step: &str) -> &str {
        self.keywords.get(step).map_or("", |keyword| keyword)
    }

    /// Names a pickle as cucumber-js does; `None` when no document has it.
    pub(super) fn title(&self, pickle: &Pickle, naming: Naming) -> Option<Title> {
        let place = self.scenarios.get(pickle.ast_node_ids.first()?)?;
        let row = pickle.ast_node_ids.get(1).and_then(|row| self.rows.get(row));
        let name = match naming {
            Naming::Short => short_name(place, pickle),
            Naming::Long => long_name(place, row, pickle),
        };
        let feature = match naming {
            Naming::Short => or_unnamed(&place.feature, "feature"),
            Naming::Long => place.feature.to_string(),
        };
        let line = row.map_or(place.line, |row| row.line);
        Some(Title { feature, name, line: Some(line), outline_line: row.map(|_| place.line) })
    }
}

fn or_unnamed(name: &str, what: &str) -> String {
    if name.is_empty() { format!("(unnamed {what})") } else { name.to_owned() }
}

fn short_name(place: &Place, pickle: &Pickle) -> String {
    let scenario = or_unnamed(&pickle.name.0, "scenario");
    match &place.rule {
        Some(rule) => format!("{}: {scenario}", or_unnamed(rule, "rule")),
        None => scenario,
    }
}

fn long_name(place: &Place, row: Option<&Row>, pickle: &Pickle) -> String {
    let scenario = if place.name.is_empty() { &pickle.name.0 } else { &place.name };
    let number = row.map(|row| {
        let number = format!("#{}.{}", row.number.0, row.number.1);
        if pickle.name.0 == place.name { number } else { format!("{number}: {}", pickle.name.0) }
    });
    let examples = row.map(|row| &*row.examples);
    let parts = [place.rule.as_deref(), Some(scenario.as_str()), examples, number.as_deref()];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" - ")
}
