use super::dropout::Dropout;
use super::positions::position_ids;
use crate::{Architecture, Backend, Device};
use burn::module::{Module, Param, ParamId};
use burn::nn::{Embedding, LayerNorm, LayerNormConfig};
use burn::tensor::{Distribution, Int, Tensor, backend::Backend as BurnBackend};

/// Words plus positions plus, but for MPNet, the type of the first segment; then norm and
/// dropout.
#[derive(Module, Debug)]
pub(crate) struct Embeddings<B: BurnBackend> {
    words: Embedding<B>,
    positions: Embedding<B>,
    types: Option<Embedding<B>>,
    norm: LayerNorm<B>,
    #[module(skip)]
    dropout: Dropout,
    /// Where positions are counted over tokens that are not padding: the padding id.
    counted_from: Option<usize>,
}

impl Embeddings<Backend> {
    pub(crate) fn lazy(config: &Architecture, device: &Device) -> Self {
        let counted = config.family.positions_follow_padding();
        let pad = config.pad_token_id;
        let types = config.family.has_token_types();
        Self {
            words: table(config.vocab_size, Some(pad), config, device),
            positions: table(config.max_positions, counted.then_some(pad), config, device),
            types: types.then(|| table(config.type_vocab_size, None, config, device)),
            norm: norm(config, device),
            dropout: Dropout::new(config.hidden_dropout),
            counted_from: counted.then_some(pad),
        }
    }

    /// Token ids [rows, tokens] → [rows·tokens, width].
    pub(crate) fn forward(&self, input_ids: Tensor<Backend, 2, Int>) -> Tensor<Backend, 2> {
        let [words, positions] = self.read_from(input_ids);
        self.finish(self.words.forward(words), self.positions.forward(positions))
    }

    /// Token ids [rows, tokens] → rows of the words' table and of the positions', [rows, tokens].
    pub(super) fn read_from(
        &self,
        input_ids: Tensor<Backend, 2, Int>,
    ) -> [Tensor<Backend, 2, Int>; 2] {
        let positions = position_ids(&input_ids, self.counted_from);
        [input_ids, positions]
    }

    /// The tables of words and of positions, the first two parameters.
    #[cfg(feature = "gpu")]
    pub(super) fn tables(&self) -> [Tensor<Backend, 2>; 2] {
        [self.words.weight.val(), self.positions.weight.val()]
    }

    /// What words and positions say, [rows, tokens, width] each → [rows·tokens, width].
    pub(super) fn finish(
        &self,
        words: Tensor<Backend, 3>,
        positions: Tensor<Backend, 3>,
    ) -> Tensor<Backend, 2> {
        let [rows, tokens, width] = words.dims();
        let mut sum = words;
        if let Some(types) = &self.types {
            let first = types.weight.val().narrow(0, 0, 1);
            sum = sum + first.unsqueeze();
        }
        sum = sum + positions;
        self.dropout.forward(self.norm.forward(sum.reshape([rows * tokens, width])))
    }

    /// Rows of the word table.
    pub(crate) fn vocab_size(&self) -> usize {
        self.words.weight.lazy_shape().dims::<2>()[0]
    }

    /// Longest input in tokens.
    pub(crate) fn max_tokens(&self) -> usize {
        let rows = self.positions.weight.lazy_shape().dims::<2>()[0];
        rows.saturating_sub(self.counted_from.map_or(0, |pad| pad + 1))
    }
}

pub(crate) fn norm(config: &Architecture, device: &Device) -> LayerNorm<Backend> {
    LayerNormConfig::new(config.hidden_size).with_epsilon(config.layer_norm_eps).init(device)
}

/// A table of `rows` normal vectors, zero at `padding`.
fn table(
    rows: usize,
    padding: Option<usize>,
    config: &Architecture,
    device: &Device,
) -> Embedding<Backend> {
    let (width, std) = (config.hidden_size, config.initializer_range);
    let draw = move |device: &Device, require_grad: bool| {
        let normal = Distribution::Normal(0.0, std);
        let drawn = Tensor::<Backend, 2>::random([rows, width], normal, device);
        let zeroed = match padding.filter(|&row| row < rows) {
            Some(row) => drawn.slice_fill([row..row + 1, 0..width], 0.0),
            None => drawn,
        };
        zeroed.detach().set_require_grad(require_grad)
    };
    let shape = [rows, width].into();
    let weight = Param::uninitialized(ParamId::new(), draw, device.clone(), true, shape);
    Embedding { weight }
}
