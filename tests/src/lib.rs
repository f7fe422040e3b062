//! Black-box tests of the composed system, and the actors that they are written with.
//!
//! Everything goes through the front door, as a customer or a shop keeper would; the judges (the processor's ledger, the
//! sent mails, the stock as staff sees it) belong to outsiders or are public routes. No store is looked into.

pub mod answer;
pub mod broker;
pub mod journeys;
pub mod judge;
pub mod people;
pub mod roles;
pub mod stack;

pub use answer::Answer;
pub use people::{Shopper, Staff};
pub use stack::Shop;
