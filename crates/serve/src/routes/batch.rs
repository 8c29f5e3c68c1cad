//! `POST /predict/batch`.

use crate::body::json;
use crate::failure::Failure;
use crate::model::Question;
use crate::openapi::Failures;
use crate::request_id::RequestId;
use crate::service::Service;
use crate::wire::{Answer, BatchRequest, Line, LineOutcome};
use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use std::convert::Infallible;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tracing::{Instrument, Span};

/// Tells the genres of many songs, a line of JSON each, in their order and as soon as they are
/// known.
#[utoipa::path(
    post, path = "/predict/batch", tag = "predict", request_body = BatchRequest,
    responses((status = 200, description = "A line of JSON a song: `index` beside the answer of `/predict`, or beside its `error`", content_type = "application/x-ndjson", body = Line), Failures)
)]
pub(crate) async fn predict(
    State(service): State<Service>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Result<Response, Failure> {
    let leave = service.list()?;
    let settings = service.settings();
    let body = timeout(settings.timeout, json::<BatchRequest>(request, settings.max_batch_body));
    let late = |_| Failure::SlowBody { seconds: settings.timeout.as_secs() };
    let body = body.await.map_err(late)??;
    let asked = body.checked(&service.info().labels, settings.max_songs)?;
    let lines = lines(service, asked.questions, asked.all, id, leave);
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], lines).into_response())
}

/// Keeps as many songs in the queue as may be at a time; when the client leaves, they leave too.
fn lines(
    service: Service,
    questions: Vec<Question>,
    all: bool,
    id: RequestId,
    leave: OwnedSemaphorePermit,
) -> Body {
    let at_a_time = service.listed();
    let request = Span::current();
    let songs = stream::iter(questions.into_iter().enumerate());
    let lines = songs.map(move |(index, question)| {
        line(service.clone(), index, question, all, id.clone()).instrument(request.clone())
    });
    Body::from_stream(lines.buffered(at_a_time).map(move |line| {
        // Held until the last line is out.
        let _ = &leave;
        Ok::<_, Infallible>(line)
    }))
}

async fn line(
    service: Service,
    index: usize,
    question: Question,
    all: bool,
    id: RequestId,
) -> Vec<u8> {
    let outcome = match service.predict_listed(question).await {
        Ok(prediction) => LineOutcome::Answer(Answer::new(prediction, all)),
        Err(failure) => LineOutcome::Error(failure.in_list(index).report(id.as_str())),
    };
    let mut line = serde_json::to_vec(&Line { index, outcome }).unwrap_or_default();
    line.push(b'\n');
    line
}
