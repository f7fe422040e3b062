//! What an order is and what may happen to it. Pure: nothing here waits, reads a clock, makes an id or talks to anybody.

pub mod address;
pub mod cart;
mod change;
pub mod decide;
pub mod input;
pub mod offer;
pub mod order;
pub mod payment_method;

pub use address::ShippingAddress;
pub use cart::{Cart, CartLine, CartRefusal, Quantity};
pub use decide::{Decision, MAX_ATTEMPTS, RESERVATION_MARGIN, Refusal, Rules, VOID_PATIENCE, decide};
pub use input::{Cause, Input};
pub use offer::Offer;
pub use order::{Attempt, AttemptStatus, Order, PlaceRefusal, State, Status, Transition};
pub use payment_method::PaymentMethod;
