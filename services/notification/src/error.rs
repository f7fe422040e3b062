//! Errors of event handling.

use std::error::Error as StdError;

use contracts::money::MoneyError;
use serde_json::error::Category;

/// Reason why an event was not handled. None of the texts quotes a message, an address or an error text of SES, because
/// those hold personal data.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The message is not an event that this version knows.
    #[error("{reason} at line {line}, column {column}")]
    Unreadable {
        /// Kind of the parse error.
        reason: &'static str,
        /// Line of the parse error.
        line: usize,
        /// Column of the parse error.
        column: usize,
    },
    /// The queue is not meant for this type of event: the filter of a subscription is too wide.
    #[error("unexpected event type {0}")]
    UnexpectedEvent(&'static str),
    /// The amount of an order line overflows.
    #[error("cannot compute an amount")]
    Money(#[from] MoneyError),
    /// A template does not fit the letter.
    #[error("cannot render the template")]
    Template(#[from] minijinja::Error),
    /// Another delivery of the event is sending its message.
    #[error("another delivery holds the claim of the message")]
    Claimed,
    /// Contact data were written concurrently.
    #[error("concurrent write of the contact data")]
    Conflict,
    /// DynamoDB refused the call or could not be reached. A write may have been applied.
    #[error("notification table not available")]
    Store(#[source] Box<dyn StdError + Send + Sync>),
    /// An item does not have the form that this service writes. A newer version may read it.
    #[error("unreadable item in the notification table")]
    Item(#[from] serde_dynamo::Error),
    /// A pending event does not have a form that this version knows. A newer version may read it.
    #[error("unreadable event in the notification table")]
    PendingEvent(#[source] Box<Error>),
    /// A pending event was not handled, for this reason. It is kept.
    #[error("pending event not handled: {0}")]
    Pending(String),
    /// SES did not accept the mail, and may accept it later.
    #[error("mail not sent: {0}")]
    MailNotSent(String),
}

impl Error {
    pub(crate) fn store(error: impl StdError + Send + Sync + 'static) -> Self {
        Self::Store(Box::new(error))
    }

    /// Whether another delivery may succeed. False if the message has to be moved to the dead-letter queue.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Claimed
            | Self::Conflict
            | Self::Store(_)
            | Self::Item(_)
            | Self::PendingEvent(_)
            | Self::Pending(_)
            | Self::MailNotSent(_) => true,
            Self::Unreadable { .. } | Self::UnexpectedEvent(_) | Self::Money(_) | Self::Template(_) => false,
        }
    }

    /// Whether a retry within this delivery may succeed.
    pub(crate) fn is_retryable_at_once(&self) -> bool {
        matches!(self, Self::Claimed | Self::Conflict)
    }
}

impl From<serde_json::Error> for Error {
    /// Keeps the position and drops the text, which may quote personal data.
    fn from(error: serde_json::Error) -> Self {
        let reason = match error.classify() {
            Category::Io => "read error",
            Category::Syntax => "not JSON",
            Category::Data => "not a known event",
            Category::Eof => "truncated JSON",
        };
        Self::Unreadable { reason, line: error.line(), column: error.column() }
    }
}
