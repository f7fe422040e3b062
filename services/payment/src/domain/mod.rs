//! What a payment is and how it changes: pure, so that every order of arrivals can be tried in memory.

mod decide;
mod intent;
mod payment;

pub use decide::{Call, Change, Decision, Input, Preparation, Verdict, decide};
pub use intent::{IntentId, InvalidIntentId};
pub use payment::{Charge, Payment, State};
