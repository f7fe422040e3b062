mod ses;
mod templates;

pub use ses::{Mailer, Refusal};
pub use templates::Templates;

/// A mail, ready to be sent: two parts that say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The subject line.
    pub subject: String,
    /// The part for readers without HTML.
    pub text: String,
    /// The part for all others.
    pub html: String,
}
