//! What crosses a process boundary, and nothing else: the one crate that two services share.
//!
//! No I/O happens here, and nothing is here that is not agreed between two processes. Plumbing belongs to each service.

pub mod auth;
pub mod event;
#[cfg(feature = "axum")]
pub mod http;
pub mod id;
pub mod money;
pub mod outbox;
pub mod problem;
pub mod trace;

pub use event::{Envelope, Event};
pub use id::{EventId, OrderId, PaymentId, ProductId, ReservationId, Sku, UserId};
pub use money::{Currency, Money};
pub use problem::{Problem, ProblemType};
pub use trace::TraceContext;
