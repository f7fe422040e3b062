//! The commands `provision` and `seed`, for programs that something else starts, such as Docker Compose: the emulated AWS
//! is provisioned before they start, and seeded when they run. Both may be repeated.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use stack::{provision::load_balancer::Target, record::Account};

pub use super::provision::Site;
use super::{progress::Progress, provision::Resources, seed::Seed};

/// Limit for the API to respond: the programs start at the same time as this tool.
const READY_LIMIT: Duration = Duration::from_secs(120);

/// Provisions the resources and deploys the functions, whose programs are in the folder `programs`.
pub async fn provision(site: Site, programs: &Path, targets: &BTreeMap<String, Target>) -> Result<()> {
    let progress = Progress::start();
    let resources = Resources::provision(site, Vec::new(), progress).await?;
    progress.step("functions and API", resources.deploy(|name| program(programs, name), targets)).await
}

/// Seeds the shop. The accounts are kept in `file`, and found there the next time.
pub async fn seed(site: Site, programs: &Path, catalogue: &Path, file: &Path) -> Result<BTreeMap<String, Account>> {
    let progress = Progress::start();
    let api = site.api();
    let resources = Resources::provision(site, Vec::new(), progress).await?;
    let user = program(programs, "user")?;
    let seed = Seed {
        api: &api,
        aws: &resources.aws,
        inbox_url: &resources.messaging.queue("order-inbox")?.url,
        catalogue,
        user: (&user, resources.values.environment("user")?),
        limit: READY_LIMIT,
    };
    let known = if file.exists() { read_accounts(file)? } else { BTreeMap::new() };
    let accounts = seed.run(&known, progress).await?;
    write_accounts(file, &accounts)?;
    Ok(accounts)
}

fn program(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    ensure!(path.is_file(), "there is no program {}", path.display());
    Ok(path)
}

/// Reads the accounts that [`seed`] wrote.
pub fn read_accounts(file: &Path) -> Result<BTreeMap<String, Account>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is damaged: remove it", file.display()))
}

/// Only the owner may read the file: it contains passwords.
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
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_accounts_file_is_private_and_read_back() {
        let file = std::env::temp_dir().join(format!("shop-accounts-{}.json", uuid::Uuid::new_v4()));
        let account = Account { email: "a@b".into(), password: "p".into(), scopes: vec!["customer".into()] };
        write_accounts(&file, &BTreeMap::from([("customer".to_owned(), account)])).unwrap();
        assert_eq!(read_accounts(&file).unwrap()["customer"].password, "p");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_file(&file).unwrap();
    }
}
