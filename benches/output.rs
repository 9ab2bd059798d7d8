//! Output: how fast a lot of it is spooled and with how much memory, and whether any of it is lost.

mod support;

use std::fs;
use std::process::ExitCode;

use clap::Parser;
use support::{Bench, Common, Failure, Grouping, Job, Measured, Side, median, spread, start, verdict};

/// How many containers of the fast exits run at once.
const EXITS_AT_ONCE: u32 = 4;

const MIB: f64 = 1024.0 * 1024.0;

/// Measures how fast output is spooled, and whether any is lost.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// How many MiB one container writes
    #[arg(long)]
    mebibytes: Option<u64>,
    /// How many containers write 20 bytes and end at once, and how many write 200 KB
    #[arg(long)]
    exits: Option<usize>,
}

fn main() -> ExitCode {
    start(|arguments: &Arguments| &arguments.common, measure)
}

fn measure(arguments: &Arguments, bench: &Bench) -> Result<bool, Failure> {
    let quick = arguments.common.quick;
    let bytes = arguments.mebibytes.unwrap_or(if quick { 32 } else { 1024 }) << 20;
    let rounds = arguments.common.rounds.unwrap_or(if quick { 1 } else { 9 });
    if bytes > 0 {
        let zeros = bench.job(&format!("head -c {bytes} /dev/zero"), vec!["unit".to_owned()], Grouping::UnitEach, 1);
        compare_speed("one line without an end, a unit by itself", &zeros, bytes, rounds)?;
        let lines =
            format!("yes 'tests/test_module.py::test_name_of_a_case PASSED    [ 50%] and so on' | head -c {bytes}");
        let lines = bench.job(&lines, vec!["unit1".to_owned(), "unit2".to_owned()], Grouping::AllInOne, 1);
        compare_speed("lines of 70 bytes, two units in the container", &lines, bytes, rounds)?;
    }
    let exits = arguments.exits.unwrap_or(if quick { 20 } else { 1000 });
    let lost = [20, 200_000].map(|bytes| count_losses(bench, exits, bytes));
    let mut differing = 0;
    for lost in lost {
        differing += lost?;
    }
    Ok(differing == 0)
}

/// What one side took for its output, once for each round.
#[derive(Debug, Default)]
struct Rounds {
    /// Megabytes a second.
    speed: Vec<f64>,
    /// Processor time of the side's process, in seconds.
    processor: Vec<f64>,
    /// The greatest peak memory of all rounds, in MiB.
    peak_memory: f64,
}

/// Runs both sides alternately and prints how fast they took the output.
fn compare_speed(what: &str, job: &Job, bytes: u64, rounds: usize) -> Result<(), Failure> {
    let (mut minke, mut plain) = (Rounds::default(), Rounds::default());
    for round in 0..rounds {
        let mut sides = [(Side::Minke, &mut minke), (Side::Loop, &mut plain)];
        if round % 2 == 1 {
            sides.reverse();
        }
        for (side, rounds) in sides {
            rounds.add(&job.by(side).run()?, bytes)?;
        }
    }
    let ratios: Vec<f64> = minke.speed.iter().zip(&plain.speed).map(|(minke, plain)| minke / plain).collect();
    let ratio = median(&ratios);
    println!("\n{} MiB, {what}; {rounds} rounds, medians", bytes >> 20);
    for (name, side) in [("minke", &minke), ("loop", &plain)] {
        println!("  {name:<5} {:.0} MB/s, {:.2} s of processor time", median(&side.speed), median(&side.processor));
    }
    println!("speed ratio {ratio:.2} ({}), {}", spread(&ratios), verdict(ratio, 0.8..));
    println!("minke's peak memory {:.1} MiB, {}", minke.peak_memory, verdict(minke.peak_memory, ..=64.0));
    Ok(())
}

impl Rounds {
    /// Takes what a side took, if every byte has arrived, and removes the bytes.
    fn add(&mut self, measured: &Measured, bytes: u64) -> Result<(), Failure> {
        let mut spooled = 0;
        for output in &measured.outputs {
            spooled += fs::metadata(&output.stdout)?.len();
            // The next side shall not wait for this one's bytes on their way to the disk.
            fs::remove_file(&output.stdout)?;
        }
        if spooled != bytes {
            return Err(format!("{bytes} bytes were written and {spooled} spooled").into());
        }
        self.speed.push(bytes as f64 / 1e6 / measured.wall.as_secs_f64());
        self.processor.push(measured.processor.as_secs_f64());
        self.peak_memory = self.peak_memory.max(measured.peak_memory as f64 / MIB);
        Ok(())
    }
}

/// Runs containers that write to both streams and end at once, and counts the files that are not what was written.
fn count_losses(bench: &Bench, exits: usize, bytes: usize) -> Result<usize, Failure> {
    let units: Vec<String> = (0..exits).map(|number| format!("unit{number:06}")).collect();
    // 20 bytes are one write of the shell's own, with nothing between it and the end.
    let work = if bytes == 20 {
        "echo \"$unit/err/err/\" >&2; echo \"$unit/out/out/\"".to_owned()
    } else {
        format!("yes \"$unit/err\" | head -c {bytes} >&2; yes \"$unit/out\" | head -c {bytes}")
    };
    let job = bench.job(&work, units, Grouping::UnitEach, EXITS_AT_ONCE).by(Side::Minke);
    let measured = job.run()?;
    let mut differing = 2 * (exits - measured.outputs.len().min(exits));
    for output in &measured.outputs {
        for (path, stream) in [(&output.stdout, "out"), (&output.stderr, "err")] {
            let expected = expected(&output.unit, stream, bytes);
            differing += usize::from(fs::read(path).map_or(true, |found| found != expected));
        }
    }
    println!("\n{exits} containers that write {bytes} bytes to each stream and end, {EXITS_AT_ONCE} at once");
    println!(
        "files that differ from what was written: {differing} of {}, {}",
        2 * exits,
        verdict(differing as f64, ..=0.0)
    );
    Ok(differing)
}

/// Returns what a container writes to one stream.
fn expected(unit: &str, stream: &str, bytes: usize) -> Vec<u8> {
    if bytes == 20 {
        return format!("{unit}/{stream}/{stream}/\n").into_bytes();
    }
    let mut text = format!("{unit}/{stream}\n").repeat(bytes.div_ceil(unit.len() + stream.len() + 2));
    text.truncate(bytes);
    text.into_bytes()
}
