//! Who does what: the longest first, each to whoever has least to do.

use crate::vocab::{EnvName, ShardWork, Slice};

/// What an environment costs before anything runs in it, and what is done in it then.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// Which.
    pub environment: EnvName,
    /// Seconds to make it and to start its interpreter.
    pub creation: f64,
    /// What is done in it.
    pub load: Load,
}

/// What is done in an environment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Seconds of all of it.
    pub seconds: f64,
    /// Into how many pieces it can be split: its models when it writes, its artifacts when it reads.
    pub parts: u32,
}

/// A split has to shorten the longest shard by this share of it; otherwise an environment that is made twice is not worth
/// it.
const WORTH: f64 = 0.05;

/// Shares environments among shards. Each is in one shard; one that would be the longest shard all by itself is split,
/// where that ends sooner although it is made several times.
///
/// Equal work keeps the order of the plan, so that the same input gives the same shards.
pub fn assign(works: &[Work], into: usize) -> Vec<ShardWork> {
    let into = into.max(1);
    let mut pieces = vec![1u32; works.len()];
    let mut shards = shared(works, &pieces, into);
    let mut best = shards.clone();
    // Each round makes one piece more, and there are never more pieces than shards. Several may be equally long, so that
    // nothing ends sooner before all of them are split.
    for _ in 0..into.saturating_mul(works.len()) {
        let Some(alone) = longest_alone(works, &shards) else { break };
        pieces[alone] += 1;
        if pieces[alone] > works[alone].load.parts.min(u32::try_from(into).unwrap_or(u32::MAX)) {
            break;
        }
        shards = shared(works, &pieces, into);
        if longest(&shards) <= longest(&best) * (1.0 - WORTH) {
            best.clone_from(&shards);
        }
    }
    best
}

/// Seconds of the shard that takes longest.
fn longest(shards: &[ShardWork]) -> f64 {
    shards.iter().map(|shard| shard.seconds).fold(0.0, f64::max)
}

/// The environment that is all that the longest shard does.
fn longest_alone(works: &[Work], shards: &[ShardWork]) -> Option<usize> {
    let most = longest(shards);
    let shard = shards.iter().find(|shard| shard.seconds >= most)?;
    let [slice] = shard.environments.as_slice() else { return None };
    works.iter().position(|work| work.environment == slice.environment)
}

/// Longest first, each to the shard with least to do: never further from the best than a third.
fn shared(works: &[Work], pieces: &[u32], into: usize) -> Vec<ShardWork> {
    let mut slices: Vec<(f64, Slice)> = Vec::new();
    for (work, of) in works.iter().zip(pieces) {
        let seconds = work.creation + work.load.seconds / f64::from(*of);
        let piece = |piece| Slice { environment: work.environment.clone(), piece, of: *of };
        slices.extend((1..=*of).map(|number| (seconds, piece(number))));
    }
    // Stable: what takes equally long stays in the order of the plan.
    slices.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut shards = vec![ShardWork::default(); into];
    for (seconds, slice) in slices {
        let least = (0..into).min_by(|a, b| {
            let of = |at: &usize| (shards[*at].seconds, shards[*at].environments.len());
            let ((first, some), (second, others)) = (of(a), of(b));
            first.total_cmp(&second).then(some.cmp(&others))
        });
        let shard = &mut shards[least.unwrap_or_default()];
        shard.seconds += seconds;
        shard.environments.push(slice);
    }
    for shard in &mut shards {
        let place = |slice: &Slice| works.iter().position(|work| work.environment == slice.environment);
        shard.environments.sort_by_key(|slice| (place(slice), slice.piece));
    }
    shards
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn work(index: usize, creation: f64, seconds: f64, parts: u32) -> Work {
        let environment = EnvName::from(format!("e{index}").as_str());
        Work { environment, creation, load: Load { seconds, parts } }
    }

    fn works() -> impl Strategy<Value = Vec<Work>> {
        prop::collection::vec((0.0..30.0f64, 0.0..500.0f64, 0u32..40), 0..30).prop_map(|all| {
            let all = all.into_iter().enumerate();
            all.map(|(at, (creation, seconds, parts))| work(at, creation, seconds, parts)).collect()
        })
    }

    /// The shortest that the longest shard can be, by trying all ways.
    fn optimum(costs: &[f64], into: usize) -> f64 {
        fn go(costs: &[f64], loads: &mut Vec<f64>, best: &mut f64) {
            let Some((cost, rest)) = costs.split_first() else {
                *best = best.min(loads.iter().copied().fold(0.0, f64::max));
                return;
            };
            for at in 0..loads.len() {
                loads[at] += cost;
                go(rest, loads, best);
                loads[at] -= cost;
            }
        }
        let mut best = f64::INFINITY;
        go(costs, &mut vec![0.0; into], &mut best);
        best
    }

    proptest! {
        #[test]
        fn no_environment_is_lost_or_done_twice(works in works(), into in 1usize..12) {
            let shards = assign(&works, into);
            prop_assert_eq!(shards.len(), into);
            let mut pieces: BTreeMap<String, Vec<(u32, u32)>> = BTreeMap::new();
            for slice in shards.iter().flat_map(|shard| &shard.environments) {
                pieces.entry(slice.environment.to_string()).or_default().push((slice.piece, slice.of));
            }
            prop_assert_eq!(pieces.len(), works.len());
            for mut found in pieces.into_values() {
                found.sort_unstable();
                let of = found[0].1;
                prop_assert_eq!(found, (1..=of).map(|piece| (piece, of)).collect::<Vec<_>>());
            }
            prop_assert_eq!(&assign(&works, into), &shards);
        }

        #[test]
        fn the_longest_shard_is_within_the_bound_of_longest_first(works in works(), into in 1usize..12) {
            let costs: Vec<f64> = works.iter().map(|work| work.creation + work.load.seconds).collect();
            let (sum, most) = (costs.iter().sum::<f64>(), costs.iter().copied().fold(0.0, f64::max));
            // Graham's bound; splitting only ever shortens it.
            let bound = sum / into as f64 + most * (1.0 - 1.0 / into as f64);
            prop_assert!(longest(&assign(&works, into)) <= bound + 1e-6);
        }

        #[test]
        fn longest_first_is_at_most_a_third_above_the_best(
            costs in prop::collection::vec(0.1..100.0f64, 1..8),
            into in 2usize..4,
        ) {
            let works: Vec<_> = costs.iter().enumerate().map(|(at, cost)| work(at, *cost, 0.0, 1)).collect();
            let bound = 4.0 / 3.0 - 1.0 / (3.0 * into as f64);
            prop_assert!(longest(&assign(&works, into)) <= optimum(&costs, into) * bound + 1e-6);
        }
    }

    #[test]
    fn what_would_be_the_longest_alone_is_split_and_others_are_not() {
        let mut works: Vec<_> = (0..6).map(|at| work(at, 2.0, 10.0, 50)).collect();
        works.push(work(6, 2.0, 300.0, 50));
        let shards = assign(&works, 4);
        let pieces = |name: &str| {
            let all = shards.iter().flat_map(|shard| &shard.environments);
            all.filter(|slice| slice.environment.as_str() == name).count()
        };
        assert!(pieces("e6") > 1, "{shards:?}");
        assert_eq!(pieces("e0"), 1);
        assert!(longest(&shards) < 150.0, "{shards:?}");
        // One that takes long to be made gains nothing, and one model cannot be split.
        for heavy in [work(6, 300.0, 2.0, 50), work(6, 2.0, 300.0, 1)] {
            works[6] = heavy;
            let slices = assign(&works, 4).into_iter().flat_map(|shard| shard.environments);
            assert!(slices.into_iter().all(|slice| slice.of == 1));
        }
    }

    #[test]
    fn environments_that_are_equally_long_are_split_together() {
        let works: Vec<_> = (0..3).map(|at| work(at, 1.0, 10.0, 50)).collect();
        for (environments, into, seconds) in [(2, 4, 6.0), (3, 6, 6.0), (2, 3, 11.0), (3, 12, 3.5)] {
            assert_eq!(longest(&assign(&works[..environments], into)), seconds, "{environments} into {into}");
        }
    }

    #[test]
    fn more_shards_than_environments_leave_some_with_nothing_to_do() {
        let shards = assign(&[work(0, 1.0, 1.0, 1)], 3);
        assert_eq!(shards.iter().map(|shard| shard.environments.len()).sum::<usize>(), 1);
        assert_eq!(assign(&[], 2).len(), 2);
    }
}
