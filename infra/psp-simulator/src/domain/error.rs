//! Errors in Stripe's shape: `{"error": {"type", "code", "message", "param", …}}`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::card::Decline;

/// A finished answer: what an idempotency key replays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Value,
}

impl Answer {
    /// A 200 with a body.
    pub fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }
}

/// A refusal, as a client of Stripe sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    status: u16,
    details: Value,
}

impl ApiError {
    fn new(status: u16, kind: &str, message: impl Into<String>) -> Self {
        Self { status, details: json!({ "type": kind, "message": message.into() }) }
    }

    fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.details[field] = value.into();
        self
    }

    /// 400: the request cannot be carried out as it stands.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// 401: no key, or not ours.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(401, "invalid_request_error", message)
    }

    /// 404: the path names nothing.
    pub fn missing(kind: &str, id: &str) -> Self {
        let param = if kind == "payment_intent" { "intent" } else { "id" };
        Self::unknown(404, kind, id).param(param)
    }

    /// 400: a parameter names nothing.
    pub fn missing_param(kind: &str, id: &str, param: &str) -> Self {
        Self::unknown(400, kind, id).param(param)
    }

    fn unknown(status: u16, kind: &str, id: &str) -> Self {
        Self::new(status, "invalid_request_error", format!("No such {kind}: '{id}'")).code("resource_missing")
    }

    /// 404: no such route.
    pub fn unrecognized(method: &str, path: &str) -> Self {
        Self::new(404, "invalid_request_error", format!("Unrecognized request URL ({method}: {path})."))
    }

    /// 402: the card's issuer refused.
    pub fn declined(decline: Decline) -> Self {
        Self::new(402, "card_error", decline.message).code(decline.code).with("decline_code", decline.decline_code)
    }

    /// 400: the idempotency key was used for something else.
    pub fn key_reused(message: impl Into<String>) -> Self {
        Self::new(400, "idempotency_error", message)
    }

    /// 409: the first request with this key is still running.
    pub fn key_in_use(key: &str) -> Self {
        let message = format!(
            "There is currently another in-progress request using this Idempotent Key (that probably means you \
             submitted twice, and the other request is still going through): {key}. Please try again later."
        );
        Self::new(409, "idempotency_error", message).code("idempotency_key_in_use")
    }

    /// 429: too many requests.
    pub fn rate_limited() -> Self {
        let message = "Request rate limit exceeded. You can learn more about rate limits in the documentation.";
        Self::new(429, "invalid_request_error", message).code("rate_limit")
    }

    /// 500: the processor's own fault.
    pub fn internal() -> Self {
        Self::new(500, "api_error", "An unknown error occurred while processing your request.")
    }

    /// The machine-readable reason.
    pub fn code(self, code: &str) -> Self {
        self.with("code", code)
    }

    /// The parameter at fault.
    pub fn param(self, param: &str) -> Self {
        self.with("param", param)
    }

    /// The intent as the refused request left it.
    pub fn payment_intent(self, intent: Value) -> Self {
        self.with("payment_intent", intent)
    }

    /// The inside of `error`, also kept as an intent's `last_payment_error`.
    pub fn details(self) -> Value {
        self.details
    }
}

impl From<ApiError> for Answer {
    fn from(error: ApiError) -> Self {
        Self { status: error.status, body: json!({ "error": error.details }) }
    }
}
