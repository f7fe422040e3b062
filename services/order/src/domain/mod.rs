//! Carts, orders and the decisions about them. Pure: no I/O, no clock, no generation of ids.

mod address;
mod cart;
mod change;
mod decide;
mod input;
mod offer;
mod order;
mod owed;
mod payment_method;
mod unpaid;

pub use address::{Country, ShippingAddress, Text};
pub use cart::{Cart, CartLine, CartRefusal, Quantity, ShownLine};
pub use decide::{DECLINE_HOLD, Decision, MAX_ATTEMPTS, RESERVATION_MARGIN, Refusal, Rules, decide};
pub use input::{Cause, Input};
pub use offer::Offer;
pub(crate) use offer::offers_of;
pub use order::{Attempt, AttemptStatus, NewOrder, Order, PlaceRefusal, State, Status, Transition};
pub use owed::{Obligation, Owed};
pub use payment_method::PaymentMethod;
pub use unpaid::{DECLINE_WINDOW, MAX_DECLINES, MAX_UNPAID_ORDERS, Unpaid};
