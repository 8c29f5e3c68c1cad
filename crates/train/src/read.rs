use crate::error::Error;
use crate::examples::Examples;
use crate::fit::Inputs;
use burn::module::AutodiffModule;
use canto_encoder::is_cpu;
use canto_infer::{Engine, EngineConfig, Precision};
use canto_score::{Pooled, Scorer};
use fs_err as fs;

/// What a frozen encoder makes of all songs; each is read once, without dropout.
pub(crate) struct Read {
    pub(crate) train: Pooled,
    pub(crate) validation: Pooled,
}

impl Read {
    pub(crate) fn new(
        inputs: &Inputs<'_>,
        precision: canto_encoder::Precision,
    ) -> Result<Self, Error> {
        let Inputs { model, architecture, device, windows, folder, .. } = inputs;
        let model = model.valid().in_precision(precision);
        if !is_cpu(device) {
            let labels = canto_song::Genre::ALL.len();
            return Self::by(&Scorer::new(&model, device, windows, labels), inputs);
        }
        // The engine maps its weights from a file; it is gone once the songs are read.
        fs::create_dir_all(folder)?;
        let aside = tempfile::tempdir_in(folder)?;
        canto_encoder::save(&model, architecture, aside.path())?;
        // Of the engine's own formats; f16 is none, and is read exactly.
        let precision = match precision {
            canto_encoder::Precision::Bf16 => Precision::Bf16,
            canto_encoder::Precision::F32 | canto_encoder::Precision::F16 => Precision::F32,
        };
        let config = EngineConfig { precision, ..EngineConfig::default() };
        let engine = Engine::open(aside.path(), &config)?;
        Self::by(&Scorer::on_engine(&engine, windows), inputs)
    }

    fn by(scorer: &Scorer<'_>, inputs: &Inputs<'_>) -> Result<Self, Error> {
        let pool = |examples: &Examples| {
            scorer.pool(&examples.tokenized, inputs.progress).map_err(Error::Reading)
        };
        Ok(Self { train: pool(inputs.train)?, validation: pool(inputs.validation)? })
    }
}
