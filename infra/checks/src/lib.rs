//! Checks of what deploys the shop. The rules are those of bought tools, of `infra/terraform/policies`, and of `joins`.
//!
//! - `report`: one line per check
//! - `linters`: pinned Python packages; `files`: hadolint, Docker Compose, zizmor; `checkov`
//! - `terraform`: `terraform fmt`, `validate` and `test`; [`planned`]: the resources of every root module and profile
//! - `joins`: rules over several files, which no tool knows
//! - `deployed`: the shop that Terraform creates in the emulated AWS

mod checkov;
mod deployed;
mod files;
mod joins;
mod linters;
pub mod planned;
mod report;
mod terraform;

use std::{collections::BTreeSet, process::ExitCode};

use anyhow::Result;
use clap::ValueEnum;
use stack::{python, terraform::Terraform, workspace_root};

use self::report::Report;

/// A group of checks, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Check {
    /// Dockerfiles (hadolint) and docker-compose.yml (docker compose config)
    Docker,
    /// Workflows of GitHub Actions (zizmor)
    Workflows,
    /// Format, validity and tests of every root module and module
    Terraform,
    /// Rules that join Terraform's plans with infra/topology.json and the programs' settings
    Joins,
    /// Checkov, with the policies of infra/terraform/policies
    Checkov,
    /// Journeys and roles on the shop that Terraform creates in the emulated AWS
    Deployed,
}

/// Runs the selected checks, prints their results, and returns the exit code.
pub async fn run(checks: &BTreeSet<Check>) -> Result<ExitCode> {
    let (root, target) = (workspace_root(), python::target_dir()?);
    let mut report = Report::default();
    if checks.contains(&Check::Docker) {
        files::hadolint(&root, &target, &mut report).await?;
        files::compose(&root, &mut report).await?;
    }
    if checks.contains(&Check::Workflows) {
        files::zizmor(&root, &target, &mut report).await?;
    }
    let mut terraform = Terraform::find(&target);
    let needs_terraform = checks.iter().any(|check| !matches!(check, Check::Docker | Check::Workflows));
    match &terraform {
        _ if !needs_terraform => terraform = None,
        None => report.skipped("terraform", "terraform is not installed"),
        Some(found) if terraform::init(&root, found, &mut report).await? => {}
        Some(_) => terraform = None,
    }
    let mut plans = Vec::new();
    if let Some(terraform) = &terraform {
        if checks.contains(&Check::Terraform) {
            terraform::check(&root, terraform, &mut report).await?;
        }
        if checks.contains(&Check::Joins) || checks.contains(&Check::Checkov) {
            plans = planned::check(&root, terraform, &mut report).await?;
        }
    }
    if checks.contains(&Check::Joins) && !plans.is_empty() {
        joins::check(&root, &plans, &mut report)?;
    }
    if checks.contains(&Check::Checkov) {
        checkov::check(&root, &target, &plans, &mut report).await?;
    }
    if checks.contains(&Check::Deployed) && terraform.is_some() {
        deployed::check(&root, &mut report).await?;
    }
    Ok(report.end())
}
