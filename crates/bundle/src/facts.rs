//! What other tools get wrong about a model unless they are told.

use crate::{Bundle, Error};
use canto_batch::Window;
use canto_encoder::{Family, Pooling};
use canto_evaluate::Calibration;

impl Bundle {
    /// Whether scores are calibrated.
    pub fn is_calibrated(&self) -> bool {
        !matches!(self.calibration(), Calibration::None)
    }

    /// Whether a song is read from its beginning, through one window.
    pub fn reads_one_beginning(&self) -> bool {
        self.windows().config().window == Window::Head
    }

    /// Whether its weights are stored in int8, which only canto reads.
    pub fn is_int8(&self) -> Result<bool, Error> {
        Ok(canto_infer::is_quantized(self.dir())?)
    }

    /// Why Hugging Face's classes build another head than this model's, if they do.
    pub fn foreign_head(&self) -> Option<&'static str> {
        let architecture = self.architecture();
        let width = architecture.head_width.unwrap_or(architecture.hidden_size);
        if architecture.pooling == Pooling::Mean {
            return Some("its head reads the mean of all tokens, that of transformers the first");
        }
        let narrow = architecture.family != Family::Bert && width != architecture.hidden_size;
        narrow.then_some("its head has another width than its encoder")
    }
}
