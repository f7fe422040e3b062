//! `shop seed`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;

use super::ExternalStack;
use crate::orchestration::external::seed;

/// In a shop that runs external: wait until it answers, make the local accounts, wait for the catalogue
#[derive(Debug, Args)]
pub struct Seed {
    #[command(flatten)]
    external: ExternalStack,
    /// File of the local accounts and their passwords
    #[arg(long, env = "SHOP_ACCOUNTS", value_name = "FILE")]
    accounts: PathBuf,
    /// The catalogue that product has imported
    #[arg(long, env = "SHOP_CATALOGUE", value_name = "FILE")]
    catalogue: PathBuf,
}

impl Seed {
    /// Makes them, and prints what a person wants to know.
    pub async fn run(self) -> Result<ExitCode> {
        let site = self.external.site();
        let accounts = seed(site.clone(), &self.external.programs, &self.catalogue, &self.accounts).await?;
        println!("\nReady.\n\n  public API    {}", site.public_api());
        println!("                for example {}/v1/products?q=tea", site.public_api());
        println!("  mails         http://{}/_ministack/ses/messages", site.public_aws);
        for (name, account) in accounts {
            let scopes = account.scopes.join(", ");
            println!("  {name:<13} {}   password {}   ({scopes})", account.email, account.password);
        }
        Ok(ExitCode::SUCCESS)
    }
}
