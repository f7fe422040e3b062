//! Dockerfiles, docker-compose.yml and workflows: read by hadolint, Docker Compose and zizmor.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use stack::python::Packages;
use tokio::process::Command;

use super::{linters::Linter, report::Report};

const HADOLINT: Packages = Packages {
    what: "hadolint",
    folder: "linters/hadolint",
    requirements: include_str!("../linters/hadolint.txt"),
    oldest: (3, 10),
};

const ZIZMOR: Packages = Packages {
    what: "zizmor",
    folder: "linters/zizmor",
    requirements: include_str!("../linters/zizmor.txt"),
    oldest: (3, 11),
};

const COMPOSE: &str = "docker-compose.yml";

/// Runs hadolint on every Dockerfile.
pub async fn hadolint(root: &Path, target: &Path, report: &mut Report) -> Result<()> {
    let Some(linter) = Linter::find(HADOLINT, target, report).await else { return Ok(()) };
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join("docker")).context("cannot list docker/")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with("Dockerfile") {
            files.push(format!("docker/{name}"));
        }
    }
    let arguments: Vec<&str> = ["--no-color"].into_iter().chain(files.iter().map(String::as_str)).collect();
    report.record("hadolint", format!("{} Dockerfiles", files.len()), linter.findings(root, &[1], &arguments).await?);
    Ok(())
}

/// Has Docker Compose read its file, by the plugin of `docker` or the program `docker-compose`.
pub async fn compose(root: &Path, report: &mut Report) -> Result<()> {
    for program in [&["docker", "compose"][..], &["docker-compose"]] {
        let run = async |arguments: &[&str]| {
            let mut command = Command::new(program[0]);
            command.args(&program[1..]).args(arguments).current_dir(root).kill_on_drop(true).output().await
        };
        if !run(&["version"]).await.is_ok_and(|output| output.status.success()) {
            continue;
        }
        let output = run(&["--file", COMPOSE, "--profile", "*", "config", "--quiet"]).await?;
        let mut findings = Vec::new();
        if !output.status.success() {
            findings.push(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        report.record("docker compose config", COMPOSE, findings);
        return Ok(());
    }
    report.skipped("docker compose config", "neither `docker compose` nor `docker-compose` is installed");
    Ok(())
}

/// Runs zizmor on the workflows.
pub async fn zizmor(root: &Path, target: &Path, report: &mut Report) -> Result<()> {
    let Some(linter) = Linter::find(ZIZMOR, target, report).await else { return Ok(()) };
    // The persona `auditor` also reports broad permissions, and secrets outside of a protected environment.
    let strict = ["--persona=auditor", "--min-severity=medium", "--strict-collection"];
    let output = ["--offline", "--no-progress", "--quiet", "--color=never", "--format=plain", ".github"];
    // The exit codes 10 to 14 are the severity of the worst finding.
    let findings = linter.findings(root, &[10, 11, 12, 13, 14], &[&strict[..], &output].concat()).await?;
    report.record("zizmor", "workflows", findings);
    Ok(())
}
