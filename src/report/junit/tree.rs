//! Builds the cases out of elements and texts as they come by.

use super::captured::{Capture, Target, Text};
use super::claims::{Claims, Tally};
use super::excerpt::Excerpt;
use super::group::{CaseDetails, EarlierDetails, Follower, Group, SuiteDetails};
use super::node::{Attributes, Node};
use super::{ReadLimits, clean, number};
use crate::model::{Case, Finding, FindingKind};

/// The name of the case that stands for an error of a suite without a name.
const NAMELESS_SUITE: &str = "(suite)";

/// The most bytes of what a suite hands down to each of its cases; else a short file could fill the memory.
const INHERITED_BYTES: usize = 1024;

/// The part of a report that has been read.
pub(crate) struct Tree<'a> {
    limits: &'a ReadLimits,
    /// Every case, from the moment it begins until a follower takes it.
    pub(crate) cases: Vec<Case>,
    /// Who takes what is read, and which file the cut texts point to.
    follower: Option<(&'a mut dyn Follower, &'a str)>,
    /// For each case, if there is a follower.
    details: Vec<CaseDetails>,
    case_count: usize,
    /// The first difference between claimed and counted numbers.
    pub(crate) difference: Option<String>,
    /// The first suite that claims failures and holds none, in words.
    pub(crate) missing_failures: Option<String>,
    /// Whether characters that XML forbids were removed.
    pub(crate) repaired: bool,
    /// Whether a suite or a case was met.
    pub(crate) has_report: bool,
    /// Whether any element was met.
    pub(crate) has_element: bool,
    /// Whether there was text outside of every element.
    pub(crate) has_stray_text: bool,
    open: Vec<Node>,
    capture: Option<Capture<'a>>,
    findings: usize,
    properties: usize,
}

impl<'a> Tree<'a> {
    /// Makes a tree without any element.
    pub(crate) fn new(limits: &'a ReadLimits) -> Self {
        Self {
            limits,
            cases: Vec::new(),
            follower: None,
            details: Vec::new(),
            case_count: 0,
            difference: None,
            missing_failures: None,
            repaired: false,
            has_report: false,
            has_element: false,
            has_stray_text: false,
            open: Vec::new(),
            capture: None,
            findings: 0,
            properties: 0,
        }
    }

    /// Makes a tree that hands everything to a follower as soon as it is read; `path` is where the whole texts are.
    pub(crate) fn followed(limits: &'a ReadLimits, follower: &'a mut dyn Follower, path: &'a str) -> Self {
        Self { follower: Some((follower, path)), ..Self::new(limits) }
    }

    /// Tells whether an element is open.
    pub(crate) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Takes the start of an element; its name is in lower case.
    ///
    /// # Errors
    /// The text tells which limit was passed; nothing more can be taken then.
    pub(crate) fn start(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<(), String> {
        if self.open.len() >= self.limits.depth {
            return Err(format!("elements are nested more than {} deep", self.limits.depth));
        }
        self.has_element = true;
        let node = match (self.open.last(), name) {
            (Some(Node::Captured), _) if self.follower.is_some() => self.inside_captured(name),
            (Some(Node::Captured | Node::InsideCaptured), _) => Node::InsideCaptured,
            (Some(Node::Ignored), _) => Node::Ignored,
            (_, "testsuites" | "testsuite") => self.group(name, attributes),
            (_, "testcase") => self.case(attributes)?,
            (Some(&Node::Case(case)), "failure" | "error" | "skipped") => self.finding(case, name, attributes)?,
            (Some(&Node::Case(case)), "flakyfailure" | "flakyerror" | "rerunfailure" | "rerunerror") => {
                self.earlier(case, name, attributes)?
            }
            (Some(Node::Group(_)), "failure" | "error") => self.finding_of_group(name, attributes)?,
            (Some(&Node::Case(case)), "system-out") => self.capture(Target::Out { case }),
            (Some(&Node::Case(case)), "system-err") => self.capture(Target::Err { case }),
            (Some(&Node::Case(case)), "properties") => Node::Properties(case),
            (Some(&Node::Properties(case)), "property") => self.property(case, attributes)?,
            (Some(Node::Case(_) | Node::Properties(_)), _) => Node::Ignored,
            (Some(Node::Group(_)), "system-out") if self.follower.is_some() => self.capture(Target::SuiteOut),
            (Some(Node::Group(_)), "system-err") if self.follower.is_some() => self.capture(Target::SuiteErr),
            (Some(Node::Group(_)), "properties") if self.follower.is_some() => Node::SuiteProperties,
            (Some(Node::SuiteProperties), "property") => self.suite_property(attributes)?,
            (Some(Node::SuiteProperties), _) => Node::Ignored,
            (None | Some(Node::Group(_) | Node::Unknown), _) => Node::Unknown,
        };
        self.open.push(node);
        Ok(())
    }

    /// Takes the end of the element that was opened last.
    pub(crate) fn end(&mut self) {
        match self.open.pop() {
            Some(Node::Captured) => self.finish_capture(),
            Some(Node::Case(case)) => self.count_case(case),
            Some(Node::Group(group)) => self.finish_group(*group),
            Some(
                Node::Properties(_) | Node::SuiteProperties | Node::InsideCaptured | Node::Unknown | Node::Ignored,
            )
            | None => {}
        }
        if self.follower.is_some()
            && !self.cases.is_empty()
            && !self.open.iter().any(|node| matches!(node, Node::Case(_) | Node::Captured))
        {
            self.hand_over(true);
        }
    }

    /// Deals with what the end of the input left open; `whole` tells whether that end was the one of the report.
    pub(crate) fn finish(&mut self, whole: bool) {
        self.finish_capture();
        self.hand_over(whole);
        while let Some(node) = self.open.pop() {
            if let Node::Group(group) = node {
                self.finish_group(*group);
            }
        }
    }

    /// Gives the cases that are read to the follower. If they are not `whole`, that holds for the last of them.
    fn hand_over(&mut self, whole: bool) {
        let Some((follower, _)) = &mut self.follower else { return };
        let nowhere = Group::default();
        let group = self.open.iter().rev().find_map(Node::as_group).unwrap_or(&nowhere);
        let last = self.cases.len().saturating_sub(1);
        for (place, (case, details)) in self.cases.drain(..).zip(self.details.drain(..)).enumerate() {
            follower.case(group, case, details, whole || place < last);
        }
    }

    /// Takes text with its references replaced; `at` is where the same bytes stand in the input.
    pub(crate) fn text(&mut self, text: &str, at: Option<u64>) {
        if let Some(capture) = &mut self.capture {
            capture.push(text, at);
        } else if self.open.is_empty() {
            self.has_stray_text |= text.chars().any(|c| !c.is_whitespace() && c != '\u{FEFF}');
        }
    }

    /// Gives the open case what was read of its last text; called at the end, be it early or not.
    pub(crate) fn finish_capture(&mut self) {
        let Some(capture) = self.capture.take() else { return };
        let target = capture.target;
        let Text { text, span } = capture.finish(&mut self.repaired);
        let limit = self.limits.text_bytes;
        match target {
            Target::SuiteOut | Target::SuiteErr => {
                if let Some(group) = self.nearest_group() {
                    target.store_in_suite(&mut group.details, text);
                }
            }
            Target::Finding { case }
            | Target::Earlier { case }
            | Target::EarlierOut { case }
            | Target::EarlierErr { case }
            | Target::Out { case }
            | Target::Err { case }
            | Target::Property { case } => {
                target.store_in_case(&mut self.cases[case], self.details.get_mut(case), text, span, limit);
            }
        }
    }

    fn group(&mut self, element: &str, attributes: &Attributes<'_>) -> Node {
        self.has_report = true;
        let name = clean::attribute(&self.attribute(attributes, "name").unwrap_or_default(), INHERITED_BYTES);
        let is_root = element == "testsuites";
        let mut group = Group {
            path: if is_root { String::new() } else { name.clone() },
            name,
            file: self.file(attributes).filter(|file| file.len() <= INHERITED_BYTES),
            claims: Claims::of(|name| attributes.value(name)),
            is_root,
            details: self.suite_details(attributes),
            ..Group::default()
        };
        if let Some(outer) = self.nearest_group() {
            outer.has_suites = true;
            group.stand_in(outer);
        }
        Node::Group(Box::new(group))
    }

    fn suite_details(&mut self, attributes: &Attributes<'_>) -> SuiteDetails {
        if self.follower.is_none() {
            return SuiteDetails::default();
        }
        let mut short = |name| self.attribute(attributes, name).filter(|value| value.len() <= INHERITED_BYTES);
        SuiteDetails {
            timestamp: short("timestamp"),
            hostname: short("hostname"),
            package: short("package"),
            ..SuiteDetails::default()
        }
    }

    fn case(&mut self, attributes: &Attributes<'_>) -> Result<Node, String> {
        self.has_report = true;
        let file = self.file(attributes);
        let details = match self.follower {
            Some(_) => CaseDetails {
                timestamp: self.attribute(attributes, "timestamp"),
                group: self.attribute(attributes, "group"),
                ..CaseDetails::default()
            },
            None => CaseDetails::default(),
        };
        let case = Case {
            classname: self.attribute(attributes, "classname").unwrap_or_default(),
            name: self.attribute(attributes, "name").unwrap_or_default(),
            file,
            line: attributes.value("line").and_then(|line| line.trim().parse().ok()),
            seconds: attributes.value("time").and_then(number::seconds),
            ..Case::default()
        };
        self.add_case(case, details).map(Node::Case)
    }

    /// Returns the file that an element names, else the one that the suite around it names. A follower knows the suite.
    fn file(&mut self, attributes: &Attributes<'_>) -> Option<String> {
        let own = self.attribute(attributes, "file");
        if self.follower.is_some() {
            return own;
        }
        own.or_else(|| self.nearest_group()?.file.clone())
    }

    fn add_case(&mut self, case: Case, details: CaseDetails) -> Result<usize, String> {
        if self.case_count >= self.limits.cases {
            return Err(format!("there are more than {} cases", self.limits.cases));
        }
        self.case_count += 1;
        if self.follower.is_some() {
            self.details.push(details);
        }
        self.cases.push(case);
        Ok(self.cases.len() - 1)
    }

    fn finding(&mut self, case: usize, name: &str, attributes: &Attributes<'_>) -> Result<Node, String> {
        let finding = self.new_finding(name, attributes)?;
        self.cases[case].findings.push(finding);
        Ok(self.capture(Target::Finding { case }))
    }

    /// Takes what an earlier execution of the case said, as Surefire and cargo-nextest write it.
    fn earlier(&mut self, case: usize, name: &str, attributes: &Attributes<'_>) -> Result<Node, String> {
        let finding = self.new_finding(name, attributes)?;
        self.cases[case].earlier.push(finding);
        if self.follower.is_some() {
            let earlier = EarlierDetails {
                seconds: attributes.value("time").and_then(number::seconds),
                timestamp: self.attribute(attributes, "timestamp"),
                ..EarlierDetails::default()
            };
            self.details[case].earlier.push(earlier);
        }
        Ok(self.capture(Target::Earlier { case }))
    }

    fn new_finding(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<Finding, String> {
        self.findings += 1;
        if self.findings > self.limits.cases {
            return Err(format!("there are more than {} failures, errors and skips", self.limits.cases));
        }
        Ok(Finding {
            kind: match name {
                "skipped" => FindingKind::Skipped,
                "failure" | "flakyfailure" | "rerunfailure" => FindingKind::Failure,
                _ => FindingKind::Error,
            },
            message: self.attribute(attributes, "message").unwrap_or_default(),
            r#type: self.attribute(attributes, "type").unwrap_or_default(),
            text: String::new(),
        })
    }

    /// Makes a case of a failure or an error that a suite has itself, as prove writes it.
    fn finding_of_group(&mut self, kind: &str, attributes: &Attributes<'_>) -> Result<Node, String> {
        let Some(Node::Group(group)) = self.open.last_mut() else { return Ok(Node::Unknown) };
        if kind == "failure" {
            group.direct.failures += 1;
        } else {
            group.direct.errors += 1;
        }
        let name = if group.name.is_empty() { NAMELESS_SUITE } else { &group.name };
        let file = group.file.clone().filter(|_| self.follower.is_none());
        let case = Case { name: name.to_owned(), file, ..Case::default() };
        let case = self.add_case(case, CaseDetails { is_of_suite: true, ..CaseDetails::default() })?;
        self.finding(case, kind, attributes)
    }

    fn property(&mut self, case: usize, attributes: &Attributes<'_>) -> Result<Node, String> {
        self.properties += 1;
        if self.properties > self.limits.cases {
            return Err(format!("there are more than {} properties", self.limits.cases));
        }
        let name = self.attribute(attributes, "name").unwrap_or_default();
        let value = self.attribute(attributes, "value").unwrap_or_default();
        self.cases[case].properties.push((name, value));
        Ok(self.capture(Target::Property { case }))
    }

    fn suite_property(&mut self, attributes: &Attributes<'_>) -> Result<Node, String> {
        self.properties += 1;
        if self.properties > self.limits.cases {
            return Err(format!("there are more than {} properties", self.limits.cases));
        }
        let name = self.attribute(attributes, "name").unwrap_or_default();
        let value = self.attribute(attributes, "value").unwrap_or_default();
        if let Some(group) = self.nearest_group() {
            group.details.properties.push((name, value));
        }
        Ok(Node::Ignored)
    }

    fn capture(&mut self, target: Target) -> Node {
        let limit = self.limits.text_bytes;
        let excerpt = match &self.follower {
            Some((_, path)) => Excerpt::pointing_at(path, limit),
            None => Excerpt::new(limit),
        };
        self.capture = Some(Capture::new(target, excerpt));
        Node::Captured
    }

    /// Takes the start of an element inside of one whose text is collected. Surefire divides what an earlier execution
    /// said into its stack trace and its outputs.
    fn inside_captured(&mut self, name: &str) -> Node {
        let case = match self.open.iter().rev().find(|node| !matches!(node, Node::Captured)) {
            Some(&Node::Case(case)) => case,
            _ => return Node::InsideCaptured,
        };
        let in_earlier = match self.capture.as_ref().map(|capture| capture.target) {
            Some(Target::Earlier { .. }) => true,
            // The stack trace has been taken, and this is what follows it.
            None => true,
            Some(_) => false,
        };
        match name {
            _ if !in_earlier => Node::InsideCaptured,
            "stacktrace" => self.capture_next(Target::Earlier { case }),
            "system-out" => self.capture_next(Target::EarlierOut { case }),
            "system-err" => self.capture_next(Target::EarlierErr { case }),
            _ => Node::InsideCaptured,
        }
    }

    fn capture_next(&mut self, target: Target) -> Node {
        self.finish_capture();
        self.capture(target)
    }

    fn attribute(&mut self, attributes: &Attributes<'_>, name: &str) -> Option<String> {
        attributes.value(name).map(|value| self.cleaned(value))
    }

    fn cleaned(&mut self, text: &str) -> String {
        if clean::is_clean(text) {
            return text.to_owned();
        }
        self.repaired |= !text.chars().all(clean::is_legal);
        clean::text(text).into_owned()
    }

    fn nearest_group(&mut self) -> Option<&mut Group> {
        self.open.iter_mut().rev().find_map(|node| match node {
            Node::Group(group) => Some(&mut **group),
            Node::Case(_)
            | Node::Properties(_)
            | Node::SuiteProperties
            | Node::Captured
            | Node::InsideCaptured
            | Node::Unknown
            | Node::Ignored => None,
        })
    }

    fn count_case(&mut self, case: usize) {
        let mut tally = Tally::default();
        tally.add_case(&self.cases[case]);
        if let Some(group) = self.nearest_group() {
            group.direct.add(tally);
        }
    }

    fn finish_group(&mut self, group: Group) {
        let mut all = group.direct;
        all.add(group.nested);
        if let Some(claimed) = group.claims.missing_failures(all) {
            self.missing_failures
                .get_or_insert_with(|| format!("suite \"{}\": {claimed}", clean::attribute(&group.name, 256)));
        }
        let difference = group.claims.difference(all);
        // Some writers count only the cases right inside of a suite.
        let difference = difference.filter(|_| group.claims.difference(group.direct).is_some());
        if let Some(difference) = &difference {
            self.difference
                .get_or_insert_with(|| format!("suite \"{}\": {difference}", clean::attribute(&group.name, 256)));
        }
        if let Some(parent) = self.nearest_group() {
            parent.nested.add(all);
        }
        if let Some((follower, _)) = &mut self.follower {
            follower.suite(group, difference);
        }
    }
}
