//! Errors of publishing.

use std::error::Error as StdError;

use aws_sdk_sns::error::ProvideErrorMetadata;
use lambda_runtime::Diagnostic;

/// Reason why a record was not published.
///
/// Errors of SNS are kept as text: one failed call is the error of every record in it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The record has an attribute `event`, but is not an outbox item.
    #[error("not an outbox item")]
    Unreadable(#[source] serde_dynamo::Error),
    /// SNS refuses this event, and would refuse it again.
    #[error("SNS refused the event: {0}")]
    Refused(String),
    /// The failure queue did not accept a record that can never be published.
    #[error("failure queue not available: {0}")]
    NotParked(String),
    /// SNS was not reachable, or could not accept the event this time.
    #[error("SNS did not accept the event: {0}")]
    Unavailable(String),
}

impl Error {
    /// Whether a retry of the record may succeed. If not, it is moved to the failure queue.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::NotParked(_) => true,
            Self::Unreadable(_) | Self::Refused(_) => false,
        }
    }
}

impl From<Error> for Diagnostic {
    /// The error that Lambda shows for a failed invocation.
    fn from(error: Error) -> Self {
        Self { error_type: "NotPublished".to_owned(), error_message: contracts::error::chain(&error) }
    }
}

/// A failed call on one line: code and message if SNS responded, the chain of causes otherwise.
pub(crate) fn describe(error: &(impl StdError + ProvideErrorMetadata + 'static)) -> String {
    match error.code() {
        Some(code) => format!("{code} {}", error.message().unwrap_or_default()),
        None => contracts::error::chain(error),
    }
}
