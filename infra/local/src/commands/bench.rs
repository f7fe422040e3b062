//! `cargo shop bench`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Subcommand, value_parser};

use crate::bench;

/// Measure a release build
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// How fast functions start, how large what is deployed is, and what idle services need. Ends with 1 if a bar is
    /// missed
    Startup {
        /// How often each function is started
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u16).range(1..))]
        runs: u16,
        /// The folder of programs that were built already, such as those of an image [default: build them]
        #[arg(long, value_name = "DIR")]
        programs: Option<PathBuf>,
    },
}

impl Bench {
    /// Measures, and tells.
    pub async fn run(self) -> Result<ExitCode> {
        match self {
            Self::Startup { runs, programs } => bench::startup(runs.into(), programs.as_deref()).await,
        }
    }
}
