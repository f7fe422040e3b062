//! Black-box tests of the composed system.
//!
//! Requests go through the public API. Outcomes are verified by public routes, by the processor's ledger and by the
//! sent mails; the stores are not read.

pub mod broker;
pub mod crowd;
pub mod journeys;
pub mod judge;
pub mod people;
pub mod roles;
pub mod shop;

pub use people::{Shopper, Staff};
pub use shop::Shop;
