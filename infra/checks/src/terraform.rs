//! Format, validity and tests of the root modules and modules of `infra/terraform`, each by itself.

use std::{
    fs,
    future::Future,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use stack::terraform::{Answer, Terraform};

use super::report::Report;

/// Concurrent Terraform commands: each keeps a core busy.
const CONCURRENCY: usize = 2;

/// A root module (`units/order`) or a module (`modules/queue`).
#[derive(Debug)]
pub struct Module {
    pub name: String,
    pub path: PathBuf,
}

impl Module {
    /// Modules in the folder `units` or `modules`, by name.
    pub fn all(root: &Path, kind: &str) -> Result<Vec<Self>> {
        let folder = root.join("infra/terraform").join(kind);
        let mut all = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                let name = format!("{kind}/{}", entry.file_name().to_string_lossy());
                all.push(Self { name, path: entry.path() });
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Runs a Terraform command in the module.
    pub async fn run(&self, terraform: &Terraform, arguments: &[&str]) -> Result<Answer> {
        terraform.in_folder(&self.path, &format!("check/{}", self.name)).run(arguments).await
    }

    /// Fetches providers and modules.
    pub async fn init(&self, terraform: &Terraform) -> Result<Answer> {
        self.run(terraform, &["init", "-backend=false", "-input=false", "-no-color"]).await
    }

    async fn finding(&self, terraform: &Terraform, command: &'static str) -> Result<Option<String>> {
        let answer = self.run(terraform, &[command, "-no-color"]).await?;
        Ok((answer.code != 0).then(|| format!("{}:\n{}{}", self.name, answer.stdout, answer.stderr)))
    }
}

/// Fetches the providers of every root module and module. Returns whether the other checks can run.
pub async fn init(root: &Path, terraform: &Terraform, report: &mut Report) -> Result<bool> {
    // One at a time: Terraform's provider cache does not support concurrent use.
    for module in Module::all(root, "units")?.into_iter().chain(Module::all(root, "modules")?) {
        let answer = module.init(terraform).await?;
        let no_provider = ["Failed to query available provider packages", "Failed to install provider"];
        if no_provider.iter().any(|error| answer.stderr.contains(error)) {
            let hint = "no provider; without a network, give a mirror: TF_CLI_ARGS_init=-plugin-dir=<folder>";
            report.skipped("terraform", hint);
            return Ok(false);
        }
        if answer.code != 0 {
            report.record("terraform init", "", vec![format!("{}:\n{}", module.name, answer.stderr)]);
            return Ok(false);
        }
    }
    Ok(true)
}

/// Runs `terraform fmt`, `validate` and `test`.
pub async fn check(root: &Path, terraform: &Terraform, report: &mut Report) -> Result<()> {
    let folder = root.join("infra/terraform");
    let command = ["fmt", "-check", "-recursive", "-no-color"];
    let answer = terraform.in_folder(&folder, "check/fmt").run(command).await?;
    let unformatted = format!("{}{}", answer.stdout, answer.stderr);
    report.record("terraform fmt", "infra/terraform", unformatted.lines().collect());

    let mut modules = Module::all(root, "units")?;
    modules.extend(Module::all(root, "modules")?);
    let scope = format!("{} root modules and modules", modules.len());
    for command in ["validate", "test"] {
        let runs = modules.iter().map(|module| module.finding(terraform, command));
        let findings = concurrently(runs).await?.into_iter().flatten().collect();
        report.record(format!("terraform {command}"), &scope, findings);
    }
    Ok(())
}

/// Results of all futures, in order.
pub async fn concurrently<F: Future<Output = Result<T>>, T>(work: impl Iterator<Item = F>) -> Result<Vec<T>> {
    stream::iter(work).buffered(CONCURRENCY).try_collect().await
}
