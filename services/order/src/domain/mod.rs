//! Carts, orders and the decisions about them. Pure: no I/O, no clock, no generation of ids.

mod address;
mod cart;
mod decide;
mod input;
mod offer;
mod order;
mod payment_method;

pub use address::{Country, ShippingAddress, Text};
pub use cart::{Cart, CartLine, CartRefusal, Quantity, ShownLine};
pub use decide::{Decision, MAX_ATTEMPTS, RESERVATION_MARGIN, Refusal, Rules, VOID_RETRY_DELAY, decide};
pub use input::{Cause, Input};
pub use offer::Offer;
pub(crate) use offer::offers_of;
pub use order::{Attempt, AttemptStatus, NewOrder, Order, PlaceRefusal, State, Status, Transition};
pub use payment_method::PaymentMethod;
