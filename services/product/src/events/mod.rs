//! Events of orders in, events of products and stock out.
//!
//! [`sqs`] is the polling loop, [`handle`] parses and traces, [`order`] decides and commits. [`sweep`] releases expired
//! reservations, and [`publisher`] sends committed events to the topic.

pub mod handle;
pub mod order;
pub mod publisher;
pub mod sqs;
pub mod sweep;
