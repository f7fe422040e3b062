//! The contract bound to axum: problems as responses, callers and request parts as extractors.
//!
//! A handler's signature is its access rule: [`Customer`], [`Staff`], [`Admin`], [`IdempotencyKey`]. Everything that
//! can be wrong with a request's form leaves as a [`Problem`](crate::Problem) that names the field.

mod caller;
mod idempotency;
mod request;
mod response;
mod trace;

pub use caller::{Admin, Customer, Staff, Tokens};
pub use idempotency::{IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED, IdempotencyKey};
pub use request::{Json, Path, Query};
pub use response::{method_not_allowed, not_found};
pub use trace::{trace, trace_as, traceparent};

/// Gives a type that is a text on the wire its OpenAPI schema: a string with a pattern.
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
