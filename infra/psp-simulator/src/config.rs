//! Settings, from flags or the environment.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use psp_simulator::{Settings, Webhook};

/// A card processor for tests: part of Stripe's API, a ledger of every money movement, and faults on demand.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Config {
    /// Address to listen on.
    #[arg(long, env = "LISTEN_ADDR", default_value = "127.0.0.1:12111")]
    pub(crate) listen_addr: SocketAddr,
    /// API key that clients authenticate with.
    #[arg(long, env = "STRIPE_SECRET_KEY", hide_env_values = true)]
    stripe_secret_key: String,
    /// Journal file that preserves state across restarts. Without it, state is kept in memory only.
    #[arg(long, env = "JOURNAL")]
    journal: Option<PathBuf>,
    /// URL that receives webhook events. Without it, no events are sent.
    #[arg(long, env = "WEBHOOK_URL", requires = "webhook_secret")]
    webhook_url: Option<String>,
    /// Secret that signs webhook events.
    #[arg(long, env = "WEBHOOK_SECRET", hide_env_values = true, requires = "webhook_url")]
    webhook_secret: Option<String>,
}

impl From<Config> for Settings {
    fn from(config: Config) -> Self {
        let webhook = config.webhook_url.zip(config.webhook_secret).map(|(url, secret)| Webhook { url, secret });
        Self { secret_key: config.stripe_secret_key, journal: config.journal, webhook }
    }
}
