//! The `Idempotency-Key` header (IETF draft-ietf-httpapi-idempotency-key-header-07).

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, request::Parts},
};

use crate::{Problem, ProblemType};

/// Request header that identifies a request, so that a retry does not repeat its effect.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Response header that marks the stored response to an earlier request; its value is `true`.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Client-generated key of a request: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Maximum length, in characters.
    pub const MAX_LENGTH: usize = 255;

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let valid = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if valid { Ok(Self(text)) } else { Err("must be 1 to 255 visible ASCII characters") }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let header = parts.headers.get(&IDEMPOTENCY_KEY).ok_or_else(|| {
            Problem::new(ProblemType::IdempotencyKeyMissing).with_detail(
                "send a new random value, such as a UUID, with each request, and the same value with each retry of it",
            )
        })?;
        let text = String::from_utf8_lossy(header.as_bytes()).into_owned();
        Self::try_from(text)
            .map_err(|wrong| Problem::new(ProblemType::InvalidRequest).with_error(IDEMPOTENCY_KEY.as_str(), wrong))
    }
}
