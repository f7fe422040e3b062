//! Linters that come as Python packages: pinned, each in its own virtual environment, and offline.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;
use stack::python::{Packages, Python};
use tokio::process::Command;

use super::report::Report;

/// An installed linter.
#[derive(Debug, Clone)]
pub struct Linter {
    program: PathBuf,
    /// A home without the caller's settings and credentials, so that results do not depend on them.
    home: PathBuf,
}

impl Linter {
    /// Installs the linter if necessary. Records it as skipped if that fails.
    pub async fn find(packages: Packages, target: &Path, report: &mut Report) -> Option<Self> {
        match Python::with(packages, target).await {
            Ok(python) => {
                let programs = python.path().parent()?;
                Some(Self { program: programs.join(packages.what), home: programs.join("home") })
            }
            Err(error) => {
                let message = format!("{error:#}");
                let cause = message.lines().find(|line| line.starts_with("ERROR: ")).or(message.lines().next());
                report.skipped(packages.what, cause.unwrap_or_default());
                None
            }
        }
    }

    /// Runs the linter in `folder` and returns its output, unless it passed. Any exit code but `failed` is an error.
    pub async fn findings(&self, folder: &Path, failed: &[i32], arguments: &[&str]) -> Result<Vec<String>> {
        let output = self.run(folder, failed, arguments.iter().copied()).await?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(if output.status.success() { Vec::new() } else { vec![text] })
    }

    /// Runs the linter in `folder` and parses its output.
    pub async fn json<T: DeserializeOwned>(&self, folder: &Path, arguments: impl Iterator<Item = &str>) -> Result<T> {
        let output = self.run(folder, &[1], arguments).await?;
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("unexpected output of {}", self.program.display()))
    }

    async fn run(&self, folder: &Path, failed: &[i32], arguments: impl Iterator<Item = &str>) -> Result<Output> {
        let mut command = Command::new(&self.program);
        command.current_dir(folder).args(arguments).kill_on_drop(true).env("HOME", &self.home);
        for online in ["BC_API_KEY", "PRISMA_API_URL", "GH_TOKEN", "GITHUB_TOKEN", "ZIZMOR_GITHUB_TOKEN"] {
            command.env_remove(online);
        }
        let output = command.output().await.with_context(|| format!("cannot start {}", self.program.display()))?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        let is_expected = output.status.success() || output.status.code().is_some_and(|code| failed.contains(&code));
        ensure!(is_expected, "{} ended with {}:\n{stderr}", self.program.display(), output.status);
        Ok(output)
    }
}
