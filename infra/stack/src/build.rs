//! Builds of the programs with cargo.

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

use crate::topology::Topology;

/// The card processor simulator: the only program of a local stack that is not deployed.
pub const SIMULATOR: &str = "psp-simulator";

/// Paths of programs by name.
#[derive(Debug)]
pub struct Binaries(BTreeMap<String, PathBuf>);

impl Binaries {
    /// Existing programs in a folder.
    pub fn of_folder(folder: &Path, topology: &Topology) -> Self {
        Self(topology.programs().into_iter().map(|program| (program.to_owned(), folder.join(program))).collect())
    }

    /// The path of `program`.
    pub fn path(&self, program: &str) -> Result<&PathBuf> {
        self.0.get(program).with_context(|| format!("there is no program `{program}`"))
    }
}

/// A message of cargo.
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

/// Builds the programs of a local stack.
pub async fn build(topology: &Topology, release: bool) -> Result<Binaries> {
    // `--bin` resolves the features of the whole workspace. With `--package`, `cargo build --workspace` would compile
    // many dependencies a second time.
    let mut arguments = if release { vec!["--release"] } else { Vec::new() };
    arguments.extend(topology.programs().into_iter().chain([SIMULATOR]).flat_map(|program| ["--bin", program]));
    cargo_build(&arguments).await
}

/// Builds the deployed programs as `docker/Dockerfile` does, with the features of their own dependencies only.
pub async fn build_deployed(topology: &Topology) -> Result<Binaries> {
    let mut arguments = vec!["--release", "--locked", "--bins"];
    arguments.extend(topology.programs().into_iter().flat_map(|program| ["--package", program]));
    cargo_build(&arguments).await
}

/// Runs cargo, with its progress and errors on the terminal.
async fn cargo_build(arguments: &[&str]) -> Result<Binaries> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(crate::workspace_root()).arg("build").args(arguments);
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
        bail!("the build failed: see the messages of cargo above");
    }
    Ok(Binaries(binaries))
}
