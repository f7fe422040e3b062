//! Errors over HTTP: RFC 9457 problem documents, with the register of their types.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::TraceContext;

/// What a client gets instead of an answer, as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Stable name of the kind of problem: what a program decides by.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "axum", schema(value_type = String, examples("urn:shop:problem:not-found")))]
    pub kind: ProblemType,
    /// The kind in a few words; the same for every occurrence.
    pub title: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time, and what helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to quote to support: it finds every log line and event of the request.
    pub trace_id: String,
    /// The fields that are wrong, where fields are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field: a path into the body such as `lines[0].quantity`, or the name of a parameter or header.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

macro_rules! problem_types {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $status:literal, $title:literal;)*) => {
        /// The register of problem types. A type is never renamed and never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum ProblemType {
            $($(#[$doc])* #[serde(rename = $kind)] $name,)*
        }

        impl ProblemType {
            /// The HTTP status of every problem of this type.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The title of every problem of this type.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

problem_types! {
    /// The request could not be read: `errors` names the field.
    InvalidRequest, "urn:shop:problem:invalid-request", 400, "The request is not valid";
    /// A request that moves money or stock came without `Idempotency-Key`.
    IdempotencyKeyMissing, "urn:shop:problem:idempotency-key-missing", 400, "An Idempotency-Key is required";
    /// No access token, or one that is expired or not ours.
    Unauthenticated, "urn:shop:problem:unauthenticated", 401, "A valid access token is required";
    /// E-mail address and password do not fit, or a refresh token is not valid.
    InvalidCredentials, "urn:shop:problem:invalid-credentials", 401, "The credentials are not valid";
    /// The access token does not allow this.
    Forbidden, "urn:shop:problem:forbidden", 403, "The access token does not allow this";
    /// Nothing is here, or nothing that the caller may know of.
    NotFound, "urn:shop:problem:not-found", 404, "Not found";
    /// The path exists, the method does not.
    MethodNotAllowed, "urn:shop:problem:method-not-allowed", 405, "The method is not allowed here";
    /// The state of things does not allow this now; `detail` tells it.
    Conflict, "urn:shop:problem:conflict", 409, "The current state does not allow this";
    /// A request with the same `Idempotency-Key` is still running.
    IdempotencyKeyInUse, "urn:shop:problem:idempotency-key-in-use", 409, "A request with this Idempotency-Key is still running";
    /// `If-Match` names another version than the current one: somebody else was faster.
    PreconditionFailed, "urn:shop:problem:precondition-failed", 412, "The object was changed in the meantime";
    /// The body is larger than any that is valid here.
    PayloadTooLarge, "urn:shop:problem:payload-too-large", 413, "The body is too large";
    /// The body is not JSON by its `Content-Type`.
    UnsupportedMediaType, "urn:shop:problem:unsupported-media-type", 415, "The body must be application/json";
    /// The request could be read, and cannot be carried out as it stands; `detail` or `errors` tells why.
    Unprocessable, "urn:shop:problem:unprocessable", 422, "The request cannot be carried out";
    /// The `Idempotency-Key` was used before with another body.
    IdempotencyKeyReused, "urn:shop:problem:idempotency-key-reused", 422, "This Idempotency-Key was used for another request";
    /// A change of a shared object came without `If-Match`, which names the version that it is meant for.
    PreconditionRequired, "urn:shop:problem:precondition-required", 428, "An If-Match header is required";
    /// Too many requests or attempts; `Retry-After` tells how long to wait.
    TooManyRequests, "urn:shop:problem:too-many-requests", 429, "Too many requests";
    /// Our fault. The trace id finds the cause in the logs.
    Internal, "urn:shop:problem:internal", 500, "Something went wrong on our side";
    /// Something that this service needs does not answer, or it has too much to do. Trying again later helps.
    Unavailable, "urn:shop:problem:unavailable", 503, "The service is not available right now";
}

impl Problem {
    /// A problem of the current request.
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

    /// Says what happened this time.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names a wrong field.
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
    fn a_problem_is_written_as_rfc_9457_asks() {
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
