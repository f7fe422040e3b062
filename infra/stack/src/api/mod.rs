//! A typed client of the shop's public API.

mod client;
mod shopper;

pub use client::Client;
pub use shopper::{Page, Product, Shopper, Variant, sign_in, sign_up};
