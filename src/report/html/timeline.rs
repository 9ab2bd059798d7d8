//! The picture of who ran what when, and the same in words.

use std::time::Duration;

use super::text::name;
use super::track::{self, Kind, Stretch, Track};
use super::words::{number, span, unit_class};
use crate::model::{RunState, UnitOutcome};

/// Slots that are drawn; the further ones are in the table alone.
const ROWS: usize = 128;
/// Bars that are drawn, all in all.
const BARS: usize = 20_000;
/// About how many times are marked on the axis.
const TICKS: f64 = 8.0;

/// The part of the report that shows the slots' time.
pub(super) struct Timeline {
    pub(super) ticks: Vec<Tick>,
    pub(super) rows: Vec<Row>,
    pub(super) not_drawn: usize,
    pub(super) sentences: Vec<String>,
    /// Whether a bar's ends are worked out of the cases' times.
    pub(super) has_estimates: bool,
    /// Whether a bar stands for units of which nobody knows which ran when.
    pub(super) has_unknown: bool,
}

/// A time that is marked on the axis.
pub(super) struct Tick {
    pub(super) left: String,
    pub(super) text: String,
}

/// One slot.
pub(super) struct Row {
    pub(super) slot: u32,
    pub(super) is_critical: bool,
    pub(super) busy: String,
    pub(super) idle: String,
    pub(super) bars: Vec<Bar>,
}

/// One stretch of a slot's time; `left` and `width` in percent of the run's.
pub(super) struct Bar {
    pub(super) left: String,
    pub(super) width: String,
    pub(super) class: String,
    pub(super) title: String,
    pub(super) unit: Option<usize>,
}

impl Timeline {
    /// Draws a run; `None` when no container was launched.
    pub(super) fn of(state: &RunState) -> Option<Self> {
        state.shards().next()?;
        let length = track::length(state).max(0.001);
        let tracks = track::tracks(state);
        // Of two slots that ended at the same time the first counts.
        let critical = tracks.iter().rev().max_by(|a, b| a.last_end.total_cmp(&b.last_end)).map(|track| track.slot);
        let mut room = BARS;
        let row = |track: &Track| {
            let bars: Vec<Bar> = track.stretches.iter().take(room).map(|stretch| bar(state, stretch, length)).collect();
            room -= bars.len();
            Row {
                slot: track.slot,
                is_critical: Some(track.slot) == critical,
                busy: seconds(track.seconds(|kind| *kind != Kind::Idle)),
                idle: seconds(track.seconds(|kind| *kind == Kind::Idle)),
                bars,
            }
        };
        let all = || tracks.iter().flat_map(|track| &track.stretches);
        Some(Self {
            ticks: ticks(length),
            rows: tracks.iter().take(ROWS).map(row).collect(),
            not_drawn: tracks.len().saturating_sub(ROWS),
            sentences: sentences(&tracks, critical, length),
            has_estimates: all().any(|stretch| stretch.is_estimate),
            has_unknown: all().any(|stretch| stretch.kind == Kind::Units),
        })
    }
}

fn bar(state: &RunState, stretch: &Stretch, length: f64) -> Bar {
    let percent = |part: f64| format!("{:.3}", part / length * 100.0);
    let (class, what, unit) = match stretch.kind {
        Kind::Idle => ("idle".to_owned(), "idle".to_owned(), None),
        Kind::Start => ("start".to_owned(), "container start".to_owned(), None),
        Kind::Framework => ("framework".to_owned(), "before the first unit".to_owned(), None),
        Kind::Units => ("units".to_owned(), "units".to_owned(), None),
        Kind::Collection => ("collection".to_owned(), "end and reports".to_owned(), None),
        Kind::Unit(place) => {
            let unit = &state.units()[place];
            let is_proof = unit.shard.map(|shard| shard.0) == stretch.shard;
            let outcome = unit.outcome();
            let (class, word) = match (is_proof, &outcome) {
                (true, outcome) => (unit_class(outcome), outcome.word()),
                (false, UnitOutcome::NotRun) => ("notrun", "not run to its end"),
                (false, _) => ("unproven", "no proof here, run again"),
            };
            let estimate = if stretch.is_estimate { " estimate" } else { "" };
            (format!("unit {class}{estimate}"), format!("{}: {word}", name(unit.unit.as_str())), Some(place))
        }
    };
    let shard = stretch.shard.map(|shard| format!("shard {shard}, ")).unwrap_or_default();
    let title = format!("{shard}{what}, {} (from {})", seconds(stretch.seconds()), seconds(stretch.from));
    Bar { left: percent(stretch.from), width: percent(stretch.seconds()), class, title, unit }
}

/// Marks round times: 1, 2 or 5 times a power of ten below a minute, and what clocks count in above.
fn ticks(length: f64) -> Vec<Tick> {
    let steps = [
        0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0,
        3600.0, 7200.0, 14_400.0, 43_200.0, 86_400.0,
    ];
    let step = steps.into_iter().find(|step| length / step <= TICKS).unwrap_or(length / TICKS);
    let count = (length / step).floor() as usize;
    let text = |at: f64| match at {
        at if at < 60.0 && step < 1.0 => format!("{at:.*} s", if step < 0.1 { 2 } else { 1 }),
        at if at < 60.0 => format!("{at:.0} s"),
        at if at < 3600.0 => format!("{}:{:02}", at as u64 / 60, at as u64 % 60),
        at => format!("{}:{:02}:{:02}", at as u64 / 3600, at as u64 / 60 % 60, at as u64 % 60),
    };
    let marks = (0..=count).map(|number| number as f64 * step);
    marks.map(|at| Tick { left: format!("{:.3}", at / length * 100.0), text: text(at) }).collect()
}

/// Says what the picture shows.
fn sentences(tracks: &[Track], critical: Option<u32>, length: f64) -> Vec<String> {
    let mut sentences = Vec::new();
    let Some(last) = tracks.iter().find(|track| Some(track.slot) == critical) else { return sentences };
    let mut shards: Vec<u32> = last.stretches.iter().filter_map(|stretch| stretch.shard).collect();
    shards.dedup();
    let names: Vec<String> = shards.iter().take(12).map(u32::to_string).collect();
    let more = if shards.len() > names.len() { ", ..." } else { "" };
    let noun = if shards.len() == 1 { "shard" } else { "shards" };
    sentences.push(format!(
        "Critical path: slot {} ended last, with {noun} {}{more}; of its {} it was {} starting containers, {} running \
         tests, {} ending them and reading reports, and {} idle.",
        last.slot,
        names.join(", "),
        seconds(length),
        seconds(last.seconds(|kind| *kind == Kind::Start)),
        seconds(last.seconds(|kind| matches!(kind, Kind::Framework | Kind::Unit(_) | Kind::Units))),
        seconds(last.seconds(|kind| *kind == Kind::Collection)),
        seconds(last.seconds(|kind| *kind == Kind::Idle)),
    ));
    if tracks.len() > 1 {
        let idle: f64 = tracks.iter().map(|track| track.seconds(|kind| *kind == Kind::Idle)).sum();
        let busy: f64 = tracks.iter().map(|track| track.seconds(|kind| *kind != Kind::Idle)).sum();
        let slots = tracks.len() as f64;
        sentences.push(format!(
            "The {} were idle for {} of {} ({:.0} %). Spread without a gap, the same work takes {}.",
            number(tracks.len(), "slot"),
            seconds(idle),
            seconds(length * slots),
            idle / (length * slots) * 100.0,
            seconds(busy / slots),
        ));
    }
    sentences
}

fn seconds(seconds: f64) -> String {
    span(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default())
}
