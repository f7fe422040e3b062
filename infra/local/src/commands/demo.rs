//! `cargo shop demo`

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::Which;

/// Buy something: walk the shop's main job through the front door, and check each step
#[derive(Debug, Args)]
pub struct Demo {
    #[command(flatten)]
    which: Which,
}

impl Demo {
    /// Plays it.
    pub async fn run(self) -> Result<ExitCode> {
        crate::demo::play(&self.which.running()?).await?;
        Ok(ExitCode::SUCCESS)
    }
}
