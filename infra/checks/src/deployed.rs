//! The shop as Terraform makes it, on the emulated AWS with IAM enforced: its journeys, what its roles may not do, and what
//! a second plan would change. Tests do it, which nobody else runs, for the minutes that they take.

use std::{path::Path, process::Stdio};

use anyhow::{Context, Result};
use tokio::process::Command;

use super::report::Report;

/// Runs them.
pub async fn check(root: &Path, report: &mut Report) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args(["test", "--quiet", "--package", "tests", "--test", "deployed", "--", "--ignored"]);
    let output = cargo.stdin(Stdio::null()).kill_on_drop(true).output().await.context("cannot start cargo")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let summary = said.lines().rev().find_map(|line| line.strip_prefix("test result: "));
    let what = "The shop runs as Terraform makes it, each program under its own role";
    if output.status.success() {
        report.passed(what, summary.unwrap_or("all tests passed"));
    } else {
        let complaints = String::from_utf8_lossy(&output.stderr);
        report.failed(what, said.lines().chain(complaints.lines()));
    }
    Ok(())
}
