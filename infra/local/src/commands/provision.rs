//! `shop provision`

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use stack::provision::load_balancer::Target;

use super::ExternalStack;
use crate::orchestration::external::provision;

/// Provision an external stack: create the resources of the topology, and deploy the functions
#[derive(Debug, Args)]
pub struct Provision {
    #[command(flatten)]
    external: ExternalStack,
    /// Address of a service, as the emulated AWS reaches it; once for each service
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
        provision(self.external.site(), &self.external.programs, &self.services.into_iter().collect()).await?;
        Ok(ExitCode::SUCCESS)
    }
}

fn service(text: &str) -> Result<(String, Target), String> {
    let form = || format!("expected NAME=HOST:PORT, such as order=order:8080, not `{text}`");
    let (name, target) = text.split_once('=').ok_or_else(form)?;
    Ok((name.to_owned(), target.parse()?))
}
