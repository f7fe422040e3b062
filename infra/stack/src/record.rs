//! `stack.json`: what a running stack tells about itself, to `status`, to scripts and to tests.

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
    /// The tool that holds it together.
    pub pid: u32,
    /// When `up` began.
    pub started_at: DateTime<Utc>,
    /// When everything answered; absent before.
    pub ready_at: Option<DateTime<Utc>>,
    /// Where to reach it.
    pub urls: Urls,
    /// What AWS tools and SDKs need in their environment to speak to it.
    pub environment: BTreeMap<String, String>,
    /// Everything that runs, by name.
    pub parts: BTreeMap<String, Part>,
    /// People that exist on this machine only, by name.
    pub accounts: BTreeMap<String, Account>,
}

/// The addresses of a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Urls {
    /// The shop's HTTP API, as its clients see it.
    pub front_door: String,
    /// The emulated AWS.
    pub aws: String,
    /// Every e-mail that was sent.
    pub mails: String,
    /// The card processor's simulator.
    pub processor: String,
    /// product, without the front door.
    pub product: String,
    /// order, without the front door.
    pub order: String,
    /// PostgreSQL, for `psql`.
    pub database: String,
}

/// Something that runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Part {
    /// A process of this machine.
    Process {
        /// Its process id; changes when it is restarted.
        pid: u32,
        /// Where it listens.
        port: Option<u16>,
        /// Answers 2xx while it is well.
        health: Option<String>,
        /// Its output.
        log: PathBuf,
    },
    /// A Lambda function: it runs inside the emulator, which also keeps its log.
    Function {
        /// Its group in CloudWatch Logs.
        log_group: String,
    },
}

/// Somebody who can sign in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// E-mail address.
    pub email: String,
    /// Random, and valid on this machine only.
    pub password: String,
    /// What it may do.
    pub scopes: Vec<String>,
}

impl fmt::Display for Record {
    /// What a person wants to know when the stack is ready.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Urls { front_door, aws, mails, processor, product: _, order: _, database } = &self.urls;
        writeln!(f, "  front door    {front_door}")?;
        writeln!(f, "                such as {front_door}/v1/products?q=tea")?;
        writeln!(f, "  e-mails       {mails}")?;
        writeln!(f, "  emulated AWS  {aws}")?;
        writeln!(f, "  processor     {processor}")?;
        writeln!(f, "  PostgreSQL    {database}")?;
        for (name, Account { email, password, scopes }) in &self.accounts {
            writeln!(f, "  {name:<13} {email}   password {password}   ({})", scopes.join(", "))?;
        }
        write!(f, "\n  Next: cargo shop demo · cargo shop status · cargo shop logs [part] · cargo shop down")
    }
}

impl Record {
    /// The record of the last run on `folder`, whether or not it still runs.
    pub fn read(folder: &Folder) -> Result<Option<Self>> {
        let path = folder.record();
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let damaged = || format!("{} is damaged: remove it, or use `up --fresh`", path.display());
        Ok(Some(serde_json::from_str(&text).with_context(damaged)?))
    }

    /// The record of the run that holds `folder` now. None where nothing runs, and where a run has only begun.
    pub fn current(folder: &Folder) -> Result<Option<Self>> {
        let Some(pid) = folder.running()? else { return Ok(None) };
        Ok(Self::read(folder)?.filter(|record| record.pid == pid))
    }

    /// Whoever reads the file meanwhile sees the old one or the new one, never a part. Only its owner may read it:
    /// it holds passwords.
    fn write(&self, path: &Path) -> Result<()> {
        let part = path.with_extension("json.part");
        let mut options = File::options();
        let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(&part)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        fs::rename(&part, path).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// The record of the run that is going on: a change is on disk when `update` returns.
#[derive(Debug, Clone)]
pub struct Board {
    path: PathBuf,
    record: Arc<Mutex<Record>>,
}

impl Board {
    /// Begins the record of a run.
    pub fn publish(folder: &Folder, record: Record) -> Result<Self> {
        record.write(&folder.record())?;
        Ok(Self { path: folder.record(), record: Arc::new(Mutex::new(record)) })
    }

    /// The record as it is now.
    pub fn read(&self) -> Record {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the record.
    pub fn update(&self, change: impl FnOnce(&mut Record)) -> Result<()> {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut record);
        record.write(&self.path)
    }
}
