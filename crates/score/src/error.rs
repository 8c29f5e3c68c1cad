/// Why lyrics could not be scored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tokenizer refused a text.
    #[error("the lyrics could not be tokenised")]
    Tokenise(#[from] canto_batch::Error),
    /// The encoder refused a batch.
    #[error("the encoder failed on a batch")]
    Encode(#[from] canto_encoder::Error),
    /// The engine refused a batch.
    #[error("the encoder failed on a batch")]
    Infer(#[from] canto_infer::Error),
    /// The encoder answered with another number of scores than asked for.
    #[error("the encoder gave `{found}` scores for `{rows}` rows, expected `{expected}`")]
    Shape {
        /// Rows in the batch.
        rows: usize,
        /// Rows times labels.
        expected: usize,
        /// Scores received.
        found: usize,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Tokenise(error) => error.hint(),
            Error::Encode(error) => error.hint(),
            Error::Infer(error) => error.hint(),
            Error::Shape { .. } => None,
        }
    }
}
