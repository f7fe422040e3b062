//! Settings, from flags or the environment.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;

use crate::{Settings, Webhook};

/// A card processor for tests: speaks the part of Stripe's API that a shop uses, keeps a ledger, fails on demand.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Config {
    /// Where to listen.
    #[arg(long, env = "LISTEN_ADDR", default_value = "127.0.0.1:12111")]
    pub listen_addr: SocketAddr,
    /// The API key that clients must show.
    #[arg(long, env = "STRIPE_SECRET_KEY", hide_env_values = true)]
    stripe_secret_key: String,
    /// File that keeps everything over a restart. Without it, a restart forgets.
    #[arg(long, env = "JOURNAL")]
    journal: Option<PathBuf>,
    /// Where to send events. Without it, none are sent.
    #[arg(long, env = "WEBHOOK_URL", requires = "webhook_secret")]
    webhook_url: Option<String>,
    /// What events are signed with.
    #[arg(long, env = "WEBHOOK_SECRET", hide_env_values = true, requires = "webhook_url")]
    webhook_secret: Option<String>,
}

impl From<Config> for Settings {
    fn from(config: Config) -> Self {
        let webhook = config.webhook_url.zip(config.webhook_secret).map(|(url, secret)| Webhook { url, secret });
        Self { secret_key: config.stripe_secret_key, journal: config.journal, webhook }
    }
}
