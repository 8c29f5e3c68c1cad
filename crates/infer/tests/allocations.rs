//! After warm-up a batch allocates nothing but its result.

mod support;

use canto_infer::{Engine, EngineConfig, Precision};
use canto_kernels::CountingAllocator;
use support::folder;

#[global_allocator]
static COUNTING: CountingAllocator = CountingAllocator::new();

const CALLS: usize = 126;
/// Calls that one block of the thread pool's own queue lasts for.
const QUEUE: usize = 63;
/// Buffers grow when a thread first meets a task, and who meets which is chance: an allocation
/// of every batch would show in every round.
const ROUNDS: usize = 20;

#[test]
fn a_batch_allocates_nothing_but_its_result() {
    let windows: Vec<Vec<u32>> =
        [30, 3, 17, 24, 9, 30].map(|length| (0..length).map(|i| 4 + i % 20).collect()).to_vec();
    let windows: Vec<&[u32]> = windows.iter().map(Vec::as_slice).collect();
    for precision in [Precision::F32, Precision::Bf16, Precision::Int8] {
        let config = EngineConfig { precision, threads: Some(2), level: None };
        let engine = Engine::open(&folder("roberta"), &config).unwrap();
        let allowed = CALLS + CALLS / QUEUE;
        let mut rounds = (0..ROUNDS).map(|_| allocations(&engine, &windows));
        let settled = rounds.any(|allocations| allocations <= allowed);
        assert!(settled, "{precision}: more than {allowed} allocations in {CALLS} batches");
    }
}

/// How many a round of batches takes.
fn allocations(engine: &Engine, windows: &[&[u32]]) -> usize {
    let before = COUNTING.allocations();
    for batch in 0..CALLS {
        // Shorter batches need less of what is there already.
        engine.logits(&windows[batch % 3..]).unwrap();
    }
    COUNTING.allocations() - before
}
