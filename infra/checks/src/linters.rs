//! Linters that come as Python packages: each pinned, in an environment of its own, and kept from calling home.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use stack::python::{Packages, Python};
use tokio::process::Command;

use super::report::Report;

/// A linter that is installed.
#[derive(Debug, Clone)]
pub struct Linter {
    name: &'static str,
    program: PathBuf,
    /// A home without settings and credentials, so that it says the same for everybody.
    home: PathBuf,
}

impl Linter {
    /// The program `name` of `packages`, which is installed now if it was not. Where that cannot be done, `report` says
    /// that it was skipped, and why.
    pub async fn find(name: &'static str, packages: Packages, target: &Path, report: &mut Report) -> Option<Self> {
        match Python::with(packages, target).await {
            Ok(python) => {
                let programs = python.path().parent()?;
                Some(Self { name, program: programs.join(name), home: programs.join("home") })
            }
            Err(error) => {
                report.skipped(name, one_line(&format!("{error:#}")));
                None
            }
        }
    }

    /// What it says of files below `folder`: JSON on stdout. Fails if it could not read them, or ends with a code that is
    /// not one of `codes`.
    pub async fn run<T, A>(&self, folder: &Path, codes: &[i32], arguments: impl IntoIterator<Item = A>) -> Result<T>
    where
        T: DeserializeOwned,
        A: AsRef<OsStr>,
    {
        let mut command = Command::new(&self.program);
        command.current_dir(folder).args(arguments).kill_on_drop(true).env("HOME", &self.home);
        for online in ["BC_API_KEY", "PRISMA_API_URL", "GH_TOKEN", "GITHUB_TOKEN", "ZIZMOR_GITHUB_TOKEN"] {
            command.env_remove(online);
        }
        let output = command.output().await.with_context(|| format!("cannot start {}", self.name))?;
        let complaints = String::from_utf8_lossy(&output.stderr);
        if !output.status.code().is_some_and(|code| codes.contains(&code)) {
            bail!("{} ended with {}:\n{complaints}", self.name, output.status);
        }
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{} does not answer as it should:\n{complaints}", self.name))
    }
}

/// The first line of a message, and what pip calls an error, if it does.
fn one_line(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default().trim_end_matches(':');
    match message.lines().find_map(|line| line.trim().strip_prefix("ERROR: ")) {
        Some(error) => format!("{first}: {error}"),
        None => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_linter_is_missing_fits_a_line() {
        let message =
            "cannot install the packages (is there a network?):\nCollecting x\nERROR: No matching x\nERROR: y";
        assert_eq!(one_line(message), "cannot install the packages (is there a network?): No matching x");
        assert_eq!(one_line("there is no `python3`"), "there is no `python3`");
    }
}
