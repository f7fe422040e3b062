//! The service as `main` runs it, on a real PostgreSQL, queue and topic.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adjustments;
mod catalogue;
mod collector;
mod database;
mod import;
mod inventory;
mod messages;
mod openapi;
mod paging;
mod process;
mod publishing;
mod reservations;
mod search;
mod support;
mod traces;
mod update_product;
