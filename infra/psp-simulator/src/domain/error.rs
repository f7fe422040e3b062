//! Errors in Stripe's format: `{"error": {"type", "code", "message", "param", …}}`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::card::Decline;

/// A complete response, which an idempotency key replays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ApiResponse {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl ApiResponse {
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }
}

/// An error response.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    status: u16,
    /// Content of `error`, which is also an intent's `last_payment_error`.
    pub(super) details: Value,
}

impl ApiError {
    fn new(status: u16, kind: &str, message: impl Into<String>) -> Self {
        Self { status, details: json!({ "type": kind, "message": message.into() }) }
    }

    pub(super) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.details[field] = value.into();
        self
    }

    /// 400: the request is invalid.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// 400: a parameter is not an integer, or not in its range.
    pub(crate) fn invalid_integer(message: impl Into<String>, param: &str) -> Self {
        Self::invalid(message).code("parameter_invalid_integer").param(param)
    }

    /// 400: a parameter is less than 1.
    pub(super) fn not_positive(param: &str) -> Self {
        Self::invalid_integer("This value must be greater than or equal to 1.", param)
    }

    /// 401: the API key is missing or wrong.
    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(401, "invalid_request_error", message)
    }

    /// 404: the object in the path does not exist.
    pub(crate) fn missing(kind: &str, id: &str) -> Self {
        let param = if kind == "payment_intent" { "intent" } else { "id" };
        Self::unknown(404, kind, id).param(param)
    }

    /// 400: the object in a parameter does not exist.
    pub(crate) fn missing_param(kind: &str, id: &str, param: &str) -> Self {
        Self::unknown(400, kind, id).param(param)
    }

    fn unknown(status: u16, kind: &str, id: &str) -> Self {
        Self::new(status, "invalid_request_error", format!("No such {kind}: '{id}'")).code("resource_missing")
    }

    /// 404: the route does not exist.
    pub(crate) fn unrecognized(method: &str, path: &str) -> Self {
        Self::new(404, "invalid_request_error", format!("Unrecognized request URL ({method}: {path})."))
    }

    /// 402: the issuer declined the charge.
    pub(super) fn declined(decline: Decline) -> Self {
        Self::new(402, "card_error", decline.message).code(decline.code).with("decline_code", decline.decline_code)
    }

    /// 400: the idempotency key belongs to another request.
    pub(crate) fn key_reused(message: impl Into<String>) -> Self {
        Self::new(400, "idempotency_error", message)
    }

    /// 409: the first request with this idempotency key is still running.
    pub(crate) fn key_in_use(key: &str) -> Self {
        let message = format!(
            "There is currently another in-progress request using this Idempotent Key (that probably means you \
             submitted twice, and the other request is still going through): {key}. Please try again later."
        );
        Self::new(409, "idempotency_error", message).code("idempotency_key_in_use")
    }

    /// 429: rate limit exceeded.
    pub(crate) fn rate_limited() -> Self {
        let message = "Request rate limit exceeded. You can learn more about rate limits in the documentation.";
        Self::new(429, "invalid_request_error", message).code("rate_limit")
    }

    /// 500: internal error of the processor.
    pub(crate) fn internal() -> Self {
        Self::new(500, "api_error", "An unknown error occurred while processing your request.")
    }

    pub(super) fn code(self, code: &str) -> Self {
        self.with("code", code)
    }

    pub(crate) fn param(self, param: &str) -> Self {
        self.with("param", param)
    }
}

impl From<ApiError> for ApiResponse {
    fn from(error: ApiError) -> Self {
        Self { status: error.status, body: json!({ "error": error.details }) }
    }
}
