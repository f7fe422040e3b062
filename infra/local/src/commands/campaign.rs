//! `cargo shop campaign`

use std::{process::ExitCode, time::Duration};

use anyhow::{Result, bail, ensure};
use clap::{Args, ValueEnum};

use super::Selection;
use crate::campaign::{Kind, Limits, Plan, Shop};

/// Order much while parts of the shop die, freeze and lose messages, then check money, stock and mails. Linux only
///
/// A lost message is requested again after 40 s to 15 minutes, so the end of a campaign may take as long. Shorter
/// deadlines of the shop shorten it: cargo shop up --set order.PAYMENT_DEADLINE_SECONDS=240
/// --set product.RESERVATION_TTL_SECONDS=420 --set product.RESERVATION_WARNING_SECONDS=60
/// --set product.RESERVATION_EXTENSION_SECONDS=120
#[derive(Debug, Args)]
pub struct Campaign {
    /// Number of orders
    #[arg(long, value_name = "N", default_value_t = 200)]
    orders: usize,
    /// Seed of the orders and faults [default: random]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Kinds of faults [default: all]
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    faults: Option<Vec<Kind>>,
    /// Longest time of a frozen part, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    longest_freeze: u64,
    /// Number of customers who order at the same time
    #[arg(long, value_name = "N", default_value_t = 16)]
    customers: usize,
    /// Limit for everything to settle, in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 45)]
    settle: u64,
    #[command(flatten)]
    stack: Selection,
}

impl Campaign {
    pub async fn run(self) -> Result<ExitCode> {
        ensure!(self.orders > 0 && self.customers > 0, "a campaign has at least one order and one customer");
        let record = self.stack.running()?;
        let folder = self.stack.folder()?;
        ensure!(!folder.terraform().exists(), "a campaign needs a shop that was started without --terraform");
        let seed = self.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
        let kinds = self.faults.unwrap_or_else(|| Kind::value_variants().to_vec());
        let plan = Plan::new(seed, self.orders, &kinds, self.longest_freeze);
        let limits = Limits { concurrency: self.customers, settle: Duration::from_secs(60 * self.settle) };
        let shop = Shop::new(folder, record).await?;
        let is_right = tokio::select! {
            outcome = shop.run(&plan, limits) => outcome?,
            _ = tokio::signal::ctrl_c() => {
                shop.end_faults().await?;
                bail!("interrupted: all faults have ended; orders are still on their way");
            }
        };
        Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
