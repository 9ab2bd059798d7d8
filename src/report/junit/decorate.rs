//! Adds to junit-report's XML what that crate cannot write; changes nothing of what it wrote.

use quick_xml::events::{BytesCData, BytesEnd, BytesStart, Event};
use quick_xml::{Reader, Writer};

/// Where Surefire writes what an earlier execution said.
const STACK_TRACE: &str = "stackTrace";

/// What is added to a document.
#[derive(Debug, Default)]
pub(crate) struct Additions {
    /// Attributes of `<testsuites>`.
    pub(crate) attributes: Vec<(&'static str, String)>,
    /// For each suite in its order.
    pub(crate) suites: Vec<SuiteAdditions>,
}

/// What is added to a `<testsuite>`.
#[derive(Debug, Default)]
pub(crate) struct SuiteAdditions {
    /// Attributes after those that it has.
    pub(crate) attributes: Vec<(&'static str, String)>,
    /// Its `<properties>`, before its cases.
    pub(crate) properties: Vec<(String, String)>,
    /// For each case in its order.
    pub(crate) cases: Vec<CaseAdditions>,
}

/// What is added to a `<testcase>`.
#[derive(Debug, Default)]
pub(crate) struct CaseAdditions {
    /// Attributes after those that it has.
    pub(crate) attributes: Vec<(&'static str, String)>,
    /// Its `<properties>`, before everything else.
    pub(crate) properties: Vec<(String, String)>,
    /// What earlier executions said, after the failure or error and before the outputs.
    pub(crate) earlier: Vec<EarlierAddition>,
}

/// A `flaky...` or `rerun...` element of Surefire's.
#[derive(Debug)]
pub(crate) struct EarlierAddition {
    pub(crate) element: &'static str,
    pub(crate) r#type: String,
    pub(crate) message: String,
    /// Made for a CDATA section.
    pub(crate) body: String,
}

/// Copies a document that junit-report wrote, with the additions.
///
/// # Errors
/// Fails if the document is not well-formed.
pub(crate) fn decorate(document: &[u8], additions: &Additions) -> Result<Vec<u8>, quick_xml::Error> {
    let mut reader = Reader::from_reader(document);
    let mut writer = Writer::new(Vec::with_capacity(document.len() + document.len() / 4));
    let mut suites = additions.suites.iter();
    let mut cases = [].iter();
    let mut earlier: &[EarlierAddition] = &[];
    loop {
        let event = reader.read_event()?;
        let is_empty = matches!(event, Event::Empty(_));
        match event {
            Event::Eof => return Ok(writer.into_inner()),
            Event::Start(start) | Event::Empty(start) => match start.name().as_ref() {
                b"testsuites" => element(&mut writer, start, is_empty, &additions.attributes, &[])?,
                b"testsuite" => {
                    let suite = suites.next().expect("junit-report writes each suite once, in its order");
                    cases = suite.cases.iter();
                    element(&mut writer, start, is_empty, &suite.attributes, &suite.properties)?;
                }
                b"testcase" => {
                    let case = cases.next().expect("junit-report writes each case once, in its order");
                    if is_empty && !case.earlier.is_empty() {
                        let end = start.to_end().into_owned();
                        element(&mut writer, start, false, &case.attributes, &case.properties)?;
                        add_earlier(&mut writer, &case.earlier)?;
                        writer.write_event(Event::End(end))?;
                    } else {
                        element(&mut writer, start, is_empty, &case.attributes, &case.properties)?;
                        earlier = if is_empty { &[] } else { &case.earlier };
                    }
                }
                b"system-out" | b"system-err" => {
                    add_earlier(&mut writer, std::mem::take(&mut earlier))?;
                    element(&mut writer, start, is_empty, &[], &[])?;
                }
                _ => element(&mut writer, start, is_empty, &[], &[])?,
            },
            Event::End(end) => {
                if end.name().as_ref() == b"testcase" {
                    add_earlier(&mut writer, std::mem::take(&mut earlier))?;
                }
                writer.write_event(Event::End(end))?;
            }
            other => writer.write_event(other)?,
        }
    }
}

fn add_earlier(writer: &mut Writer<Vec<u8>>, earlier: &[EarlierAddition]) -> Result<(), quick_xml::Error> {
    for EarlierAddition { element, r#type, message, body } in earlier {
        let start =
            BytesStart::new(*element).with_attributes([("type", r#type.as_str()), ("message", message.as_str())]);
        writer.write_event(Event::Start(start))?;
        writer.write_event(Event::Start(BytesStart::new(STACK_TRACE)))?;
        writer.write_event(Event::CData(BytesCData::new(body.as_str())))?;
        writer.write_event(Event::End(BytesEnd::new(STACK_TRACE)))?;
        writer.write_event(Event::End(BytesEnd::new(*element)))?;
    }
    Ok(())
}

fn element(
    writer: &mut Writer<Vec<u8>>,
    mut start: BytesStart<'_>,
    is_empty: bool,
    attributes: &[(&'static str, String)],
    properties: &[(String, String)],
) -> Result<(), quick_xml::Error> {
    for (name, value) in attributes {
        start.push_attribute((*name, value.as_str()));
    }
    if properties.is_empty() {
        writer.write_event(if is_empty { Event::Empty(start) } else { Event::Start(start) })?;
        return Ok(());
    }
    let end = start.to_end().into_owned();
    writer.write_event(Event::Start(start))?;
    writer.write_event(Event::Start(BytesStart::new("properties")))?;
    for (name, value) in properties {
        let property = BytesStart::new("property");
        let property = property.with_attributes([("name", name.as_str()), ("value", value.as_str())]);
        writer.write_event(Event::Empty(property))?;
    }
    writer.write_event(Event::End(BytesEnd::new("properties")))?;
    if is_empty {
        writer.write_event(Event::End(end))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use junit_report::{Duration, OffsetDateTime, Report, TestCase, TestCaseBuilder, TestSuite};
    use proptest::prelude::*;
    use quick_xml::Reader;
    use quick_xml::escape::escape;
    use quick_xml::events::Event;

    use super::{Additions, CaseAdditions, EarlierAddition, SuiteAdditions, decorate};
    use crate::report::junit::clean;

    /// Takes the additions out of a document again, on its bytes.
    fn undecorate(document: &[u8], additions: &Additions) -> String {
        let text = std::str::from_utf8(document).unwrap();
        let mut reader = Reader::from_reader(document);
        let mut suites = additions.suites.iter();
        let mut cases = [].iter();
        let mut plain = String::new();
        let mut in_properties = false;
        let mut in_earlier = false;
        let mut from = 0;
        loop {
            let event = reader.read_event().unwrap();
            let to = reader.buffer_position() as usize;
            let raw = &text[from..to];
            from = to;
            let is_earlier = |name: &[u8]| name.starts_with(b"flaky") || name.starts_with(b"rerun");
            match &event {
                Event::Eof => return plain,
                Event::Start(start) if is_earlier(start.name().as_ref()) => in_earlier = true,
                Event::End(end) if is_earlier(end.name().as_ref()) => in_earlier = false,
                _ if in_earlier => {}
                Event::Start(start) | Event::Empty(start) => match start.name().as_ref() {
                    b"properties" => in_properties = true,
                    b"testsuites" => plain.push_str(&without(raw, &additions.attributes)),
                    b"testsuite" => {
                        let suite = suites.next().unwrap();
                        cases = suite.cases.iter();
                        plain.push_str(&without(raw, &suite.attributes));
                    }
                    b"testcase" => plain.push_str(&without(raw, &cases.next().unwrap().attributes)),
                    _ if in_properties => {}
                    _ => plain.push_str(raw),
                },
                Event::End(end) if end.name().as_ref() == b"properties" => in_properties = false,
                // junit-report writes no start right before its end: such an element was empty.
                Event::End(end)
                    if plain.ends_with('>') && !plain.ends_with("/>") && is_open(&plain, end.name().as_ref()) =>
                {
                    plain.pop();
                    plain.push_str("/>");
                }
                _ if in_properties => {}
                _ => plain.push_str(raw),
            }
        }
    }

    fn is_open(plain: &str, name: &[u8]) -> bool {
        let start = format!("<{} ", std::str::from_utf8(name).unwrap());
        !plain.ends_with("]]>") && plain.rfind('<').is_some_and(|at| plain[at..].starts_with(&start))
    }

    fn without(raw: &str, attributes: &[(&'static str, String)]) -> String {
        let (rest, end) = match raw.strip_suffix("/>") {
            Some(rest) => (rest, "/>"),
            None => (raw.strip_suffix('>').unwrap(), ">"),
        };
        let added: String =
            attributes.iter().map(|(name, value)| format!(" {name}=\"{}\"", escape(value.as_str()))).collect();
        format!("{}{end}", rest.strip_suffix(&added).expect("the additions stand at the end of the tag"))
    }

    fn line() -> impl Strategy<Value = String> {
        let special =
            prop::sample::select(vec!["<a b='c'/>", "</testcase>", "]]>", "&amp;", "<properties>", "\"", "x"]);
        prop_oneof![any::<String>(), special.prop_map(str::to_owned)].prop_map(|text| clean::attribute(&text, 100))
    }

    fn attributes() -> impl Strategy<Value = Vec<(&'static str, String)>> {
        prop::collection::vec((prop::sample::select(vec!["skipped", "file", "line"]), line()), 0..3)
    }

    fn properties() -> impl Strategy<Value = Vec<(String, String)>> {
        prop::collection::vec((line(), line()), 0..3)
    }

    fn earlier() -> impl Strategy<Value = Vec<EarlierAddition>> {
        let element = prop::sample::select(vec!["flakyFailure", "flakyError", "rerunFailure", "rerunError"]);
        let addition = (element, line(), line(), line()).prop_map(|(element, r#type, message, body)| EarlierAddition {
            element,
            r#type,
            message,
            body: clean::body(&body),
        });
        prop::collection::vec(addition, 0..3)
    }

    fn a_case() -> impl Strategy<Value = (TestCase, CaseAdditions)> {
        (line(), line(), prop::option::of(line()), 0..4, attributes(), (properties(), earlier())).prop_map(
            |(name, text, output, kind, attributes, (properties, earlier))| {
                let mut case = match kind {
                    0 => TestCaseBuilder::success(&name, Duration::ZERO),
                    1 => TestCaseBuilder::skipped(&name),
                    2 => TestCaseBuilder::error(&name, Duration::ZERO, &text, &name),
                    _ => TestCaseBuilder::failure(&name, Duration::ZERO, &text, &name),
                };
                case.set_classname(&text).set_trace(&clean::body(&text));
                if let Some(output) = output {
                    case.set_system_out(&clean::body(&output));
                }
                (case.build(), CaseAdditions { attributes, properties, earlier })
            },
        )
    }

    fn a_suite() -> impl Strategy<Value = (TestSuite, SuiteAdditions)> {
        (line(), prop::collection::vec(a_case(), 0..4), attributes(), properties()).prop_map(
            |(name, cases, attributes, properties)| {
                let (test_cases, cases) = cases.into_iter().unzip();
                let mut suite = TestSuite::new(&name);
                suite.timestamp = OffsetDateTime::UNIX_EPOCH;
                suite.testcases = test_cases;
                (suite, SuiteAdditions { attributes, properties, cases })
            },
        )
    }

    proptest! {
        #[test]
        fn a_decorated_document_without_the_additions_is_the_document(
            suites in prop::collection::vec(a_suite(), 0..4),
            attributes in attributes(),
        ) {
            let (test_suites, suites): (Vec<_>, Vec<_>) = suites.into_iter().unzip();
            let mut report = Report::new();
            report.add_testsuites(test_suites);
            let mut document = Vec::new();
            report.write_xml(&mut document).unwrap();
            let additions = Additions { attributes, suites };
            let decorated = decorate(&document, &additions).unwrap();
            prop_assert_eq!(undecorate(&decorated, &additions), String::from_utf8(document).unwrap());
        }
    }
}
