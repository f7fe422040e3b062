//! Events of orders in, events of products and stock out.
//!
//! [`sqs`] is the polling loop, [`queue`] carries out the outcome of a message, [`handle`] parses and traces, [`order`]
//! commits what the domain decides. [`sweep`] ends reservations, and [`publisher`] sends committed events to the topic.

pub(crate) mod handle;
pub mod order;
pub mod publisher;
pub mod queue;
pub(crate) mod sqs;
pub(crate) mod sweep;
