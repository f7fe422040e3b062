//! The delivery pipeline's files: what they may do, and with whose code.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Map, Value};
use stack::python::Packages;

use super::{linters::Linter, report::Report};

const FOLDER: &str = ".github/workflows";

/// Every secret that a workflow may read. AWS is reached by OIDC: none of them is a key of it.
const SECRETS: [&str; 0] = [];

const ZIZMOR: Packages = Packages {
    what: "zizmor",
    folder: "linters/zizmor",
    requirements: include_str!("../linters/zizmor.txt"),
    oldest: (3, 11),
};

/// What zizmor found.
#[derive(Debug, Deserialize)]
struct Finding {
    ident: String,
    desc: String,
    locations: Vec<Location>,
}

#[derive(Debug, Deserialize)]
struct Location {
    symbolic: Value,
    concrete: Value,
}

/// Reads them.
pub async fn check(root: &Path, target: &Path, report: &mut Report) -> Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join(FOLDER)).with_context(|| format!("cannot list {FOLDER}"))? {
        files.push(entry?.file_name().to_string_lossy().into_owned());
    }
    files.sort();
    let mut found = Vec::new();
    for file in &files {
        let path = format!("{FOLDER}/{file}");
        let text = fs::read_to_string(root.join(&path)).with_context(|| format!("cannot read {path}"))?;
        let file_findings = findings(&text).with_context(|| format!("cannot read {path}"))?;
        found.extend(file_findings.into_iter().map(|finding| format!("{path}: {finding}")));
    }
    let detail = format!("{} files: pinned actions, least permissions, no text of strangers in scripts", files.len());
    report.judge(FOLDER, detail, found);

    let Some(zizmor) = Linter::find("zizmor", ZIZMOR, target, report).await else { return Ok(()) };
    let arguments = ["--offline", "--strict-collection", "--no-progress", "--quiet", "--format", "json-v1", ".github"];
    // 10 to 14 tell how bad the worst finding is.
    let found: Vec<Finding> = zizmor.run(root, &[0, 10, 11, 12, 13, 14], arguments).await?;
    report.judge("zizmor", FOLDER, found.iter().map(Finding::told).collect());
    Ok(())
}

impl Finding {
    fn told(&self) -> String {
        let place = self.locations.iter().find_map(|location| {
            let file = location.symbolic.pointer("/key/Local/verbatim_path")?.as_str()?;
            let row = location.concrete.pointer("/location/start_point/row")?.as_u64()?;
            Some(format!("{file}:{}", row + 1))
        });
        format!("{}: {}: {}", place.unwrap_or_default(), self.ident, self.desc)
    }
}

/// What is wrong with one workflow.
fn findings(text: &str) -> Result<Vec<String>> {
    let workflow: Map<String, Value> = serde_saphyr::from_str(text)?;
    let mut found = Vec::new();
    if !workflow.get("permissions").is_some_and(Value::is_object) {
        found.push("`permissions` at the top are missing: without them a job may write".to_owned());
    }
    // YAML 1.1 takes `on` for true.
    let on = workflow.get("on").or_else(|| workflow.get("true")).unwrap_or(&Value::Null);
    if names(on).contains(&"pull_request_target") {
        found.push("`pull_request_target` gives a stranger's code our secrets".to_owned());
    }
    found.extend(secrets(text));
    let jobs = workflow.get("jobs").and_then(Value::as_object).context("there are no jobs")?;
    for (name, job) in jobs {
        let mut wrong = |what: String| found.push(format!("{name}: {what}"));
        // A job that calls a workflow is limited by that one's jobs.
        match job.get("uses").and_then(Value::as_str) {
            Some(called) => unpinned(called, text).into_iter().for_each(&mut wrong),
            None if job.get("timeout-minutes").is_none() => wrong("has no `timeout-minutes`".to_owned()),
            None => {}
        }
        for step in job.get("steps").and_then(Value::as_array).into_iter().flatten() {
            step_findings(step, text).into_iter().for_each(&mut wrong);
        }
    }
    Ok(found)
}

/// A trigger alone, several, or several with their filters.
fn names(on: &Value) -> Vec<&str> {
    match on {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        Value::Object(names) => names.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

fn step_findings(step: &Value, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(action) = step.get("uses").and_then(Value::as_str) {
        found.extend(unpinned(action, text));
        let keeps = step.pointer("/with/persist-credentials") != Some(&Value::Bool(false));
        if action.starts_with("actions/checkout@") && keeps {
            found
                .push("a checkout without `persist-credentials: false` leaves the token to all later steps".to_owned());
        }
    }
    let run = step.get("run").and_then(Value::as_str).unwrap_or_default();
    for expression in expressions(run) {
        // What others write: titles, names of branches, inputs.
        if ["github.event", "github.head_ref", "inputs."].iter().any(|theirs| expression.contains(theirs)) {
            found.push(format!("`{expression}` in a script is run as a part of it: pass it by `env`"));
        }
    }
    found
}

/// What is wrong with code that may become another tomorrow.
fn unpinned(action: &str, text: &str) -> Option<String> {
    if action.starts_with("./") {
        return None;
    }
    let commit = action.split_once('@').map_or("", |(_, commit)| commit);
    if commit.len() != 40 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(format!("`{action}` is not pinned: give a commit, and its version as a comment"));
    }
    let said = |line: &str| line.split_once(action).is_some_and(|(_, rest)| rest.trim_start().starts_with("# v"));
    (!text.lines().any(said)).then(|| format!("`{action}` needs its version as a comment"))
}

fn secrets(text: &str) -> Vec<String> {
    let read = expressions(text).flat_map(|expression| expression.split("secrets.").skip(1).collect::<Vec<_>>());
    let names =
        read.map(|rest| rest.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').next().unwrap_or(rest));
    let unknown = names.filter(|name| *name != "GITHUB_TOKEN" && !SECRETS.contains(name));
    unknown.map(|name| format!("the secret `{name}` is not one that a workflow may read")).collect()
}

/// What stands between `${{` and `}}`.
fn expressions(text: &str) -> impl Iterator<Item = &str> {
    text.split("${{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(expression, _)| expression.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
on: { push: { branches: [main] } }
permissions: { contents: read }
jobs:
  checks:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@0123456789012345678901234567890123456789 # v4.2.2
        with: { persist-credentials: false }
      - uses: a/b@0123456789012345678901234567890123456789 # v1.2.3
      - run: echo ${{ github.sha }} ${{ secrets.GITHUB_TOKEN }}
";

    fn after(from: &str, to: &str) -> Vec<String> {
        assert!(GOOD.contains(from), "{from}");
        findings(&GOOD.replacen(from, to, 1)).unwrap()
    }

    #[test]
    fn a_good_workflow_has_no_findings() {
        assert_eq!(after("on", "on"), Vec::<String>::new());
    }

    #[test]
    fn each_rule_is_broken_once() {
        let cases = [
            ("permissions: { contents: read }\n", "", "`permissions` at the top are missing"),
            ("{ contents: read }", "write-all", "`permissions` at the top are missing"),
            ("push:", "pull_request_target:", "`pull_request_target` gives"),
            ("{ push: { branches: [main] } }", "[pull_request_target]", "`pull_request_target` gives"),
            ("    timeout-minutes: 5\n", "", "checks: has no `timeout-minutes`"),
            ("0123456789012345678901234567890123456789 # v4.2.2", "v4.2.2", "checks: `actions/checkout@v4.2.2` is not"),
            (" # v1.2.3", "", "checks: `a/b@0123456789012345678901234567890123456789` needs its version"),
            ("        with: { persist-credentials: false }\n", "", "checks: a checkout without"),
            ("github.sha", "github.event.issue.title", "checks: `github.event.issue.title` in a script"),
            ("secrets.GITHUB_TOKEN", "secrets.AWS_KEY", "the secret `AWS_KEY` is not one"),
        ];
        for (from, to, expected) in cases {
            let found = after(from, to);
            assert!(found.len() == 1 && found[0].starts_with(expected), "{from} -> {to}: {found:?}");
        }
    }
}
