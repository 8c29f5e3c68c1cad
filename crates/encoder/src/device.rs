use crate::Backend;
#[cfg(feature = "cuda")]
use crate::cuda;
use crate::error::Error;
use burn::tensor::backend::Backend as _;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A device of [`Backend`](crate::Backend).
pub type Device = burn::DispatchDevice;

/// The device a user asks for: `auto`, `cpu`, `cuda`, `cuda:N`, `wgpu` or `ndarray`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// The first CUDA device where there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device with this index.
    Cuda(usize),
    /// The first GPU that Vulkan, Metal or DirectX knows.
    Wgpu,
    /// Burn's older CPU backend.
    NdArray,
}

/// A device name that is none of the known ones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown device `{0}`, expected `auto`, `cpu`, `cuda`, `cuda:N`, `wgpu` or `ndarray`")]
pub struct UnknownDevice(pub String);

impl FromStr for DeviceChoice {
    type Err = UnknownDevice;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownDevice(name.to_owned());
        match name {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            "wgpu" => Ok(Self::Wgpu),
            "ndarray" => Ok(Self::NdArray),
            _ => {
                let index = name.strip_prefix("cuda:").ok_or_else(unknown)?;
                index.parse().map(Self::Cuda).map_err(|_| unknown())
            }
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
            Self::Wgpu => f.write_str("wgpu"),
            Self::NdArray => f.write_str("ndarray"),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = UnknownDevice;

    fn try_from(name: String) -> Result<Self, UnknownDevice> {
        name.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

/// Seeds what is drawn on `device` from now on: fresh weights and dropout.
pub fn seed(device: &Device, seed: u64) {
    Backend::seed(device, seed);
}

/// A device ready for tensors.
#[derive(Clone, Debug)]
pub struct OpenDevice {
    /// The device, without autodiff.
    pub device: Device,
    /// One line for the user where the choice was not met to the letter.
    pub note: Option<String>,
}

impl OpenDevice {
    /// The device in words, for logs.
    pub fn describe(&self) -> String {
        match &self.device {
            Device::Flex(_) => format!("cpu, {} threads", threads()),
            #[cfg(feature = "ndarray")]
            Device::NdArray(_) => "cpu, by ndarray".to_owned(),
            #[cfg(feature = "cuda")]
            Device::Cuda(device) => cuda::describe(device.index),
            #[cfg(feature = "wgpu")]
            Device::Wgpu(device) => format!("wgpu, {device:?}"),
            Device::Autodiff(inner) => format!("{inner:?}"),
        }
    }
}

/// Whether `device` is the CPU by its default backend.
pub fn is_cpu(device: &Device) -> bool {
    matches!(device, Device::Flex(_))
}

impl DeviceChoice {
    /// Opens the device; a GPU is tried with a small computation.
    ///
    /// `auto` falls back to the CPU, with a note that says why, where the binary was built for GPUs
    /// and none can be used.
    pub fn open(self) -> Result<OpenDevice, Error> {
        match self {
            Self::Cpu => Ok(cpu()),
            Self::Wgpu => wgpu().map(plain),
            Self::NdArray => ndarray().map(plain),
            Self::Cuda(index) => open_cuda(index).map(plain),
            Self::Auto => Ok(automatic()),
        }
    }
}

fn plain(device: Device) -> OpenDevice {
    OpenDevice { device, note: None }
}

fn cpu() -> OpenDevice {
    plain(Device::Flex(burn_flex::FlexDevice))
}

/// Without the feature there is nothing to fall back from, so nothing is noted.
fn automatic() -> OpenDevice {
    if cfg!(not(feature = "cuda")) {
        return cpu();
    }
    open_cuda(0).map_or_else(
        |error| OpenDevice { note: Some(format!("using the cpu: {error}")), ..cpu() },
        plain,
    )
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(feature = "ndarray")]
#[allow(clippy::unnecessary_wraps)]
fn ndarray() -> Result<Device, Error> {
    Ok(Device::NdArray(burn::backend::ndarray::NdArrayDevice::Cpu))
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Result<Device, Error> {
    Err(Error::NotBuilt { device: DeviceChoice::NdArray.to_string(), feature: "ndarray" })
}

/// Opened with a small computation, since its loader panics where there is none.
#[cfg(feature = "wgpu")]
fn wgpu() -> Result<Device, Error> {
    let device = Device::Wgpu(burn::backend::wgpu::WgpuDevice::default());
    let failed = |reason| Error::Gpu { device: DeviceChoice::Wgpu.to_string(), reason };
    crate::attempt(|| probe(&device)).map_err(failed)?;
    Ok(device)
}

#[cfg(not(feature = "wgpu"))]
fn wgpu() -> Result<Device, Error> {
    Err(Error::NotBuilt { device: DeviceChoice::Wgpu.to_string(), feature: "wgpu" })
}

/// Whether a device computes at all.
#[cfg(feature = "gpu")]
pub(crate) fn probe(device: &Device) -> Result<(), String> {
    let sum = burn::tensor::Tensor::<Backend, 1>::ones([8], device).sum();
    let data = sum.try_into_data().map_err(|error| error.to_string())?;
    match data.to_vec::<f32>() {
        Ok(values) if values == [8.0] => Ok(()),
        other => Err(format!("a sum of eight ones gave {other:?}")),
    }
}

#[cfg(feature = "cuda")]
fn open_cuda(index: usize) -> Result<Device, Error> {
    let named = |fault| Error::Cuda { device: DeviceChoice::Cuda(index).to_string(), fault };
    cuda::open(index).map_err(named)
}

#[cfg(not(feature = "cuda"))]
fn open_cuda(index: usize) -> Result<Device, Error> {
    Err(Error::NotBuilt { device: DeviceChoice::Cuda(index).to_string(), feature: "cuda" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_read_back() {
        for name in ["auto", "cpu", "cuda:0", "cuda:3", "wgpu", "ndarray"] {
            assert_eq!(name.parse::<DeviceChoice>().unwrap().to_string(), name);
        }
        assert_eq!("cuda".parse(), Ok(DeviceChoice::Cuda(0)));
        for name in ["gpu", "cuda:", "cuda:-1", "CPU", ""] {
            assert_eq!(name.parse::<DeviceChoice>(), Err(UnknownDevice(name.to_owned())));
        }
    }

    #[test]
    fn the_cpu_opens_and_uses_every_core() {
        let open = DeviceChoice::Cpu.open().unwrap();
        assert_eq!(open.describe(), format!("cpu, {} threads", threads()));
        assert_eq!(open.note, None);
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn cuda_without_the_feature_says_how_to_build() {
        let error = DeviceChoice::Cuda(0).open().unwrap_err();
        assert!(matches!(error, Error::NotBuilt { feature: "cuda", .. }), "{error}");
        assert!(error.hint().unwrap().contains("--features cuda"));
    }
}
