use super::attention::{Pass, ScoreBias};
use super::embeddings::Embeddings;
use super::head::Head;
use super::layer::Layer;
use super::mask::key_bias;
use super::on_cpu::constant;
use super::precision::Precision;
use super::relative::RelativeBias;
use crate::{Architecture, Backend, Device, Family, Pooling};
use burn::module::Module;
use burn::tensor::{Bool, Int, Tensor, backend::Backend as BurnBackend};

/// An encoder with a classification head over its first token, or over the mean of all.
#[derive(Module, Debug)]
pub struct SequenceClassifier<B: BurnBackend> {
    pub(super) embeddings: Embeddings<B>,
    pub(super) relative: Option<RelativeBias<B>>,
    pub(super) layers: Vec<Layer<B>>,
    pub(super) head: Head<B>,
    #[module(skip)]
    pub(super) pooling: Pooling,
    #[module(skip)]
    family: Family,
    #[module(skip)]
    pub(super) precision: Precision,
}

impl SequenceClassifier<Backend> {
    /// Weights not drawn yet.
    pub(crate) fn lazy(config: &Architecture, device: &Device) -> Self {
        let relative = (config.family == Family::Mpnet).then(|| {
            let buckets = config.relative_attention_buckets;
            RelativeBias::lazy(buckets, config.heads, config.initializer_range, device)
        });
        Self {
            embeddings: Embeddings::lazy(config, device),
            relative,
            layers: (0..config.layers).map(|_| Layer::lazy(config, device)).collect(),
            head: Head::lazy(config, device),
            pooling: config.pooling,
            family: config.family,
            precision: Precision::F32,
        }
    }

    /// The same model, its layers computing in `precision` from now on; its weights stay f32.
    #[must_use]
    pub fn in_precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Token ids and mask (false at padding) [rows, tokens] → logits [rows, labels].
    ///
    /// Dropout is active only on an autodiff device.
    pub fn forward(
        &self,
        input_ids: Tensor<Backend, 2, Int>,
        attention_mask: Tensor<Backend, 2, Bool>,
    ) -> Tensor<Backend, 2> {
        self.classify(self.pooled(input_ids, attention_mask))
    }

    /// The same inputs → what the head reads, [rows, width]: the first token of the last layer, or
    /// the mean of all.
    pub fn pooled(
        &self,
        input_ids: Tensor<Backend, 2, Int>,
        attention_mask: Tensor<Backend, 2, Bool>,
    ) -> Tensor<Backend, 2> {
        let rows = input_ids.dims()[0];
        #[cfg(feature = "gpu")]
        if let device = self.device()
            && !matches!(device, Device::Autodiff(_))
            && let Some(gpu) = crate::Gpu::of(&device)
            && !self.layers.is_empty()
        {
            let embedded = self.embeddings.forward(input_ids);
            return self.pooled_on_gpu(embedded, attention_mask, (gpu, &device));
        }
        let bias = self.score_bias(attention_mask.clone());
        let pass = Pass { rows, precision: self.precision };
        let embedded = self.embeddings.forward(input_ids);
        let last = self.layers.iter().fold(embedded, |x, layer| layer.forward(x, &bias, pass));
        self.pool(last, rows, attention_mask)
    }

    /// What the last layer gives, [rows·tokens, width], or only the first of each row's tokens where
    /// the head reads no other → what the head reads, [rows, width].
    pub(super) fn pool(
        &self,
        last: Tensor<Backend, 2>,
        rows: usize,
        attention_mask: Tensor<Backend, 2, Bool>,
    ) -> Tensor<Backend, 2> {
        let [all, width] = last.dims();
        let last = last.reshape([rows, all / rows, width]);
        match self.pooling {
            Pooling::First => last.slice([0..rows, 0..1]).reshape([rows, width]),
            Pooling::Mean => mean(last, attention_mask),
        }
    }

    /// What [`pooled`](Self::pooled) gives, [rows, width] → logits [rows, labels].
    pub fn classify(&self, pooled: Tensor<Backend, 2>) -> Tensor<Backend, 2> {
        self.head.forward(pooled)
    }

    /// The same inputs → what the embeddings and each layer give, [rows, tokens, width] each.
    pub fn hidden_states(
        &self,
        input_ids: Tensor<Backend, 2, Int>,
        attention_mask: Tensor<Backend, 2, Bool>,
    ) -> Vec<Tensor<Backend, 3>> {
        let [rows, tokens] = input_ids.dims();
        let bias = self.score_bias(attention_mask);
        let pass = Pass { rows, precision: self.precision };
        let mut states = vec![self.embeddings.forward(input_ids)];
        for layer in &self.layers {
            let x = states[states.len() - 1].clone();
            states.push(layer.forward(x, &bias, pass));
        }
        let width = states[0].dims()[1];
        states.into_iter().map(|x| x.reshape([rows, tokens, width])).collect()
    }

    fn score_bias(&self, attention_mask: Tensor<Backend, 2, Bool>) -> ScoreBias {
        let tokens = attention_mask.dims()[1];
        ScoreBias {
            keys: key_bias(attention_mask),
            distances: self.relative.as_ref().map(|relative| relative.forward(tokens)),
        }
    }

    /// The device of its weights: that of token ids and masks does not tell an autodiff device
    /// from the plain one.
    pub(super) fn device(&self) -> Device {
        self.head.device()
    }

    /// Number of labels.
    pub fn labels(&self) -> usize {
        self.head.labels()
    }

    /// Width of what the head reads.
    pub fn width(&self) -> usize {
        self.head.inputs()
    }

    /// Longest input in tokens.
    pub fn max_tokens(&self) -> usize {
        self.embeddings.max_tokens()
    }

    /// Number of token embeddings.
    pub fn vocab_size(&self) -> usize {
        self.embeddings.vocab_size()
    }

    /// The family.
    pub fn family(&self) -> Family {
        self.family
    }
}

/// The mean over the tokens that `mask` [rows, tokens] does not take for padding:
/// [rows, tokens, width] → [rows, width]. A row without any token has the mean 0.
fn mean(last: Tensor<Backend, 3>, mask: Tensor<Backend, 2, Bool>) -> Tensor<Backend, 2> {
    let [rows, tokens, width] = last.dims();
    let real = mask.float();
    let shares = real.clone() / real.sum_dim(1).clamp_min(1.0);
    // As a product of matrices, [1, tokens] with [tokens, width] for each row.
    constant(shares, &last.device()).reshape([rows, 1, tokens]).matmul(last).reshape([rows, width])
}
