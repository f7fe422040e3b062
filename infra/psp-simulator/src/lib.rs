//! A card processor for tests. It speaks the part of Stripe's API that a shop uses and depends on no other crate of
//! the workspace. Beside the API, it keeps a ledger of every money movement and fails on demand.
//!
//! - [`domain`]: the rules, without I/O
//! - [`fault`]: faults on demand
//! - `http`: the routes
//! - `limit`: rate limits on demand
//! - `idempotency`: results by `Idempotency-Key`
//! - `journal`: state that survives a restart
//! - `processor`: the whole state, behind one lock
//! - `webhook`: signed events, on demand delayed, duplicated or reordered

mod app;
mod clock;
pub mod domain;
pub mod fault;
mod http;
mod idempotency;
mod journal;
mod limit;
mod processor;
mod webhook;

use std::{path::PathBuf, sync::Mutex, time::Duration};

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use webhook::Webhook;

/// Time that open connections get to finish after a shutdown was requested.
const DRAIN: Duration = Duration::from_secs(2);

/// Settings of one simulator.
#[derive(Debug, Clone)]
pub struct Settings {
    /// API key that clients authenticate with.
    pub secret_key: String,
    /// Journal file that preserves state across restarts. Without it, state is kept in memory only.
    pub journal: Option<PathBuf>,
    /// Receiver of webhook events. Without it, no events are sent.
    pub webhook: Option<Webhook>,
}

/// Serves until `shutdown` resolves. Fails if the journal cannot be read.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let processor = Mutex::new(processor::Processor::open(settings.journal.as_deref())?).into();
    let stopped = CancellationToken::new();
    let webhooks = webhook::start(settings.webhook, stopped.clone())?;
    let state = app::AppState { processor, secret_key: settings.secret_key.into(), webhooks };

    let stopping = stopped.clone();
    let shutdown = async move {
        shutdown.await;
        stopping.cancel();
    };
    // Nagle's algorithm delays small responses. The call fails only if the peer has already disconnected.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let serving = axum::serve(listener, http::router(state)).with_graceful_shutdown(shutdown);
    tokio::select! {
        served = serving => served,
        () = async { stopped.cancelled().await; tokio::time::sleep(DRAIN).await } => Ok(()),
    }
}
