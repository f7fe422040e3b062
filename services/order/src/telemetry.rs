//! Logs: one JSON object a line on standard output.

use tracing_subscriber::EnvFilter;

/// Starts logging of what `filter` lets through, in the syntax of `RUST_LOG`.
pub fn init(filter: &str) {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(EnvFilter::new(filter))
        .init();
}
