//! Connections to PostgreSQL. Every wait for the server has a deadline on this side: a server that has failed over, or
//! a network that drops packets, does not respond at all.

use std::{future::Future, io, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Connection, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

/// Time limit of one use of a connection: the wait for it, and all statements. Longer than the server's own limit of a
/// statement, which leaves the connection intact.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);
const STATEMENT_TIMEOUT: &str = "4s";

/// Time limit of the wait for a connection.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(3);

/// Time limit of a check of a connection: one round trip.
const PING_LIMIT: Duration = Duration::from_secs(1);

/// Time after which an unused connection is checked before its next use.
const IDLE: Duration = Duration::from_secs(5);

/// Purpose of a connection pool. Each has its own, so that slow requests do not take the connections of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Requests.
    Requests,
    /// Messages, publisher and sweep.
    Tasks,
    /// Subcommands of the operator: one connection, long statements.
    Operate,
}

/// Creates a pool that connects at its first use. Fails if the URL is not valid.
pub fn connect(url: &SecretString, purpose: Use) -> Result<PgPool, sqlx::Error> {
    let (connections, statement_timeout, plans, bitmaps) = match purpose {
        Use::Requests => (20, STATEMENT_TIMEOUT, "force_generic_plan", "off"),
        Use::Tasks => (8, STATEMENT_TIMEOUT, "auto", "on"),
        Use::Operate => (1, "10min", "auto", "on"),
    };
    let options = url.expose_secret().parse::<PgConnectOptions>()?.application_name("product").options([
        ("statement_timeout", statement_timeout),
        // Longer than the publisher holds its rows while it calls SNS.
        ("idle_in_transaction_session_timeout", "15s"),
        // The server notices within seconds that a client is gone, and releases its locks. sqlx has no such setting for
        // this side.
        ("client_connection_check_interval", "2s"),
        ("tcp_user_timeout", "10s"),
        ("tcp_keepalives_idle", "10"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "2"),
        ("client_min_messages", "warning"),
        // Statements find their rows by an index: compiling them costs more than it saves.
        ("jit", "off"),
        // Planning a list for every request would cost more than reading it.
        ("plan_cache_mode", plans),
        // A list ends at its limit. A bitmap has all matches before the first row.
        ("enable_bitmapscan", bitmaps),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_LIMIT)
        .idle_timeout(Duration::from_secs(300))
        .max_lifetime(Duration::from_secs(1800))
        // A ping per request would double the round trips. Only an idle connection may have failed unnoticed.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > IDLE {
                    within(PING_LIMIT, connection.ping()).await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options);
    Ok(pool)
}

/// Runs `work` for at most `limit`.
pub(crate) async fn within<T, E: From<sqlx::Error>>(
    limit: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database does not respond")).into()),
    }
}

/// A pool, each use of which is limited to [`LIMIT`].
#[derive(Debug, Clone)]
pub struct Database(PgPool);

impl From<PgPool> for Database {
    fn from(pool: PgPool) -> Self {
        Self(pool)
    }
}

impl Database {
    /// Returns the pool, for its options and its end.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.0
    }

    /// Runs statements that need no transaction.
    pub(crate) async fn run<T, E: From<sqlx::Error>>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        within(LIMIT, async { work(self.lease().await?.connection()?).await }).await
    }

    /// Runs statements in a transaction, which is committed if `work` succeeds.
    pub(crate) async fn transaction<T, E: From<sqlx::Error>>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        within(LIMIT, async {
            let mut lease = self.lease().await?;
            let mut transaction = lease.connection()?.begin().await?;
            let value = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok(value)
        })
        .await
    }

    /// Succeeds if the database responds.
    pub(crate) async fn ping(&self) -> Result<(), sqlx::Error> {
        self.run(async |connection| sqlx::query("select 1").execute(connection).await.map(drop)).await
    }

    /// Takes a connection out of the pool. The caller limits the time of what it does with it.
    pub(crate) async fn lease(&self) -> Result<Lease, sqlx::Error> {
        self.0.acquire().await.map(|connection| Lease(Some(connection)))
    }
}

/// A connection that returns to its pool, or is closed if it does not respond.
///
/// sqlx 0.9.0 waits for the server without a limit when a connection returns, and keeps its place in the pool meanwhile
/// (<https://github.com/transact-rs/sqlx/issues/4349>). Connections that died silently would take the whole pool away.
pub(crate) struct Lease(Option<PoolConnection<Postgres>>);

impl Lease {
    /// Returns the connection.
    pub(crate) fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        self.0.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(mut connection) = self.0.take() {
            // At the limit, the future is dropped, and with it the connection and its claim to a place.
            tokio::spawn(timeout(PING_LIMIT, connection.return_to_pool()));
        }
    }
}
