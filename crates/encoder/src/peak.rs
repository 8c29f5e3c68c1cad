use crate::error::Error;
use crate::model::Precision;
use crate::{Backend, Device};
use burn::tensor::{Distribution, Tensor};
use std::time::Instant;

/// Rows and columns of the matrices, on the CPU and on a GPU.
const SIZES: [usize; 2] = [1536, 8192];

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
    let size = SIZES[usize::from(!crate::is_cpu(device))];
    let random = || {
        let drawn = Tensor::<Backend, 2>::random([size, size], Distribution::Default, device);
        precision.narrow(drawn)
    };
    let (left, right) = (random(), random());
    let mut best = f64::INFINITY;
    // The first one compiles and tunes kernels.
    for _ in 0..=TIMES {
        let begun = Instant::now();
        let product = left.clone().matmul(right.clone());
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
