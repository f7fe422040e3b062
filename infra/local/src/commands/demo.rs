//! `cargo shop demo`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use stack::provision::public_api;

use super::Which;
use crate::{
    demo::{self, Shop},
    orchestration::external::read_accounts,
};

/// Buy something through the public API, and check each step
#[derive(Debug, Args)]
pub struct Demo {
    #[command(flatten)]
    which: Which,
    /// The shop in an emulated AWS that runs elsewhere
    #[arg(long, env = "SHOP_AWS", value_name = "HOST:PORT", conflicts_with = "data", requires = "accounts")]
    aws: Option<String>,
    /// Its local accounts, as `seed` left them
    #[arg(long, env = "SHOP_ACCOUNTS", value_name = "FILE", requires = "aws")]
    accounts: Option<PathBuf>,
}

impl Demo {
    /// Runs the scenarios.
    pub async fn run(self) -> Result<ExitCode> {
        let shop = match (&self.aws, &self.accounts) {
            (Some(aws), Some(accounts)) => Shop {
                api: public_api::url(aws),
                mails: format!("http://{aws}/_ministack/ses/messages"),
                accounts: read_accounts(accounts)?,
            },
            _ => self.which.running()?.into(),
        };
        demo::run(&shop).await?;
        Ok(ExitCode::SUCCESS)
    }
}
