//! PostgreSQL: one function per query. The caller owns the connection, its transaction and its deadline.
//!
//! This module does not depend on HTTP, queues and topics.

pub(crate) mod backlog;
pub(crate) mod categories;
pub(crate) mod database;
pub(crate) mod housekeeping;
pub(crate) mod idempotency;
pub mod listing;
pub(crate) mod outbox;
pub(crate) mod products;
pub(crate) mod republication;
pub(crate) mod reservations;
pub mod stock;

use contracts::ProductId;
use sqlx::{
    PgPool,
    migrate::{MigrateError, Migrator},
};

pub use database::{Database, Use, connect};

/// Migrations, embedded in the binary.
static MIGRATIONS: Migrator = sqlx::migrate!();

/// Migrates the schema to the version of this binary.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    MIGRATIONS.run(pool).await
}

/// Converts a counter for PostgreSQL, which has no unsigned integers.
fn signed(counter: u64) -> i64 {
    i64::try_from(counter).unwrap_or(i64::MAX)
}

/// Converts a counter from PostgreSQL. Constraints of the columns rule out negative values.
fn unsigned(counter: i64) -> u64 {
    u64::try_from(counter).unwrap_or_default()
}

/// Returns the error for a stored value that this version cannot read: a bug, or a manual change of the database.
fn unreadable(column: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: source.into() }
}

fn uuids(ids: &[ProductId]) -> Vec<uuid::Uuid> {
    ids.iter().map(|id| id.as_uuid()).collect()
}
