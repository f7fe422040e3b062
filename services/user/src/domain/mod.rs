//! What is true of accounts, without any I/O: types that cannot be invalid, and the decisions on them.

mod account;
mod backoff;
mod email;
mod password;
mod profile;
mod refresh_token;

pub use account::{Account, NOTICE_INTERVAL, PasswordHash, ProfileChange};
pub use backoff::{Attempts, FORGOTTEN_AFTER, FREE_ATTEMPTS, admit};
pub use email::EmailAddress;
pub use password::{NewPassword, Password};
pub use profile::{DisplayName, Locale};
pub use refresh_token::{FamilyId, REFRESH_LIFETIME, RefreshToken};

/// Why a text is not what a field holds. The message is fit for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(&'static str);
