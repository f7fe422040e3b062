//! Checkov: its own rules on the sources, and those of `infra/terraform/policies` on the plans, where policy documents
//! and names are complete.
//!
//! An exception is a comment beside the resource, with a reason: `# checkov:skip=CKV_AWS_338: …`. Root modules are
//! read with the variables of `prod`: `dev` omits on purpose what costs money.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::Deserialize;
use stack::python::Packages;

use super::{
    linters::Linter,
    planned::Plan,
    report::Report,
    terraform::{Module, concurrently},
};

const PACKAGES: Packages = Packages {
    what: "checkov",
    folder: "linters/checkov",
    requirements: include_str!("../linters/checkov.txt"),
    oldest: (3, 11),
};

const POLICIES: &str = "infra/terraform/policies";

#[derive(Debug, Deserialize)]
struct Output {
    /// Missing if there was nothing to check.
    results: Option<Results>,
}

#[derive(Debug, Default, Deserialize)]
struct Results {
    passed_checks: Vec<Check>,
    failed_checks: Vec<Check>,
    skipped_checks: Vec<Check>,
    parsing_errors: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Check {
    check_id: String,
    check_name: String,
    resource: String,
    repo_file_path: String,
    file_line_range: (u32, u32),
}

impl Check {
    /// The rule and the file. Within a file, checkov names the resources of an exception and of a finding differently.
    fn place(&self) -> (&str, &str) {
        (&self.check_id, &self.repo_file_path)
    }

    fn line(&self) -> String {
        let file = self.repo_file_path.trim_start_matches('/');
        format!("{file}:{}: {}: {}", self.file_line_range.0, self.check_id, self.check_name)
    }
}

/// Runs checkov on the sources, on a copy of them without exceptions, and on the plans.
pub async fn check(root: &Path, target: &Path, plans: &[Plan], report: &mut Report) -> Result<()> {
    let Some(checkov) = Linter::find(PACKAGES, target, report).await else { return Ok(()) };
    let found = sources(&checkov, root).await?;
    report.record("checkov", scope(&found), findings(&found.failed_checks, &found.parsing_errors));

    let copy = target.join("checks/without-exceptions");
    without_exceptions(root, &copy)?;
    let needed = sources(&checkov, &copy).await?.failed_checks;
    let needed: BTreeSet<_> = needed.iter().map(Check::place).collect();
    let stale = found.skipped_checks.iter().filter(|check| !needed.contains(&check.place()));
    let stale: BTreeSet<_> = stale.map(|check| format!("{} passes without the exception", check.line())).collect();
    let scope_of_exceptions = format!("{} are still needed", found.skipped_checks.len());
    report.record("exceptions from checkov's rules", scope_of_exceptions, stale.into_iter().collect());

    if plans.is_empty() {
        report.skipped(POLICIES, "there are no plans");
        return Ok(());
    }
    let folder = target.join("checks/plans");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for plan in plans {
        let file = folder.join(format!("{}.{}.json", plan.root_module, plan.profile));
        fs::write(&file, serde_json::to_vec_pretty(&plan.document())?)?;
    }
    let policies = root.join(POLICIES).to_string_lossy().into_owned();
    let own = ["--external-checks-dir", &policies, "--check", "SHOP_*"].map(str::to_owned);
    let found = run(&checkov, &folder, "terraform_plan", ".", &own).await?;
    report.record(POLICIES, scope(&found), findings(&found.failed_checks, &found.parsing_errors));
    Ok(())
}

/// Checks the Dockerfiles, the modules and every root module below `root`.
async fn sources(checkov: &Linter, root: &Path) -> Result<Results> {
    let mut folders = vec![("dockerfile", "docker".to_owned(), Vec::new())];
    folders.push(("terraform", "infra/terraform/modules".to_owned(), Vec::new()));
    for module in Module::all(root, "units")? {
        let variables = format!("infra/terraform/profiles/prod/{}.tfvars", module.name.trim_start_matches("units/"));
        let own = ["--var-file".to_owned(), variables].to_vec();
        folders.push(("terraform", format!("infra/terraform/{}", module.name), own));
    }
    let runs = folders.iter().map(|(framework, folder, own)| run(checkov, root, framework, folder, own));
    let mut all = Results::default();
    for results in concurrently(runs).await? {
        all.passed_checks.extend(results.passed_checks);
        all.failed_checks.extend(results.failed_checks);
        all.skipped_checks.extend(results.skipped_checks);
        all.parsing_errors.extend(results.parsing_errors);
    }
    Ok(all)
}

async fn run(checkov: &Linter, root: &Path, framework: &str, folder: &str, own: &[String]) -> Result<Results> {
    // Checkov takes the files of `terraform test` for configuration.
    let common = ["--output", "json", "--skip-download", "--skip-path", "/tests/"];
    let arguments = ["--directory", folder, "--framework", framework].into_iter().chain(common);
    let output: Output = checkov.json(root, arguments.chain(own.iter().map(String::as_str))).await?;
    output.results.with_context(|| format!("checkov found nothing to check in {folder}"))
}

fn scope(found: &Results) -> String {
    format!("{} checks passed, {} exceptions", found.passed_checks.len(), found.skipped_checks.len())
}

/// One line per rule and place, with the resources: several root modules use the same module.
fn findings(failed: &[Check], unreadable: &[String]) -> Vec<String> {
    let mut places: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for check in failed {
        places.entry(check.line()).or_default().insert(&check.resource);
    }
    let failed = places
        .into_iter()
        .map(|(line, resources)| format!("{line} [{}]", resources.into_iter().collect::<Vec<_>>().join(", ")));
    failed.chain(unreadable.iter().map(|file| format!("{file}: checkov cannot parse it"))).collect()
}

/// Copies the sources with every exception made ineffective.
fn without_exceptions(root: &Path, copy: &Path) -> Result<()> {
    let mut entries = ["docker", "infra/topology.json", "infra/terraform"].map(PathBuf::from).to_vec();
    if copy.exists() {
        fs::remove_dir_all(copy)?;
    }
    while let Some(path) = entries.pop() {
        let source = root.join(&path);
        if source.is_dir() {
            fs::create_dir_all(copy.join(&path))?;
            for entry in fs::read_dir(&source)? {
                entries.push(path.join(entry?.file_name()));
            }
        } else {
            let text = fs::read_to_string(&source).with_context(|| format!("cannot read {}", source.display()))?;
            fs::write(copy.join(&path), text.replace("checkov:skip", "checkov-skip"))?;
        }
    }
    Ok(())
}
