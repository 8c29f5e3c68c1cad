//! `canto serve`: a model behind HTTP.

use crate::args::{AccessArgs, ServeArgs};
use crate::console::Console;
use crate::failure::Refusal;
use crate::served::Served;
use crate::songs::open_device;
use anyhow::Context;
use canto_encoder::{Device, OpenDevice};
use canto_predict::{Overrides, Predictor};
use canto_serve::{Bound, Keys, Service, Settings};
use canto_song::Silent;
use std::env;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;

/// The environment's key.
const KEY: &str = "CANTO_API_KEY";

/// What the model reads before the first request: kernels are compiled and memory is taken then.
const WARM_UP: &str = "la la la";

/// Tokens scored at once where nothing else is said. Two cores are busy with few; a batch that
/// outgrows their caches takes longer a song.
const BATCH_ON_CPU: u32 = 2048;
const BATCH_ELSEWHERE: u32 = 16_384;

/// Serves until it is told to stop.
pub(crate) fn run(args: &ServeArgs, console: &Console) -> anyhow::Result<()> {
    let mut settings = settings(args)?;
    let bundle = canto_hub::open_model(&args.model, &console.stages())?.bundle;
    // A port that is taken is known before the weights are read.
    let bound = Bound::to(SocketAddr::new(args.host, args.port))?;
    let open = open_device(args.device.device)?;
    settings.batch_tokens = batch_tokens(args, &open);
    let predictor = Predictor::open(bundle, &open.device)?;
    predictor.predict_each(&[WARM_UP], &Overrides::default(), &Silent)?;
    let served = Served::new(predictor, &open.describe())?;
    if settings.keys.is_empty() && !args.host.is_loopback() {
        tracing::warn!("no key is asked for: whoever reaches {} may use it", bound.address());
    }
    let service = Service::start(Arc::new(served), settings)?;
    tracing::info!("listening on http://{}", bound.address());
    bound.serve(&service)?;
    tracing::info!("stopped");
    Ok(())
}

fn batch_tokens(args: &ServeArgs, open: &OpenDevice) -> usize {
    let on_cpu = matches!(open.device, Device::Flex(_));
    let by_device = if on_cpu { BATCH_ON_CPU } else { BATCH_ELSEWHERE };
    args.scoring.batch_tokens.map_or(by_device, NonZero::get) as usize
}

fn settings(args: &ServeArgs) -> anyhow::Result<Settings> {
    let ServeArgs { access, limits, scoring, .. } = args;
    let kibibytes = |count: u32| (count as usize) << 10;
    Ok(Settings {
        max_body: kibibytes(limits.max_body.get()),
        max_batch_body: kibibytes(limits.max_batch_body.get()),
        max_songs: limits.max_songs.get() as usize,
        timeout: limits.timeout,
        queue: scoring.queue.get().into(),
        workers: scoring.workers.get().into(),
        drain: limits.drain_timeout,
        rate: access.rate_limit.map(u32::from),
        behind_proxy: access.behind_proxy,
        origins: access.cors_origins.clone(),
        keys: keys(access)?,
        ..Settings::default()
    })
}

/// From the file, or else the environment. Neither shall be there and empty: a secret that was
/// lost on its way must not open the door.
fn keys(access: &AccessArgs) -> anyhow::Result<Keys> {
    let (text, name) = match (&access.api_key_file, env::var_os(KEY)) {
        (Some(path), _) => {
            let name = path.display().to_string();
            let text = fs_err::read_to_string(path);
            (text.with_context(|| format!("cannot read the keys in `{name}`"))?, name)
        }
        (None, Some(key)) => {
            let key = key.into_string();
            (key.map_err(|_| Refusal::new(format!("`{KEY}` is not UTF-8")))?, KEY.to_owned())
        }
        (None, None) => return Ok(Keys::default()),
    };
    let keys = Keys::new(&text);
    if keys.is_empty() {
        let refusal = Refusal::new(format!("`{name}` holds no key"));
        return Err(refusal.hint("write a key into it, or take it away to ask for none").into());
    }
    Ok(keys)
}
