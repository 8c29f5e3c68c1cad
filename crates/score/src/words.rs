//! A model of words beside the encoder.

use canto_evaluate::Blend;
use canto_tfidf::Tfidf;

/// n-grams with a linear model, and how much its scores count beside the encoder's.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// The model; its labels are the encoder's, in the same order.
    pub model: Tfidf,
    /// The encoder's scores are the first, those of words the second.
    pub blend: Blend,
}
