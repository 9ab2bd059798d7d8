//! Division of units into batches.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroU32;

use crate::model::{Attempt, Batch, Unit, UnitIndex};

/// How many bytes of unit paths one command line may hold. Linux allows 2 MiB for arguments and environment together
/// (a quarter of the default stack limit, execve(2)); pointers, the environment and the framework's own arguments count too.
const COMMAND_LINE_BYTES: usize = 512 * 1024;

/// What a pointer to an argument and its final NUL add to its length.
const BYTES_PER_ARGUMENT: usize = 9;

/// Divides units into batches; see [`super::plan`].
pub(super) fn divide(units: &[Unit], shards: NonZeroU32, limit: Option<NonZeroU32>) -> Vec<Batch> {
    let limit = limit.map_or(usize::MAX, |limit| limit.get() as usize);
    if limit == 1 {
        return (0..).zip(units).map(|(place, _)| batch(vec![UnitIndex(place)])).collect();
    }
    let mut kinds: BTreeMap<u32, Vec<(u32, &Unit)>> = BTreeMap::new();
    for (place, unit) in (0..).zip(units) {
        kinds.entry(unit.variant).or_default().push((place, unit));
    }
    let mut batches: Vec<Batch> = kinds.values().flat_map(|units| divide_alike(units, shards, limit)).collect();
    batches.sort_by_key(|batch| batch.units.first().copied());
    batches
}

/// Divides units that may share a container.
fn divide_alike(units: &[(u32, &Unit)], shards: NonZeroU32, limit: usize) -> Vec<Batch> {
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    let wanted = (shards.get() as usize).min(units.len()).max(units.len().div_ceil(limit));
    drafts.resize_with(wanted, Draft::default);
    for &(place, unit) in units {
        let draft =
            match drafts.iter_mut().filter(|draft| draft.takes(unit, limit)).min_by_key(|draft| draft.units.len()) {
                Some(draft) => draft,
                None => {
                    drafts.push(Draft::default());
                    drafts.last_mut().expect("one was just pushed")
                }
            };
        draft.add(UnitIndex(place), unit);
    }
    drafts.into_iter().filter(|draft| !draft.units.is_empty()).map(|draft| batch(draft.units)).collect()
}

fn batch(units: Vec<UnitIndex>) -> Batch {
    Batch { units, attempt: Attempt(1) }
}

#[derive(Default)]
struct Draft<'a> {
    units: Vec<UnitIndex>,
    report_keys: HashSet<&'a str>,
    /// Whether a unit is in it that needs an invocation of its own.
    is_closed: bool,
    bytes: usize,
}

impl<'a> Draft<'a> {
    fn takes(&self, unit: &Unit, limit: usize) -> bool {
        let collides = unit.report_key.as_deref().is_some_and(|key| self.report_keys.contains(key));
        let fits = self.units.is_empty() || self.bytes + cost(unit) <= COMMAND_LINE_BYTES;
        let apart = !self.units.is_empty() && (unit.alone || self.is_closed);
        self.units.len() < limit && fits && !collides && !apart
    }

    fn add(&mut self, index: UnitIndex, unit: &'a Unit) {
        self.units.push(index);
        self.is_closed |= unit.alone;
        self.bytes += cost(unit);
        self.report_keys.extend(unit.report_key.as_deref());
    }
}

fn cost(unit: &Unit) -> usize {
    unit.id.as_str().len() + BYTES_PER_ARGUMENT
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::Partition;

    fn units(count: usize) -> Vec<Unit> {
        (0..count).map(|n| Unit::new(format!("tests/test_{n}.py"))).collect()
    }

    fn sizes(batches: &[Batch]) -> Vec<usize> {
        batches.iter().map(|batch| batch.units.len()).collect()
    }

    #[test]
    fn neighbours_go_to_different_batches() {
        let batches = divide(&units(5), NonZeroU32::new(2).unwrap(), None);
        let places: Vec<Vec<u32>> =
            batches.iter().map(|batch| batch.units.iter().map(|unit| unit.0).collect()).collect();
        assert_eq!(places, [vec![0, 2, 4], vec![1, 3]]);
    }

    #[test]
    fn fewer_units_than_shards_give_fewer_batches() {
        assert_eq!(sizes(&divide(&units(2), NonZeroU32::new(8).unwrap(), None)), [1, 1]);
        assert!(divide(&[], NonZeroU32::new(8).unwrap(), None).is_empty());
    }

    #[test]
    fn units_whose_reports_would_collide_never_share_a_batch() {
        let mut all = units(4);
        for unit in &mut all {
            unit.report_key = Some("features-a-b-c".into());
        }
        assert_eq!(sizes(&divide(&all, NonZeroU32::new(2).unwrap(), None)), [1, 1, 1, 1]);
    }

    #[test]
    fn a_unit_that_needs_an_invocation_of_its_own_has_no_neighbours() {
        let mut all = units(6);
        all[0].alone = true;
        all[4].alone = true;
        let batches = divide(&all, NonZeroU32::new(2).unwrap(), None);
        for batch in &batches {
            let has_alone = batch.units.iter().any(|unit| all[unit.as_usize()].alone);
            assert!(!has_alone || batch.units.len() == 1, "{batch:?}");
        }
        assert_eq!(batches.iter().map(|batch| batch.units.len()).sum::<usize>(), 6);
    }

    #[test]
    fn a_command_line_never_gets_too_long() {
        let all: Vec<Unit> = (0..400).map(|n| Unit::new(format!("{n:04}{}", "x".repeat(4000)))).collect();
        let batches = divide(&all, NonZeroU32::MIN, None);
        assert_eq!(batches.iter().map(|batch| batch.units.len()).sum::<usize>(), 400);
        for batch in batches {
            let bytes: usize = batch.units.iter().map(|&unit| cost(&all[unit.as_usize()])).sum();
            assert!(bytes <= COMMAND_LINE_BYTES, "{bytes}");
        }
    }

    proptest! {
        #[test]
        fn units_of_different_containers_share_none_and_every_kind_is_spread(
            kinds in proptest::collection::vec(0_u32..4, 0..80), shards in 1_u32..8,
        ) {
            let mut all = units(kinds.len());
            all.iter_mut().zip(&kinds).for_each(|(unit, kind)| unit.variant = *kind);
            let batches = divide(&all, NonZeroU32::new(shards).unwrap(), None);
            let mut seen: Vec<u32> = batches.iter().flat_map(|batch| &batch.units).map(|unit| unit.0).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..kinds.len() as u32).collect::<Vec<_>>());
            for kind in 0..4 {
                let is_of_kind = |batch: &&Batch| batch.units.iter().any(|unit| kinds[unit.as_usize()] == kind);
                let of_kind: Vec<&Batch> = batches.iter().filter(is_of_kind).collect();
                prop_assert!(of_kind.iter().all(|batch| batch.units.iter().all(|unit| kinds[unit.as_usize()] == kind)));
                let count = kinds.iter().filter(|other| **other == kind).count();
                prop_assert_eq!(of_kind.len(), count.min(shards as usize));
            }
        }

        #[test]
        fn every_unit_is_in_exactly_one_batch_and_sizes_are_even(
            count in 0_usize..200, shards in 1_u32..20, limit in proptest::option::of(1_u32..10),
        ) {
            let batches = divide(&units(count), NonZeroU32::new(shards).unwrap(), limit.and_then(NonZeroU32::new));
            let mut seen: Vec<u32> = batches.iter().flat_map(|batch| &batch.units).map(|unit| unit.0).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..count as u32).collect::<Vec<_>>());
            let sizes = sizes(&batches);
            let (least, most) = (sizes.iter().min().copied().unwrap_or(0), sizes.iter().max().copied().unwrap_or(0));
            prop_assert!(most - least <= 1, "{:?}", sizes);
            prop_assert!(limit.is_none_or(|limit| most <= limit as usize));
            prop_assert!(limit.is_some() || batches.len() <= shards as usize);
        }

        #[test]
        fn partitions_are_disjoint_and_together_are_the_plan(count in 0_usize..200, parts in 1_u32..20) {
            let all = units(count);
            let mut union: Vec<Unit> =
                (1..=parts).flat_map(|index| Partition::new(index, parts).unwrap().select(all.clone())).collect();
            union.sort_by(|a, b| a.id.cmp(&b.id));
            let mut expected = all;
            expected.sort_by(|a, b| a.id.cmp(&b.id));
            prop_assert_eq!(union, expected);
        }
    }
}
