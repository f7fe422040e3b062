//! `cargo shop demo`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use stack::provision::public_api;

use super::{Selection, external::read_accounts};
use crate::demo::{self, Shop};

/// Buy something through the public API, and check each step
#[derive(Debug, Args)]
pub struct Demo {
    #[command(flatten)]
    stack: Selection,
    /// The emulated AWS of an external stack
    #[arg(long, env = "SHOP_AWS", value_name = "HOST:PORT", conflicts_with = "data", requires = "accounts")]
    aws: Option<String>,
    /// The local accounts of the external stack, as written by `seed`
    #[arg(long, env = "SHOP_ACCOUNTS", value_name = "FILE", requires = "aws")]
    accounts: Option<PathBuf>,
}

impl Demo {
    pub async fn run(self) -> Result<()> {
        let shop = match (&self.aws, &self.accounts) {
            (Some(aws), Some(accounts)) => Shop {
                api: public_api::url(aws),
                mails: format!("http://{aws}/_ministack/ses/messages"),
                accounts: read_accounts(accounts)?,
            },
            _ => self.stack.running()?.into(),
        };
        demo::run(&shop).await
    }
}
