use pulp::{Simd, WithSimd};
use std::fmt;

/// A vector unit that code is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every CPU of the target has.
    Portable,
    /// x86 with AVX2 and FMA.
    Avx2,
    /// x86 with AVX-512.
    Avx512,
    /// x86 with AVX-512 that multiplies int8 as well (VNNI).
    Avx512Vnni,
    /// x86 with all of these that multiplies bf16 as well.
    Avx512Bf16,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Level; 5] =
        [Level::Portable, Level::Avx2, Level::Avx512, Level::Avx512Vnni, Level::Avx512Bf16];

    /// The highest level of this CPU.
    pub fn detect() -> Self {
        Self::ALL.into_iter().rev().find(|level| level.is_available()).unwrap_or(Level::Portable)
    }

    /// The levels of this CPU, lowest first.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|level| level.is_available()).collect()
    }

    /// This one, or the portable one where the CPU lacks it.
    pub(crate) fn or_portable(self) -> Self {
        if self.is_available() { self } else { Level::Portable }
    }

    /// Whether this CPU has it.
    pub fn is_available(self) -> bool {
        match self {
            Level::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => pulp::x86::V3::try_new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => pulp::x86::V4::try_new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Vnni => {
                Level::Avx512.is_available() && std::is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Bf16 => {
                Level::Avx512Vnni.is_available() && std::is_x86_feature_detected!("avx512bf16")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// Runs `work` compiled for this level, or for the portable one where the CPU lacks it;
    /// `work` must inline.
    #[inline]
    pub(crate) fn run<R>(self, work: impl FnOnce() -> R) -> R {
        self.run_with(Work(work))
    }

    /// The same for work that says itself which vectors it computes with.
    #[inline]
    pub(crate) fn run_with<W: WithSimd>(self, work: W) -> W::Output {
        #[cfg(target_arch = "x86_64")]
        {
            if self >= Level::Avx512
                && let Some(unit) = pulp::x86::V4::try_new()
            {
                return Simd::vectorize(unit, work);
            }
            if self >= Level::Avx2
                && let Some(unit) = pulp::x86::V3::try_new()
            {
                return Simd::vectorize(unit, work);
            }
        }
        work.with_simd(pulp::Scalar128b)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Portable => "portable",
            Level::Avx2 => "AVX2",
            Level::Avx512 => "AVX-512",
            Level::Avx512Vnni => "AVX-512 VNNI",
            Level::Avx512Bf16 => "AVX-512 BF16",
        })
    }
}

struct Work<F>(F);

impl<R, F: FnOnce() -> R> WithSimd for Work<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> R {
        (self.0)()
    }
}
