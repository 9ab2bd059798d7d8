//! How long files of unequal length take together: a free place takes the next file, or whole waves of files.

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::{Bench, Common, Failure, Grouping, Measured, Side, median, spread, start, verdict};

/// How many containers may run at once.
const AT_ONCE: u32 = 3;

/// The files' lengths in hundredths of a second, from 0.3 to 3 s, each 1.39 times the one before.
const LENGTHS: [u32; 8] = [30, 42, 58, 80, 112, 155, 216, 300];

/// Measures how long files of unequal length take together.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// In how many orders the files are run
    #[arg(long)]
    orders: Option<u64>,
}

fn main() -> ExitCode {
    start(|arguments: &Arguments| &arguments.common, measure)
}

fn measure(arguments: &Arguments, bench: &Bench) -> Result<bool, Failure> {
    let quick = arguments.common.quick;
    let orders = arguments.orders.unwrap_or(if quick { 1 } else { 5 });
    let rounds = arguments.common.rounds.unwrap_or(1);
    let shrink = if quick { 10 } else { 1 };
    let bound = lower_bound() / f64::from(shrink);
    println!("\n{} files, {AT_ONCE} at once; lower bound max(longest, sum / {AT_ONCE}) = {bound:.2} s", LENGTHS.len());
    let (mut ratios, mut minke_ratios, mut wave_ratios) = (Vec::new(), Vec::new(), Vec::new());
    for order in 0..orders {
        let lengths = shuffled(order);
        let units = lengths.iter().enumerate().map(|(place, length)| format!("file{place}-{length}")).collect();
        let work = format!("sleep $(awk \"BEGIN {{ print ${{unit##*-}} / {} }}\")", 100 * shrink);
        let job = bench.job(&work, units, Grouping::UnitEach, AT_ONCE);
        let (mut minke, mut waves) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            minke.push(wall(&job.by(Side::Minke).run()?));
            waves.push(wall(&job.by(Side::Waves).run()?));
        }
        let (minke, waves) = (median(&minke), median(&waves));
        println!("order {lengths:?}: minke {minke:.2} s, waves {waves:.2} s, ratio {:.2}", minke / waves);
        ratios.push(minke / waves);
        minke_ratios.push(minke / bound);
        wave_ratios.push(waves / bound);
    }
    let ratio = median(&ratios);
    println!("minke / waves: median {ratio:.2} ({}), {}", spread(&ratios), verdict(ratio, ..=1.0));
    println!("minke / bound: median {:.2} ({})", median(&minke_ratios), spread(&minke_ratios));
    println!("waves / bound: median {:.2} ({})", median(&wave_ratios), spread(&wave_ratios));
    Ok(true)
}

fn wall(measured: &Measured) -> f64 {
    measured.wall.as_secs_f64()
}

fn lower_bound() -> f64 {
    let longest = LENGTHS.iter().copied().max().unwrap_or(0);
    let sum: u32 = LENGTHS.iter().sum();
    f64::from(longest).max(f64::from(sum) / f64::from(AT_ONCE)) / 100.0
}

/// Shuffles the lengths (Fisher and Yates), the same way for the same seed on every machine.
fn shuffled(seed: u64) -> [u32; 8] {
    let mut lengths = LENGTHS;
    let mut state = seed;
    for last in (1..lengths.len()).rev() {
        // The multiplier and increment are those of Knuth's MMIX; the high bits are the good ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = usize::try_from((state >> 33) % (last as u64 + 1)).expect("the place is in the array");
        lengths.swap(last, place);
    }
    lengths
}
