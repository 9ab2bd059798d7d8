//! Writes one tracefile, its records, lines, functions and branches each in their order.

use std::io::{self, Write};

use super::{Lcov, Record};

impl Lcov {
    /// Writes the tracefile.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.records.iter().try_for_each(|(source, record)| write_record(out, source, record))
    }
}

fn write_record(out: &mut dyn Write, source: &str, record: &Record) -> io::Result<()> {
    // A record has one test at the most; of several, none is named.
    let test = record.tests.first().filter(|_| record.tests.len() == 1);
    writeln!(out, "TN:{}\nSF:{source}", test.map_or("", String::as_str))?;
    if let Some(version) = record.versions.first() {
        writeln!(out, "VER:{version}")?;
    }
    if !record.functions.is_empty() {
        for (name, function) in &record.functions {
            for (line, end) in &function.places {
                match end {
                    Some(end) => writeln!(out, "FN:{line},{end},{name}")?,
                    None => writeln!(out, "FN:{line},{name}")?,
                }
            }
        }
        for (name, function) in &record.functions {
            if let Some(hits) = function.hits {
                writeln!(out, "FNDA:{hits},{name}")?;
            }
        }
        let hit = record.functions.values().filter(|function| function.hits > Some(0)).count();
        writeln!(out, "FNF:{}\nFNH:{hit}", record.functions.len())?;
    }
    if !record.branches.is_empty() {
        for (branch, taken) in &record.branches {
            let exception = if branch.is_exception { "e" } else { "" };
            let taken = taken.map_or("-".to_owned(), |taken| taken.to_string());
            writeln!(out, "BRDA:{},{exception}{},{},{taken}", branch.line, branch.block.0, branch.name.0)?;
        }
        let hit = record.branches.values().filter(|taken| **taken > Some(0)).count();
        writeln!(out, "BRF:{}\nBRH:{hit}", record.branches.len())?;
    }
    if !record.conditions.is_empty() {
        for (condition, hits) in &record.conditions {
            let (group, index, sense) = (&condition.group.0, &condition.index.0, &condition.sense.0);
            writeln!(out, "MCDC:{},{group},{sense},{hits},{index},{}", condition.line, condition.expression)?;
        }
        let hit = record.conditions.values().filter(|hits| **hits > 0).count();
        writeln!(out, "MCF:{}\nMCH:{hit}", record.conditions.len())?;
    }
    for (number, line) in &record.lines {
        match line.checksums.first() {
            Some(checksum) => writeln!(out, "DA:{number},{},{checksum}", line.hits)?,
            None => writeln!(out, "DA:{number},{}", line.hits)?,
        }
    }
    let hit = record.lines.values().filter(|line| line.hits > 0).count();
    writeln!(out, "LF:{}\nLH:{hit}\nend_of_record", record.lines.len())
}
