//! Calls to the processor without an outcome. None of these errors is a decline.

use std::time::Duration;

use reqwest::StatusCode;

use super::key::KeyError;

/// The outcome of the call is unknown. The message fails, and its next delivery resumes the call.
#[derive(Debug, thiserror::Error)]
pub enum ProcessorError {
    /// The secret key is not available. No call was made.
    #[error("cannot call the processor without its secret key")]
    NoKey(#[from] KeyError),
    /// Too many calls failed in a row. No call was made.
    #[error("circuit breaker of the processor is open")]
    CircuitOpen,
    /// No response, or none in time. The call may have had its effect.
    #[error("no response from the processor")]
    NoResponse(#[source] reqwest::Error),
    /// The processor could not handle the call now (409, 424, 429, 5xx). A 5xx call may have had its effect.
    #[error("the processor responded {status}{}", if *.replayed { ", replayed from the idempotency key" } else { "" })]
    Unavailable {
        /// The HTTP status.
        status: StatusCode,
        /// Whether the response is the stored one of an earlier call with the same idempotency key. If so, a retry
        /// changes nothing for a day.
        replayed: bool,
        /// `Stripe-Should-Retry`: whether the processor expects that a repetition changes the response. None if it does
        /// not say.
        should_retry: Option<bool>,
        /// `Retry-After`: time before which the call must not be repeated.
        retry_after: Option<Duration>,
    },
    /// The intent is not yet authorized, declined or cancelled.
    #[error("the processor has not decided yet")]
    Undecided,
    /// The processor refuses the secret key (401, 403). An operator has to replace it.
    #[error("the processor refused the secret key with {status}")]
    KeyRefused {
        /// The HTTP status.
        status: StatusCode,
    },
    /// The processor reports that the call is wrong: a bug of this service.
    #[error("the processor refused the call with {status} {code} {param}")]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// Stripe's `error.code`. Empty if absent.
        code: String,
        /// Stripe's `error.param`. Empty if absent.
        param: String,
    },
    /// A success that cannot be parsed. The call had its effect.
    #[error("unreadable response from the processor")]
    Unreadable(#[source] serde_json::Error),
}

impl ProcessorError {
    /// Whether another delivery of the message may succeed. A key is replaced without a deployment, and an unreadable
    /// response may come from a proxy. A call that the processor reports as wrong stays wrong.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NoKey(_)
            | Self::CircuitOpen
            | Self::NoResponse(_)
            | Self::Unavailable { .. }
            | Self::Undecided
            | Self::KeyRefused { .. }
            | Self::Unreadable(_) => true,
            Self::Refused { .. } => false,
        }
    }

    /// Whether the call may have had its effect.
    pub fn is_unknown_outcome(&self) -> bool {
        match self {
            Self::NoResponse(error) => !error.is_connect(),
            Self::Unavailable { status, .. } => status.is_server_error(),
            Self::Undecided | Self::Unreadable(_) => true,
            Self::NoKey(_) | Self::CircuitOpen | Self::KeyRefused { .. } | Self::Refused { .. } => false,
        }
    }

    /// Time before which the call must not be repeated, if the processor says so.
    pub fn not_before(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the same call may succeed within seconds. A call that timed out may still be in progress, and a repeated
    /// one that exceeds the rate limit uses up the limit of others.
    pub(super) fn is_retryable_at_once(&self) -> bool {
        match self {
            Self::NoResponse(error) => error.is_connect() || !error.is_timeout(),
            Self::Unavailable { status: StatusCode::TOO_MANY_REQUESTS, .. }
            | Self::Unavailable { retry_after: Some(_), .. } => false,
            Self::Unavailable { replayed, should_retry, .. } => should_retry.unwrap_or(true) && !replayed,
            Self::NoKey(_)
            | Self::CircuitOpen
            | Self::Undecided
            | Self::KeyRefused { .. }
            | Self::Refused { .. }
            | Self::Unreadable(_) => false,
        }
    }
}
