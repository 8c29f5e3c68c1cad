use crate::error::Error;
use crate::model::Precision;
use crate::{Backend, Device, Gpu};
use burn::tensor::{Distribution, Tensor};
use std::time::Instant;

/// Rows and columns of the matrices, by CUDA and elsewhere: a GPU that another library knows may
/// be a part of the CPU.
const SIZES: [usize; 2] = [8192, 1536];

/// Timed products; the best counts.
const TIMES: usize = 4;

/// Floating-point operations a second of one large matrix product in `precision`, measured on the
/// spot: what share of the device's peak a model reaches is told by it. Takes a fraction of a
/// second.
pub fn peak(device: &Device, precision: Precision) -> Result<f64, Error> {
    let device = match device {
        Device::Autodiff(inner) => inner,
        plain => plain,
    };
    #[cfg(feature = "cuda")]
    let large = matches!(device, Device::Cuda(_));
    #[cfg(not(feature = "cuda"))]
    let large = false;
    let size = SIZES[usize::from(!large)];
    let random = || {
        let drawn = Tensor::<Backend, 2>::random([size, size], Distribution::Default, device);
        precision.narrow(drawn)
    };
    let (left, right) = (random(), random());
    let mut best = f64::INFINITY;
    // The first one compiles and tunes kernels.
    for _ in 0..=TIMES {
        let begun = Instant::now();
        let (a, b) = (left.clone(), right.clone());
        let product = match Gpu::of(device) {
            Some(gpu) => gpu.product(a, b),
            None => a.matmul(b),
        };
        let corner = product.slice([0..1, 0..1]).try_into_data();
        corner.map_err(|error| Error::Readback {
            name: "a product".to_owned(),
            reason: error.to_string(),
        })?;
        best = best.min(begun.elapsed().as_secs_f64());
    }
    Ok(2.0 * (size as f64).powi(3) / best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeviceChoice;

    #[test]
    fn a_product_takes_time() {
        let device = DeviceChoice::Cpu.open().unwrap().device;
        let peak = peak(&device, Precision::F32).unwrap();
        assert!(peak.is_finite() && peak > 1e8, "{peak}");
    }
}
