//! Merge: how long 100,000 cases take against a bare pass of quick-xml over the same bytes, and with how much memory.
//!
//! Needs no engine. Each side is a process of its own, this program called again, so that memory is that side's alone.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;
use std::{env, io};

use clap::Parser;
use minke::report::junit::merge::{Input, Merge, MergeOptions, Source};
use quick_xml::events::Event;
use quick_xml::{Reader, Writer};

type Failure = Box<dyn Error>;

/// The first argument of a process that is one side.
const SIDE: &str = "--side";

/// What is measured: the merge, a bare pass, and a pass that writes.
const SIDES: [&str; 3] = ["merge", "parse", "copy"];

const MIB: f64 = 1024.0 * 1024.0;

/// How many bytes of text a case has; with its tags it has about 1,000.
const TEXT: usize = 900;

/// Measures a merge of many cases.
#[derive(Debug, Parser)]
struct Arguments {
    /// Runs everything small, only to see that it works
    #[arg(long)]
    quick: bool,
    /// How many times each pair of sides is measured
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Directory for the reports, removed afterwards
    #[arg(long, default_value_os_t = env::temp_dir())]
    dir: PathBuf,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

/// What a side took.
struct Measured {
    seconds: f64,
    /// The most memory that the process had resident (`ru_maxrss`), in MiB.
    memory: f64,
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().collect();
    let result = match words.get(1..) {
        Some([side, what, dir]) if side == SIDE => serve(what, Path::new(dir)).map(|()| true),
        _ => {
            let arguments = Arguments::parse();
            if !arguments.bench {
                // `cargo test --all-targets` starts benches too, without this flag.
                eprintln!("this is a bench: run it with `cargo bench`");
                return ExitCode::SUCCESS;
            }
            measure(&arguments)
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Result<bool, Failure> {
    let dir = tempfile::Builder::new().prefix("minke-bench-").tempdir_in(&arguments.dir)?;
    let scale = if arguments.quick { 100 } else { 1 };
    let rounds = if arguments.quick { 1 } else { arguments.rounds };
    let mut good = true;
    let mut flat = Vec::new();
    for (files, cases) in [(1000, 100), (10, 10_000), (1, 10_000), (1, 100_000)] {
        let name = format!("{files}x{cases}");
        let bytes = write_reports(&dir.path().join(&name), files, (cases / scale).max(1))?;
        let (mut ratios, mut to_copy, mut memory) = (Vec::new(), Vec::new(), 0.0_f64);
        for round in 0..rounds {
            let mut seconds = [0.0; SIDES.len()];
            for step in 0..SIDES.len() {
                let place = (round + step) % SIDES.len();
                let measured = run(SIDES[place], &dir.path().join(&name))?;
                seconds[place] = measured.seconds;
                if SIDES[place] == "merge" {
                    memory = memory.max(measured.memory);
                }
            }
            ratios.push(seconds[0] / seconds[1]);
            to_copy.push(seconds[0] / seconds[2]);
        }
        ratios.sort_by(f64::total_cmp);
        to_copy.sort_by(f64::total_cmp);
        let ratio = ratios[ratios.len() / 2];
        println!(
            "{files} files of {cases} cases, {:.0} MB: wall ratio to a bare pass {ratio:.2} ({:.2} .. {:.2}), peak memory {memory:.1} MiB",
            bytes as f64 / 1e6,
            ratios[0],
            ratios[ratios.len() - 1],
        );
        println!("  wall ratio to a pass that writes what it reads: {:.2}", to_copy[to_copy.len() / 2]);
        if files == 1000 {
            good &= said("wall ratio <= 3", ratio <= 3.0);
        } else {
            flat.push(memory);
        }
        good &= said("peak memory <= 150 MiB", memory <= 150.0);
        fs::remove_dir_all(dir.path().join(&name))?;
    }
    let growth = flat[2] / flat[1];
    println!("peak memory of one file of 100,000 cases / of 10,000: {growth:.2}");
    Ok(said("flat: <= 1.5", growth <= 1.5) && good || arguments.quick)
}

fn said(bar: &str, is_met: bool) -> bool {
    println!("  {bar}: {}", if is_met { "met" } else { "MISSED" });
    is_met
}

/// Runs a side in a process of its own.
fn run(side: &str, dir: &Path) -> Result<Measured, Failure> {
    let ended = Command::new(env::current_exe()?).arg(SIDE).arg(side).arg(dir).output()?;
    if !ended.status.success() {
        return Err(format!("{side} failed: {}", String::from_utf8_lossy(&ended.stderr)).into());
    }
    // A merge makes a new file; to empty an old one would be measured with it.
    let _ = fs::remove_file(dir.with_extension("out"));
    let text = String::from_utf8(ended.stdout)?;
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    let mut number = || numbers.next().ok_or("a side said too little")?.map_err(Failure::from);
    Ok(Measured { seconds: number()?, memory: number()? / MIB })
}

fn serve(side: &str, dir: &Path) -> Result<(), Failure> {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    let begun = Instant::now();
    match side {
        "merge" => merge(&paths, &dir.with_extension("out"))?,
        "parse" => parse(&paths)?,
        "copy" => copy(&paths, &dir.with_extension("out"))?,
        _ => return Err(format!("no side `{side}`").into()),
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{seconds} {}", peak_memory()?);
    Ok(())
}

fn merge(paths: &[PathBuf], out: &Path) -> Result<(), Failure> {
    let input = |path: &PathBuf| Input { path: path.display().to_string(), source: Source::File(path.clone()) };
    let inputs: Vec<Input> = paths.iter().map(input).collect();
    let merge = Merge::read(inputs, &MergeOptions::default())?;
    let written = merge.write(&mut File::create(out)?)?;
    if written.cases != merge.summary().cases || !merge.summary().is_whole() {
        return Err("cases were lost".into());
    }
    Ok(())
}

/// Looks at every event, and does nothing with it.
fn parse(paths: &[PathBuf]) -> Result<(), Failure> {
    let mut buffer = Vec::new();
    for path in paths {
        let mut reader = Reader::from_reader(BufReader::with_capacity(64 * 1024, File::open(path)?));
        while !matches!(reader.read_event_into(&mut buffer)?, Event::Eof) {
            buffer.clear();
        }
    }
    Ok(())
}

/// Writes every event to one file, unchanged: the least that a program can do that writes what it reads.
fn copy(paths: &[PathBuf], out: &Path) -> Result<(), Failure> {
    let mut writer = Writer::new(BufWriter::with_capacity(64 * 1024, File::create(out)?));
    let mut buffer = Vec::new();
    for path in paths {
        let mut reader = Reader::from_reader(BufReader::with_capacity(64 * 1024, File::open(path)?));
        loop {
            match reader.read_event_into(&mut buffer)? {
                Event::Eof => break,
                event => writer.write_event(event)?,
            }
            buffer.clear();
        }
    }
    Ok(writer.into_inner().flush()?)
}

/// Writes reports in which every tenth case fails, as pytest does; returns how many bytes they have.
fn write_reports(dir: &Path, files: usize, cases: usize) -> io::Result<u64> {
    fs::create_dir_all(dir)?;
    let text = "    assert total == 3, \"the cart's total\"  # tests/shop/test_cart.py:17\n".repeat(1 + TEXT / 70);
    let mut bytes = 0;
    for file in 0..files {
        let path = dir.join(format!("report-{file:04}.xml"));
        let mut out = BufWriter::new(File::create(&path)?);
        write!(
            out,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><testsuites><testsuite name=\"suite{file}\" errors=\"0\" \
             failures=\"{}\" skipped=\"0\" tests=\"{cases}\" timestamp=\"2026-11-21T02:00:00\" hostname=\"host\">",
            cases.div_ceil(10)
        )?;
        for case in 0..cases {
            write!(
                out,
                "<testcase classname=\"tests.shop.test_cart\" name=\"test_case_{case}\" time=\"0.0{}\">",
                case % 90 + 10
            )?;
            let text = &text[..TEXT];
            if case % 10 == 0 {
                write!(out, "<failure message=\"AssertionError: assert 2 == 3\">{text}</failure></testcase>")?;
            } else {
                write!(out, "<system-out>{text}</system-out></testcase>")?;
            }
        }
        write!(out, "</testsuite></testsuites>")?;
        out.flush()?;
        bytes += fs::metadata(&path)?.len();
    }
    Ok(bytes)
}

/// Returns the most memory that this process ever had resident, in bytes: what `getrusage` calls `ru_maxrss`.
fn peak_memory() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|number| number.trim().parse().ok());
    kibibytes.map(|kibibytes: u64| kibibytes << 10).ok_or_else(|| io::Error::other("/proc/self/status has no VmHWM"))
}
