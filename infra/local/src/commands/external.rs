//! `shop provision` and `shop seed`, for programs that something else starts, such as Docker Compose: the emulated AWS
//! is provisioned before they start, and seeded when they run. Both may be repeated.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use stack::{
    provision::load_balancer::Target,
    record::{Account, write_private},
};

use crate::orchestration::{Endpoints, Progress, Resources, seed};

/// Limit for the API to respond: the programs start at the same time as this tool.
const READY_LIMIT: Duration = Duration::from_secs(120);

/// The folder with the programs of the functions.
#[derive(Debug, Args)]
struct Programs {
    /// The folder with the programs of the functions, built for the machine of the emulated AWS
    #[arg(long = "programs", env = "SHOP_PROGRAMS", value_name = "DIR")]
    folder: PathBuf,
}

impl Programs {
    fn path(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        ensure!(path.is_file(), "there is no program {}", path.display());
        Ok(path)
    }
}

/// Provision an external stack: create the resources of the topology, and deploy the functions
#[derive(Debug, Args)]
pub struct Provision {
    #[command(flatten)]
    endpoints: Endpoints,
    #[command(flatten)]
    programs: Programs,
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
    pub async fn run(self) -> Result<()> {
        let progress = Progress::start();
        let resources = Resources::provision(self.endpoints, Vec::new(), progress).await?;
        let targets = self.services.into_iter().collect();
        progress.step("functions and API", resources.deploy(|name| self.programs.path(name), &targets)).await
    }
}

fn service(text: &str) -> Result<(String, Target), String> {
    let form = || format!("expected NAME=HOST:PORT, such as order=order:8080, not `{text}`");
    let (name, target) = text.split_once('=').ok_or_else(form)?;
    Ok((name.to_owned(), target.parse()?))
}

/// Seed an external stack: wait until the API responds, create the local accounts, wait for the catalogue
#[derive(Debug, Args)]
pub struct Seed {
    #[command(flatten)]
    endpoints: Endpoints,
    #[command(flatten)]
    programs: Programs,
    /// File of the local accounts and their passwords, which is created if it does not exist
    #[arg(long, env = "SHOP_ACCOUNTS", value_name = "FILE")]
    accounts: PathBuf,
    /// The catalogue that product has imported
    #[arg(long, env = "SHOP_CATALOGUE", value_name = "FILE")]
    catalogue: PathBuf,
}

impl Seed {
    pub async fn run(self) -> Result<()> {
        let progress = Progress::start();
        let Resources { values, endpoints, .. } = Resources::provision(self.endpoints, Vec::new(), progress).await?;
        let seed = seed::Seed {
            api: &endpoints.api(),
            aws: &format!("http://{}", endpoints.aws),
            prefix: "",
            catalogue: &self.catalogue,
            user: (&self.programs.path("user")?, values.environment("user")?),
            limit: READY_LIMIT,
        };
        let known = if self.accounts.exists() { read_accounts(&self.accounts)? } else { BTreeMap::new() };
        let accounts = seed.run(&known, progress).await?;
        write_private(&self.accounts, &accounts)?;

        let api = endpoints.public_api();
        println!("\nReady.\n\n  public API    {api}");
        println!("                for example {api}/v1/products?q=tea");
        println!("  mails         http://{}/_ministack/ses/messages", endpoints.public_aws);
        for (name, account) in accounts {
            println!("  {name:<13} {account}");
        }
        Ok(())
    }
}

/// Reads the accounts that `seed` wrote.
pub fn read_accounts(file: &Path) -> Result<BTreeMap<String, Account>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is damaged: remove it", file.display()))
}
