use crate::config::{EngineConfig, Precision};
use crate::error::Error;
use crate::forward::Pass;
use crate::model::{Builder, Model};
use crate::names::Names;
use crate::source::{Source, architecture};
use crate::workspace::{Timings, Workspace};
use canto_encoder::{Architecture, weights_path};
use canto_kernels::{Level, Mapped, Numbers, Rows};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Tokens that go through the model at once: enough that reading the weights costs nothing
/// beside the products, few enough that buffers stay small however many windows there are.
const TOKENS: usize = 2048;

/// A classifier on the CPU.
pub struct Engine {
    file: Mapped,
    model: Model,
    architecture: Architecture,
    description: Description,
    threads: ThreadPool,
    space: Mutex<Workspace>,
}

/// How an engine computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// Of the products with weights, never [`Precision::Auto`].
    pub precision: Precision,
    /// Vector unit.
    pub level: Level,
    /// Number of threads.
    pub threads: usize,
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { precision, level, threads } = self;
        write!(f, "{precision} products, {level}, {threads} threads")
    }
}

impl Engine {
    /// Opens the Hugging Face folder `dir`: `config.json`, and `model.safetensors` in f32, f16,
    /// bf16 or as [`quantize`](crate::quantize) writes it, with a head. Missing, extra and
    /// mis-shaped tensors are named in one error.
    ///
    /// The file stays mapped and must not be written to; replacing it by a rename is safe.
    pub fn open(dir: &Path, config: &EngineConfig) -> Result<Self, Error> {
        let architecture = architecture(dir)?;
        let path = weights_path(dir)?;
        let file =
            Mapped::open(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let level = config.level.filter(|level| level.is_available());
        let level = level.unwrap_or_else(Level::detect);
        let threads = start(config.threads)?;
        let source = Source::new(&file, &path, &architecture)?;
        let precision = match config.precision {
            Precision::Auto if source.is_int8() => Precision::Int8,
            Precision::Auto => Precision::F32,
            chosen => chosen,
        };
        let names = Names::new(architecture.family);
        let builder =
            Builder { source: &source, architecture: &architecture, names, level, precision };
        let model = threads.install(|| builder.model());
        let count = threads.current_num_threads();
        let description = Description { precision, level, threads: count };
        let space = Mutex::new(Workspace::new(count));
        drop(source);
        Ok(Self { file, model, architecture, description, threads, space })
    }

    /// Logits of windows of token ids, of any lengths: row-major [windows, labels].
    ///
    /// One call computes at a time; a second one waits.
    pub fn logits(&self, windows: &[&[u32]]) -> Result<Vec<f32>, Error> {
        self.computed(windows, self.architecture.labels.len(), |pass, space| {
            pass.head(space);
            space.logits.rows()
        })
    }

    /// What the head reads of the same windows, row-major [windows, width].
    pub fn pooled(&self, windows: &[&[u32]]) -> Result<Vec<f32>, Error> {
        self.computed(windows, self.architecture.hidden_size, |_, space| space.pooled.rows())
    }

    /// `width` values a window: what `read` finds after the encoder is through.
    fn computed(
        &self,
        windows: &[&[u32]],
        width: usize,
        read: impl for<'s> Fn(&Pass<'_>, &'s mut Workspace) -> Rows<'s, f32> + Sync,
    ) -> Result<Vec<f32>, Error> {
        self.check(windows)?;
        let mut values = Vec::with_capacity(windows.len() * width);
        // A pass writes every value before it reads it, so one that panicked leaves no harm.
        let mut space = self.space.lock().unwrap_or_else(PoisonError::into_inner);
        let space: &mut Workspace = &mut space;
        let (file, model, architecture) = (&self.file, &self.model, &self.architecture);
        let Description { precision, level, .. } = self.description;
        let numbers = match precision {
            Precision::Int8 => Numbers::Int8,
            Precision::Bf16 => Numbers::Int16,
            Precision::F32 | Precision::Auto => Numbers::F32,
        };
        let pass = Pass { file, model, architecture, level, numbers };
        self.threads.install(|| {
            let mut rest = windows;
            while !rest.is_empty() {
                let (group, after) = rest.split_at(group(rest));
                pass.pool(group, space);
                let found = read(&pass, space);
                (0..found.rows()).for_each(|row| values.extend_from_slice(found.row(row)));
                rest = after;
            }
        });
        Ok(values)
    }

    fn check(&self, windows: &[&[u32]]) -> Result<(), Error> {
        let maximum = self.architecture.max_tokens();
        let vocab_size = self.architecture.vocab_size;
        for (window, ids) in windows.iter().enumerate() {
            let length = ids.len();
            if length == 0 {
                return Err(Error::Empty { window });
            }
            if length > maximum {
                return Err(Error::TooLong { window, length, maximum });
            }
            if let Some(&id) = ids.iter().find(|&&id| id as usize >= vocab_size) {
                return Err(Error::TokenId { id, vocab_size });
            }
        }
        Ok(())
    }

    /// Sizes and labels.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Where the time of all calls went.
    pub fn timings(&self) -> Timings {
        self.space.lock().unwrap_or_else(PoisonError::into_inner).timings
    }

    /// How it computes here.
    pub fn describe(&self) -> Description {
        self.description
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("description", &self.description).finish_non_exhaustive()
    }
}

/// How many of the windows go first: at least one, then as many as fit.
fn group(windows: &[&[u32]]) -> usize {
    let mut tokens = 0;
    let fits = |window: &&&[u32]| {
        tokens += window.len();
        tokens <= TOKENS
    };
    windows.iter().take_while(fits).count().max(1)
}

fn start(threads: Option<usize>) -> Result<ThreadPool, Error> {
    // 0 is one a core, or what RAYON_NUM_THREADS says.
    let threads = threads.unwrap_or(0);
    // Those that this process may run on.
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("infer-{i}"))
        .start_handler(move |i| {
            // A thread a core, each kept on its own: after a pause the system often wakes two on
            // the same one, and a lone song takes twice as long. Fewer threads leave room for
            // others and may move.
            if cores.len() == rayon::current_num_threads()
                && let Some(&core) = cores.get(i)
            {
                // Where that is refused, threads move as they did.
                let _ = core_affinity::set_for_current(core);
            }
        })
        .build()
        .map_err(|source| Error::Threads { threads, source })
}
