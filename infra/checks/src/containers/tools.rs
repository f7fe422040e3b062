//! What others' tools say of Dockerfiles and compose.

use std::path::Path;

use anyhow::Result;
use serde::Deserialize;
use stack::python::Packages;
use tokio::process::Command;

use super::COMPOSE;
use crate::{linters::Linter, report::Report};

const HADOLINT: Packages = Packages {
    what: "hadolint",
    folder: "linters/hadolint",
    requirements: include_str!("../../linters/hadolint.txt"),
    oldest: (3, 10),
};

#[derive(Debug, Deserialize)]
struct Finding {
    code: String,
    file: String,
    line: u32,
    message: String,
}

/// Runs those that are there.
pub async fn check<'a>(
    root: &Path,
    target: &Path,
    dockerfiles: impl Iterator<Item = &'a String>,
    report: &mut Report,
) -> Result<()> {
    if let Some(hadolint) = Linter::find("hadolint", HADOLINT, target, report).await {
        let arguments = ["--format".to_owned(), "json".to_owned()];
        let arguments = arguments.into_iter().chain(dockerfiles.cloned());
        let found: Vec<Finding> = hadolint.run(root, &[0, 1], arguments).await?;
        let told =
            found.iter().map(|found| format!("{}:{}: {}: {}", found.file, found.line, found.code, found.message));
        report.judge("hadolint", "every Dockerfile", told.collect());
    }
    compose(root, report).await
}

/// Docker's own reader of compose files: a plugin of `docker`, or a program by itself.
async fn compose(root: &Path, report: &mut Report) -> Result<()> {
    for program in [&["docker", "compose"][..], &["docker-compose"]] {
        let command = || {
            let mut command = Command::new(program[0]);
            command.args(&program[1..]).current_dir(root).kill_on_drop(true);
            command
        };
        if !command().arg("version").output().await.is_ok_and(|output| output.status.success()) {
            continue;
        }
        let arguments = ["--file", COMPOSE, "--profile", "*", "config", "--quiet"];
        let output = command().args(arguments).output().await?;
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let findings = if output.status.success() { Vec::new() } else { vec![complaint] };
        report.judge("docker compose config", COMPOSE, findings);
        return Ok(());
    }
    report.skipped("docker compose config", "neither `docker compose` nor `docker-compose` is installed");
    Ok(())
}
