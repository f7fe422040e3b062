//! Builds what a stack runs.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
};

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
    /// Programs that somebody else has built, all in one folder.
    pub fn of_folder(folder: &Path) -> Self {
        Self(PACKAGES.iter().map(|package| ((*package).to_owned(), folder.join(package))).collect())
    }

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

/// All programs of the workspace.
pub async fn build(release: bool) -> Result<Binaries> {
    // The whole workspace rather than some packages: cargo would build their dependencies with fewer features, and all
    // of them once more for `cargo test`.
    let arguments: &[&str] = if release { &["--workspace", "--release"] } else { &["--workspace"] };
    cargo_build(arguments).await
}

/// The programs that are deployed, for measurements: as `docker/Dockerfile` builds them, with the features of their own
/// dependencies and no more.
pub async fn build_deployed() -> Result<Binaries> {
    let packages = PACKAGES.iter().filter(|package| **package != "psp-simulator");
    let packages = packages.flat_map(|package| ["--package", package]);
    cargo_build(&["--release", "--locked"].into_iter().chain(packages).collect::<Vec<_>>()).await
}

/// One call of cargo for several programs. Its progress and its errors go to the terminal.
async fn cargo_build(arguments: &[&str]) -> Result<Binaries> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(crate::workspace_root()).args(["build", "--bins"]).args(arguments);
    cargo.args(["--message-format", "json-render-diagnostics"]);
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
