use super::dense::{Dense, DenseConfig};
use super::dropout::Dropout;
use crate::{Architecture, Backend, Device, Family};
use burn::module::Module;
use burn::tensor::{Tensor, backend::Backend as BurnBackend};

/// First token → logits: dense, tanh, projection.
///
/// RoBERTa and MPNet drop out before both products; BERT, whose dense layer is its pretrained
/// pooler, before the second only.
#[derive(Module, Debug)]
pub(crate) struct Head<B: BurnBackend> {
    dense: Dense<B>,
    projection: Dense<B>,
    #[module(skip)]
    dropout: Dropout,
    drops_input: bool,
}

impl Head<Backend> {
    pub(crate) fn lazy(config: &Architecture, device: &Device) -> Self {
        let (width, head) = (config.hidden_size, config.head_width());
        let (labels, deviation) = (config.labels.len(), config.initializer_range);
        Self {
            dense: DenseConfig { input: width, output: head, deviation }.init(device),
            projection: DenseConfig { input: head, output: labels, deviation }.init(device),
            dropout: Dropout::new(config.head_dropout()),
            drops_input: config.family != Family::Bert,
        }
    }

    /// First tokens [rows, width] → logits [rows, labels].
    pub(crate) fn forward(&self, first: Tensor<Backend, 2>) -> Tensor<Backend, 2> {
        let first = if self.drops_input { self.dropout.forward(first) } else { first };
        let inner = self.dense.forward(first).tanh();
        self.projection.forward(self.dropout.forward(inner))
    }

    /// Of its weights.
    pub(crate) fn device(&self) -> Device {
        self.projection.weight.val().device()
    }

    /// Width of its input.
    pub(crate) fn inputs(&self) -> usize {
        self.dense.inputs()
    }

    /// Number of labels.
    pub(crate) fn labels(&self) -> usize {
        self.projection.outputs()
    }
}
