//! Work on gradients, moments and weights where they are: on the CPU one parallel pass in place
//! instead of an operation a pass, each with a buffer of its own.

use crate::parallel::plain;
use burn::prelude::*;
use canto_encoder::{Backend, Device, is_cpu};
use rayon::prelude::*;

/// Elements a task.
const CHUNK: usize = 1 << 16;

/// Whether the tensors of `device`, with or without a graph, are f32 slices of this process.
pub(crate) fn is(device: &Device) -> bool {
    is_cpu(plain(device))
}

/// `tensor`, which is in no graph, after `work` on its values, and what that gave. Copies only what
/// others hold too. `device` is the autodiff device of the model: what comes from there bears the
/// checkpointing strategy of what it will meet.
///
/// A tensor on the CPU is always readable as f32: should it not be, `work` sees nothing.
pub(crate) fn in_place<R>(
    tensor: Tensor<Backend, 1>,
    device: &Device,
    work: impl FnOnce(&mut [f32]) -> R,
) -> (Tensor<Backend, 1>, R) {
    let mut data = tensor.into_data();
    let result = work(data.as_mut_slice::<f32>().unwrap_or_default());
    (Tensor::<Backend, 1>::from_data(data, device).inner(), result)
}

/// Σ x², in double precision, by chunks, so that it does not depend on the number of threads.
pub(crate) fn sum_of_squares(values: &[f32]) -> f64 {
    let of_chunk = |chunk: &[f32]| {
        let mut sums = [0.0f64; 8];
        let (eights, rest) = chunk.as_chunks::<8>();
        for eight in eights {
            for (sum, &x) in sums.iter_mut().zip(eight) {
                *sum += f64::from(x) * f64::from(x);
            }
        }
        let rest: f64 = rest.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        sums.iter().sum::<f64>() + rest
    };
    let sums: Vec<f64> = values.par_chunks(CHUNK).map(of_chunk).collect();
    sums.iter().sum()
}

/// `work` on the chunks of four slices of one length.
pub(crate) fn zip4(
    first: &mut [f32],
    second: &mut [f32],
    third: &mut [f32],
    fourth: &[f32],
    work: impl Fn(&mut [f32], &mut [f32], &mut [f32], &[f32]) + Sync,
) {
    let outputs = first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK));
    let inputs = third.par_chunks_mut(CHUNK).zip(fourth.par_chunks(CHUNK));
    outputs.zip(inputs).for_each(|((a, b), (c, d))| work(a, b, c, d));
}

#[cfg(test)]
mod tests {
    use super::*;
    use canto_encoder::DeviceChoice;

    #[test]
    fn squares_add_up_over_chunks() {
        let values: Vec<f32> = (0..200_003).map(|i| (i % 7) as f32).collect();
        let expected: f64 = values.iter().map(|&x| f64::from(x * x)).sum();
        assert!((sum_of_squares(&values) - expected).abs() < 1e-6);
    }

    #[test]
    fn work_in_place_leaves_what_others_hold() {
        let device = Device::autodiff(DeviceChoice::Cpu.open().unwrap().device);
        let mine = Tensor::<Backend, 1>::from_floats([1.0, 2.0], &device).inner();
        let other = mine.clone();
        let (mine, sum) = in_place(mine, &device, |values| {
            values[0] = 5.0;
            values.iter().sum::<f32>()
        });
        assert_eq!(mine.into_data().to_vec::<f32>().unwrap(), [5.0, 2.0]);
        assert_eq!(other.into_data().to_vec::<f32>().unwrap(), [1.0, 2.0]);
        assert!((sum - 7.0).abs() < 1e-6);
    }
}
