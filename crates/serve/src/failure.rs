//! Everything that a request can be answered with instead of a prediction.

use crate::model::Unscorable;
use axum::body::Body;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
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
    Threshold { path: String, value: f64 },
    #[error("{reason}")]
    Unscorable { reason: Unscorable, path: String },
    #[error("no such route")]
    NoRoute,
    #[error("this route knows no such method")]
    Method,
    #[error("{found} songs are too many for one request, the most is {most}")]
    TooManySongs { found: usize, most: usize },
    #[error("the key is missing or wrong")]
    Key,
    #[error("this address asks too often")]
    TooOften { wait: u64 },
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
            | Self::TooManySongs { .. }
            | Self::Unscorable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Key => StatusCode::UNAUTHORIZED,
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::QueueFull { .. } | Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
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
            Self::TooManySongs { .. } => "too_many_songs",
            Self::Key => "unauthorized",
            Self::TooOften { .. } => "rate_limited",
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
            Self::TooManySongs { .. } => Some("lyrics"),
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
            Self::QueueFull { .. } | Self::TooOften { .. } => {
                "try again later, as the header `retry-after` says"
            }
            Self::TooManySongs { .. } => "send them in several requests",
            Self::Key => "send `authorization: Bearer KEY` or `x-api-key: KEY`",
            Self::Draining => "ask another server, or this one again soon",
            Self::NoRoute => "the routes are listed at `/docs`",
            Self::Model => "the server's log says more under this request id",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// Seconds after which it may go well.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::QueueFull { wait } | Self::TooOften { wait } => Some(*wait),
            Self::Draining => Some(5),
            _ => None,
        }
    }

    /// The same about one song of a list.
    pub(crate) fn in_list(self, index: usize) -> Self {
        match self {
            Self::Unscorable { reason, path } => {
                Self::Unscorable { reason, path: format!("{path}[{index}]") }
            }
            other => other,
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
        if self == Self::Key {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
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
