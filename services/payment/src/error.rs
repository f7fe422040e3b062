//! Why a message was not handled. It stays in the queue then, and is delivered again.

use std::error::Error as StdError;

use crate::{processor::ProcessorError, store::StoreError};

/// Why a message was not handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body is not an event of the shop.
    #[error("the message is not an event")]
    Unreadable(#[source] serde_json::Error),
    /// The event is none of those that this service subscribes to.
    #[error("events of type {0} are not handled here")]
    Unexpected(&'static str),
    /// The function's time was nearly up.
    #[error("there was not enough time")]
    OutOfTime,
    /// Others kept changing the payment.
    #[error("the payment did not come to rest")]
    Restless,
    /// The payment table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The card processor.
    #[error(transparent)]
    Processor(#[from] ProcessorError),
}

impl Error {
    /// Whether somebody has to look, rather than wait for the next delivery.
    pub fn needs_attention(&self) -> bool {
        match self {
            Self::Unreadable(_) | Self::Unexpected(_) => true,
            Self::OutOfTime | Self::Restless => false,
            Self::Store(error) => matches!(error, StoreError::Unreadable(_)),
            Self::Processor(error) => error.needs_attention(),
        }
    }
}

/// An error with its causes, in one line.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
