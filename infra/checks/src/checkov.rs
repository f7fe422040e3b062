//! What checkov, a linter of infrastructure, says of every unit and module, and of the Dockerfiles.
//!
//! An exception is written where it stands, with its reason: `# checkov:skip=CKV_AWS_338: …`. Units are read with the
//! values of `prod`: `dev` does without what costs money, on purpose.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use stack::python::Packages;

use super::{linters::Linter, report::Report};

const PACKAGES: Packages = Packages {
    what: "checkov",
    folder: "linters/checkov",
    requirements: include_str!("../linters/checkov.txt"),
    oldest: (3, 11),
};

/// Tests of Terraform, which checkov takes for what they test. A regular expression.
const TESTS: &str = "/tests/";

/// What checkov writes where an exception has no reason.
const NO_REASON: &str = "No comment provided";

#[derive(Debug, Deserialize)]
struct Answer {
    /// Missing if there was nothing to check.
    results: Option<Results>,
}

#[derive(Debug, Default, Deserialize)]
struct Results {
    passed_checks: Vec<Check>,
    failed_checks: Vec<Check>,
    skipped_checks: Vec<Check>,
    parsing_errors: Vec<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Check {
    check_id: String,
    check_name: String,
    resource: String,
    repo_file_path: String,
    file_line_range: (u32, u32),
    check_result: CheckResult,
}

#[derive(Debug, Deserialize)]
struct CheckResult {
    suppress_comment: Option<String>,
}

/// Runs it over all of them.
pub async fn check(root: &Path, target: &Path, report: &mut Report) -> Result<()> {
    let Some(checkov) = Linter::find("checkov", PACKAGES, target, report).await else { return Ok(()) };
    let mut runs = vec![run_of(root, "dockerfile", "docker"), run_of(root, "terraform", "infra/terraform/modules")];
    let units = fs::read_dir(root.join("infra/terraform/units")).context("cannot list the units")?;
    for unit in units {
        let unit = unit?.file_name().to_string_lossy().into_owned();
        let mut run = run_of(root, "terraform", &format!("infra/terraform/units/{unit}"));
        let values = format!("infra/terraform/profiles/prod/{unit}.tfvars");
        if root.join(&values).exists() {
            run.1.extend(["--var-file".to_owned(), values]);
        }
        runs.push(run);
    }
    runs.sort();

    let at_once = thread::available_parallelism().map_or(1, usize::from);
    // 1 is its "no".
    let results = runs.into_iter().map(|(folder, arguments)| {
        let checkov = &checkov;
        async move { anyhow::Ok((folder, checkov.run::<Answer, _>(root, &[0, 1], arguments).await?)) }
    });
    let results: Vec<(String, Answer)> = stream::iter(results).buffered(at_once).try_collect().await?;
    let (detail, findings) = judge(results);
    report.judge("checkov", detail, findings);
    Ok(())
}

/// A folder, and the arguments that make checkov read it.
fn run_of(root: &Path, framework: &str, folder: &str) -> (String, Vec<String>) {
    let place = root.join(folder).to_string_lossy().into_owned();
    let arguments =
        ["--directory", &place, "--framework", framework, "--output", "json", "--skip-download", "--skip-path", TESTS];
    (folder.to_owned(), arguments.map(str::to_owned).to_vec())
}

/// A count of what was looked at, and what is wrong. What several units find in one module is one finding.
fn judge(results: Vec<(String, Answer)>) -> (String, Vec<String>) {
    let (folders, mut passed, mut skipped) = (results.len(), 0, 0);
    let mut findings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (folder, answer) in results {
        let Some(results) = answer.results else {
            findings.entry(format!("{folder}: nothing was found that could be checked")).or_default();
            continue;
        };
        passed += results.passed_checks.len();
        skipped += results.skipped_checks.len();
        for file in results.parsing_errors {
            findings.entry(format!("{}: checkov cannot read it", file.display())).or_default();
        }
        for check in results.failed_checks {
            findings.entry(check.told(&check.check_name)).or_default().push(check.resource);
        }
        for check in results.skipped_checks {
            if check.check_result.suppress_comment.as_deref().is_none_or(|reason| reason == NO_REASON) {
                findings.entry(check.told("the exception has no reason")).or_default().push(check.resource);
            }
        }
    }
    let told = findings.into_iter().map(|(finding, mut resources)| {
        resources.sort();
        resources.dedup();
        if resources.is_empty() { finding } else { format!("{finding} [{}]", resources.join(", ")) }
    });
    (format!("{folders} folders, {passed} checks passed, {skipped} with a reason not to"), told.collect())
}

impl Check {
    fn told(&self, what: &str) -> String {
        let file = self.repo_file_path.trim_start_matches('/');
        format!("{file}:{}: {}: {what}", self.file_line_range.0, self.check_id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(failed: &[(&str, &str)], skipped: &[Option<&str>]) -> Answer {
        let check = |id: &str, resource: &str, reason: Option<&str>| {
            json!({
                "check_id": id, "check_name": "Ensure it is so", "resource": resource,
                "repo_file_path": "/infra/x.tf", "file_line_range": [3, 9],
                "check_result": { "result": "FAILED", "suppress_comment": reason },
            })
        };
        let failed: Vec<_> = failed.iter().map(|(id, resource)| check(id, resource, None)).collect();
        let skipped: Vec<_> = skipped.iter().map(|reason| check("CKV_2", "b", *reason)).collect();
        let results = json!({
            "passed_checks": [], "failed_checks": failed, "skipped_checks": skipped, "parsing_errors": [],
        });
        serde_json::from_value(json!({ "check_type": "terraform", "results": results })).unwrap()
    }

    #[test]
    fn what_two_units_find_in_one_module_is_one_finding() {
        let same = [("CKV_1", "module.b.x"), ("CKV_1", "module.a.x")];
        let (_, findings) = judge(vec![("u".into(), answer(&same, &[])), ("v".into(), answer(&same[..1], &[]))]);
        assert_eq!(findings, ["infra/x.tf:3: CKV_1: Ensure it is so [module.a.x, module.b.x]"]);
    }

    #[test]
    fn an_exception_needs_a_reason() {
        let (detail, findings) = judge(vec![("u".into(), answer(&[], &[Some("it is public"), Some(NO_REASON)]))]);
        assert_eq!(findings, ["infra/x.tf:3: CKV_2: the exception has no reason [b]"]);
        assert_eq!(detail, "1 folders, 0 checks passed, 2 with a reason not to");
    }

    #[test]
    fn a_folder_with_nothing_to_check_is_a_finding() {
        let nothing = serde_json::from_value(json!({ "passed": 0, "failed": 0 })).unwrap();
        assert_eq!(judge(vec![("u".into(), nothing)]).1, ["u: nothing was found that could be checked"]);
    }
}
