//! Payments and how they change. Pure, so that every order of arrivals can be tested in memory.

mod decide;
mod intent;
mod payment;

pub use decide::{Call, CancelOutcome, Change, ConfirmOutcome, Decision, Input, PrepareOutcome, decide};
pub use intent::{IntentId, InvalidIntentId};
pub use payment::{Charge, Payment, Problem, State};
