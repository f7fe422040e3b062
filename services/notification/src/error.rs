//! Why an event was not handled. Whatever the reason, the queue delivers it again, and sets it aside in the end.

use std::error::Error as StdError;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use contracts::money::MoneyError;
use serde_json::error::Category;

/// The reason for one event. None of them quotes a message, an address or an answer of SES: those hold personal data.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The message is not an event of a known type.
    #[error("not an event: {mistake}, at line {line}, column {column}")]
    NotAnEvent {
        /// What kind of mistake it is.
        mistake: &'static str,
        /// Where it is.
        line: usize,
        /// Where it is.
        column: usize,
    },
    /// An amount in the event cannot be computed with.
    #[error("an amount cannot be computed: {0}")]
    Money(#[from] MoneyError),
    /// A template does not fit what it is given.
    #[error("the template cannot be rendered: {0}")]
    Template(#[from] minijinja::Error),
    /// Somebody else is at it right now. A moment later it is clear what has become of it.
    #[error("another delivery is being handled right now")]
    Claimed,
    /// The table cannot be read or written.
    #[error("the table is not available: {0}")]
    Store(String),
    /// An item of the table is not what this service writes.
    #[error("an item of the table is not what this service writes")]
    Item(#[from] serde_dynamo::Error),
    /// SES does not take the mail now, and may take it later.
    #[error("the mail cannot be sent now: {0}")]
    MailNotSent(String),
}

impl Error {
    /// A failed call to DynamoDB: its error code where it answered, and what went wrong on the way where it did not.
    pub(crate) fn store(error: impl StdError + ProvideErrorMetadata + 'static) -> Self {
        Self::Store(error.code().map_or_else(|| contracts::error::chain(&error), str::to_owned))
    }
}

impl From<serde_json::Error> for Error {
    /// Keeps the place, and not the text around it, which may be personal data.
    fn from(error: serde_json::Error) -> Self {
        let mistake = match error.classify() {
            Category::Io => "unreadable",
            Category::Syntax => "no JSON",
            Category::Data => "JSON of another shape",
            Category::Eof => "cut off",
        };
        Self::NotAnEvent { mistake, line: error.line(), column: error.column() }
    }
}
