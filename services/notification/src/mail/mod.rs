//! Mails: rendered from templates, sent by SES.

mod ses;
mod templates;

pub use ses::{Mailer, SendError};
pub use templates::Templates;

/// A rendered mail: two parts with the same content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The subject line.
    pub subject: String,
    /// The plain text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}
