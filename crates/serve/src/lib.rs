//! `canto serve`: a model behind an HTTP API.
//!
//! Owns the router, the form of requests, answers and errors, the queue that makes batches of
//! songs, limits, metrics, and the web page. Refuses to know what a model is made of: it runs over
//! [`Model`], which the command line implements for a predictor and tests for invented ones.
//! Lyrics are never logged, nor are keys.

mod access;
mod app;
mod body;
mod cors;
mod error;
mod failure;
mod json;
mod key;
mod metrics;
mod model;
mod openapi;
mod page;
mod peer;
mod queue;
mod rate;
mod request_id;
mod routes;
mod server;
mod service;
mod settings;
mod swagger_ui;
mod trace;
mod wire;

pub use app::app;
pub use error::Error;
pub use key::Keys;
pub use model::{Model, ModelError, Question, Unscorable};
pub use server::Bound;
pub use service::Service;
pub use settings::Settings;
pub use trace::TRACES;
pub use wire::{
    Explanation, FileHash, GenreScore, Info, LabelScore, LabelThreshold, LineWeight, ModelInfo,
    Prediction, Warning,
};
