//! Checkov: its own rules on the sources, and those of `infra/terraform/policies` on the plans, where policy documents
//! and names are complete.
//!
//! An exception is a comment beside the resource, with a reason: `# checkov:skip=CKV_AWS_338: …`. Root modules are
//! read with the variables of `prod`: `dev` omits on purpose what costs money.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{
    planned::Plan,
    report::Report,
    terraform::{self, concurrently},
    tools::{linter, offline},
};

const POLICIES: &str = "infra/terraform/policies";

/// Copies the sources to the folder `$0` and makes every exception in the copy ineffective.
const COPY: &str = r#"rm -rf "$0" && mkdir -p "$0/infra" &&
    cp -R docker "$0" && cp -R infra/terraform infra/topology.json "$0/infra" &&
    cd "$0" && grep -rl checkov:skip . | xargs sed -i.bak s/checkov:skip/checkov-skip/"#;

/// Runs checkov on the sources, on a copy of them without exceptions, and on the plans.
pub async fn check(root: &Path, target: &Path, plans: &[Plan], report: &mut Report) -> Result<()> {
    let Some(programs) = linter("checkov", target, report).await else { return Ok(()) };
    let found = sources(&programs, root).await?;
    record("checkov", &found, report);

    let copy = target.join("checks/without-exceptions");
    let status = offline(root, &programs, COPY).arg(&copy).status().await?;
    ensure!(status.success(), "cannot copy the sources to {}", copy.display());
    let needed = sources(&programs, &copy).await?;
    // Within a file, checkov names the resources of an exception and of a finding differently.
    let place = |check: &Value| (check["check_id"].clone(), check["repo_file_path"].clone());
    let needed: Vec<_> = checks(&needed, "failed_checks").map(place).collect();
    let mut findings = BTreeSet::new();
    for exception in checks(&found, "skipped_checks") {
        if !needed.contains(&place(exception)) {
            findings.insert(format!("{} passes without the exception", line(exception)));
        }
        if matches!(exception["check_result"]["suppress_comment"].as_str(), Some("" | "No comment provided")) {
            findings.insert(format!("{}: the exception has no reason", line(exception)));
        }
    }
    report.record("exceptions from checkov's rules", "needed, with a reason", findings);

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
    let policies = format!("--external-checks-dir '{}' --check 'SHOP_*'", root.join(POLICIES).display());
    record(POLICIES, &[run(&programs, &folder, "terraform_plan", ".", &policies).await?], report);
    Ok(())
}

/// Checks the Dockerfiles, the modules and every root module below `root`.
async fn sources(programs: &Path, root: &Path) -> Result<Vec<Value>> {
    let mut all = vec![run(programs, root, "dockerfile", "docker", "").await?];
    all.push(run(programs, root, "terraform", "infra/terraform/modules", "").await?);
    let units = terraform::modules(root, "units")?;
    let runs = units.iter().map(async |unit| {
        let folder = format!("infra/terraform/{unit}");
        let variables = format!("--var-file {}.tfvars", folder.replace("/units/", "/profiles/prod/"));
        run(programs, root, "terraform", &folder, &variables).await
    });
    all.extend(concurrently(runs).await?);
    Ok(all)
}

async fn run(programs: &Path, root: &Path, framework: &str, folder: &str, options: &str) -> Result<Value> {
    // Checkov takes the files of `terraform test` for configuration.
    let common = "--output json --skip-download --skip-path /tests/";
    let line = format!("checkov --framework {framework} --directory {folder} {common} {options}");
    let output = offline(root, programs, &line).output().await?;
    let mut document: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{line}: {}", String::from_utf8_lossy(&output.stderr)))?;
    let results = document.get_mut("results").map(Value::take);
    results.with_context(|| format!("checkov found nothing to check in {folder}"))
}

/// Checks with a result, such as `failed_checks`.
fn checks<'a>(found: &'a [Value], result: &str) -> impl Iterator<Item = &'a Value> {
    found.iter().filter_map(move |results| results[result].as_array()).flatten()
}

fn line(check: &Value) -> String {
    let text = |field: &str| check[field].as_str().unwrap_or_default();
    let file = text("repo_file_path").trim_start_matches('/');
    format!("{file}:{}: {}: {}", check["file_line_range"][0], text("check_id"), text("check_name"))
}

fn record(name: &str, found: &[Value], report: &mut Report) {
    let count = |result: &str| checks(found, result).count();
    let scope = format!("{} checks passed, {} exceptions", count("passed_checks"), count("skipped_checks"));
    let failed = checks(found, "failed_checks").map(|check| format!("{} [{}]", line(check), check["resource"]));
    let unreadable = checks(found, "parsing_errors").map(|file| format!("{file}: checkov cannot parse it"));
    // Several root modules use the same module.
    report.record(name, scope, failed.chain(unreadable).collect::<BTreeSet<_>>());
}
