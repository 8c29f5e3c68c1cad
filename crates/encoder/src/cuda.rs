//! NVIDIA GPUs. Driver and compiler are loaded when one is asked for, so that the binary runs
//! without them; what is missing is found out a step at a time, so that it can be named.

use crate::Device;
use crate::attempt::attempt;
use crate::cuda_fault::{CudaFault, headers};
use crate::device::probe;
use cudarc::driver::{CudaContext, DriverError};
use cudarc::nvrtc::compile_ptx;
use std::path::PathBuf;

/// Where the backend looks for the toolkit when `CUDA_PATH` is not set: what tells of it, and its
/// folder.
const USUAL: [[&str; 2]; 3] =
    [["/usr/local/cuda", "/usr/local/cuda"], ["/opt/cuda", "/opt/cuda"], ["/usr/bin/nvcc", "/usr"]];

/// The device with this index, after a small computation on it.
pub(crate) fn open(index: usize) -> Result<Device, CudaFault> {
    let count = count()?;
    if index >= count {
        return Err(CudaFault::OutOfRange { count });
    }
    compiler()?;
    headers(std::env::var_os("CUDA_PATH").map(PathBuf::from), &USUAL)?;
    let device = Device::Cuda(burn::backend::cuda::CudaDevice::new(index));
    attempt(|| probe(&device)).map_err(|reason| CudaFault::Failed { reason })?;
    Ok(device)
}

/// The device in words: its index, name and memory.
pub(crate) fn describe(index: usize) -> String {
    let facts = || -> Result<String, DriverError> {
        let context = CudaContext::new(index)?;
        let gibibytes = context.total_mem()? as f64 / f64::from(1 << 30);
        Ok(format!("cuda:{index}, {}, {gibibytes:.0} GiB", context.name()?))
    };
    facts().unwrap_or_else(|_| format!("cuda:{index}"))
}

/// GPUs that the driver finds. Its loader panics where the driver is not there.
fn count() -> Result<usize, CudaFault> {
    match attempt(|| Ok(CudaContext::device_count())) {
        Ok(Ok(count)) => Ok(usize::try_from(count).unwrap_or(0)),
        Ok(Err(error)) => Err(CudaFault::Driver { reason: words(error) }),
        Err(_) => Err(CudaFault::NoDriver),
    }
}

/// Whether there is a compiler, which panics likewise.
fn compiler() -> Result<(), CudaFault> {
    match attempt(|| Ok(compile_ptx("").map(drop))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(CudaFault::Failed { reason: error.to_string() }),
        Err(_) => Err(CudaFault::NoCompiler),
    }
}

/// As `no CUDA-capable device is detected (CUDA_ERROR_NO_DEVICE)`.
fn words(error: DriverError) -> String {
    let text = error.error_string().map(|text| text.to_string_lossy().into_owned());
    text.map_or_else(|_| format!("{:?}", error.0), |text| format!("{text} ({:?})", error.0))
}
