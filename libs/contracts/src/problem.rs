//! HTTP errors: RFC 9457 problem documents, and the registry of their types.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::TraceContext;

/// Error response, as `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Stable identifier of the problem type. Clients base decisions on it.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "axum", schema(value_type = String, examples("urn:shop:problem:not-found")))]
    pub kind: ProblemType,
    /// Short description of the problem type; the same for every occurrence.
    pub title: Cow<'static, str>,
    /// HTTP status code.
    pub status: u16,
    /// Description of this occurrence, with a remedy if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Trace id of the request, for support: finds its log lines and events.
    pub trace_id: String,
    /// Invalid fields, if the problem is about fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// An invalid field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Path in the body, such as `lines[0].quantity`, or name of a parameter or header.
    pub field: String,
    /// Reason why the field is invalid.
    pub detail: String,
}

macro_rules! problem_types {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $status:literal, $title:literal;)*) => {
        /// The registry of problem types. A type is never renamed and never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum ProblemType {
            $($(#[$doc])* #[serde(rename = $kind)] $name,)*
        }

        impl ProblemType {
            /// Returns the HTTP status of problems of this type.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// Returns the title of problems of this type.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

problem_types! {
    /// The form of the request is not valid; `errors` names the field.
    InvalidRequest, "urn:shop:problem:invalid-request", 400, "The request is not valid";
    /// A request that moves money or stock has no `Idempotency-Key`.
    IdempotencyKeyMissing, "urn:shop:problem:idempotency-key-missing", 400, "An Idempotency-Key header is required";
    /// The access token is missing, expired or not valid.
    Unauthenticated, "urn:shop:problem:unauthenticated", 401, "A valid access token is required";
    /// The e-mail address, the password or the refresh token is not valid.
    InvalidCredentials, "urn:shop:problem:invalid-credentials", 401, "The credentials are not valid";
    /// The access token lacks the required scope.
    Forbidden, "urn:shop:problem:forbidden", 403, "The access token lacks the required scope";
    /// The object does not exist, or is not visible to the caller.
    NotFound, "urn:shop:problem:not-found", 404, "Not found";
    /// The path exists, but does not support the method.
    MethodNotAllowed, "urn:shop:problem:method-not-allowed", 405, "The method is not allowed";
    /// The current state does not allow the request; `detail` gives the reason.
    Conflict, "urn:shop:problem:conflict", 409, "The current state does not allow this request";
    /// A request with the same `Idempotency-Key` is in progress.
    IdempotencyKeyInUse, "urn:shop:problem:idempotency-key-in-use", 409,
        "A request with this Idempotency-Key is in progress";
    /// `If-Match` does not name the current version: another request changed the object.
    PreconditionFailed, "urn:shop:problem:precondition-failed", 412, "The object has changed since it was read";
    /// The request body exceeds the limit.
    PayloadTooLarge, "urn:shop:problem:payload-too-large", 413, "The request body is too large";
    /// The `Content-Type` is not JSON.
    UnsupportedMediaType, "urn:shop:problem:unsupported-media-type", 415, "The request body must be application/json";
    /// The form of the request is valid, but its content is not accepted; `detail` or `errors` gives the reason.
    Unprocessable, "urn:shop:problem:unprocessable", 422, "The request cannot be processed";
    /// The `Idempotency-Key` was used before, for a different request.
    IdempotencyKeyReused, "urn:shop:problem:idempotency-key-reused", 422,
        "This Idempotency-Key was used for a different request";
    /// A change of a shared object has no `If-Match`, which names the version to change.
    PreconditionRequired, "urn:shop:problem:precondition-required", 428, "An If-Match header is required";
    /// Too many requests or attempts; `Retry-After` gives the time to wait.
    TooManyRequests, "urn:shop:problem:too-many-requests", 429, "Too many requests";
    /// Internal error. The trace id finds the cause in the logs.
    Internal, "urn:shop:problem:internal", 500, "Internal server error";
    /// A dependency does not respond, or the service is overloaded. A later retry may succeed.
    Unavailable, "urn:shop:problem:unavailable", 503, "The service is temporarily unavailable";
}

impl Problem {
    /// Creates a problem of the current request.
    pub fn new(kind: ProblemType) -> Self {
        Self {
            kind,
            title: kind.title().into(),
            status: kind.status(),
            detail: None,
            trace_id: TraceContext::current().trace_id(),
            errors: Vec::new(),
        }
    }

    /// Sets the description of this occurrence.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds an invalid field.
    #[must_use]
    pub fn with_error(mut self, field: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.into(), detail: detail.into() });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_members_of_rfc_9457() {
        let problem = Problem::new(ProblemType::InvalidRequest).with_error("quantity", "must be at least 1");
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["type"], "urn:shop:problem:invalid-request");
        assert_eq!(json["status"], 400);
        assert_eq!(json["errors"][0]["field"], "quantity");
        assert_eq!(json["trace_id"].as_str().unwrap().len(), 32);
        assert!(json.get("detail").is_none());
        assert_eq!(serde_json::from_value::<Problem>(json).unwrap(), problem);
    }
}
