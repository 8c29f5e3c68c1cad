//! The description of the API and the page that shows it.

use crate::fake::LABELS;
use crate::{api, plain, request};
use axum::http::Method;
use canto_serve::{Keys, Settings};
use serde_json::{Value, json};

async fn document(settings: Settings) -> Value {
    api(settings).get("/openapi.json").await.well().json()
}

#[tokio::test]
async fn every_route_is_described_with_its_errors() {
    let document = document(Settings::default()).await;
    let api = plain();
    let paths = document["paths"].as_object().unwrap();
    for path in ["/predict", "/predict/batch", "/labels", "/info", "/health", "/ready", "/metrics"]
    {
        assert!(paths.contains_key(path), "{path}");
    }
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let status = api.send(request(method, path, &[], "")).await.status.as_u16().to_string();
            let response = &operation["responses"][&status];
            assert!(response.is_object(), "{path} answers {status}");
            assert!(operation["summary"].is_string(), "{path}");
        }
    }
    let failure = &document["paths"]["/predict"]["post"]["responses"]["429"];
    let schema = &failure["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(schema, "#/components/schemas/ErrorReport");
}

/// Every `$ref` of a document.
fn references(of: &Value) -> Vec<&str> {
    match of {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str);
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn what_it_refers_to_is_there() {
    let document = document(Settings::default()).await;
    let references = references(&document);
    assert!(references.len() > 10);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn labels_limits_and_keys_are_in_it() {
    let settings = Settings { max_songs: 7, keys: Keys::new("sesame"), ..Settings::default() };
    let document = document(settings).await;
    assert_eq!(document["info"]["version"], "1.2.3");
    let schemas = &document["components"]["schemas"];
    let thresholds = &schemas["PredictRequest"]["properties"]["thresholds"];
    let labels: Vec<_> = thresholds["properties"].as_object().unwrap().keys().collect();
    assert_eq!(labels, LABELS);
    assert_eq!(schemas["BatchRequest"]["properties"]["lyrics"]["maxItems"], 7);
    assert_eq!(schemas["PredictRequest"]["additionalProperties"], false);
    assert_eq!(schemas["PredictRequest"]["required"], json!(["lyrics"]));
    assert_eq!(document["security"], json!([{"bearer": []}, {"key": []}]));
    assert_eq!(document["paths"]["/health"]["get"]["security"], json!([{}]));
    assert!(!document.to_string().contains("sesame"));
    assert_eq!(schemas["Answer"]["anyOf"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_page_needs_no_other_server() {
    let api = plain();
    let page = api.get("/docs").await.well();
    assert!(!page.text.contains("://"), "{}", page.text);
    let sources = page.text.split(['"']).filter(|text| text.starts_with("/docs/"));
    let mut count = 0;
    for source in sources {
        let answer = api.get(source).await.well();
        assert!(!answer.text.is_empty(), "{source}");
        count += 1;
    }
    assert_eq!(count, 3);
    assert_eq!(api.get("/docs/swagger-ui.css").await.header("content-encoding"), "gzip");
}
