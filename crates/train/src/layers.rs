//! Which layer a parameter belongs to, by its Hugging Face name: lower ones may learn more slowly,
//! or not at all.

use burn::module::{Module, ModuleMapper, Param};
use burn::prelude::*;
use canto_encoder::{Backend, Classifier};

/// Where a parameter lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Embeddings, and what all layers share.
    Bottom,
    /// A layer, counted from 0 at the bottom.
    Layer(usize),
    /// The head, BERT's pooler included.
    Head,
}

impl Place {
    fn of(name: &str) -> Self {
        if let Some((_, rest)) = name.split_once("encoder.layer.") {
            let number = rest.split('.').next().and_then(|number| number.parse().ok());
            return number.map_or(Self::Bottom, Self::Layer);
        }
        let bottom = name.contains("embeddings") || name.contains("relative_attention_bias");
        if bottom { Self::Bottom } else { Self::Head }
    }
}

/// Number of layers among parameters called `names`.
fn layers(names: &[String]) -> usize {
    let number = |name: &String| match Place::of(name) {
        Place::Layer(number) => number + 1,
        Place::Bottom | Place::Head => 0,
    };
    names.iter().map(number).max().unwrap_or(0)
}

/// The share of the learning rate that each of `names` has: `decay` to the power of how far below
/// the head it lies (Howard and Ruder 2018; Clark et al. 2020).
pub(crate) fn rates(names: &[String], decay: f64) -> Vec<f64> {
    let layers = layers(names);
    let below = |name: &String| match Place::of(name) {
        Place::Head => 0,
        Place::Layer(number) => layers - number,
        Place::Bottom => layers + 1,
    };
    names.iter().map(|name| decay.powi(below(name) as i32)).collect()
}

/// `model` with its lowest `count` layers, and the embeddings with them, out of the graph: they
/// have no gradients and cost no backward pass. `names` are its parameters' in visiting order.
pub(crate) fn frozen(model: Classifier, count: usize, names: &[String]) -> Classifier {
    if count == 0 {
        return model;
    }
    let holds = |name: &String| match Place::of(name) {
        Place::Bottom => true,
        Place::Layer(number) => number < count,
        Place::Head => false,
    };
    model.map(&mut Freeze { frozen: names.iter().map(holds).collect(), index: 0 })
}

struct Freeze {
    frozen: Vec<bool>,
    index: usize,
}

impl ModuleMapper<Backend> for Freeze {
    fn map_float<const D: usize>(
        &mut self,
        param: Param<Tensor<Backend, D>>,
    ) -> Param<Tensor<Backend, D>> {
        let frozen = self.frozen.get(self.index).copied().unwrap_or(false);
        self.index += 1;
        if frozen { param.set_require_grad(false) } else { param }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_falls_from_the_head_to_the_embeddings() {
        let names = [
            "mpnet.embeddings.word_embeddings.weight",
            "mpnet.encoder.relative_attention_bias.weight",
            "mpnet.encoder.layer.0.attention.attn.q.weight",
            "mpnet.encoder.layer.1.output.LayerNorm.bias",
            "classifier.out_proj.weight",
        ];
        let names = names.map(str::to_owned);
        assert_eq!(rates(&names, 0.5), [0.125, 0.125, 0.25, 0.5, 1.0]);
        assert!(rates(&names, 1.0).iter().all(|rate| (rate - 1.0).abs() < 1e-15));
        assert_eq!(Place::of("bert.pooler.dense.weight"), Place::Head);
    }
}
