//! Format, validity and tests of the root modules and modules of `infra/terraform`, each by itself.

use std::{fs, future::Future, path::Path};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use stack::terraform::{Answer, Terraform};

use super::report::Report;

/// Concurrent commands: each keeps a core busy.
const CONCURRENCY: usize = 2;

/// Names of the root modules (`units/order`) or modules (`modules/queue`).
pub fn modules(root: &Path, kind: &str) -> Result<Vec<String>> {
    let folder = root.join("infra/terraform").join(kind);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        names.push(format!("{kind}/{}", entry?.file_name().to_string_lossy()));
    }
    names.sort();
    Ok(names)
}

/// Runs a Terraform command in a module.
pub async fn run(root: &Path, terraform: &Terraform, module: &str, arguments: &[&str]) -> Result<Answer> {
    let folder = root.join("infra/terraform").join(module);
    terraform.in_folder(&folder, &format!("check/{module}")).run(arguments).await
}

/// Fetches the providers of modules. One at a time: Terraform's provider cache does not support concurrent use.
pub async fn init(root: &Path, terraform: &Terraform, modules: &[String]) -> Result<()> {
    for module in modules {
        let answer = run(root, terraform, module, &["init", "-backend=false", "-input=false", "-no-color"]).await?;
        ensure!(answer.code == 0, "terraform init in {module}:\n{}", answer.stderr);
    }
    Ok(())
}

/// The installed Terraform, with the providers of all modules. None, with a record, if there is none.
pub async fn find(root: &Path, target: &Path, report: &mut Report) -> Result<Option<Terraform>> {
    let Some(terraform) = Terraform::find(target) else {
        report.skipped("terraform", "terraform is not installed");
        return Ok(None);
    };
    let modules = [modules(root, "units")?, modules(root, "modules")?].concat();
    match init(root, &terraform, &modules).await {
        Err(error) if error.to_string().contains("available provider packages") => {
            let hint = "no provider; without a network, give a mirror: TF_CLI_ARGS_init=-plugin-dir=<folder>";
            report.skipped("terraform", hint);
            Ok(None)
        }
        result => result.map(|()| Some(terraform)),
    }
}

/// Runs `terraform fmt`, `validate` and `test`.
pub async fn check(root: &Path, terraform: &Terraform, report: &mut Report) -> Result<()> {
    let answer = run(root, terraform, ".", &["fmt", "-check", "-recursive", "-no-color"]).await?;
    let unformatted = (answer.code != 0).then(|| answer.stdout + &answer.stderr);
    report.record("terraform fmt", "infra/terraform", unformatted);

    let modules = [modules(root, "units")?, modules(root, "modules")?].concat();
    for command in ["validate", "test"] {
        let runs = modules.iter().map(async |module| {
            let answer = run(root, terraform, module, &[command, "-no-color"]).await?;
            Ok((answer.code != 0).then(|| format!("{module}:\n{}{}", answer.stdout, answer.stderr)))
        });
        let findings = concurrently(runs).await?;
        report.record(
            &format!("terraform {command}"),
            format!("{} modules", modules.len()),
            findings.into_iter().flatten(),
        );
    }
    Ok(())
}

/// Results of all futures, in order.
pub async fn concurrently<F: Future<Output = Result<T>>, T>(work: impl Iterator<Item = F>) -> Result<Vec<T>> {
    stream::iter(work).buffered(CONCURRENCY).try_collect().await
}
