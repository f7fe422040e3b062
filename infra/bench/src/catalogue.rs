//! `cargo measure catalogue`

use std::{
    io::{self, BufWriter},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::Args;

use crate::seed;

/// Write a generated catalogue to stdout, for load. The same numbers give the same file
#[derive(Debug, Args)]
pub struct Catalogue {
    /// How many products; each has one to four variants
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    products: u32,
    /// Another seed gives another catalogue
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Catalogue {
    /// Writes it.
    pub fn run(self) -> Result<ExitCode> {
        let catalogue = seed::Catalogue::generate(self.products as usize, self.seed);
        catalogue.write(BufWriter::new(io::stdout().lock())).context("cannot write the catalogue")?;
        Ok(ExitCode::SUCCESS)
    }
}
