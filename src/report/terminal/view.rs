//! What the live view shows at a moment: pure lines, from what is known and the time that is given in.

use std::collections::BTreeMap;
use std::time::Duration;

use anstyle::Style;

use crate::model::{Attempt, CancelReason, EventKind, ShardId, Slot, StopReason, UnitId, UnitOutcome};

use super::clean::{clean_name, first_line};
use super::fit::{shorten_end, shorten_middle, width};
use super::palette::{Colours, Palette, paint};
use super::span::clock;

/// The most shards that have a line.
const SHARD_LINES: usize = 8;

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
    cancelled: Option<String>,
    running: BTreeMap<ShardId, Running>,
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
            cancelled: None,
            running: BTreeMap::new(),
        }
    }

    /// Takes an event in that arrives at `now`.
    pub(crate) fn apply(&mut self, event: &EventKind, now: Duration) {
        match event {
            EventKind::RunStarted { plan, .. } => self.total = plan.units.len(),
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
            EventKind::UnitEnded { outcome, .. } => self.count(outcome),
            EventKind::Cancelled { why } => self.cancel(why),
            EventKind::UnitRequeued { .. } | EventKind::Warning { .. } | EventKind::RunEnded { .. } => {}
        }
    }

    /// Returns the lines to show: the bar, and below it the shards that fit.
    ///
    /// They are fewer than the terminal's rows, unless it has only one, and none is wider than the terminal.
    pub(crate) fn lines(&self, now: Duration, size: Size) -> Vec<String> {
        let room = SHARD_LINES.min(size.rows.saturating_sub(4));
        let mut lines = vec![self.bar(now, size.columns)];
        lines.extend(self.running.values().take(room).map(|shard| self.shard_line(shard, now, size.columns)));
        let hidden = self.running.len().saturating_sub(room);
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

    fn cancel(&mut self, why: &CancelReason) {
        self.cancelled.get_or_insert_with(|| first_line(&why.to_string()));
    }

    fn bar(&self, now: Duration, columns: usize) -> String {
        let done = self.passed + self.failed + self.errored + self.not_run;
        let mut parts = vec![(Style::new(), format!("{done}/{} units", self.total))];
        let counts = [
            (self.palette.good, self.passed, "passed"),
            (self.palette.bad, self.failed, "failed"),
            (self.palette.bad, self.errored, "errored"),
            (self.palette.warning, self.not_run, "not run"),
        ];
        let shown = counts.into_iter().filter(|(_, count, word)| *count > 0 || *word != "not run");
        parts.extend(shown.map(|(style, count, word)| {
            (if count > 0 { style } else { self.palette.faint }, format!("{count} {word}"))
        }));
        parts.push((Style::new(), clock(now)));
        if let Some(why) = &self.cancelled {
            parts.push((self.palette.warning, format!("stopping: {why}")));
        }
        let text = parts.iter().map(|(_, part)| part.as_str()).collect::<Vec<_>>().join("  ");
        let room = columns.saturating_sub(width(&text) + 3).min(BAR_WIDTH);
        if columns < width(&text) {
            return shorten_end(&text, columns);
        }
        let painted = parts.iter().map(|(style, part)| paint(*style, part)).collect::<Vec<_>>().join("  ");
        if room < 4 { painted } else { format!("[{}] {painted}", draw_bar(done, self.total, room)) }
    }

    fn shard_line(&self, shard: &Running, now: Duration, columns: usize) -> String {
        let time = clock(now.saturating_sub(shard.since));
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
