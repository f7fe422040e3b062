//! `cargo shop down`

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use stack::ready;

use super::{Selection, terminate};

/// Limit for a shutdown: longer than the sum of the grace periods of all parts.
const LIMIT: Duration = Duration::from_secs(120);

/// Stop a running stack, and wait until it has ended. Keeps its data
#[derive(Debug, Args)]
pub struct Down {
    #[command(flatten)]
    stack: Selection,
}

impl Down {
    pub async fn run(self) -> Result<()> {
        let folder = self.stack.folder()?;
        let Some(pid) = folder.running()? else {
            println!("No stack runs on {}.", folder.root().display());
            return Ok(());
        };
        // The lock proves that the tool is alive, so the pid is not that of another program.
        terminate(pid).await?;
        let ended = async || {
            ensure!(folder.running()?.is_none(), "it is still running");
            Ok(())
        };
        let outcome = ready::until(LIMIT, ended).await;
        outcome.with_context(|| format!("the stack (pid {pid}) has not ended: `kill -9 {pid}` ends it at once"))?;
        println!("The stack on {} has ended. Its data are kept.", folder.root().display());
        Ok(())
    }
}
