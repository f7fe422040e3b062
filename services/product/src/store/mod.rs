//! PostgreSQL: one function per query. Functions that write take a connection: the caller owns the transaction.
//!
//! This module does not depend on HTTP, queues and topics.

pub(crate) mod categories;
pub(crate) mod housekeeping;
pub(crate) mod idempotency;
pub(crate) mod inbox;
pub(crate) mod listing;
pub(crate) mod outbox;
pub(crate) mod products;
pub(crate) mod reservations;
pub mod stock;

use std::time::Duration;

use contracts::ProductId;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Connection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// Migrations, embedded in the binary.
static MIGRATIONS: Migrator = sqlx::migrate!();

/// Purpose of a connection pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Requests and messages: many connections, short statements.
    Serve,
    /// Subcommands of the operator: one connection, long statements.
    Operate,
}

/// Creates a pool that connects at its first use. Fails if the URL is not valid.
pub fn connect(url: &SecretString, purpose: Use) -> Result<PgPool, sqlx::Error> {
    let (connections, statement_timeout) = match purpose {
        Use::Serve => (20, "5s"),
        Use::Operate => (1, "60s"),
    };
    let options = url.expose_secret().parse::<PgConnectOptions>()?.application_name("product").options([
        ("statement_timeout", statement_timeout),
        // Longer than the publisher holds its rows while it calls SNS.
        ("idle_in_transaction_session_timeout", "15s"),
        ("client_min_messages", "warning"),
        // Statements find their rows by an index: compiling them costs more than it saves.
        ("jit", "off"),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(3))
        .idle_timeout(Duration::from_secs(300))
        .max_lifetime(Duration::from_secs(1800))
        // A ping per request would double the round trips. Only an idle connection may have failed unnoticed.
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

/// Migrates the schema to the version of this binary.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    MIGRATIONS.run(pool).await
}

/// Succeeds if the database responds.
pub(crate) async fn ping(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("select 1").execute(pool).await.map(drop)
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
