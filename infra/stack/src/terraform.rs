//! Runs Terraform, if it is installed.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, bail};
use tokio::process::Command;

/// The installed Terraform.
#[derive(Debug, Clone)]
pub struct Terraform {
    program: PathBuf,
    /// Folder with the providers and modules of all configurations.
    data: PathBuf,
}

/// Result of a command.
#[derive(Debug)]
pub struct Answer {
    /// Exit code. `plan -detailed-exitcode` returns 2 if there are changes.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Answer {
    /// Fails with the output unless the exit code is 0. `what` names the command.
    pub fn ok(self, what: &str) -> anyhow::Result<Self> {
        if self.code != 0 {
            bail!("{what} ended with code {}:\n{}{}", self.code, self.stdout, self.stderr);
        }
        Ok(self)
    }
}

impl Terraform {
    /// The `terraform` on the PATH. `target` is Cargo's target folder.
    pub fn find(target: &Path) -> Option<Self> {
        let path = std::env::var_os("PATH")?;
        let program =
            std::env::split_paths(&path).map(|folder| folder.join("terraform")).find(|file| file.is_file())?;
        Some(Self { program, data: target.join("terraform") })
    }

    /// A configuration in `folder`. Its data are kept under `name`, which concurrent commands must not share.
    pub fn in_folder<'a>(&'a self, folder: &'a Path, name: &str) -> WorkingFolder<'a> {
        WorkingFolder { terraform: self, folder, data: self.data.join(name), environment: Vec::new() }
    }
}

/// A folder with a configuration.
#[derive(Debug, Clone)]
pub struct WorkingFolder<'a> {
    terraform: &'a Terraform,
    folder: &'a Path,
    data: PathBuf,
    environment: Vec<(String, String)>,
}

impl WorkingFolder<'_> {
    /// One more environment variable of the commands.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Runs `terraform` with `arguments`. Fails only if it cannot be started.
    pub async fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> anyhow::Result<Answer> {
        // All folders share one copy of each provider.
        let cache = self.terraform.data.join("plugins");
        std::fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
        let mut command = Command::new(&self.terraform.program);
        command.current_dir(self.folder).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        command.env("TF_DATA_DIR", &self.data).env("TF_IN_AUTOMATION", "1").env("TF_INPUT", "0");
        command.env("TF_PLUGIN_CACHE_DIR", cache).env("CHECKPOINT_DISABLE", "1");
        // Terraform fails if this variable names a file that does not exist.
        let own_settings = std::env::var_os("TF_CLI_CONFIG_FILE");
        if own_settings.is_some_and(|file| !Path::new(&file).exists()) {
            command.env_remove("TF_CLI_CONFIG_FILE");
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = command.output().await.context("cannot start terraform")?;
        Ok(Answer {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}
