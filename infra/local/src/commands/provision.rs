//! `shop provision`

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use stack::provision::load_balancer::Target;

use super::Elsewhere;
use crate::orchestration::external::provision;

/// In an emulated AWS that runs elsewhere: make what the topology lists, and deploy the functions
#[derive(Debug, Args)]
pub struct Provision {
    #[command(flatten)]
    elsewhere: Elsewhere,
    /// Where a service listens, as the emulated AWS reaches it; once for each service
    #[arg(
        long = "service",
        env = "SHOP_SERVICES",
        value_name = "NAME=HOST:PORT",
        value_parser = service,
        value_delimiter = ',',
        required = true
    )]
    services: Vec<(String, Target)>,
}

impl Provision {
    /// Makes it.
    pub async fn run(self) -> Result<ExitCode> {
        provision(self.elsewhere.site(), &self.elsewhere.programs, &self.services.into_iter().collect()).await?;
        Ok(ExitCode::SUCCESS)
    }
}

fn service(text: &str) -> Result<(String, Target), String> {
    let form = || format!("expected NAME=HOST:PORT, such as order=order:8080, not `{text}`");
    let (name, target) = text.split_once('=').ok_or_else(form)?;
    Ok((name.to_owned(), target.parse()?))
}
