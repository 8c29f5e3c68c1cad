use canto_kernels::Level;
use std::fmt;
use std::str::FromStr;

/// How products with weights are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// int8 where the file holds int8 weights, else f32: what the file promises, and what
    /// thresholds were tuned on, whatever the CPU would do faster.
    #[default]
    Auto,
    /// f32 throughout.
    F32,
    /// Weights and their inputs rounded to bf16, products added in f32.
    Bf16,
    /// Weights in int8 by output, their inputs in int8 by token; all else in f32.
    Int8,
}

/// A precision name that is none of the known ones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown precision `{0}`, expected `auto`, `f32`, `bf16` or `int8`")]
pub struct UnknownPrecision(pub String);

impl FromStr for Precision {
    type Err = UnknownPrecision;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "auto" => Ok(Self::Auto),
            "f32" => Ok(Self::F32),
            "bf16" => Ok(Self::Bf16),
            "int8" => Ok(Self::Int8),
            _ => Err(UnknownPrecision(name.to_owned())),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        })
    }
}

/// How an engine runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineConfig {
    /// Of the products with weights.
    pub precision: Precision,
    /// Threads; `None` is one a core.
    pub threads: Option<usize>,
    /// Vector unit; `None` is the best there is, and one that is not there becomes that too.
    pub level: Option<Level>,
}
