//! What a container costs: one for each unit, by minke and by a minimal loop of the same calls, side by side.

mod support;

use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::Parser;
use support::{Bench, Common, Failure, Grouping, Measured, Side, median, spread, start, verdict};

/// How many containers are run at once, in turn. The last is replaced by twice the number of cores when that is more.
const AT_ONCE: [u32; 3] = [1, 2, 4];

/// Measures what a container costs.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// How many units, and so containers, each side runs
    #[arg(long)]
    units: Option<usize>,
}

/// What one side took, once for each round.
#[derive(Debug, Default)]
struct Rounds {
    wall: Vec<f64>,
    processor: Vec<f64>,
    peak_memory: Vec<f64>,
}

/// Both sides with one number of containers at once.
struct Pair {
    at_once: u32,
    units: usize,
    minke: Rounds,
    plain: Rounds,
}

fn main() -> ExitCode {
    start(|arguments: &Arguments| &arguments.common, measure)
}

fn measure(arguments: &Arguments, bench: &Bench) -> Result<bool, Failure> {
    let quick = arguments.common.quick;
    let units = arguments.units.unwrap_or(if quick { 4 } else { 48 });
    let rounds = arguments.common.rounds.unwrap_or(if quick { 1 } else { 7 });
    let mut pairs: Vec<Pair> = concurrencies()
        .into_iter()
        .map(|at_once| Pair { at_once, units, minke: Rounds::default(), plain: Rounds::default() })
        .collect();
    for round in 0..rounds {
        for pair in &mut pairs {
            pair.run(bench, round)?;
        }
    }
    println!("\n{units} units, a container each, {rounds} rounds; medians, and ratios of each round's two sides");
    pairs.iter().for_each(Pair::print);
    print_throughput(&pairs);
    Ok(true)
}

fn concurrencies() -> Vec<u32> {
    let cores = available_parallelism().ok().and_then(|cores| u32::try_from(cores.get()).ok()).unwrap_or(1);
    let mut all = AT_ONCE.to_vec();
    if !all.contains(&(2 * cores)) {
        all.push(2 * cores);
    }
    all
}

impl Rounds {
    fn add(&mut self, measured: &Measured) {
        self.wall.push(measured.wall.as_secs_f64());
        self.processor.push(measured.processor.as_secs_f64());
        self.peak_memory.push(measured.peak_memory as f64);
    }
}

impl Pair {
    /// Runs both sides once, the one first in even rounds and the other in odd ones.
    fn run(&mut self, bench: &Bench, round: usize) -> Result<(), Failure> {
        let names = (0..self.units).map(|number| format!("unit{number}")).collect();
        let job = bench.job("", names, Grouping::UnitEach, self.at_once);
        let mut sides = [Side::Minke, Side::Loop];
        if round % 2 == 1 {
            sides.reverse();
        }
        for side in sides {
            let rounds = if side == Side::Minke { &mut self.minke } else { &mut self.plain };
            rounds.add(&job.by(side).run()?);
        }
        Ok(())
    }

    fn print(&self) {
        let ratios: Vec<f64> =
            self.minke.wall.iter().zip(&self.plain.wall).map(|(minke, plain)| minke / plain).collect();
        let ratio = median(&ratios);
        let verdict = verdict(ratio, ..=1.05);
        println!("{} at once: wall ratio {ratio:.3} ({}), {verdict}", self.at_once, spread(&ratios));
        self.print_side(Side::Minke, &self.minke);
        self.print_side(Side::Loop, &self.plain);
    }

    fn print_side(&self, side: Side, rounds: &Rounds) {
        let each = self.units as f64;
        let wall = median(&rounds.wall) * 1000.0 / each;
        // Ticks are coarse, and their sum over the rounds is less so.
        let processor = rounds.processor.iter().sum::<f64>() * 1000.0 / (each * rounds.processor.len() as f64);
        let memory = median(&rounds.peak_memory) / f64::from(1 << 20);
        let (name, verdict) = match side {
            Side::Minke => ("minke", format!(" ({})", verdict(processor, ..=2.0))),
            Side::Loop | Side::Waves => ("loop", String::new()),
        };
        println!(
            "  {name:<5} {wall:6.1} ms wall and {processor:.2} ms processor a container{verdict}, {memory:.1} MiB at most"
        );
    }

    fn per_second(&self, rounds: &Rounds) -> f64 {
        self.units as f64 / median(&rounds.wall)
    }
}

fn print_throughput(pairs: &[Pair]) {
    let best = pairs.iter().map(|pair| pair.per_second(&pair.plain)).fold(0.0, f64::max);
    // `concurrencies` has twice the number of cores in it.
    let Some(pair) = concurrencies().last().and_then(|&last| pairs.iter().find(|pair| pair.at_once == last)) else {
        return;
    };
    let minke = pair.per_second(&pair.minke);
    let ratio = minke / best;
    let verdict = verdict(ratio, 0.9..);
    println!(
        "containers a second: minke {minke:.1} with {} at once, the loop's best {best:.1}: ratio {ratio:.2}, {verdict}",
        pair.at_once
    );
}
