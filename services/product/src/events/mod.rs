//! Orders' events in, this service's events out.
//!
//! [`order`] handles an event and knows no queue; [`inbox`] is the queue's loop. [`sweep`] is what the passing of time
//! does; [`publisher`] takes committed events to the topic.

pub mod inbox;
pub mod order;
pub mod publisher;
pub mod sweep;
