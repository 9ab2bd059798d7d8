//! What the live view shows at a moment: pure lines, from what is known and the time that is given in.

use std::collections::BTreeMap;
use std::time::Duration;

use anstyle::Style;

use crate::model::{
    Attempt, CancelReason, Case, CaseCounts, EventKind, ShardId, Slot, StopReason, UnitId, UnitOutcome,
};

use super::clean::{clean_name, first_line};
use super::estimate::{Pace, run_left, shard_left};
use super::fit::{shorten_end, shorten_middle, width};
use super::palette::{Colours, Palette, paint};
use super::span::clock;

/// The rows that no shard has: the bar, the cases, the number of further shards, and two that show what happened last.
const ROWS_BESIDE_SHARDS: usize = 5;

/// From how many columns on a shard's line has room for an estimate.
const WIDE: usize = 60;

/// The widest bar, in columns.
const BAR_WIDTH: usize = 24;

/// A terminal's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

/// What the live view knows of a run.
#[derive(Debug)]
pub(crate) struct View {
    palette: Palette,
    total: usize,
    passed: usize,
    failed: usize,
    errored: usize,
    not_run: usize,
    cases: CaseCounts,
    flaky: usize,
    slots: usize,
    pace: Pace,
    cancelled: Option<String>,
    running: BTreeMap<ShardId, Running>,
}

/// A part of the bar's line; the higher its rank, the sooner it is left out.
struct Part {
    rank: u8,
    style: Style,
    text: String,
}

/// A shard that has not ended. Times are counted from the start of the view.
#[derive(Debug)]
struct Running {
    slot: Slot,
    units: Vec<UnitId>,
    attempt: Attempt,
    /// The unit of the batch to which its output showed that it came.
    at: Option<usize>,
    stage: Stage,
    since: Duration,
}

/// What becomes of a shard's container.
#[derive(Debug)]
enum Stage {
    /// It is being created.
    Starting,
    /// It runs.
    Running,
    /// It is told to stop.
    Stopping(&'static str),
}

impl View {
    pub(crate) fn new(colours: Colours) -> Self {
        Self {
            palette: Palette::new(colours),
            total: 0,
            passed: 0,
            failed: 0,
            errored: 0,
            not_run: 0,
            cases: CaseCounts::default(),
            flaky: 0,
            slots: 0,
            pace: Pace::default(),
            cancelled: None,
            running: BTreeMap::new(),
        }
    }

    /// Takes an event in that arrives at `now`.
    pub(crate) fn apply(&mut self, event: &EventKind, now: Duration) {
        match event {
            EventKind::RunStarted { plan, .. } => {
                self.total = plan.units.len();
                self.slots = plan.shards as usize;
            }
            EventKind::ShardStarted { shard, slot, units, attempt } => {
                let (slot, units, attempt) = (*slot, units.clone(), *attempt);
                let stage = Stage::Starting;
                self.running.insert(*shard, Running { slot, units, attempt, at: None, stage, since: now });
            }
            EventKind::ContainerStarted { shard, .. } => self.run(*shard, now),
            EventKind::UnitStarted { shard, unit } => self.reach(*shard, unit, now),
            EventKind::ShardStopping { shard, why } => self.stop(*shard, stop_word(why)),
            EventKind::ShardEnded { shard, .. } => {
                self.running.remove(shard);
            }
            EventKind::UnitEnded { unit, outcome, duration, cases, .. } => {
                self.count(outcome);
                self.count_cases(cases);
                if *outcome != UnitOutcome::NotRun {
                    self.pace.learn(unit, *duration);
                }
            }
            EventKind::Cancelled { why } => self.cancel(why),
            EventKind::UnitRequeued { .. }
            | EventKind::ShardKept { .. }
            | EventKind::Warning { .. }
            | EventKind::CoverageMerged { .. }
            | EventKind::RunEnded { .. } => {}
        }
    }

    /// Returns the lines to show: the bar, the cases so far, and the shards that fit, the longest-running first.
    ///
    /// They are fewer than the terminal's rows, unless it has only one, and none is wider than the terminal.
    pub(crate) fn lines(&self, now: Duration, size: Size) -> Vec<String> {
        let room = size.rows.saturating_sub(ROWS_BESIDE_SHARDS);
        let mut lines = vec![self.bar(now, size.columns)];
        if room > 0 {
            lines.extend(self.case_line(size.columns));
        }
        // The sort keeps the order of launch among equals.
        let mut running: Vec<&Running> = self.running.values().collect();
        running.sort_by_key(|shard| shard.since);
        lines.extend(running.iter().take(room).map(|shard| self.shard_line(shard, now, size.columns)));
        let hidden = running.len().saturating_sub(room);
        if hidden > 0 && size.rows > 2 {
            let word = if room == 0 { "" } else { "more " };
            let noun = if hidden == 1 { "shard" } else { "shards" };
            lines.push(self.faint(&shorten_end(&format!("     ... and {hidden} {word}{noun}"), size.columns)));
        }
        lines
    }

    fn run(&mut self, shard: ShardId, now: Duration) {
        if let Some(running) = self.running.get_mut(&shard) {
            running.stage = Stage::Running;
            running.since = now;
        }
    }

    fn reach(&mut self, shard: ShardId, unit: &UnitId, now: Duration) {
        if let Some(running) = self.running.get_mut(&shard) {
            if let Some(passed_by) =
                running.at.and_then(|place| running.units.get(place)).filter(|known| *known != unit)
            {
                self.pace.learn(passed_by, now.saturating_sub(running.since));
            }
            running.at = running.units.iter().position(|known| known == unit);
            running.since = now;
        }
    }

    fn stop(&mut self, shard: ShardId, why: &'static str) {
        if let Some(running) = self.running.get_mut(&shard) {
            running.stage = Stage::Stopping(why);
        }
    }

    fn count(&mut self, outcome: &UnitOutcome) {
        match outcome {
            UnitOutcome::Passed => self.passed += 1,
            UnitOutcome::Failed => self.failed += 1,
            UnitOutcome::Errored(_) => self.errored += 1,
            UnitOutcome::NotRun => self.not_run += 1,
        }
    }

    fn count_cases(&mut self, cases: &[Case]) {
        let more = CaseCounts::of(cases);
        self.flaky += cases.iter().filter(|case| case.is_flaky()).count();
        self.cases.passed += more.passed;
        self.cases.failed += more.failed;
        self.cases.errored += more.errored;
        self.cases.skipped += more.skipped;
    }

    fn cancel(&mut self, why: &CancelReason) {
        self.cancelled.get_or_insert_with(|| first_line(&why.to_string()));
    }

    fn done(&self) -> usize {
        self.passed + self.failed + self.errored + self.not_run
    }

    /// Draws the bar and what is most worth knowing; on a narrow terminal the least worth goes first.
    fn bar(&self, now: Duration, columns: usize) -> String {
        let done = self.done();
        let mut parts = self.parts(now);
        let length = |parts: &[Part]| parts.iter().map(|part| width(&part.text)).sum::<usize>() + 2 * (parts.len() - 1);
        while length(&parts) > columns && parts.len() > 1 {
            let least = parts.iter().map(|part| part.rank).max();
            parts.retain(|part| Some(part.rank) != least);
        }
        let used = length(&parts);
        if used > columns {
            return shorten_end(&parts[0].text, columns);
        }
        let room = columns.saturating_sub(used + 3).min(BAR_WIDTH);
        let painted = parts.iter().map(|part| paint(part.style, &part.text)).collect::<Vec<_>>().join("  ");
        if room < 4 { painted } else { format!("[{}] {painted}", draw_bar(done, self.total, room)) }
    }

    /// Returns the parts of the bar's line. The first of them, of rank 0, is never left out.
    fn parts(&self, now: Duration) -> Vec<Part> {
        let palette = &self.palette;
        let counted = |rank, style, count: usize, word| {
            let style = if count > 0 { style } else { palette.faint };
            Part { rank, style, text: format!("{count} {word}") }
        };
        let mut parts = vec![
            Part { rank: 0, style: Style::new(), text: format!("{}/{} units", self.done(), self.total) },
            counted(6, palette.good, self.passed, "passed"),
            counted(1, palette.bad, self.failed, "failed"),
            counted(2, palette.bad, self.errored, "errored"),
        ];
        if self.not_run > 0 {
            parts.push(counted(5, palette.warning, self.not_run, "not run"));
        }
        parts.push(Part { rank: 3, style: Style::new(), text: clock(now) });
        match (&self.cancelled, self.left(now)) {
            (Some(why), _) => parts.push(Part { rank: 4, style: palette.warning, text: format!("stopping: {why}") }),
            (None, Some(left)) => {
                parts.push(Part { rank: 4, style: Style::new(), text: format!("~{} left", clock(left)) });
            }
            (None, None) => {}
        }
        parts
    }

    /// Counts the cases of the units that have ended; `None` before there are any.
    fn case_line(&self, columns: usize) -> Option<String> {
        let counts = &self.cases;
        let palette = &self.palette;
        let parts: Vec<String> = [
            (palette.good, counts.passed, "passed"),
            (palette.bad, counts.failed, "failed"),
            (palette.bad, counts.errored, "errored"),
            (palette.warning, self.flaky, "flaky"),
            (palette.warning, counts.skipped, "skipped"),
        ]
        .into_iter()
        .filter(|(_, count, _)| *count > 0)
        .map(|(style, count, word)| paint(style, &format!("{count} {word}")))
        .collect();
        let line = format!("     cases: {}", parts.join("  "));
        let fits = width(&line) <= columns;
        (!parts.is_empty()).then(|| if fits { line } else { shorten_end(&console::strip_ansi_codes(&line), columns) })
    }

    /// Estimates how long the run still takes; `None` before there is anything to go by.
    fn left(&self, now: Duration) -> Option<Duration> {
        let mean = self.pace.mean()?;
        let running: Vec<f64> = self.running.values().map(|shard| shard.left(mean, now)).collect();
        let in_shards: usize = self.running.values().map(|shard| shard.units.len()).sum();
        let waiting = self.total.saturating_sub(self.done() + in_shards);
        run_left(mean, &running, waiting, self.slots).filter(|left| left.as_secs() > 0)
    }

    fn shard_line(&self, shard: &Running, now: Duration, columns: usize) -> String {
        let mut time = clock(now.saturating_sub(shard.since));
        let left = self.pace.mean().map(|mean| shard.left(mean, now)).filter(|left| *left >= 1.0);
        if let Some(left) = left.and_then(|left| Duration::try_from_secs_f64(left).ok())
            && columns >= WIDE
            && self.cancelled.is_none()
        {
            time += &format!(", ~{} left", clock(left));
        }
        let number = format!("{:>4} ", shard.slot.0);
        let what = shard.describe();
        // A column is left free between the text and the time, and one at the edge.
        let Some(room) = columns.checked_sub(width(&number) + width(&time) + 2) else {
            return shorten_end(&format!("{number}{what}"), columns);
        };
        // On a narrow terminal the unit's name is worth more than what stands behind it.
        let room_for_unit = room.saturating_sub(width(&what)).max(room / 2);
        let unit = shorten_middle(&shard.unit_name(), room_for_unit);
        let text = shorten_end(&(unit + &what), room);
        let filler = " ".repeat(room.saturating_sub(width(&text)));
        format!("{}{text}{filler} {}", self.faint(&number), self.faint(&time))
    }

    fn faint(&self, text: &str) -> String {
        paint(self.palette.faint, text)
    }
}

impl Running {
    /// Estimates how many seconds it still needs.
    fn left(&self, mean: f64, now: Duration) -> f64 {
        let elapsed = now.saturating_sub(self.since);
        let count = self.units.len();
        match self.at {
            Some(place) => shard_left(mean, elapsed, count.saturating_sub(place + 1)),
            // Which of its units it has come to is not known: all of them together are one stretch of work.
            None => shard_left(mean * count as f64, elapsed, 0),
        }
    }

    fn unit_name(&self) -> String {
        self.units.get(self.at.unwrap_or(0)).map(|unit| clean_name(unit.as_str())).unwrap_or_default()
    }

    /// Says what stands behind the unit's name.
    fn describe(&self) -> String {
        let count = self.units.len();
        let mut text = match self.at {
            _ if count < 2 => String::new(),
            Some(place) => format!(" ({} of {count})", place + 1),
            None => format!(" and {} more", count - 1),
        };
        if self.attempt > Attempt(1) {
            text += &format!(", attempt {}", self.attempt);
        }
        match self.stage {
            Stage::Starting => text += ", starting",
            Stage::Running => {}
            Stage::Stopping(why) => text += &format!(", {why}"),
        }
        text
    }
}

fn stop_word(why: &StopReason) -> &'static str {
    match why {
        StopReason::Timeout { .. } => "timed out, stopping",
        StopReason::Cancelled => "stopping",
    }
}

fn draw_bar(done: usize, total: usize, room: usize) -> String {
    let filled = (done * room).checked_div(total).unwrap_or(0).min(room);
    let head = if filled < room { ">" } else { "" };
    let rest = room - filled - head.len();
    format!("{}{head}{}", "=".repeat(filled), "-".repeat(rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Finding, FindingKind, OutputFile, PlanSummary};

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn launch(view: &mut View, shard: u32, units: &[&str], now: u64) {
        let units = units.iter().map(|unit| UnitId::new(*unit)).collect();
        let (shard, slot, attempt) = (ShardId(shard), Slot(shard), Attempt(1));
        view.apply(&EventKind::ShardStarted { shard, slot, units, attempt }, at(now));
        let event = EventKind::ContainerStarted { shard, container: String::new(), took: Duration::ZERO };
        view.apply(&event, at(now + 1));
    }

    #[test]
    fn a_shard_shows_its_unit_and_for_how_long() {
        let size = Size { rows: 24, columns: 40 };
        let mut view = View::new(Colours::Off);
        launch(&mut view, 7, &["a.py", "b.py", "c.py"], 1);
        assert_eq!(view.lines(at(4), size)[1], "   7 a.py and 2 more               0:02");
        let (shard, unit) = (ShardId(7), UnitId::new("b.py"));
        view.apply(&EventKind::UnitStarted { shard, unit }, at(5));
        assert_eq!(view.lines(at(70), size)[1], "   7 b.py (2 of 3)                 1:05");
        view.apply(&EventKind::ShardStopping { shard, why: StopReason::Timeout { limit: at(60) } }, at(71));
        assert_eq!(view.lines(at(72), size)[1], "   7 b.py (2 of 3), timed out, ... 1:07");
    }

    fn begin(view: &mut View, units: usize, shards: u32) {
        let units = (0..units).map(|number| UnitId::new(format!("{number}.py"))).collect();
        let plan = PlanSummary {
            framework: "pytest".to_owned(),
            image: "i".to_owned(),
            image_id: None,
            image_digest: None,
            work_dir: None,
            may_be_empty: false,
            command_line: Vec::new(),
            framework_args: Vec::new(),
            shards,
            units,
        };
        let run = "01955150-0000-7000-8000-000000000001".parse().unwrap();
        let minke = String::new();
        view.apply(&EventKind::RunStarted { format: 1, minke, run, plan: Box::new(plan) }, Duration::ZERO);
    }

    fn end(view: &mut View, shard: u32, unit: &str, took: u64, cases: Vec<Case>, now: u64) {
        let (shard, exit, wall) = (ShardId(shard), None, at(took));
        let (stdout, stderr) = (OutputFile::default(), OutputFile::default());
        view.apply(&EventKind::ShardEnded { shard, exit, wall, stdout, stderr, problem: None }, at(now));
        let event = EventKind::UnitEnded {
            unit: UnitId::new(unit),
            shard: Some(shard),
            attempt: Attempt(1),
            outcome: UnitOutcome::Passed,
            trouble: None,
            duration: at(took),
            cases,
        };
        view.apply(&event, at(now));
    }

    const WIDE_SCREEN: Size = Size { rows: 24, columns: 80 };

    #[test]
    fn what_is_left_is_told_from_the_first_unit_on() {
        let mut view = View::new(Colours::Off);
        begin(&mut view, 8, 2);
        launch(&mut view, 1, &["0.py"], 0);
        launch(&mut view, 2, &["1.py"], 0);
        assert!(!view.lines(at(5), WIDE_SCREEN).join("").contains("left"));
        end(&mut view, 1, "0.py", 10, vec![], 11);
        launch(&mut view, 3, &["2.py"], 11);
        // Shard 2 has been at it for 10 s, shard 3 for none: 0 + 10 s, and five units of 10 s wait for two slots.
        let lines = view.lines(at(12), WIDE_SCREEN);
        assert!(lines[0].contains("1/8 units  1 passed  0 failed  0 errored  0:12  ~0:30 left"), "{lines:?}");
        assert_eq!(lines[1], format!("   2 1.py{:65} 0:11", ""), "it is late, and nothing is known of how much");
        assert_eq!(lines[2], format!("   3 2.py{:53} 0:00, ~0:10 left", ""));
        view.apply(&EventKind::Cancelled { why: CancelReason::MaxFailures }, at(13));
        assert!(!view.lines(at(13), WIDE_SCREEN).join("").contains("left"));
    }

    #[test]
    fn a_unit_that_a_shard_went_past_is_known_too() {
        let mut view = View::new(Colours::Off);
        begin(&mut view, 3, 1);
        launch(&mut view, 1, &["0.py", "1.py", "2.py"], 0);
        view.apply(&EventKind::UnitStarted { shard: ShardId(1), unit: UnitId::new("0.py") }, at(2));
        assert!(!view.lines(at(5), WIDE_SCREEN).join("").contains("left"));
        view.apply(&EventKind::UnitStarted { shard: ShardId(1), unit: UnitId::new("1.py") }, at(10));
        let lines = view.lines(at(12), WIDE_SCREEN);
        assert!(lines[0].ends_with("~0:14 left") && lines[1].ends_with("0:02, ~0:14 left"), "{lines:?}");
    }

    #[test]
    fn cases_are_counted_by_outcome_and_flaky_ones_besides() {
        let mut view = View::new(Colours::Off);
        begin(&mut view, 1, 1);
        launch(&mut view, 1, &["0.py"], 0);
        assert!(!view.lines(at(1), WIDE_SCREEN).join("").contains("cases"));
        let with = |kind| Case { findings: vec![finding(kind)], ..Case::default() };
        let flaky = Case { earlier: vec![finding(FindingKind::Failure)], ..Case::default() };
        let cases = vec![
            Case::default(),
            flaky,
            with(FindingKind::Failure),
            with(FindingKind::Error),
            with(FindingKind::Skipped),
            with(FindingKind::Skipped),
        ];
        end(&mut view, 1, "0.py", 1, cases, 2);
        let lines = view.lines(at(2), WIDE_SCREEN);
        assert_eq!(lines[1], "     cases: 2 passed  1 failed  1 errored  1 flaky  2 skipped");
        assert_eq!(view.lines(at(2), Size { rows: 24, columns: 30 })[1], "     cases: 2 passed  1 fai...");
    }

    fn finding(kind: FindingKind) -> Finding {
        Finding { kind, message: String::new(), r#type: String::new(), text: String::new() }
    }

    #[test]
    fn the_longest_running_come_first_and_as_many_as_fit() {
        let mut view = View::new(Colours::Off);
        begin(&mut view, 64, 64);
        for shard in 1..=64 {
            launch(&mut view, shard, &[&format!("{shard}.py")], u64::from(64 - shard));
        }
        let lines = view.lines(at(100), WIDE_SCREEN);
        assert_eq!(lines.len(), 21);
        assert!(lines[1].starts_with("  64 64.py") && lines[19].starts_with("  46 46.py"), "{lines:?}");
        assert_eq!(lines[20], "     ... and 45 more shards");
    }

    #[test]
    fn a_narrow_bar_keeps_what_matters_most() {
        let mut view = View::new(Colours::Off);
        begin(&mut view, 120, 1);
        launch(&mut view, 1, &["0.py"], 0);
        end(&mut view, 1, "0.py", 10, vec![], 11);
        let bar = |columns| view.lines(at(75), Size { rows: 24, columns })[0].clone();
        assert_eq!(bar(80), "[>---------------] 1/120 units  1 passed  0 failed  0 errored  1:15  ~19:50 left");
        assert_eq!(bar(55), "1/120 units  0 failed  0 errored  1:15  ~19:50 left");
        assert_eq!(bar(40), "1/120 units  0 failed  0 errored  1:15");
        assert_eq!(bar(24), "1/120 units  0 failed");
        assert_eq!(bar(10), "1/120 u...");
    }

    #[test]
    fn the_bar_is_full_at_the_end_only() {
        assert_eq!(draw_bar(0, 10, 10), ">---------");
        assert_eq!(draw_bar(9, 10, 10), "=========>");
        assert_eq!(draw_bar(10, 10, 10), "==========");
        assert_eq!(draw_bar(0, 0, 4), ">---");
    }

    proptest! {
        #[test]
        fn the_view_fits_on_every_screen(
            shards in 0_u32..70,
            rows in 1_usize..40,
            columns in 1_usize..120,
            name in "\\PC{0,90}",
            seconds in 2_u64..100_000,
        ) {
            let mut view = View::new(Colours::On);
            for shard in 0..shards {
                launch(&mut view, shard, &[&name, "other.py"][..1 + shard as usize % 2], 0);
            }
            view.apply(&EventKind::Cancelled { why: CancelReason::MaxFailures }, at(1));
            let lines = view.lines(at(seconds), Size { rows, columns });
            prop_assert!(lines.len() < rows.max(2));
            for line in lines {
                prop_assert!(width(&line) <= columns, "{}", line);
                prop_assert!(!line.contains('\n'));
            }
        }
    }
}
