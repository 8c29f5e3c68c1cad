//! `canto serve`: a model behind HTTP.

use crate::args::ServeArgs;
use crate::served::Served;
use crate::songs::open_device;
use canto_bundle::Bundle;
use canto_predict::{Overrides, Predictor};
use canto_serve::{Bound, Service, Settings};
use canto_song::Silent;
use std::net::SocketAddr;
use std::sync::Arc;

/// What the model reads before the first request: kernels are compiled and memory is taken then.
const WARM_UP: &str = "la la la";

/// Serves until it is told to stop.
pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let bundle = Bundle::open(&Bundle::locate(&args.model)?)?;
    // A port that is taken is known before the weights are read.
    let bound = Bound::to(SocketAddr::new(args.host, args.port))?;
    let open = open_device(args.device.device)?;
    let predictor = Predictor::open(bundle, &open.device)?;
    predictor.predict_each(&[WARM_UP], &Overrides::default(), &Silent)?;
    let served = Served::new(predictor, &open.describe())?;
    let service = Service::start(Arc::new(served), settings(args))?;
    tracing::info!("listening on http://{}", bound.address());
    bound.serve(&service)?;
    tracing::info!("stopped");
    Ok(())
}

fn settings(_args: &ServeArgs) -> Settings {
    Settings::default()
}
