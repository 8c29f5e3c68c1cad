//! What can keep an NVIDIA GPU from being used, told apart so that each is named.

use std::path::PathBuf;

/// Why a CUDA device cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CudaFault {
    /// The driver is not installed, or not where libraries are looked for.
    #[error("the driver's library `libcuda.so.1` was not found")]
    NoDriver,
    /// The driver is there and finds fault.
    #[error("the driver says: {reason}")]
    Driver {
        /// In its words.
        reason: String,
    },
    /// The driver is there, a GPU with this index is not.
    #[error("the driver finds {}", found(*.count))]
    OutOfRange {
        /// GPUs that it finds.
        count: usize,
    },
    /// The library that compiles kernels is not there.
    #[error("CUDA's run-time compiler `libnvrtc.so` was not found")]
    NoCompiler,
    /// What kernels include is not there.
    #[error("CUDA's header `cuda_runtime.h` was not found, looked in `{}`", listed(.looked))]
    NoHeaders {
        /// Folders that were looked in.
        looked: Vec<PathBuf>,
    },
    /// All is there, but a small computation went wrong.
    #[error("a first computation failed: {reason}")]
    Failed {
        /// How.
        reason: String,
    },
}

impl CudaFault {
    /// What a person can do about it.
    pub fn hint(&self) -> String {
        let fix = match self {
            Self::OutOfRange { count } if *count > 1 => {
                return or_the_cpu(&format!("use `cuda:0` to `cuda:{}`", count - 1));
            }
            Self::NoDriver => "install NVIDIA's driver, or name its folder in `LD_LIBRARY_PATH`",
            Self::Driver { .. } => {
                "see what `nvidia-smi` says, and whether `CUDA_VISIBLE_DEVICES` hides it"
            }
            Self::OutOfRange { count: 0 } => "see whether `CUDA_VISIBLE_DEVICES` hides it",
            Self::OutOfRange { .. } => "use `cuda:0`",
            Self::NoCompiler => {
                "install the CUDA toolkit, or name the folder of `libnvrtc.so` in `LD_LIBRARY_PATH`"
            }
            Self::NoHeaders { .. } => {
                "install the CUDA toolkit, or name the folder above its `include` in `CUDA_PATH`"
            }
            Self::Failed { .. } => "see whether the driver is as new as the CUDA toolkit",
        };
        or_the_cpu(fix)
    }
}

fn or_the_cpu(fix: &str) -> String {
    format!("{fix}; `--device cpu` needs none, and `auto` falls back to it")
}

fn found(count: usize) -> String {
    match count {
        0 => "no GPU".to_owned(),
        1 => "one GPU, `cuda:0`".to_owned(),
        count => format!("{count} GPUs, `cuda:0` to `cuda:{}`", count - 1),
    }
}

fn listed(folders: &[PathBuf]) -> String {
    let names: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
    names.join("`, `")
}

/// The folder of the CUDA toolkit's headers: that of `CUDA_PATH`, here `named`, or else of the first
/// of `usual`, pairs of a path that tells of a toolkit and the toolkit's folder, that is there. That
/// is how kernels will look for it.
#[cfg(any(test, feature = "cuda"))]
pub(crate) fn headers(named: Option<PathBuf>, usual: &[[&str; 2]]) -> Result<PathBuf, CudaFault> {
    let include = |toolkit: &str| PathBuf::from(toolkit).join("include");
    let first = || usual.iter().find(|[sign, _]| PathBuf::from(sign).exists());
    let found = match named {
        Some(toolkit) => Some(toolkit.join("include")),
        None => first().map(|[_, toolkit]| include(toolkit)),
    };
    match found {
        Some(folder) if folder.join("cuda_runtime.h").is_file() => Ok(folder),
        Some(folder) => Err(CudaFault::NoHeaders { looked: vec![folder] }),
        None => {
            let looked = usual.iter().map(|[_, toolkit]| include(toolkit)).collect();
            Err(CudaFault::NoHeaders { looked })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn each_fault_is_named_and_has_a_way_out() {
        let faults = [
            (CudaFault::NoDriver, "libcuda.so.1", "LD_LIBRARY_PATH"),
            (CudaFault::OutOfRange { count: 0 }, "no GPU", "CUDA_VISIBLE_DEVICES"),
            (CudaFault::OutOfRange { count: 1 }, "one GPU, `cuda:0`", "use `cuda:0`;"),
            (CudaFault::OutOfRange { count: 4 }, "4 GPUs, `cuda:0` to `cuda:3`", "to `cuda:3`;"),
            (CudaFault::NoCompiler, "libnvrtc.so", "LD_LIBRARY_PATH"),
            (
                CudaFault::NoHeaders { looked: vec!["/a".into(), "/b".into()] },
                "`/a`, `/b`",
                "CUDA_PATH",
            ),
        ];
        for (fault, fact, way_out) in faults {
            assert!(fault.to_string().contains(fact), "{fault}");
            let hint = fault.hint();
            assert!(hint.contains(way_out) && hint.contains("--device cpu"), "{hint}");
        }
    }

    #[test]
    fn headers_are_where_the_variable_says_or_in_the_first_usual_place() {
        let place = tempfile::tempdir().unwrap();
        let [whole, bare, none] = ["whole", "bare", "none"].map(|name| place.path().join(name));
        fs::create_dir_all(whole.join("include")).unwrap();
        fs::create_dir_all(bare.join("include")).unwrap();
        fs::write(whole.join("include/cuda_runtime.h"), "").unwrap();
        let [whole_name, bare_name, none_name] =
            [&whole, &bare, &none].map(|p| p.to_str().unwrap());

        let at = |folder| [folder, folder];
        assert_eq!(headers(Some(whole.clone()), &[]), Ok(whole.join("include")));
        let usual = [at(none_name), [bare_name, whole_name]];
        assert_eq!(headers(None, &usual), Ok(whole.join("include")));
        let missing = |looked: &[&PathBuf]| {
            let looked = looked.iter().map(|folder| folder.join("include")).collect();
            Err(CudaFault::NoHeaders { looked })
        };
        // A variable that leads nowhere is not passed over: kernels would not pass it over either.
        assert_eq!(headers(Some(bare.clone()), &[at(whole_name)]), missing(&[&bare]));
        assert_eq!(headers(None, &[at(bare_name), at(whole_name)]), missing(&[&bare]));
        assert_eq!(headers(None, &[at(none_name)]), missing(&[&none]));
    }
}
