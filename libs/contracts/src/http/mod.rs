//! HTTP conventions of all services, for axum: problems as responses, callers and request parts as extractors, layers
//! around all routes.
//!
//! A handler's signature is its access rule: [`Customer`], [`Staff`], [`Admin`], [`IdempotencyKey`]. The response to a
//! malformed request is a [`Problem`](crate::Problem) that names the field.

mod caller;
mod idempotency;
pub mod layers;
pub mod openapi;
mod page;
mod request;
mod response;
mod tokens;

pub use caller::{Admin, Customer, Staff};
pub use idempotency::{IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED, IdempotencyKey};
pub use page::PageLimit;
pub use request::{Json, Path, Query};
pub use response::{method_not_allowed, not_found};
pub use tokens::{TokenKeys, Tokens};

/// Implements the OpenAPI schema of a type that is a string on the wire: a string with a pattern.
macro_rules! text_schema {
    ($name:ident, $pattern:expr) => {
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some($pattern))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use text_schema;
