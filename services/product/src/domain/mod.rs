//! What a catalogue and a stock are, without any store or transport: values that cannot be invalid, and decisions.

pub mod catalogue;
pub mod product;
pub mod reservation;
pub mod search;
pub mod stock;
pub mod text;
