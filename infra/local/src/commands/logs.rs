//! `cargo shop logs`

use std::{
    fs::File,
    io::{Read, Seek, Write, stdout},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use stack::record::{Part, Record};

use super::Selection;
use crate::orchestration::FunctionLog;

/// Polling interval of a followed log.
const PAUSE: Duration = Duration::from_millis(300);

/// Show the end of a log. Without a name: list the logs
#[derive(Debug, Args)]
pub struct Logs {
    /// A part of the stack, such as `order`, `user` or `ministack`. `shop` is the output of `up --detach`
    part: Option<String>,
    /// Continue until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// Number of lines from the end
    #[arg(short = 'n', long, default_value_t = 100, value_name = "N")]
    lines: usize,
    #[command(flatten)]
    stack: Selection,
}

impl Logs {
    /// The logs of processes remain after the end of the stack.
    pub async fn run(self) -> Result<()> {
        let folder = self.stack.folder()?;
        let Some(record) = Record::read(&folder)? else {
            bail!("no stack ever ran on {}: start one with `cargo shop up`", folder.root().display());
        };
        let names = record.parts.keys().map(|name| format!("  {name}")).collect::<Vec<_>>().join("\n");
        let Some(name) = &self.part else {
            println!("{names}");
            return Ok(());
        };
        match record.parts.get(name) {
            None if name == "shop" => self.show_file(&folder.background_log()).await,
            None => bail!("the stack has no part `{name}`. Its parts:\n{names}"),
            Some(Part::Process { log, .. }) => self.show_file(log).await,
            Some(Part::Function { log_group }) => {
                self.stack.running().context("logs of functions are only available while the stack runs")?;
                let mut log = FunctionLog::new(&record, log_group)?;
                self.show(async || log.next().await).await
            }
        }
    }

    async fn show_file(&self, path: &Path) -> Result<()> {
        let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        self.show(async || read_new(&mut file)).await
    }

    /// Prints the last lines, then the output of every further call of `next`.
    async fn show(&self, mut next: impl AsyncFnMut() -> Result<Vec<u8>>) -> Result<()> {
        let log = next().await?;
        if log.is_empty() {
            eprintln!("The log is empty.");
        }
        let lines: Vec<_> = log.split_inclusive(|byte| *byte == b'\n').collect();
        stdout().write_all(&lines[lines.len().saturating_sub(self.lines)..].concat())?;
        if !self.follow {
            return Ok(());
        }
        loop {
            stdout().flush()?;
            tokio::time::sleep(PAUSE).await;
            stdout().write_all(&next().await?)?;
        }
    }
}

/// Reads the rest of a file that grows. If a new run has truncated it, reads it from the beginning.
pub fn read_new(file: &mut File) -> Result<Vec<u8>> {
    if file.metadata()?.len() < file.stream_position()? {
        file.rewind()?;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
