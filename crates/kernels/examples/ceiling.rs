//! What this machine multiplies at most: loops that hold all their values in registers, on one
//! thread and on every thread at once. `ceiling [THREADS]`; prints GOP/s of multiplications and
//! additions, which no product surpasses. Where the system tells, time is that of the processor, so
//! that other work hardly counts; two threads that are no more than one share a core.

use std::sync::Barrier;
use std::time::Instant;

/// Instructions of a run are this many times the sums in registers: some tenths of a second, as
/// the system counts a thread's time in steps of milliseconds.
#[cfg(target_arch = "x86_64")]
const STEPS: usize = 60_000_000;

/// One kind of multiplication.
struct Loop {
    name: &'static str,
    /// Multiplications and additions of one instruction.
    operations: usize,
    /// Instructions of one call.
    instructions: usize,
    run: fn(),
}

fn main() {
    let threads = std::env::args().nth(1).and_then(|threads| threads.parse().ok());
    let all =
        threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let loops = loops();
    if loops.is_empty() {
        eprintln!("no loop is written for this CPU");
    }
    for kind in loops {
        let alone = rate(&kind, 1);
        let together = rate(&kind, all);
        let share = together / alone;
        eprintln!(
            "{}: {alone:.0} GOP/s on one thread, {together:.0} on {all}, {share:.2} times",
            kind.name
        );
    }
}

/// GOP/s of `threads` threads that run the loop at once.
fn rate(kind: &Loop, threads: usize) -> f64 {
    let barrier = Barrier::new(threads);
    let operations = (kind.instructions * kind.operations) as f64;
    let one = || {
        barrier.wait();
        let (start, before) = (Instant::now(), processor_time());
        (kind.run)();
        let spent = processor_time().zip(before).map(|(after, before)| after - before);
        operations / spent.unwrap_or_else(|| start.elapsed().as_secs_f64()) / 1e9
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).sum()
    })
}

/// Seconds that this thread has run, where the system tells.
fn processor_time() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds as f64 / 1e9)
}

#[cfg(not(target_arch = "x86_64"))]
fn loops() -> Vec<Loop> {
    Vec::new()
}

#[cfg(target_arch = "x86_64")]
fn loops() -> Vec<Loop> {
    use std::is_x86_feature_detected as has;
    let mut loops = Vec::new();
    let mut add = |there: bool, name, operations, run| {
        if there {
            loops.push(Loop { name, operations, instructions: STEPS * x86::SUMS, run });
        }
    };
    add(has!("avx2") && has!("fma"), "f32, AVX2 FMA", 16, x86::fma_256);
    add(has!("avx512f"), "f32, AVX-512 FMA", 32, x86::fma_512);
    add(has!("avx512bf16"), "bf16, vdpbf16ps", 64, x86::bf16);
    add(has!("avx512vnni"), "i16, vpdpwssd", 64, x86::i16);
    add(has!("avx512vnni"), "int8, vpdpbusd", 128, x86::int8);
    loops
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code)]
mod x86 {
    use super::STEPS;
    use std::arch::x86_64::{
        __m512bh, __m512i, _mm256_fmadd_ps, _mm256_set1_ps, _mm512_dpbf16_ps, _mm512_dpbusd_epi32,
        _mm512_dpwssd_epi32, _mm512_fmadd_ps, _mm512_set1_epi32, _mm512_set1_ps,
    };
    use std::hint::black_box;
    use std::mem::transmute;

    /// Sums at once: more than the latency of any of the instructions needs, and they fit the 16
    /// registers of AVX2 beside the factors.
    pub(super) const SUMS: usize = 12;

    macro_rules! ceiling {
        ($name:ident, $features:tt, $factor:expr, $zero:expr, $step:expr) => {
            pub(super) fn $name() {
                #[target_feature(enable = $features)]
                fn work() {
                    let (a, b) = (black_box($factor), black_box($factor));
                    let mut sums = [black_box($zero); SUMS];
                    for _ in 0..STEPS {
                        for sum in &mut sums {
                            *sum = $step(*sum, a, b);
                        }
                    }
                    black_box(sums);
                }
                // SAFETY: `loops` lists this one only where the CPU has the instruction.
                unsafe { work() }
            }
        };
    }

    ceiling!(fma_256, "avx2,fma", _mm256_set1_ps(0.5), _mm256_set1_ps(0.0), |sum, a, b| {
        _mm256_fmadd_ps(a, b, sum)
    });
    ceiling!(fma_512, "avx512f", _mm512_set1_ps(0.5), _mm512_set1_ps(0.0), |sum, a, b| {
        _mm512_fmadd_ps(a, b, sum)
    });
    ceiling!(i16, "avx512f,avx512vnni", _mm512_set1_epi32(3), _mm512_set1_epi32(0), |sum, a, b| {
        _mm512_dpwssd_epi32(sum, a, b)
    });
    ceiling!(
        int8,
        "avx512f,avx512vnni",
        _mm512_set1_epi32(3),
        _mm512_set1_epi32(0),
        |sum, a, b| { _mm512_dpbusd_epi32(sum, a, b) }
    );
    ceiling!(
        bf16,
        "avx512f,avx512bf16",
        _mm512_set1_epi32(0x3f00_3f00),
        _mm512_set1_ps(0.0),
        |sum, a, b| {
            // SAFETY: both are 64 bytes, of which every pattern is a value.
            let [a, b] = unsafe { [a, b].map(|x| transmute::<__m512i, __m512bh>(x)) };
            _mm512_dpbf16_ps(sum, a, b)
        }
    );
}
