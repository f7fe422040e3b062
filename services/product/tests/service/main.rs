//! The service on a real PostgreSQL, queue and topic.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod adjustments;
mod availability;
mod catalogue;
mod cursors;
mod database;
mod import;
mod inventory;
mod lost_messages;
mod messages;
mod openapi;
mod outages;
mod paging;
mod proxy;
mod publishing;
mod reservations;
mod scale;
mod search;
mod statements;
mod support;
mod sweep;
mod traces;
mod update_product;
