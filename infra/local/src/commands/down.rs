//! `cargo shop down`

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use clap::Args;

use super::{Which, terminate};

/// More than all the grace that the stack gives to its parts.
const LIMIT: Duration = Duration::from_secs(120);

/// End a running stack, and wait until it is gone. Its data stay
#[derive(Debug, Args)]
pub struct Down {
    #[command(flatten)]
    which: Which,
}

impl Down {
    /// Ends it.
    pub async fn run(self) -> Result<ExitCode> {
        let folder = self.which.folder()?;
        let Some(pid) = folder.running()? else {
            println!("No stack runs on {}.", folder.root().display());
            return Ok(ExitCode::SUCCESS);
        };
        // The lock says that this process is alive and is ours: the pid cannot be another program's.
        terminate(pid).await?;
        let began = Instant::now();
        while folder.running()?.is_some() {
            if began.elapsed() > LIMIT {
                bail!(
                    "the stack (pid {pid}) has not ended within {} s: `kill -9 {pid}` ends it at once",
                    LIMIT.as_secs()
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        println!("The stack on {} has ended; its data are kept.", folder.root().display());
        Ok(ExitCode::SUCCESS)
    }
}
