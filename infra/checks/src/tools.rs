//! Tools that print their findings and fail if there are any: hadolint, Docker Compose, zizmor, and cargo for the
//! deployed shop. Each is one line of shell.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result};
use stack::python::{Packages, Python};
use tokio::process::Command;

use super::report::Report;

/// The persona `auditor` also reports broad permissions, and secrets outside of a protected environment.
const ZIZMOR: &str = "zizmor --persona=auditor --min-severity=medium --strict-collection \
                      --offline --no-progress --quiet --color=never --format=plain .github";

/// Checks Dockerfiles and docker-compose.yml.
pub async fn docker(root: &Path, target: &Path, report: &mut Report) -> Result<()> {
    if let Some(programs) = linter("hadolint", target, report).await {
        run("hadolint", offline(root, &programs, "hadolint --no-color docker/*Dockerfile"), report).await?;
    }
    if !shell(root, "docker compose version").output().await?.status.success() {
        report.skipped("docker compose config", "Docker Compose is not installed");
        return Ok(());
    }
    run("docker compose config", shell(root, "docker compose --profile '*' config --quiet"), report).await
}

/// Checks the workflows.
pub async fn workflows(root: &Path, target: &Path, report: &mut Report) -> Result<()> {
    let Some(programs) = linter("zizmor", target, report).await else { return Ok(()) };
    run("zizmor", offline(root, &programs, ZIZMOR), report).await
}

/// Runs the tests on the shop that Terraform creates in the emulated AWS. They are ignored elsewhere, as they are slow.
pub async fn deployed(root: &Path, report: &mut Report) -> Result<()> {
    let line = "cargo test --quiet --package tests --test deployed -- --ignored";
    run("deployed shop: journeys, roles, second plan", shell(root, line), report).await
}

async fn run(name: &str, mut command: Command, report: &mut Report) -> Result<()> {
    let output = command.output().await.with_context(|| format!("cannot run {name}"))?;
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    report.record(name, "no findings", (!output.status.success()).then(|| format!("{text}{}", output.status)));
    Ok(())
}

fn shell(folder: &Path, line: &str) -> Command {
    let mut command = Command::new("sh");
    command.current_dir(folder).args(["-c", line]).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Shell with the programs of a linter, without the caller's settings and tokens: findings must not depend on them.
pub fn offline(folder: &Path, programs: &Path, line: &str) -> Command {
    let mut command = shell(folder, line);
    command.env_clear().env("PATH", format!("{}:/usr/bin:/bin", programs.display()));
    command.env("HOME", programs.join("home"));
    command
}

/// Installs a linter in its own virtual environment if necessary, pinned, and returns the folder of its programs.
/// Records the linter as skipped if that fails.
pub async fn linter(what: &'static str, target: &Path, report: &mut Report) -> Option<PathBuf> {
    let (folder, requirements) = match what {
        "hadolint" => ("linters/hadolint", include_str!("../linters/hadolint.txt")),
        "zizmor" => ("linters/zizmor", include_str!("../linters/zizmor.txt")),
        _ => ("linters/checkov", include_str!("../linters/checkov.txt")),
    };
    match Python::with(Packages { what, folder, requirements, oldest: (3, 11) }, target).await {
        Ok(python) => python.path().parent().map(Path::to_owned),
        Err(error) => {
            report.skipped(what, format!("{error:#}").lines().next().unwrap_or_default());
            None
        }
    }
}
