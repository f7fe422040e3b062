//! Why a call to the processor has no outcome that can be acted on. None of these is a decline.

use reqwest::StatusCode;

use super::KeyError;

/// The call has no known outcome: the message that asked for it fails, and its next delivery resumes the call.
#[derive(Debug, thiserror::Error)]
pub enum ProcessorError {
    /// There is no key to call it with. No call was made.
    #[error("the processor cannot be called without its key")]
    NoKey(#[from] KeyError),
    /// Too many calls failed in a row: none is made for a while.
    #[error("the processor is not called for now, because too many calls failed")]
    CircuitOpen,
    /// No answer, or none in time. The call may have had its effect.
    #[error("the processor did not answer")]
    NoAnswer(#[source] reqwest::Error),
    /// The processor could not deal with the call now (409, 429, 5xx). With a 5xx it may have had its effect.
    #[error("the processor answered {status}{}", if *.replayed { ", and is going to for a day" } else { "" })]
    Unavailable {
        /// The HTTP status.
        status: StatusCode,
        /// The answer is the stored one of an earlier call with the same key: repeating the call changes nothing.
        replayed: bool,
    },
    /// The intent is neither authorised nor declined nor cancelled yet.
    #[error("the processor has not decided yet")]
    Undecided,
    /// The processor does not accept the shop's secret key (401, 403). Somebody has to put another one in its place.
    #[error("the processor refused the shop's secret key with {status}")]
    KeyRefused {
        /// The HTTP status.
        status: StatusCode,
    },
    /// The processor found the call itself wrong: a fault of this service.
    #[error("the processor refused the call with {status} {code} {param}")]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// Stripe's `error.code`, empty where there is none.
        code: String,
        /// Stripe's `error.param`, empty where there is none.
        param: String,
    },
    /// A success that cannot be read. The call had its effect.
    #[error("the processor's answer cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

impl ProcessorError {
    /// Whether the same call may well succeed within seconds.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::NoAnswer(_) => true,
            Self::Unavailable { replayed, .. } => !replayed,
            Self::NoKey(_)
            | Self::CircuitOpen
            | Self::Undecided
            | Self::KeyRefused { .. }
            | Self::Refused { .. }
            | Self::Unreadable(_) => false,
        }
    }

    /// Whether somebody has to look, rather than wait for the processor to recover.
    pub fn needs_attention(&self) -> bool {
        matches!(self, Self::NoKey(_) | Self::KeyRefused { .. } | Self::Refused { .. } | Self::Unreadable(_))
    }
}
