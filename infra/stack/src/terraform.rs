//! Terraform, where it is installed: what checks the units of `infra/terraform`, and applies them to the emulated AWS.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, bail};
use tokio::process::Command;

/// The Terraform of this machine.
#[derive(Debug, Clone)]
pub struct Terraform {
    program: PathBuf,
    /// Folder of the providers and modules of all working folders, outside of the sources.
    data: PathBuf,
}

/// Output of a command.
#[derive(Debug)]
pub struct Answer {
    /// 0, or what went wrong. `plan -detailed-exitcode` answers 2 where it would change something.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Answer {
    /// The answer, if the command did what it should.
    pub fn ok(self, what: &str) -> anyhow::Result<Self> {
        if self.code != 0 {
            bail!("{what} ended with code {}:\n{}{}", self.code, self.stdout, self.stderr);
        }
        Ok(self)
    }
}

impl Terraform {
    /// The `terraform` in the search path, or none. `target` is Cargo's target folder.
    pub fn find(target: &Path) -> Option<Self> {
        let path = std::env::var_os("PATH")?;
        let program =
            std::env::split_paths(&path).map(|folder| folder.join("terraform")).find(|file| file.is_file())?;
        Some(Self { program, data: target.join("terraform") })
    }

    /// A command in `folder`, with its data kept under `name`: two that run at once have different names.
    pub fn in_folder<'a>(&'a self, folder: &'a Path, name: &str) -> WorkingFolder<'a> {
        WorkingFolder { terraform: self, folder, data: self.data.join(name), environment: Vec::new() }
    }
}

/// A folder with a configuration, and where its providers are kept.
#[derive(Debug, Clone)]
pub struct WorkingFolder<'a> {
    terraform: &'a Terraform,
    folder: &'a Path,
    data: PathBuf,
    environment: Vec<(String, String)>,
}

impl WorkingFolder<'_> {
    /// Adds to the environment of the commands.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Runs `terraform` with `arguments`, and waits for its end. It ends with us.
    ///
    /// Fails only if it cannot be started: its own "no" is in the answer.
    pub async fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> anyhow::Result<Answer> {
        // Providers are kept once for all folders, as links.
        let cache = self.terraform.data.join("plugins");
        std::fs::create_dir_all(&cache).with_context(|| format!("cannot make the folder {}", cache.display()))?;
        let mut command = Command::new(&self.terraform.program);
        command.current_dir(self.folder).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        command.env("TF_DATA_DIR", &self.data).env("TF_IN_AUTOMATION", "1").env("TF_INPUT", "0");
        command.env("TF_PLUGIN_CACHE_DIR", cache).env("CHECKPOINT_DISABLE", "1");
        // A setting for a file that is not there stops Terraform.
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
