//! Why an event was not published.

use std::error::Error as StdError;

use aws_sdk_sns::error::ProvideErrorMetadata;
use lambda_runtime::Diagnostic;

/// The reason for one record. A record that failed is always reported to Lambda, whatever the reason.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The record has an attribute `event`, but it is not an outbox item.
    #[error("the record is not an outbox item: {0}")]
    Unreadable(String),
    /// SNS refuses this event, and would refuse it again.
    #[error("SNS refuses the event: {0}")]
    Refused(String),
    /// SNS could not be reached, or was not able to take the event this time.
    #[error("SNS did not take the event: {0}")]
    Unavailable(String),
}

impl Error {
    /// Whether the same record may be published at another time.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Unreadable(_) | Self::Refused(_) => false,
        }
    }
}

impl From<Error> for Diagnostic {
    /// What Lambda shows for an invocation that failed.
    fn from(error: Error) -> Self {
        Self { error_type: "NotPublished".to_owned(), error_message: error.to_string() }
    }
}

/// A failed call, in one line: SNS's own words where it answered, and what went wrong on the way where it did not.
pub(crate) fn describe(error: &(impl StdError + ProvideErrorMetadata + 'static)) -> String {
    match error.code() {
        Some(code) => format!("{code} {}", error.message().unwrap_or_default()),
        None => contracts::error::chain(error),
    }
}
