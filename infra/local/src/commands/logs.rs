//! `cargo shop logs`

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write, stdout},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::Which;
use stack::record::{Part, Record};

use crate::orchestration::FunctionLog;

/// Polling interval of a followed log.
const PAUSE: Duration = Duration::from_millis(300);

/// Show the end of a part's log. Without a name: which there are
#[derive(Debug, Args)]
pub struct Logs {
    /// A part of the stack, such as `order`, `user` or `ministack`; `shop` is what `up --detach` said
    part: Option<String>,
    /// Go on as the log grows, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// Number of lines from the end
    #[arg(short = 'n', long, default_value_t = 100, value_name = "N")]
    lines: usize,
    #[command(flatten)]
    which: Which,
}

impl Logs {
    /// Shows it. The logs of processes can be read after the stack's end, too.
    pub async fn run(self) -> Result<ExitCode> {
        let folder = self.which.folder()?;
        let Some(record) = Record::read(&folder)? else {
            bail!("no stack ever ran on {}: start one with `cargo shop up`", folder.root().display());
        };
        let Some(name) = &self.part else {
            println!("{}", names(&record));
            return Ok(ExitCode::SUCCESS);
        };
        match record.parts.get(name) {
            None if name == "shop" => self.show_file(&folder.background_log()).await?,
            None => bail!("the stack has no part `{name}`; it has:\n{}", names(&record)),
            Some(Part::Process { log, .. }) => self.show_file(log).await?,
            Some(Part::Function { log_group }) => {
                self.which.running().context("the log of a function is kept by the running stack")?;
                self.show_function(FunctionLog::new(&record, log_group)?).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn show_file(&self, path: &Path) -> Result<()> {
        let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut lines: Vec<_> = text.split_inclusive('\n').collect();
        lines.drain(..lines.len().saturating_sub(self.lines));
        print!("{}", lines.concat());
        let mut position = bytes.len() as u64;
        if !self.follow {
            return Ok(());
        }
        loop {
            stdout().flush()?;
            tokio::time::sleep(PAUSE).await;
            if file.metadata()?.len() < position {
                position = 0; // a new run began the file anew
            }
            file.seek(SeekFrom::Start(position))?;
            bytes.clear();
            file.read_to_end(&mut bytes)?;
            position += bytes.len() as u64;
            stdout().write_all(&bytes)?;
        }
    }

    async fn show_function(&self, mut log: FunctionLog) -> Result<()> {
        let lines = log.next().await?;
        lines[lines.len().saturating_sub(self.lines)..].iter().for_each(|line| println!("{line}"));
        if lines.is_empty() && !self.follow {
            println!("The function has not been called yet.");
        }
        if !self.follow {
            return Ok(());
        }
        loop {
            tokio::time::sleep(PAUSE).await;
            log.next().await?.iter().for_each(|line| println!("{line}"));
        }
    }
}

fn names(record: &Record) -> String {
    record.parts.keys().map(|name| format!("  {name}")).collect::<Vec<_>>().join("\n")
}
