//! The domain of accounts, without I/O: types that are always valid, and decisions.

mod account;
mod backoff;
mod email;
mod password;
mod profile;
mod refresh_token;

pub use account::{Account, NOTICE_INTERVAL, PasswordHash, ProfileChange};
pub use backoff::{Attempts, FREE_ATTEMPTS, RESET_AFTER, admit};
pub use email::EmailAddress;
pub use password::{CommonPassword, NewPassword, Password};
pub use profile::{DisplayName, Locale};
pub use refresh_token::{FamilyId, REFRESH_LIFETIME, RefreshToken};

/// The text is not valid for its field. The message may be shown to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidText(&'static str);
