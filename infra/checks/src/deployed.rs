//! The shop that Terraform creates in the emulated AWS, with IAM enforced. The tests are ignored elsewhere, since they
//! take minutes.

use std::{path::Path, process::Stdio};

use anyhow::{Context, Result};
use tokio::process::Command;

use super::report::Report;

/// Runs the tests of `tests/tests/deployed.rs`.
pub async fn check(root: &Path, report: &mut Report) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args(["test", "--quiet", "--package", "tests", "--test", "deployed", "--", "--ignored"]);
    let output = cargo.stdin(Stdio::null()).kill_on_drop(true).output().await.context("cannot start cargo")?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let summary = stdout.lines().rev().find_map(|line| line.strip_prefix("test result: ")).unwrap_or("passed");
    let mut findings = Vec::new();
    if !output.status.success() {
        findings.push(format!("{stdout}{}", String::from_utf8_lossy(&output.stderr)));
    }
    report.record("deployed shop: journeys, roles, second plan", summary, findings);
    Ok(())
}
