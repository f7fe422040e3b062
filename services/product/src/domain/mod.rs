//! Products, stock and reservations: types that cannot be invalid, and decisions. Pure: no store, no transport.

pub mod catalogue;
pub(crate) mod product;
pub(crate) mod reservation;
pub mod search;
pub(crate) mod stock;
pub(crate) mod text;
