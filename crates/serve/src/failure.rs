//! Everything that a request can be answered with instead of a prediction.

use crate::model::Unscorable;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request has no answer but an error.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the body is not JSON: {detail}")]
    BadJson { detail: String },
    #[error("the body could not be read to its end")]
    BodyCut,
    #[error("the body did not come within {seconds} s")]
    SlowBody { seconds: u64 },
    #[error("the body is larger than {most} bytes")]
    TooLarge { most: usize },
    #[error("the content type is {}, expected `application/json`", found.as_deref().unwrap_or("missing"))]
    MediaType { found: Option<String> },
    #[error("{problem}")]
    Field { path: Option<String>, problem: String },
    #[error("unknown label `{label}`")]
    UnknownLabel { label: String, path: String, known: Vec<String> },
    #[error("the threshold is {value}, expected 0 to 1")]
    Threshold { path: String, value: f32 },
    #[error("{reason}")]
    Unscorable { reason: Unscorable, path: String },
    #[error("no such route")]
    NoRoute,
    #[error("this route knows no such method")]
    Method,
    #[error("too many songs are waiting")]
    QueueFull { wait: u64 },
    #[error("no answer within {seconds} s")]
    Timeout { seconds: u64 },
    #[error("the server is shutting down")]
    Draining,
    #[error("the model failed on this song")]
    Model,
}

impl Failure {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::BadJson { .. } | Self::BodyCut => StatusCode::BAD_REQUEST,
            Self::SlowBody { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Field { .. }
            | Self::UnknownLabel { .. }
            | Self::Threshold { .. }
            | Self::Unscorable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::QueueFull { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Draining => StatusCode::SERVICE_UNAVAILABLE,
            Self::Model => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable name.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::BadJson { .. } => "bad_json",
            Self::BodyCut => "body_cut",
            Self::SlowBody { .. } => "slow_body",
            Self::TooLarge { .. } => "too_large",
            Self::MediaType { .. } => "media_type",
            Self::Field { .. } => "invalid_field",
            Self::UnknownLabel { .. } => "unknown_label",
            Self::Threshold { .. } => "invalid_threshold",
            Self::Unscorable { reason, .. } => reason.code(),
            Self::NoRoute => "not_found",
            Self::Method => "method_not_allowed",
            Self::QueueFull { .. } => "queue_full",
            Self::Timeout { .. } => "timeout",
            Self::Draining => "shutting_down",
            Self::Model => "internal",
        }
    }

    /// Where in the body the fault lies.
    fn path(&self) -> Option<&str> {
        match self {
            Self::Field { path, .. } => path.as_deref(),
            Self::UnknownLabel { path, .. }
            | Self::Threshold { path, .. }
            | Self::Unscorable { path, .. } => Some(path),
            _ => None,
        }
    }

    /// What to do about it.
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::UnknownLabel { known, .. } => {
                let known: Vec<_> = known.iter().map(|label| format!("`{label}`")).collect();
                return Some(format!("the model knows {}", known.join(", ")));
            }
            Self::MediaType { .. } => "send `content-type: application/json`",
            Self::Unscorable { .. } => "give the lyrics of a song, not only tags like `[Chorus]`",
            Self::QueueFull { .. } => "try again later, as the header `retry-after` says",
            Self::NoRoute => "the routes are listed at `/docs`",
            Self::Model => "the server's log says more under this request id",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// Seconds after which it may go well.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::QueueFull { wait } => Some(*wait),
            _ => None,
        }
    }

    /// The body of the answer.
    pub(crate) fn report(&self, request_id: &str) -> ErrorReport {
        ErrorReport {
            error: ErrorDetail {
                code: self.code(),
                message: self.to_string(),
                path: self.path().map(str::to_owned),
                hint: self.hint(),
                request_id: request_id.to_owned(),
            },
        }
    }
}

impl IntoResponse for Failure {
    /// Only the status and the headers; [`crate::request_id`] writes the body, which names the
    /// request.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The one form of every error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorReport {
    error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorDetail {
    /// A stable name.
    #[schema(example = "invalid_field")]
    code: &'static str,
    /// The same in words.
    message: String,
    /// Where in the body the fault lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "thresholds.Rock")]
    path: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// As in the header `x-request-id`.
    request_id: String,
}
