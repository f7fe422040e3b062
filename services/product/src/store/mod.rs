//! PostgreSQL: one function per query. Functions that write take a connection: the caller owns the transaction.
//!
//! This module knows nothing of HTTP, queues and topics.

pub mod categories;
pub mod housekeeping;
pub mod idempotency;
pub mod inbox;
pub mod listing;
pub mod outbox;
pub mod products;
pub mod reservations;
pub mod stock;

use std::time::Duration;

use contracts::ProductId;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Connection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// The schema's history, embedded in the binary.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// What the connections of a pool are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Requests and messages: many connections, short statements.
    Serve,
    /// An operator's subcommand: one connection, long statements.
    Operate,
}

/// A pool that connects when it is first used. The error is a URL that cannot be read.
pub fn connect(url: &SecretString, purpose: Use) -> Result<PgPool, sqlx::Error> {
    let (connections, statement_timeout) = match purpose {
        Use::Serve => (20, "5s"),
        Use::Operate => (1, "60s"),
    };
    let options = url.expose_secret().parse::<PgConnectOptions>()?.application_name("product").options([
        ("statement_timeout", statement_timeout),
        // Longer than a publisher may hold its rows while the topic answers.
        ("idle_in_transaction_session_timeout", "15s"),
        ("client_min_messages", "warning"),
        // Every statement here finds its rows by an index; compiling one costs more than it saves.
        ("jit", "off"),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(3))
        .idle_timeout(Duration::from_secs(300))
        .max_lifetime(Duration::from_secs(1800))
        // A ping per request would double the round trips. Only a connection that rested may have died unnoticed.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > Duration::from_secs(5) {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options);
    Ok(pool)
}

/// Brings the schema to what this binary needs.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    MIGRATIONS.run(pool).await
}

/// Succeeds if the database answers.
pub async fn ping(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("select 1").execute(pool).await.map(drop)
}

/// True if the database responds; logged if it does not.
pub async fn is_available(pool: &PgPool) -> bool {
    let pinged = ping(pool).await;
    pinged
        .inspect_err(|error| tracing::error!(error = contracts::error::chain(error), "database not available"))
        .is_ok()
}

/// A counter as PostgreSQL keeps it.
fn signed(counter: u64) -> i64 {
    i64::try_from(counter).unwrap_or(i64::MAX)
}

/// A counter that PostgreSQL keeps; its columns are checked not to be negative.
fn unsigned(counter: i64) -> u64 {
    u64::try_from(counter).unwrap_or_default()
}

/// A value of ours that the store holds and that cannot be read any more: a bug or a hand that wrote to the database.
fn unreadable(column: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: source.into() }
}

fn uuids(ids: &[ProductId]) -> Vec<uuid::Uuid> {
    ids.iter().map(|id| id.as_uuid()).collect()
}
