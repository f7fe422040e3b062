//! The `Idempotency-Key` header (IETF draft-ietf-httpapi-idempotency-key-header-07).

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, request::Parts},
};

use crate::{Problem, ProblemType};

/// The header that names a request, so that it can be repeated without repeating its effect.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The response header that marks the stored answer of an earlier request; its value is `true`.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A client's name for one request: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The longest key, in characters.
    pub const MAX_LENGTH: usize = 255;

    /// The key as text.
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
                "send a new random value, such as a UUID, with each request, and the same one when you repeat it",
            )
        })?;
        let text = String::from_utf8_lossy(header.as_bytes()).into_owned();
        Self::try_from(text)
            .map_err(|wrong| Problem::new(ProblemType::InvalidRequest).with_error(IDEMPOTENCY_KEY.as_str(), wrong))
    }
}
