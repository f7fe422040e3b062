//! `cargo shop infra`

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::Which;
use crate::infra::{self, cost};

/// Check what runs the shop elsewhere: Terraform, containers, delivery
#[derive(Debug, Subcommand)]
pub enum Infra {
    /// Check all of it, without an account: ends with 0 if nothing failed. What needs a tool that is not installed is
    /// skipped, by name
    Check,
    Cost(Cost),
}

impl Infra {
    /// Does what was asked for.
    pub async fn run(self) -> Result<ExitCode> {
        match self {
            Self::Check => infra::check().await,
            Self::Cost(task) => task.run().await,
        }
    }
}

/// What the shop costs on AWS: a month by profile, and a million orders
#[derive(Debug, Args)]
pub struct Cost {
    /// Count anew what AWS would bill, by orders that are driven through a running stack
    #[arg(long)]
    count: bool,
    /// How many orders; twice as many are driven after them, and the difference counts
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1000), requires = "count")]
    orders: u64,
    /// Orders under way at the same time. One shows what an order costs when it shares nothing with another one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=50), requires = "count")]
    at_once: u8,
    /// Keep the table in infra/COST.md, and the count in infra/calls.json
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    which: Which,
}

impl Cost {
    async fn run(self) -> Result<ExitCode> {
        let count = if self.count {
            let stack = self.which.running()?;
            Some(cost::Count { stack, orders: self.orders, at_once: self.at_once.into() })
        } else {
            None
        };
        cost::tell(count, self.write).await?;
        Ok(ExitCode::SUCCESS)
    }
}
