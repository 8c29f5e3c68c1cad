//! Who may ask.

use crate::failure::Failure;
use crate::service::Service;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::{Choice, ConstantTimeEq};

/// Keys that open the API. Only their digests are kept: nothing can print what is not there.
#[derive(Clone, Default)]
pub struct Keys(Vec<[u8; 32]>);

impl Keys {
    /// The lines of `text`, less white space and empty ones: one key, or several while clients
    /// change from one to the next.
    pub fn new(text: &str) -> Self {
        let keys = text.lines().map(str::trim).filter(|key| !key.is_empty());
        Self(keys.map(|key| digest(key.as_bytes())).collect())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes as long for a wrong key as for a right one: digests are of one length, and all are
    /// compared to their ends.
    fn hold(&self, given: &[u8]) -> bool {
        let given = digest(given);
        let found = self.0.iter().fold(Choice::from(0), |found, key| found | key.ct_eq(&given));
        found.into()
    }
}

fn digest(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
}

/// Lets a request with a right key pass, or any where no key is asked for.
pub(crate) async fn check(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let keys = &service.settings().keys;
    if keys.is_empty() || given(request.headers()).is_some_and(|key| keys.hold(key)) {
        return Ok(next.run(request).await);
    }
    Err(Failure::Key)
}

/// From `authorization: Bearer …` or `x-api-key: …`.
fn given(headers: &HeaderMap) -> Option<&[u8]> {
    let bearer = headers.get(AUTHORIZATION).map(axum::http::HeaderValue::as_bytes);
    let bearer = bearer.and_then(|value| value.split_at_checked("bearer ".len()));
    let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "));
    let plain = headers.get("x-api-key").map(axum::http::HeaderValue::as_bytes);
    bearer.map(|(_, key)| key.trim_ascii()).or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_line_is_a_key() {
        let keys = Keys::new(" first \n\nsecond\n");
        assert!(keys.hold(b"first") && keys.hold(b"second"));
        for wrong in [&b""[..], b"firs", b"first ", b"FIRST", b"first\n\nsecond"] {
            assert!(!keys.hold(wrong), "{wrong:?}");
        }
        assert!(Keys::new("\n \n").is_empty());
    }

    #[test]
    fn a_key_is_never_shown() {
        assert_eq!(format!("{:?}", Keys::new("secret")), "1 keys");
    }
}
