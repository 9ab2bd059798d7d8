//! Writes one document, everything in its order.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::line::Line;
use super::{Class, ClassName, Cobertura, Counts, Lines, Method};
use crate::model::LineCounts;

impl Cobertura {
    /// Writes the document.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let counts = self.counts();
        let complexity = self.packages.values().flatten().map(|(_, class)| class.complexity).fold(0.0, f64::max);
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(
            out,
            "<coverage version=\"minke {}\" timestamp=\"{}\" lines-valid=\"{}\" lines-covered=\"{}\" \
             branches-valid=\"{}\" branches-covered=\"{}\" {}>",
            env!("CARGO_PKG_VERSION"),
            self.timestamp,
            counts.lines.total,
            counts.lines.covered,
            counts.branches.total,
            counts.branches.covered,
            rates(counts, complexity),
        )?;
        writeln!(out, "  <sources>")?;
        for source in &self.sources {
            writeln!(out, "    <source>{}</source>", escaped(source))?;
        }
        writeln!(out, "  </sources>\n  <packages>")?;
        for (name, classes) in &self.packages {
            let complexity = classes.values().map(|class| class.complexity).fold(0.0, f64::max);
            let rates = rates(Counts::of(classes), complexity);
            writeln!(out, "    <package name=\"{}\" {rates}>\n      <classes>", escaped(name))?;
            classes.iter().try_for_each(|(name, class)| write_class(out, name, class))?;
            writeln!(out, "      </classes>\n    </package>")?;
        }
        writeln!(out, "  </packages>\n</coverage>")
    }
}

fn write_class(out: &mut dyn Write, name: &ClassName, class: &Class) -> io::Result<()> {
    let rates = rates(Counts::of_lines(&class.lines), class.complexity);
    let (file, name) = (escaped(&name.file), escaped(&name.name));
    writeln!(out, "        <class name=\"{name}\" filename=\"{file}\" {rates}>")?;
    writeln!(out, "          <methods>")?;
    for ((name, signature), Method { complexity, lines }) in &class.methods {
        let rates = self::rates(Counts::of_lines(lines), *complexity);
        let (name, signature) = (escaped(name), escaped(signature));
        writeln!(out, "            <method name=\"{name}\" signature=\"{signature}\" {rates}>")?;
        write_lines(out, "              ", lines)?;
        writeln!(out, "            </method>")?;
    }
    writeln!(out, "          </methods>")?;
    write_lines(out, "          ", &class.lines)?;
    writeln!(out, "        </class>")
}

fn write_lines(out: &mut dyn Write, indent: &str, lines: &Lines) -> io::Result<()> {
    writeln!(out, "{indent}<lines>")?;
    for (number, line) in lines {
        writeln!(out, "{indent}  {}", line_element(*number, line))?;
    }
    writeln!(out, "{indent}</lines>")
}

fn line_element(number: u64, Line { hits, branches }: &Line) -> String {
    let mut text = format!("<line number=\"{number}\" hits=\"{hits}\"");
    let Some(branches) = branches else { return text + "/>" };
    let (covered, total) = (branches.covered(), branches.total());
    let percent = (covered * 100).checked_div(total).unwrap_or(100);
    let _ = write!(text, " branch=\"true\" condition-coverage=\"{percent}% ({covered}/{total})\"");
    let missing = branches.missing().collect::<Vec<_>>().join(",");
    if !missing.is_empty() {
        let _ = write!(text, " missing-branches=\"{}\"", escaped(&missing));
    }
    if branches.conditions.is_empty() {
        return text + "/>";
    }
    text += "><conditions>";
    for (number, (kind, rate)) in &branches.conditions {
        let (kind, rate) = (escaped(kind), rate / 100);
        let _ = write!(text, "<condition number=\"{number}\" type=\"{kind}\" coverage=\"{rate}%\"/>");
    }
    text + "</conditions></line>"
}

fn rates(counts: Counts, complexity: f64) -> String {
    let (lines, branches) = (rate(counts.lines), rate(counts.branches));
    format!("line-rate=\"{lines}\" branch-rate=\"{branches}\" complexity=\"{complexity}\"")
}

/// Writes a rate between 0 and 1 with at most four decimals, rounded down so that 1 is all; nothing of nothing is all.
fn rate(counts: LineCounts) -> String {
    if counts.total == 0 {
        return "1".to_owned();
    }
    let parts = u128::from(counts.covered) * 10_000 / u128::from(counts.total);
    let text = format!("{}.{:04}", parts / 10_000, parts % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Escapes text for an element or an attribute; what XML cannot hold becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}
