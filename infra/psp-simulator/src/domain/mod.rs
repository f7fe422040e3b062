//! The processor's rules, without I/O: what an intent may do next, what the ledger records, how errors look.

pub mod books;
pub mod card;
pub mod command;
pub mod currency;
pub mod error;
pub mod event;
pub mod intent;
pub mod ledger;
pub mod params;
pub mod refund;
pub mod status;
mod view;
