//! A shop whose programs somebody else starts, such as Docker Compose. What is left to do: to provision the emulated
//! AWS before they start, and to seed when they run. Both may be repeated.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use aws_config::SdkConfig;
use stack::{
    emulator,
    provision::{front_door, functions, keys, load_balancer::Target, mail, messaging, secrets, tables},
    topology::Topology,
};
use tokio::process::Command;

use super::{
    Account, accounts,
    progress::Progress,
    ready, replica,
    settings::{Addresses, Environment, FunctionSettings, MAIL_ADDRESS, PROCESSOR_KEY},
};

/// How long the shop may take to answer through the front door: the programs start at the same time as we.
const READY_LIMIT: Duration = Duration::from_secs(120);

/// Where things are.
#[derive(Debug, Clone)]
pub struct Site {
    /// The emulated AWS, `HOST:PORT`, as its functions, the services and this tool reach it.
    pub aws: String,
    /// The same, as people reach it.
    pub public_aws: String,
    /// The card processor's API.
    pub processor: String,
    /// The folder with the programs of the functions.
    pub programs: PathBuf,
}

impl Site {
    /// The shop's HTTP API, as its services and this tool reach it.
    pub fn front_door(&self) -> String {
        front_door::url(&self.aws)
    }

    /// The shop's HTTP API, as people reach it.
    pub fn public_front_door(&self) -> String {
        front_door::url(&self.public_aws)
    }

    fn client(&self) -> SdkConfig {
        emulator::sdk_config(&format!("http://{}", self.aws))
    }

    fn program(&self, name: &str) -> Result<PathBuf> {
        let path = self.programs.join(name);
        ensure!(path.is_file(), "there is no program {}", path.display());
        Ok(path)
    }

    /// What functions are told. Makes the topics, queues, the key and the secret that this names, or finds them.
    async fn settings(&self, aws: &SdkConfig, topology: &Topology) -> Result<FunctionSettings<'static>> {
        let (messaging, signing_key, processor_key_arn) = tokio::try_join!(
            messaging::provision(aws, topology),
            keys::signing_key(aws),
            secrets::secret(aws, secrets::PROCESSOR_KEY, PROCESSOR_KEY),
        )?;
        let addresses = Addresses {
            aws: format!("http://{}", self.aws),
            front_door: self.front_door(),
            storefront: self.public_front_door(),
            processor: self.processor.clone(),
        };
        Ok(FunctionSettings { addresses, messaging, signing_key, processor_key_arn, overrides: &[] })
    }
}

/// Makes what the topology lists, with `targets[service]` behind the load balancer, and deploys the functions. The
/// services need not run yet.
pub async fn provision(site: &Site, targets: &BTreeMap<String, Target>) -> Result<()> {
    let progress = Progress::start();
    let (topology, aws) = (Topology::load()?, site.client());
    let (settings, tables) = tokio::try_join!(
        progress.step("topics, queues, keys", site.settings(&aws, &topology)),
        progress.step("DynamoDB tables", tables::provision(&aws, &topology)),
    )?;
    let deploy = async {
        mail::sender(&aws, MAIL_ADDRESS).await?;
        let deployments = settings.deployments(&topology, |name| site.program(name))?;
        let functions = functions::provision(&aws, &topology, &deployments, &settings.messaging, &tables).await?;
        front_door::provision(&aws, &topology, &functions, &site.aws, targets).await
    };
    progress.step("functions and front door", deploy).await?;
    Ok(())
}

/// Waits until the shop answers, makes the local accounts, and waits until order has heard of `catalogue`, which
/// product has imported. The accounts are kept in `file`, and found there the next time.
pub async fn seed(site: &Site, catalogue: &Path, file: &Path) -> Result<BTreeMap<String, Account>> {
    let progress = Progress::start();
    let (topology, aws, url) = (Topology::load()?, site.client(), site.front_door());
    progress.step("the shop answers at its front door", ready::front_door(&url, READY_LIMIT)).await?;
    let settings = site.settings(&aws, &topology).await?;
    let program = site.program("user")?;
    let known = if file.exists() { read_accounts(file)? } else { BTreeMap::new() };
    let grant = async |account: &Account| grant(&program, settings.user(), account).await;
    let accounts = progress.step("local accounts", accounts::ensure_accounts(&url, &known, grant)).await?;
    write_accounts(file, &accounts)?;
    let staff = accounts.get("staff").context("there is no account `staff`")?;
    let (sqs, inbox) = (aws_sdk_sqs::Client::new(&aws), settings.messaging.queue_url("order-inbox")?);
    let filled = replica::filled(&url, staff, catalogue, &sqs, inbox);
    progress.step("order knows the catalogue", filled).await?;
    Ok(accounts)
}

/// Scopes are given by user's own command, as an operator does it on AWS.
async fn grant(program: &Path, environment: Environment, account: &Account) -> Result<()> {
    let mut command = Command::new(program);
    command.args(["grant", "--email", &account.email, "--scopes", &account.scopes.join(",")]);
    let output = command.env_clear().envs(environment).output().await;
    let output = output.with_context(|| format!("cannot start {}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`user grant` ended with {}:\n{said}", output.status);
    Ok(())
}

/// The accounts that an earlier [`seed`] has left.
pub fn read_accounts(file: &Path) -> Result<BTreeMap<String, Account>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is damaged: remove it", file.display()))
}

/// Only its owner may read it: it holds passwords.
fn write_accounts(file: &Path, accounts: &BTreeMap<String, Account>) -> Result<()> {
    let part = file.with_extension("part");
    let mut options = File::options();
    let output = options.create(true).truncate(true).write(true).mode(0o600).open(&part);
    let output = output.with_context(|| format!("cannot write {}", part.display()))?;
    serde_json::to_writer_pretty(output, accounts)?;
    fs::rename(&part, file).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_again_and_are_nobody_elses_to_read() {
        use std::os::unix::fs::PermissionsExt;

        let file = std::env::temp_dir().join(format!("shop-accounts-{}.json", uuid::Uuid::new_v4()));
        let account = Account { email: "a@b".into(), password: "p".into(), scopes: vec!["customer".into()] };
        write_accounts(&file, &BTreeMap::from([("customer".to_owned(), account)])).unwrap();
        assert_eq!(read_accounts(&file).unwrap()["customer"].password, "p");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_file(&file).unwrap();
    }
}
