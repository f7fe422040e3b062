//! A card processor for tests. It speaks the part of Stripe's API that a shop uses, and knows nothing of the shop:
//! neither its crates, nor its orders. Beside the API it keeps a ledger to be judged by, and fails on demand.
//!
//! - [`domain`]: the rules, without I/O
//! - [`fault`]: failures on demand
//! - [`webhook`]: signed events, also late, doubled and out of order
//! - `http`: the routes
//! - `idempotency`: what a repeated request is answered
//! - `journal`: what a restart finds again
//! - `state`: all of it, behind one lock

mod clock;
mod config;
pub mod domain;
pub mod fault;
mod http;
mod idempotency;
mod journal;
mod state;
pub mod telemetry;
pub mod webhook;

use std::{path::PathBuf, time::Duration};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use config::Config;

/// How long open connections may go on after the shutdown was asked for.
const DRAIN: Duration = Duration::from_secs(2);

/// What the simulator has to be told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The API key that clients must show.
    pub secret_key: String,
    /// File that keeps everything over a restart. Without it, a restart forgets.
    pub journal: Option<PathBuf>,
    /// Where events go. Without it, none are sent.
    pub webhook: Option<Webhook>,
}

/// A receiver of events.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Events are posted here.
    pub url: String,
    /// They are signed with this.
    pub secret: String,
}

/// Serves until `shutdown` resolves. Fails if the journal cannot be read.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let state = state::State::open(settings.journal.as_deref())?;
    let stopped = CancellationToken::new();
    let outbox = webhook::start(settings.webhook, stopped.clone())?;
    let router = http::router(http::App::new(state, settings.secret_key, outbox));

    let stopping = stopped.clone();
    let shutdown = async move {
        shutdown.await;
        stopping.cancel();
    };
    let serving = axum::serve(http::Lines(listener), http::service(router)).with_graceful_shutdown(shutdown);
    tokio::select! {
        served = serving => served,
        () = async { stopped.cancelled().await; tokio::time::sleep(DRAIN).await } => Ok(()),
    }
}
