//! Which units and modules there are, and the commands of Terraform on one of them.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use stack::terraform::{Terraform, WorkingFolder};

use super::{
    messages::{self, TestLog},
    state::State,
};

/// Where a unit has its one test that makes all of it, for a profile's variables to be given to.
const PROFILE_TESTS: &str = "tests/profile";

/// A unit or a module.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// `units/order`, `modules/queue`
    name: String,
}

/// How it went to get what a folder needs.
pub enum Prepared {
    /// It has its providers and modules.
    Ready,
    /// Something is wrong with the folder.
    Broken(Vec<String>),
    /// The provider cannot be had here: why, and what to do about it.
    NoProvider(String),
}

impl fmt::Display for Folder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}

impl Folder {
    /// All units, by name.
    pub fn units(root: &Path) -> Result<Vec<Self>> {
        Self::below(root, "units")
    }

    /// All modules, by name.
    pub fn modules(root: &Path) -> Result<Vec<Self>> {
        Self::below(root, "modules")
    }

    fn below(root: &Path, kind: &str) -> Result<Vec<Self>> {
        let names = folders(&terraform_folder(root).join(kind))?;
        let folder =
            |name| Self { path: terraform_folder(root).join(kind).join(&name), name: format!("{kind}/{name}") };
        Ok(names.into_iter().map(folder).collect())
    }

    /// The unit's name alone.
    fn unit(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    fn command<'a>(&'a self, terraform: &'a Terraform) -> WorkingFolder<'a> {
        terraform.in_folder(&self.path, &format!("check/{}", self.name))
    }

    /// Gets providers and modules. One folder at a time: Terraform's cache of providers is not safe for two.
    pub async fn prepare(&self, terraform: &Terraform) -> Result<Prepared> {
        let answer = self.command(terraform).run(["init", "-backend=false", "-input=false", "-no-color"]).await?;
        if answer.code == 0 {
            return Ok(Prepared::Ready);
        }
        let words = messages::shortened(&answer.stderr);
        let no_provider = ["Failed to query available provider packages", "Failed to install provider"];
        Ok(if no_provider.iter().any(|error| answer.stderr.contains(error)) {
            Prepared::NoProvider(format!(
                "Terraform cannot get its provider: {words} Without a network, give it a mirror's folder: \
                 TF_CLI_ARGS_init=-plugin-dir=<folder>"
            ))
        } else {
            Prepared::Broken(vec![format!("{self}: {words}")])
        })
    }

    /// What Terraform has against the configuration.
    pub async fn validate(&self, terraform: &Terraform) -> Result<Vec<String>> {
        let answer = self.command(terraform).run(["validate", "-json"]).await?;
        let said = messages::Validation::read(&answer.stdout);
        let said =
            said.with_context(|| format!("terraform validate in {self} said: {}{}", answer.stdout, answer.stderr))?;
        Ok(said.errors(&self.name))
    }

    /// Whether it has tests of its own.
    pub fn has_tests(&self) -> bool {
        let files = std::fs::read_dir(self.path.join("tests")).into_iter().flatten().flatten();
        files.into_iter().any(|file| file.file_name().to_string_lossy().ends_with(".tftest.hcl"))
    }

    /// How many runs of its tests passed, and what those say that did not.
    pub async fn test(&self, terraform: &Terraform) -> Result<(u64, Vec<String>)> {
        let answer = self.command(terraform).run(["test", "-json"]).await?;
        let log = TestLog::read(&answer.stdout).with_context(|| format!("terraform test in {self}"))?;
        let mut errors = log.errors(&self.name);
        if answer.code != 0 && errors.is_empty() {
            errors.push(format!("{self}: terraform test ended with code {}: {}", answer.code, answer.stderr));
        }
        Ok((log.passed, errors))
    }

    /// Whether the profile has variables for this unit.
    pub fn is_in(&self, root: &Path, profile: &str) -> bool {
        self.variables(root, profile).is_file()
    }

    fn variables(&self, root: &Path, profile: &str) -> PathBuf {
        profiles_folder(root).join(profile).join(format!("{}.tfvars", self.unit()))
    }

    /// What the unit makes under a profile, or why it makes nothing.
    pub async fn state(&self, root: &Path, terraform: &Terraform, profile: &str) -> Result<Result<State, Vec<String>>> {
        if !self.path.join(PROFILE_TESTS).is_dir() {
            return Ok(Err(vec![format!("{self}: it has no {PROFILE_TESTS}, so the rules cannot see what it makes")]));
        }
        let variables = format!("-var-file={}", self.variables(root, profile).display());
        let directory = format!("-test-directory={PROFILE_TESTS}");
        let answer = self.command(terraform).run(["test", "-json", "-verbose", &directory, &variables]).await?;
        let log = TestLog::read(&answer.stdout).with_context(|| format!("terraform test in {self}"))?;
        let errors = log.errors(&format!("{self} as {profile}"));
        Ok(match log.state {
            Some(made) if errors.is_empty() => Ok(State::new(self.unit(), profile, made)),
            _ if errors.is_empty() => Err(vec![format!("{self} as {profile}: {PROFILE_TESTS} applies nothing")]),
            _ => Err(errors),
        })
    }
}

/// The names of all profiles.
pub fn profiles(root: &Path) -> Result<Vec<String>> {
    folders(&profiles_folder(root))
}

/// The files that `terraform fmt` would change.
pub async fn unformatted(root: &Path, terraform: &Terraform) -> Result<Vec<String>> {
    let folder = terraform_folder(root);
    let answer = terraform.in_folder(&folder, "check/fmt").run(["fmt", "-check", "-recursive", "-no-color"]).await?;
    // 3 is "not formatted"; 2 a file that cannot be read, with the reason on stderr.
    let mut findings: Vec<String> = answer.stdout.lines().map(str::to_owned).collect();
    if answer.code != 0 && answer.code != 3 {
        findings.push(messages::shortened(&answer.stderr));
    }
    Ok(findings)
}

fn terraform_folder(root: &Path) -> PathBuf {
    root.join("infra/terraform")
}

fn profiles_folder(root: &Path) -> PathBuf {
    terraform_folder(root).join("profiles")
}

/// The names of the folders in `path`, in order.
fn folders(path: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(path).with_context(|| format!("cannot read the folder {}", path.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
