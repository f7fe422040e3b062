//! A typed client of the public HTTP API, for the demo, the cost counter and tests.
#![expect(missing_docs, reason = "fields have the names of the API")]

mod client;
mod processor;
mod response;
mod shopper;

pub use client::{Client, new_key};
pub use processor::{LedgerEntry, Processor};
pub use response::Response;
pub use shopper::{
    Cart, Mail, Order, Page, Payment, Product, SETTLE_LIMIT, Shopper, Stock, Variant, first_in_stock, shipping_address,
    until,
};
