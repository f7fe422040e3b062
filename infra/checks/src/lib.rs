//! Checks of what deploys the shop. The rules are those of bought tools, of `infra/terraform/policies`, and of `joins`.
//!
//! - `report`: one line per check
//! - `tools`: hadolint, Docker Compose, zizmor, and the tests of the shop that Terraform creates in the emulated AWS
//! - `checkov`: its own rules and the policies
//! - `terraform`: `terraform fmt`, `validate` and `test`; [`planned`]: the resources of every root module and profile
//! - [`joins`]: rules over several files, which no tool knows

mod checkov;
pub mod joins;
pub mod planned;
mod report;
mod terraform;
mod tools;

use std::{collections::BTreeSet, process::ExitCode};

use anyhow::Result;
use clap::ValueEnum;
use stack::{python, workspace_root};

use self::{planned::PROFILES, report::Report};

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
    let mut terraform = None;
    if checks.iter().any(|check| !matches!(check, Check::Docker | Check::Workflows)) {
        terraform = terraform::find(&root, &target, &mut report).await?;
    }
    let mut plans = Vec::new();
    for check in checks {
        if let (Check::Joins | Check::Checkov, Some(terraform), []) = (check, &terraform, &plans[..]) {
            for profile in PROFILES {
                plans.extend(planned::plan(&root, terraform, profile).await?);
            }
        }
        match (check, &terraform) {
            (Check::Docker, _) => tools::docker(&root, &target, &mut report).await?,
            (Check::Workflows, _) => tools::workflows(&root, &target, &mut report).await?,
            (Check::Checkov, _) => checkov::check(&root, &target, &plans, &mut report).await?,
            (_, None) => {}
            (Check::Terraform, Some(terraform)) => terraform::check(&root, terraform, &mut report).await?,
            (Check::Joins, _) => {
                for (rule, outcome) in joins::check(&root, &plans)? {
                    report.record(rule, outcome.seen, outcome.findings);
                }
            }
            (Check::Deployed, _) => tools::deployed(&root, &mut report).await?,
        }
    }
    Ok(report.end())
}
