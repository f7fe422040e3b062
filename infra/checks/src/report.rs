//! Results of the checks, printed while they run.

use std::{fmt::Display, process::ExitCode};

/// Numbers of checks by result.
#[derive(Debug, Default)]
pub struct Report {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Report {
    /// Records a check that passed if there are no findings. `scope` says what was looked at, such as a count.
    pub fn record(&mut self, check: &str, scope: impl Display, findings: impl IntoIterator<Item = String>) {
        let mut findings = findings.into_iter().peekable();
        if findings.peek().is_none() {
            self.passed += 1;
            println!("ok       {check}: {scope}");
            return;
        }
        self.failed += 1;
        println!("FAILED   {check}");
        for finding in findings {
            println!("           {}", finding.trim_end().replace('\n', "\n           "));
        }
    }

    /// Records a check that could not run.
    pub fn skipped(&mut self, check: &str, reason: impl Display) {
        self.skipped += 1;
        println!("skipped  {check}: {reason}");
    }

    /// Prints the totals and returns the exit code.
    pub fn end(self) -> ExitCode {
        println!("\n{} checks passed, {} failed, {} skipped", self.passed, self.failed, self.skipped);
        if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
