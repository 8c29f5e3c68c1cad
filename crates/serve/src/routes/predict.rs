//! `POST /predict`.

use crate::body::json;
use crate::failure::Failure;
use crate::json::Json;
use crate::openapi::Failures;
use crate::service::Service;
use crate::wire::{Answer, PredictRequest};
use axum::extract::{Request, State};
use tokio::time::{Instant, timeout_at};

/// Tells the genres of one song.
#[utoipa::path(
    post, path = "/predict", tag = "predict", request_body = PredictRequest,
    responses((status = 200, description = "Genres whose scores reach their thresholds, best first; with `all` everything else that is known", body = Answer), Failures)
)]
pub(crate) async fn predict(
    State(service): State<Service>,
    request: Request,
) -> Result<Json<Answer>, Failure> {
    let settings = service.settings();
    let (by, seconds) = (Instant::now() + settings.timeout, settings.timeout.as_secs());
    let body = timeout_at(by, json::<PredictRequest>(request, settings.max_body)).await;
    let body = body.map_err(|_| Failure::SlowBody { seconds })??;
    let asked = body.checked(&service.info().labels)?;
    let all = asked.all;
    let prediction = timeout_at(by, service.predict(asked)).await;
    let prediction = prediction.map_err(|_| Failure::Timeout { seconds })??;
    Ok(Json(Answer::new(prediction, all)))
}
