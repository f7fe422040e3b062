//! Logs: JSON lines on standard output, filtered by `RUST_LOG`.

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// Starts logging. Call it once, first.
pub fn init() {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).init();
}
