//! How long a run may still take, from what it has shown so far: pure arithmetic.

use std::collections::HashMap;
use std::time::Duration;

use crate::model::UnitId;

/// How long units took, as far as that is known.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    seconds: HashMap<UnitId, f64>,
    sum: f64,
}

impl Pace {
    /// Learns how long a unit took. Of two answers the longer counts: a unit's cases alone take less than the unit.
    pub(crate) fn learn(&mut self, unit: &UnitId, took: Duration) {
        let known = self.seconds.entry(unit.clone()).or_default();
        let more = (took.as_secs_f64() - *known).max(0.0);
        *known += more;
        self.sum += more;
    }

    /// Returns the mean of the known units in seconds; `None` before there is one.
    pub(crate) fn mean(&self) -> Option<f64> {
        (!self.seconds.is_empty()).then(|| self.sum / self.seconds.len() as f64)
    }
}

/// Estimates how many seconds a shard still needs that has run its unit for `elapsed` and has `after` more behind it.
pub(crate) fn shard_left(mean: f64, elapsed: Duration, after: usize) -> f64 {
    (mean - elapsed.as_secs_f64()).max(0.0) + mean * after as f64
}

/// Estimates how long a run still takes: its running shards need `running` seconds each, and `waiting` units of `mean`
/// seconds are going to be taken by whichever of its `slots` is free first. `None` when that is no number of use.
pub(crate) fn run_left(mean: f64, running: &[f64], waiting: usize, slots: usize) -> Option<Duration> {
    let mut lanes = running.to_vec();
    lanes.resize(lanes.len().max(slots).max(1), 0.0);
    lanes.sort_by(f64::total_cmp);
    let longest = lanes.last().copied().unwrap_or(0.0);
    let seconds = if waiting == 0 { longest } else { longest.max(filled(&lanes, mean, waiting)) };
    Duration::try_from_secs_f64(seconds).ok()
}

/// Returns up to where the lanes, which are sorted, are full when the work is poured over them like water. A unit is not
/// divided, so the first lane has one whole at least.
fn filled(lanes: &[f64], mean: f64, waiting: usize) -> f64 {
    let work = mean * waiting as f64;
    let mut sum = 0.0;
    let mut level = 0.0;
    for (number, lane) in lanes.iter().enumerate() {
        if number > 0 && *lane >= level {
            break;
        }
        sum += lane;
        level = (sum + work) / (number + 1) as f64;
    }
    level.max(lanes[0] + mean)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(left: Option<Duration>) -> f64 {
        left.unwrap().as_secs_f64()
    }

    #[test]
    fn nothing_is_said_before_a_unit_has_ended() {
        let mut pace = Pace::default();
        assert_eq!(pace.mean(), None);
        pace.learn(&UnitId::new("a"), Duration::from_secs(4));
        pace.learn(&UnitId::new("a"), Duration::from_secs(1));
        pace.learn(&UnitId::new("b"), Duration::from_secs(1));
        pace.learn(&UnitId::new("b"), Duration::from_secs(2));
        assert_eq!(pace.mean(), Some(3.0));
    }

    #[test]
    fn a_shard_needs_the_rest_of_its_unit_and_those_behind_it() {
        assert_eq!(shard_left(10.0, Duration::from_secs(4), 2), 26.0);
        assert_eq!(shard_left(10.0, Duration::from_secs(40), 2), 20.0);
        assert_eq!(shard_left(10.0, Duration::from_secs(40), 0), 0.0);
    }

    #[test]
    fn a_run_ends_with_its_last_shard() {
        assert_eq!(seconds(run_left(10.0, &[3.0, 26.0], 0, 2)), 26.0);
        assert_eq!(seconds(run_left(10.0, &[], 0, 4)), 0.0);
    }

    #[test]
    fn waiting_units_go_to_the_slots_that_are_free_first() {
        assert_eq!(seconds(run_left(10.0, &[], 8, 4)), 20.0);
        assert_eq!(seconds(run_left(10.0, &[4.0, 8.0], 4, 2)), 26.0);
        assert_eq!(seconds(run_left(10.0, &[0.0, 100.0], 4, 2)), 100.0, "the long one is the last all the same");
        assert_eq!(seconds(run_left(10.0, &[5.0], 1, 1)), 15.0);
        assert_eq!(seconds(run_left(10.0, &[2.0, 4.0], 1, 2)), 12.0, "a unit is not divided");
    }

    proptest! {
        #[test]
        fn an_estimate_is_a_number_that_is_not_negative(
            took in proptest::collection::vec(0_u64..10_000_000, 0..20),
            running in proptest::collection::vec((0_u64..10_000_000, 0_usize..1000), 0..70),
            waiting in 0_usize..100_000,
            slots in 0_usize..70,
        ) {
            let mut pace = Pace::default();
            for (number, millis) in took.iter().enumerate() {
                pace.learn(&UnitId::new(number.to_string()), Duration::from_millis(*millis));
            }
            let Some(mean) = pace.mean() else { return Ok(()) };
            let lanes: Vec<f64> = running
                .iter()
                .map(|(elapsed, after)| shard_left(mean, Duration::from_millis(*elapsed), *after))
                .collect();
            prop_assert!(lanes.iter().all(|lane| lane.is_finite() && *lane >= 0.0));
            let left = run_left(mean, &lanes, waiting, slots).unwrap().as_secs_f64();
            let longest = lanes.iter().copied().fold(0.0, f64::max);
            prop_assert!(left >= longest - 1e-6);
            let all: f64 = lanes.iter().sum::<f64>() + mean * waiting as f64;
            prop_assert!(left <= all + 1e-3 * all.max(1.0), "one lane alone would be faster");
        }
    }
}
