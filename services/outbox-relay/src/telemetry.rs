//! Logs: one JSON object per line on standard output, where the platform collects them.

use tracing_subscriber::EnvFilter;

/// Starts logging. `RUST_LOG` selects what is logged; the default is `info` and above.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .init();
}
