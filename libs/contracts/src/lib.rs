//! The only crate that services share: everything that crosses a process boundary, and the HTTP conventions of all
//! services. It does no I/O: each service has its own copy of code that does.

pub mod auth;
pub mod error;
pub mod event;
#[cfg(feature = "axum")]
pub mod http;
pub mod id;
pub mod money;
pub mod number;
pub mod outbox;
pub mod problem;
#[cfg(feature = "tracing")]
pub mod span;
pub mod trace;

pub use event::{Envelope, Event};
pub use id::{EventId, OrderId, PaymentId, ProductId, ReservationId, Sku, UserId};
pub use money::{Currency, Money};
pub use problem::{Problem, ProblemType};
pub use trace::TraceContext;
