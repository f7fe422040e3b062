//! What Terraform says to machines, in few words.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::state::TestState;

/// The answer of `terraform validate -json`.
#[derive(Debug, Deserialize)]
pub struct Validation {
    diagnostics: Vec<Diagnostic>,
}

impl Validation {
    /// Reads it. Fails if it is no JSON: Terraform could not even begin.
    pub fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).context("cannot read Terraform's answer")
    }

    /// Each error in one line, with where it is, below `folder`.
    pub fn errors(&self, folder: &str) -> Vec<String> {
        errors(&self.diagnostics, folder)
    }
}

/// The output of `terraform test -json`: what matters of it.
#[derive(Debug, Default)]
pub struct TestLog {
    diagnostics: Vec<Diagnostic>,
    /// How many runs passed.
    pub passed: u64,
    /// What the last run made, if that was asked for by `-verbose`.
    pub state: Option<TestState>,
}

impl TestLog {
    /// Reads it. A state comes with the schemas of all resources of the provider, 13 MB: they are passed over.
    pub fn read(text: &str) -> Result<Self> {
        let mut log = Self::default();
        for line in text.lines() {
            let message: Message = serde_json::from_str(line).context("cannot read what Terraform says")?;
            log.diagnostics.extend(message.diagnostic);
            log.passed += message.test_summary.map_or(0, |summary| summary.passed);
            log.state = message.test_state.or(log.state);
        }
        Ok(log)
    }

    /// Each error in one line, with where it is, below `folder`.
    pub fn errors(&self, folder: &str) -> Vec<String> {
        errors(&self.diagnostics, folder)
    }
}

#[derive(Deserialize)]
struct Message {
    diagnostic: Option<Diagnostic>,
    test_summary: Option<TestSummary>,
    test_state: Option<TestState>,
}

#[derive(Deserialize)]
struct TestSummary {
    passed: u64,
}

#[derive(Debug, Deserialize)]
struct Diagnostic {
    severity: String,
    summary: String,
    #[serde(default)]
    detail: String,
    range: Option<Range>,
}

#[derive(Debug, Deserialize)]
struct Range {
    filename: String,
    start: Start,
}

#[derive(Debug, Deserialize)]
struct Start {
    line: u64,
}

impl Diagnostic {
    fn error(&self, folder: &str) -> Option<String> {
        (self.severity == "error").then(|| {
            let place = self.range.as_ref().map(|range| format!("/{}:{}", range.filename, range.start.line));
            format!("{folder}{}: {}: {}", place.unwrap_or_default(), self.summary, shortened(&self.detail))
        })
    }
}

/// The errors, each once: what is wrong with an expression is said for every instance that it has.
fn errors(diagnostics: &[Diagnostic], folder: &str) -> Vec<String> {
    let mut errors: Vec<String> = diagnostics.iter().filter_map(|diagnostic| diagnostic.error(folder)).collect();
    errors.sort();
    errors.dedup();
    errors
}

/// The beginning of what Terraform says to people, in one line.
pub fn shortened(text: &str) -> String {
    const MOST: usize = 400;
    let frame = ['│', '╷', '╵'];
    let words: Vec<&str> = text.split_whitespace().filter(|word| !word.chars().all(|c| frame.contains(&c))).collect();
    let line = words.join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_where_and_why_in_one_line() {
        let said = r#"{"diagnostics": [
            {"severity": "warning", "summary": "Old", "detail": "Never mind."},
            {"severity": "error", "summary": "Unsupported argument", "detail": "An argument named \"x\"\nis not expected here.",
             "range": {"filename": "main.tf", "start": {"line": 7, "column": 1}}}
        ]}"#;
        let errors = Validation::read(said).unwrap().errors("units/order");
        assert_eq!(
            errors,
            [r#"units/order/main.tf:7: Unsupported argument: An argument named "x" is not expected here."#]
        );
    }

    #[test]
    fn a_state_is_taken_out_of_the_log_without_the_schemas() {
        let log = [
            r#"{"type": "version"}"#,
            r#"{"test_state": {"root_module": {"resources": []}, "provider_schemas": {"aws": {"big": [1, 2]}}}}"#,
            r#"{"test_summary": {"status": "pass", "passed": 3}}"#,
        ];
        let log = TestLog::read(&log.join("\n")).unwrap();
        assert!(log.state.is_some());
        assert_eq!(log.passed, 3);
    }

    #[test]
    fn long_texts_are_cut_and_unframed() {
        assert_eq!(shortened("╷\n│ Error: no\n│   such host\n╵"), "Error: no such host");
        assert_eq!(shortened(&"é".repeat(500)).chars().count(), 401);
    }
}
