//! `stack.json`: addresses, processes and local accounts of a running stack, for `status`, scripts and tests.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::folder::Folder;

/// One run of a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// Process id of `cargo shop up`.
    pub pid: u32,
    /// Start of `up`.
    pub started_at: DateTime<Utc>,
    /// Time at which everything was ready; absent before.
    pub ready_at: Option<DateTime<Utc>>,
    /// Addresses.
    pub urls: Urls,
    /// Environment variables for AWS tools and SDKs.
    pub environment: BTreeMap<String, String>,
    /// Processes and functions by name.
    pub parts: BTreeMap<String, Part>,
    /// Local accounts by name.
    pub accounts: BTreeMap<String, Account>,
}

/// The addresses of a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Urls {
    /// The public API.
    pub public_api: String,
    /// The emulated AWS.
    pub aws: String,
    /// Every e-mail that was sent.
    pub mails: String,
    /// The card processor simulator.
    pub processor: String,
    /// The services of the topology, without the API Gateway, by name.
    pub services: BTreeMap<String, String>,
    /// PostgreSQL, for `psql`.
    pub database: String,
}

/// A process or function of a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Part {
    /// A process.
    Process {
        /// Process id; changes with a restart.
        pid: u32,
        /// TCP port.
        port: Option<u16>,
        /// URL that responds with 2xx while the process is healthy.
        health: Option<String>,
        /// Log file.
        log: PathBuf,
    },
    /// A Lambda function, which runs in the emulator.
    Function {
        /// Log group in CloudWatch Logs.
        log_group: String,
    },
}

/// A local account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// Email address.
    pub email: String,
    /// Random password.
    pub password: String,
    /// Granted scopes.
    pub scopes: Vec<String>,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}   password {}   ({})", self.email, self.password, self.scopes.join(", "))
    }
}

impl fmt::Display for Record {
    /// Addresses and accounts, for the terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Urls { public_api, aws, mails, processor, services: _, database } = &self.urls;
        writeln!(f, "  public API    {public_api}")?;
        writeln!(f, "                for example {public_api}/v1/products?q=tea")?;
        writeln!(f, "  mails         {mails}")?;
        writeln!(f, "  emulated AWS  {aws}")?;
        writeln!(f, "  processor     {processor}")?;
        writeln!(f, "  PostgreSQL    {database}")?;
        for (name, account) in &self.accounts {
            writeln!(f, "  {name:<13} {account}")?;
        }
        write!(f, "\n  Next: cargo shop demo · cargo shop status · cargo shop logs [part] · cargo shop down")
    }
}

impl Record {
    /// The record of the last run on `folder`, which may have ended.
    pub fn read(folder: &Folder) -> Result<Option<Self>> {
        let path = folder.record();
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let damaged = || format!("{} is damaged: remove it, or use `up --fresh`", path.display());
        Ok(Some(serde_json::from_str(&text).with_context(damaged)?))
    }

    /// The record of the current run on `folder`. `None` without a run, and until the run writes its record.
    pub fn current(folder: &Folder) -> Result<Option<Self>> {
        let Some(pid) = folder.running()? else { return Ok(None) };
        Ok(Self::read(folder)?.filter(|record| record.pid == pid))
    }
}

/// Replaces a file by `content` as JSON, atomically. Only the owner of the file may read it, because it contains
/// passwords.
pub fn write_private(path: &Path, content: &impl Serialize) -> Result<()> {
    let part = path.with_extension("part");
    let file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&part);
    let mut file = file.with_context(|| format!("cannot write {}", part.display()))?;
    serde_json::to_writer_pretty(&mut file, content)?;
    file.write_all(b"\n")?;
    fs::rename(&part, path).with_context(|| format!("cannot write {}", path.display()))
}

/// The file with the record of the current run. A change is on disk when `update` returns.
#[derive(Debug, Clone)]
pub struct StatusFile {
    path: PathBuf,
    record: Arc<Mutex<Record>>,
}

impl StatusFile {
    /// Writes the record of a new run.
    pub fn create(folder: &Folder, record: Record) -> Result<Self> {
        write_private(&folder.record(), &record)?;
        Ok(Self { path: folder.record(), record: Arc::new(Mutex::new(record)) })
    }

    /// The current record.
    pub fn read(&self) -> Record {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the record.
    pub fn update(&self, change: impl FnOnce(&mut Record)) -> Result<()> {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut record);
        write_private(&self.path, &*record)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_file_is_readable_by_its_owner_only() {
        let path = std::env::temp_dir().join(format!("shop-private-{}.json", uuid::Uuid::new_v4()));
        write_private(&path, &["password"]).unwrap();
        assert_eq!(serde_json::from_str::<Vec<String>>(&fs::read_to_string(&path).unwrap()).unwrap(), ["password"]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_file(&path).unwrap();
    }
}
