//! The description of the API, for people and programs.

use crate::failure::ErrorReport;
use crate::routes::{batch, model, predict, state};
use crate::settings::Settings;
use crate::wire::{Info, LabelThreshold};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::openapi::{ContentBuilder, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, OpenApi, ToSchema};

/// All routes that speak JSON, NDJSON or metrics.
#[derive(OpenApi)]
#[openapi(
    info(title = "canto", description = "Tells a song's genres from its lyrics."),
    paths(
        predict::predict,
        batch::predict,
        model::labels,
        model::info,
        state::health,
        state::ready,
        state::metrics
    ),
    components(schemas(ErrorReport)),
    tags(
        (name = "predict", description = "Genres of lyrics"),
        (name = "model", description = "What is served"),
        (name = "operation", description = "How the server is"),
    )
)]
struct Document;

/// What every route may answer instead; each has the one form of an error.
pub(crate) struct Failures;

/// What they mean.
const FAILURES: [(&str, &str); 10] = [
    ("400", "The body is not JSON, or broke off"),
    ("401", "The key is missing or wrong"),
    ("408", "The body did not come in time"),
    ("413", "The body is too large"),
    ("415", "The content type is not `application/json`"),
    ("422", "A field is wrong; `path` says which"),
    ("429", "Too many songs wait, or this address asks too often; see `retry-after`"),
    ("500", "The model failed"),
    ("503", "The server is shutting down"),
    ("504", "No answer in time"),
];

impl IntoResponses for Failures {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let report = RefOr::Ref(utoipa::openapi::Ref::from_schema_name(ErrorReport::name()));
        let content = ContentBuilder::new().schema(Some(report)).build();
        let response = |(status, words): &(&str, &str)| {
            let response = ResponseBuilder::new().description(*words);
            let response = response.content("application/json", content.clone()).build();
            ((*status).to_owned(), RefOr::T(response))
        };
        FAILURES.iter().map(response).collect()
    }
}

/// The document of one server: its labels and its limits are in it.
pub(crate) fn document(info: &Info, settings: &Settings) -> String {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    document["info"]["version"] = json!(info.version);
    let schemas = &mut document["components"]["schemas"];
    for request in ["PredictRequest", "BatchRequest"] {
        schemas[request]["properties"]["thresholds"] = thresholds(&info.labels);
    }
    schemas["BatchRequest"]["properties"]["lyrics"]["maxItems"] = json!(settings.max_songs);
    for overlapping in ["Answer", "LineOutcome"] {
        any_of(&mut schemas[overlapping]);
    }
    if !settings.keys.is_empty() {
        secure(&mut document);
    }
    document.to_string()
}

fn thresholds(labels: &[LabelThreshold]) -> Value {
    let threshold = json!({"type": "number", "minimum": 0, "maximum": 1});
    let properties: serde_json::Map<String, Value> =
        labels.iter().map(|label| (label.label.clone(), threshold.clone())).collect();
    json!({
        "type": "object",
        "description": "Thresholds of single labels; they go before `threshold`",
        "properties": properties,
        "additionalProperties": false,
        "example": {},
    })
}

/// The longer answer has all that the shorter one has: both forms fit it, not exactly one.
fn any_of(schema: &mut Value) {
    if let Some(forms) = schema.as_object_mut().and_then(|fields| fields.remove("oneOf")) {
        schema["anyOf"] = forms;
    }
}

/// Says that a key is asked for, in either header.
fn secure(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    });
    document["security"] = json!([{"bearer": []}, {"key": []}]);
}
