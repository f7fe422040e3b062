//! Errors of message handling. The message stays in the queue, and is delivered again.

use crate::{processor::ProcessorError, store::StoreError};

/// Why a message was not handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The message is not an event that this version knows.
    #[error("unreadable message")]
    Unreadable(#[from] serde_json::Error),
    /// The event is none of those that this service subscribes to.
    #[error("events of type {0} are not handled here")]
    Unexpected(&'static str),
    /// The time of the invocation is used up.
    #[error("timed out")]
    OutOfTime,
    /// Concurrent changes of the payment won every time.
    #[error("version conflicts: retries exhausted")]
    RetriesExhausted,
    /// The payment table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The card processor.
    #[error(transparent)]
    Processor(#[from] ProcessorError),
}

impl Error {
    /// False if another delivery would fail alike: an operator has to act.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreadable(_) | Self::Unexpected(_) => false,
            Self::OutOfTime | Self::RetriesExhausted => true,
            Self::Store(error) => !matches!(error, StoreError::Unreadable(_)),
            Self::Processor(error) => !error.needs_attention(),
        }
    }
}
