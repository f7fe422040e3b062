//! Builds what a stack runs.

use std::{collections::BTreeMap, path::PathBuf, process::Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

/// The packages with a program that a stack runs.
pub const PACKAGES: [&str; 7] =
    ["user", "product", "order", "payment", "notification", "outbox-relay", "psp-simulator"];

/// The programs that were built, by package.
#[derive(Debug)]
pub struct Binaries(BTreeMap<String, PathBuf>);

impl Binaries {
    /// The program of `package`.
    pub fn path(&self, package: &str) -> Result<&PathBuf> {
        self.0.get(package).with_context(|| format!("package `{package}` has no program"))
    }
}

/// The two lines of cargo's messages that matter.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact {
        target: Target,
        executable: Option<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// One call of cargo for all programs. Its progress and its errors go to the terminal.
pub async fn build(release: bool) -> Result<Binaries> {
    let mut cargo = Command::new("cargo");
    // The whole workspace rather than some packages: cargo would build their dependencies with fewer features, and all
    // of them once more for `cargo test`.
    cargo.current_dir(super::workspace_root()).args(["build", "--workspace", "--bins"]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    if release {
        cargo.arg("--release");
    }
    let mut child = cargo
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start cargo: is it on the PATH?")?;
    let stdout = child.stdout.take().context("cargo has no output")?;
    let mut lines = BufReader::new(stdout).lines();
    let mut binaries = BTreeMap::new();
    while let Some(line) = lines.next_line().await? {
        if let Ok(Message::CompilerArtifact { target, executable: Some(path) }) = serde_json::from_str(&line) {
            binaries.insert(target.name, path);
        }
    }
    if !child.wait().await?.success() {
        bail!("the build failed: cargo's messages above tell why");
    }
    Ok(Binaries(binaries))
}
