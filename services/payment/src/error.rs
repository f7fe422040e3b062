//! Errors of message handling.

use std::time::Duration;

use crate::{processor::ProcessorError, store::StoreError};

/// Reason why a message was not handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The message is not an event that this version knows.
    #[error("unreadable message")]
    Unreadable(#[from] serde_json::Error),
    /// The function does not subscribe to events of this type.
    #[error("unexpected event type {0}")]
    Unexpected(&'static str),
    /// The time of the invocation is used up.
    #[error("timed out")]
    OutOfTime,
    /// Other deliveries changed the payment at every attempt.
    #[error("version conflicts: retries exhausted")]
    RetriesExhausted,
    /// The payment table. Also a stored item that cannot be read, because a newer version may read it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The card processor.
    #[error(transparent)]
    Processor(#[from] ProcessorError),
}

impl Error {
    /// Whether another delivery may succeed. False if the message has to be moved to the dead-letter queue.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreadable(_) | Self::Unexpected(_) => false,
            Self::OutOfTime | Self::RetriesExhausted | Self::Store(_) => true,
            Self::Processor(error) => error.is_retryable(),
        }
    }

    /// Whether a call to the processor may have had its effect, although no outcome is recorded.
    pub fn is_unknown_outcome(&self) -> bool {
        match self {
            Self::OutOfTime => true,
            Self::Processor(error) => error.is_unknown_outcome(),
            Self::Unreadable(_) | Self::Unexpected(_) | Self::RetriesExhausted | Self::Store(_) => false,
        }
    }

    /// Time before which the message must not be delivered again, if the processor says so.
    pub fn not_before(&self) -> Option<Duration> {
        match self {
            Self::Processor(error) => error.not_before(),
            _ => None,
        }
    }
}
