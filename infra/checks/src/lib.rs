//! The checks of what runs the shop elsewhere, none of which needs an account.
//!
//! - `report`: what a check says
//! - `units`: every unit and module of Terraform by itself
//! - `rules`: what must be true of all that Terraform makes
//! - `linters`: linters of others, pinned; `checkov`: what the one of infrastructure says
//! - `deployed`: the shop as Terraform makes it, with IAM enforced
//! - `containers`: Dockerfiles, compose, and the pins in both
//! - `workflows`: the delivery pipeline's files

mod checkov;
mod containers;
mod deployed;
mod linters;
mod report;
mod rules;
pub mod units;
mod workflows;

use std::process::ExitCode;

use anyhow::Result;
use report::Report;
use stack::{python, terraform::Terraform, workspace_root};

/// Makes every check, one after the other, says what each found, and ends with 0 if none failed.
pub async fn check() -> Result<ExitCode> {
    let (root, target) = (workspace_root(), python::target_dir()?);
    let terraform = Terraform::find(&target);
    let mut report = Report::default();
    containers::check(&root, &target, &mut report).await?;
    workflows::check(&root, &target, &mut report).await?;
    match &terraform {
        Some(terraform) => {
            let states = units::check(&root, terraform, &mut report).await?;
            rules::check(&root, &states, &mut report)?;
            match states.is_empty() {
                false => deployed::check(&root, &mut report).await?,
                true => report.skipped("the shop as Terraform makes it", "there are not all of its units"),
            }
        }
        None => report.skipped("Terraform's units", "terraform is not installed"),
    }
    checkov::check(&root, &target, &mut report).await?;
    Ok(report.end())
}
