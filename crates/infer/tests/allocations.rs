//! After warm-up a batch allocates nothing but its result.

mod support;

use canto_infer::{Engine, EngineConfig, Precision};
use canto_kernels::CountingAllocator;
use support::folder;

#[global_allocator]
static COUNTING: CountingAllocator = CountingAllocator::new();

/// Calls that warm up: each thread has then had every kind of task.
const WARM_UP: usize = 100;
const CALLS: usize = 126;
/// Calls that one block of the thread pool's own queue lasts for.
const QUEUE: usize = 63;

#[test]
fn a_batch_allocates_nothing_but_its_result() {
    let windows: Vec<Vec<u32>> =
        [30, 3, 17, 24, 9, 30].map(|length| (0..length).map(|i| 4 + i % 20).collect()).to_vec();
    let windows: Vec<&[u32]> = windows.iter().map(Vec::as_slice).collect();
    for precision in [Precision::F32, Precision::Bf16, Precision::Int8] {
        let config = EngineConfig { precision, threads: Some(2), level: None };
        let engine = Engine::open(&folder("roberta"), &config).unwrap();
        for _ in 0..WARM_UP {
            engine.logits(&windows).unwrap();
        }
        let before = COUNTING.counted();
        for batch in 0..CALLS {
            // Shorter batches need less of what is there already.
            engine.logits(&windows[batch % 3..]).unwrap();
        }
        let after = COUNTING.counted();
        let allocations = after.0 - before.0;
        let allowed = CALLS + CALLS / QUEUE;
        assert!(
            allocations <= allowed,
            "{precision}: {allocations} allocations of {} bytes in {CALLS} batches",
            after.1 - before.1,
        );
    }
}
