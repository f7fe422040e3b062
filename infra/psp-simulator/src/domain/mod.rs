//! Rules of the processor, without I/O: intents and their transitions, refunds, the ledger, errors.

pub(crate) mod books;
mod card;
pub(crate) mod command;
mod currency;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod intent;
pub mod ledger;
pub(crate) mod params;
pub(crate) mod refund;
mod status;
mod view;
