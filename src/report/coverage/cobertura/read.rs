//! Reads a document of Cobertura's as it comes. Files are hostile: a document type that declares anything ends the reading,
//! nothing is expanded, and what is held is bounded. What stood before a fault counts, and the fault is named.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::atomic::{AtomicU64, Ordering};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::super::faults::{Faults, quoted};
use super::line::{Branches, Line, MOST_BRANCHES};
use super::{Class, ClassName, Cobertura, MOST_ENTRIES, Method};

/// How much of a document is read.
const MOST_BYTES: u64 = 256 << 20;
/// How deep elements may be nested; Cobertura's own are eight deep.
const MOST_DEPTH: usize = 32;

/// What is open while a document is read.
#[derive(Default)]
struct Open {
    elements: Vec<Vec<u8>>,
    package: String,
    class: Option<(ClassName, Class)>,
    method: Option<((String, String), Method)>,
    line: Option<(u64, Line)>,
    source: Option<String>,
    has_packages: bool,
}

impl Cobertura {
    /// Adds a document, which sentences call `name`, and returns what is wrong with it: one sentence each, with the line.
    pub(crate) fn read(&mut self, name: &str, input: impl Read) -> Vec<String> {
        let mut faults = Faults::of(name);
        let lines = AtomicU64::new(1);
        let counted = CountedLines { input: BufReader::new(input.take(MOST_BYTES)), lines: &lines };
        let mut reader = Reader::from_reader(counted);
        let mut open = Open::default();
        let mut buffer = Vec::new();
        self.documents += 1;
        loop {
            buffer.clear();
            let event = reader.read_event_into(&mut buffer);
            let line = lines.load(Ordering::Relaxed);
            let result = match event {
                Ok(Event::Eof) => break,
                Ok(event) => self.take(event, &mut open, &mut |detail| faults.at(line, detail)),
                Err(error) => Err(error.to_string()),
            };
            if let Err(detail) = result {
                faults.at(line, &format!("{detail}; what follows is left out"));
                self.close(&mut open);
                return faults.sentences();
            }
        }
        if reader.buffer_position() >= MOST_BYTES {
            faults.whole(&format!("it has more than {MOST_BYTES} bytes; what follows is left out"));
        } else if !open.elements.is_empty() {
            faults.whole("it breaks off; what it tells up to there counts");
        } else if !open.has_packages {
            faults.whole("it is no Cobertura report: there is no <packages>");
        }
        self.close(&mut open);
        faults.sentences()
    }

    /// Takes what is still open when a document ends too early.
    fn close(&mut self, open: &mut Open) {
        for element in ["line", "method", "class"] {
            self.end(element.as_bytes(), open);
        }
    }

    /// Takes one event. What is wrong with a single element is told to `fault`; an error ends the reading.
    fn take(&mut self, event: Event<'_>, open: &mut Open, fault: &mut dyn FnMut(&str)) -> Result<(), String> {
        match event {
            Event::Start(start) => {
                open.elements.push(start.local_name().as_ref().to_vec());
                if open.elements.len() > MOST_DEPTH {
                    return Err(format!("elements are nested more than {MOST_DEPTH} deep"));
                }
                self.start(&start, open, fault)
            }
            Event::Empty(start) => {
                open.elements.push(start.local_name().as_ref().to_vec());
                self.start(&start, open, fault)?;
                open.elements.pop();
                self.end(start.local_name().as_ref(), open);
                Ok(())
            }
            Event::End(end) => {
                open.elements.pop();
                self.end(end.local_name().as_ref(), open);
                Ok(())
            }
            Event::Text(text) => {
                if let Some(source) = &mut open.source {
                    source.push_str(&text.decode().map_err(|error| error.to_string())?);
                }
                Ok(())
            }
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|error| error.to_string())?.into_owned();
                let character = reference.resolve_char_ref().map_err(|error| error.to_string())?;
                let known = character
                    .map(String::from)
                    .or_else(|| quick_xml::escape::resolve_predefined_entity(&name).map(str::to_owned));
                let known = known.ok_or_else(|| format!("the entity {} is not known", quoted(&name)))?;
                if let Some(source) = &mut open.source {
                    source.push_str(&known);
                }
                Ok(())
            }
            Event::DocType(text) if text.contains(&b'[') => {
                Err("its document type declares something, and such reports are not read".to_owned())
            }
            Event::DocType(_) | Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => {
                Ok(())
            }
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, open: &mut Open, fault: &mut dyn FnMut(&str)) -> Result<(), String> {
        let tag = Tag::of(start)?;
        let depth = open.elements.len();
        match start.local_name().as_ref() {
            b"coverage" if depth == 1 => {
                let written = tag.get("timestamp").and_then(|text| text.parse().ok()).unwrap_or(0);
                self.timestamp = self.timestamp.max(written);
            }
            name if depth == 1 => {
                let name = String::from_utf8_lossy(name);
                return Err(format!("it is no Cobertura report: it begins with <{name}>"));
            }
            b"source" => open.source = Some(String::new()),
            b"packages" => open.has_packages = true,
            b"package" => tag.get("name").unwrap_or_default().clone_into(&mut open.package),
            b"class" => match tag.get("filename").filter(|file| !file.is_empty()) {
                Some(file) => {
                    let name = tag.get("name").unwrap_or_default().to_owned();
                    let class = Class { complexity: tag.complexity(), ..Class::default() };
                    open.class = Some((ClassName { file: file.to_owned(), name }, class));
                }
                None => fault("a <class> has no `filename`; its lines are left out"),
            },
            b"method" => {
                let name = |key| tag.get(key).unwrap_or_default().to_owned();
                let method = Method { complexity: tag.complexity(), ..Method::default() };
                open.method = Some(((name("name"), name("signature")), method));
            }
            b"line" => match tag.line() {
                Ok(line) => open.line = Some(line),
                Err(detail) => fault(&format!("a <line> is left out: {detail}")),
            },
            b"condition" => {
                if let Some((number, kind, rate)) = tag.condition()
                    && let Some((_, Line { branches: Some(branches), .. })) = &mut open.line
                {
                    branches.conditions.insert(number, (kind, rate));
                }
            }
            _ => {}
        }
        if self.entries + open.entries() >= MOST_ENTRIES {
            return Err(format!("there are more than {MOST_ENTRIES} lines"));
        }
        Ok(())
    }

    fn end(&mut self, name: &[u8], open: &mut Open) {
        match name {
            b"source" => {
                let source = open.source.take().unwrap_or_default();
                self.sources.extend(Some(source.trim().to_owned()).filter(|source| !source.is_empty()));
            }
            b"line" => {
                let Some((number, line)) = open.line.take() else { return };
                let lines = match (&mut open.method, &mut open.class) {
                    (Some((_, method)), _) => &mut method.lines,
                    (None, Some((_, class))) => &mut class.lines,
                    (None, None) => return,
                };
                lines.entry(number).or_default().merge(line);
            }
            b"method" => {
                let (Some((name, method)), Some((_, class))) = (open.method.take(), &mut open.class) else { return };
                let methods = [(name, method)].into_iter().collect();
                class.merge(Class { methods, ..Class::default() });
            }
            b"class" => {
                if let Some((name, class)) = open.class.take() {
                    self.add(&open.package, name, class);
                }
            }
            _ => {}
        }
    }
}

impl Open {
    fn entries(&self) -> usize {
        let method = self.method.as_ref().map_or(0, |(_, method)| method.lines.len());
        self.class.as_ref().map_or(0, |(_, class)| class.lines.len() + class.methods.len()) + method
    }
}

/// The attributes of an element.
struct Tag(Vec<(String, String)>);

impl Tag {
    fn of(start: &BytesStart<'_>) -> Result<Self, String> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
            let key = String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned();
            attributes.push((key, value.into_owned()));
        }
        Ok(Self(attributes))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn complexity(&self) -> f64 {
        let value = self.get("complexity").and_then(|text| text.parse::<f64>().ok());
        value.filter(|value| value.is_finite() && *value > 0.0).unwrap_or(0.0)
    }

    fn number(&self, name: &str) -> Result<u64, String> {
        let text = self.get(name).ok_or_else(|| format!("it has no `{name}`"))?;
        text.parse().map_err(|_| format!("{} is no number for `{name}`", quoted(text)))
    }

    /// Reads the line that the element is.
    fn line(&self) -> Result<(u64, Line), String> {
        let (number, hits) = (self.number("number")?, self.number("hits")?);
        let has_branches = self.get("branch").is_some_and(|branch| branch.eq_ignore_ascii_case("true"));
        let branches = match self.get("condition-coverage").filter(|_| has_branches) {
            None => None,
            Some(text) => {
                let (covered, total) = counts_of(text)
                    .ok_or_else(|| format!("{} is no `condition-coverage` such as `50% (1/2)`", quoted(text)))?;
                Some(Branches::new(covered, total, self.get("missing-branches")))
            }
        };
        Ok((number, Line { hits, branches }))
    }

    /// Reads the number, the type and the rate, in hundredths of a percent, of the condition that the element is.
    fn condition(&self) -> Option<(u64, String, u64)> {
        let rate: f64 = self.get("coverage")?.trim().trim_end_matches('%').trim().parse().ok()?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 10,000")]
        let hundredths = (rate.clamp(0.0, 100.0) * 100.0) as u64;
        Some((self.number("number").ok()?, self.get("type").unwrap_or("jump").to_owned(), hundredths))
    }
}

/// Reads the counts of `50% (1/2)`.
fn counts_of(text: &str) -> Option<(u64, u64)> {
    let (_, counts) = text.split_once('(')?;
    let (covered, total) = counts.trim_end().strip_suffix(')')?.split_once('/')?;
    let (covered, total): (u64, u64) = (covered.trim().parse().ok()?, total.trim().parse().ok()?);
    (covered <= total && total <= MOST_BRANCHES).then_some((covered, total))
}

/// Counts the lines that a reader has taken.
struct CountedLines<'a, R> {
    input: BufReader<R>,
    lines: &'a AtomicU64,
}

impl<R: Read> Read for CountedLines<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.count(&buffer[..read]);
        Ok(read)
    }
}

impl<R: Read> BufRead for CountedLines<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.count(&self.input.buffer()[..amount.min(self.input.buffer().len())]);
        self.input.consume(amount);
    }
}

impl<R> CountedLines<'_, R> {
    fn count(&self, taken: &[u8]) {
        self.lines.fetch_add(memchr::memchr_iter(b'\n', taken).count() as u64, Ordering::Relaxed);
    }
}
