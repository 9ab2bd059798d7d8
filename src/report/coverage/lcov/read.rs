//! Reads a tracefile line by line. What cannot be read is named, and the rest counts.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};

use super::super::faults::{Faults, quoted};
use super::{Branch, Condition, Label, Lcov, MOST_ENTRIES, Record};

/// The longest line that is read.
const LINE_BYTES: u64 = 64 << 10;
/// Lines that are counted anew when the file is written.
const SUMS: [&str; 8] = ["FNF", "FNH", "BRF", "BRH", "MCF", "MCH", "LF", "LH"];

/// A record while it is read.
#[derive(Default)]
struct Open {
    source: String,
    record: Record,
    /// The functions by the numbers that lcov 2.2 gives them, with where they are.
    numbered: HashMap<String, (u64, Option<u64>)>,
}

impl Lcov {
    /// Adds a tracefile, which sentences call `name`, and returns what is wrong with it: one sentence each, with the line.
    pub(crate) fn read(&mut self, name: &str, input: impl Read) -> Vec<String> {
        let mut faults = Faults::of(name);
        if let Err(error) = self.read_lines(input, &mut faults) {
            faults.whole(&format!("it cannot be read to its end: {error}"));
        }
        faults.sentences()
    }

    fn read_lines(&mut self, input: impl Read, faults: &mut Faults<'_>) -> io::Result<()> {
        let mut input = BufReader::new(input);
        let mut test = None;
        let mut open: Option<Open> = None;
        let mut bytes = Vec::new();
        for number in 1.. {
            bytes.clear();
            if (&mut input).take(LINE_BYTES).read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
            if bytes.len() as u64 == LINE_BYTES && bytes.last() != Some(&b'\n') {
                faults.at(number, "it is longer than any line of lcov's; it is left out");
                skip_line(&mut input)?;
                continue;
            }
            let text = String::from_utf8_lossy(&bytes);
            let text = text.trim_end_matches(['\n', '\r']).trim_start_matches('\u{feff}');
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            let held = self.entries + open.as_ref().map_or(0, |open| open.record.entries());
            if held >= MOST_ENTRIES {
                faults.at(number, &format!("more than {MOST_ENTRIES} lines and branches; what follows is left out"));
                break;
            }
            match text.split_once(':').unwrap_or((text, "")) {
                ("TN", name) => test = Some(name.trim()).filter(|name| !name.is_empty()).map(str::to_owned),
                ("SF", source) => {
                    if let Some(open) = open.take() {
                        faults.at(number, &format!("the record of {} has no `end_of_record`", quoted(&open.source)));
                        self.add(open.source, open.record);
                    }
                    let mut begun = Open { source: source.to_owned(), ..Open::default() };
                    begun.record.tests.extend(test.clone());
                    open = Some(begun);
                }
                ("end_of_record", "") => match open.take() {
                    Some(open) => self.add(open.source, open.record),
                    None => faults.at(number, "`end_of_record` without a record"),
                },
                (sum, _) if SUMS.contains(&sum) => {}
                (key, value) => match &mut open {
                    None => faults.at(number, &format!("{} stands before any `SF` line", quoted(text))),
                    Some(open) => {
                        if open.take(key, value).is_none() {
                            faults.at(number, &format!("{} is no line of lcov's; it is left out", quoted(text)));
                        }
                    }
                },
            }
        }
        if let Some(open) = open {
            faults.whole(&format!("it ends within the record of {}", quoted(&open.source)));
            self.add(open.source, open.record);
        }
        Ok(())
    }
}

impl Open {
    /// Takes a line of the record; `None` when it is malformed.
    fn take(&mut self, key: &str, value: &str) -> Option<()> {
        let record = &mut self.record;
        match key {
            "VER" => {
                record.versions.insert(value.to_owned());
            }
            "DA" => {
                let (line, rest) = value.split_once(',')?;
                let (hits, checksum) = rest.split_once(',').map_or((rest, None), |(hits, sum)| (hits, Some(sum)));
                let (line, hits) = (number(line)?, number(hits)?);
                record.run_line(line, hits, checksum.filter(|sum| !sum.is_empty()).map(str::to_owned));
            }
            "FN" => {
                let (line, rest) = value.split_once(',')?;
                let end = rest.split_once(',').and_then(|(end, name)| Some((number(end)?, name)));
                let (end, name) = end.map_or((None, rest), |(end, name)| (Some(end), name));
                record.functions.entry(name.to_owned()).or_default().places.insert((number(line)?, end));
            }
            "FNDA" => {
                let (hits, name) = value.split_once(',')?;
                call(record, name, number(hits)?);
            }
            "FNL" => {
                let (index, lines) = value.split_once(',')?;
                let (line, end) = lines.split_once(',').map_or((lines, None), |(line, end)| (line, Some(end)));
                let end = end.map(|end| number(end).ok_or(())).transpose().ok()?;
                self.numbered.insert(index.to_owned(), (number(line)?, end));
            }
            "FNA" => {
                let (index, rest) = value.split_once(',')?;
                let (hits, name) = rest.split_once(',')?;
                let (place, hits) = (*self.numbered.get(index)?, number(hits)?);
                call(record, name, hits);
                record.functions.entry(name.to_owned()).or_default().places.insert(place);
            }
            "BRDA" => {
                let (branch, taken) = branch(value)?;
                record.take_branch(branch, taken);
            }
            "MCDC" => {
                let (condition, hits) = condition(value)?;
                let known = record.conditions.entry(condition).or_default();
                *known = known.saturating_add(hits);
            }
            _ => return None,
        }
        Some(())
    }
}

fn call(record: &mut Record, name: &str, hits: u64) {
    let function = record.functions.entry(name.to_owned()).or_default();
    function.hits = super::sum(function.hits, Some(hits));
}

/// Reads `LINE,[e]BLOCK,BRANCH,TAKEN`; a branch may be an expression with commas in it.
fn branch(value: &str) -> Option<(Branch, Option<u64>)> {
    let (line, rest) = value.split_once(',')?;
    let (block, rest) = rest.split_once(',')?;
    let (name, taken) = rest.rsplit_once(',')?;
    let (is_exception, block) = block.strip_prefix('e').map_or((false, block), |block| (true, block));
    let taken = if taken == "-" { None } else { Some(number(taken)?) };
    let (block, name) = (Label(block.to_owned()), Label(name.to_owned()));
    Some((Branch { line: number(line)?, is_exception, block, name }, taken))
}

/// Reads `LINE,GROUP,SENSE,TAKEN,INDEX,EXPRESSION`.
fn condition(value: &str) -> Option<(Condition, u64)> {
    let mut parts = value.splitn(6, ',');
    let mut next = || parts.next().map(|part| Label(part.to_owned()));
    let (line, group, sense, taken, index, expression) = (next()?, next()?, next()?, next()?, next()?, next()?);
    let condition = Condition { line: number(&line.0)?, group, index, sense, expression: expression.0 };
    Some((condition, number(&taken.0)?))
}

/// Reads a number without a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Passes over the rest of a line.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let Some(end) = memchr::memchr(b'\n', buffer) else {
            let length = buffer.len();
            if length == 0 {
                return Ok(());
            }
            input.consume(length);
            continue;
        };
        input.consume(end + 1);
        return Ok(());
    }
}
