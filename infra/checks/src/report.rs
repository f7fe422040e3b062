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
    pub fn record<F: Display>(&mut self, check: impl Display, scope: impl Display, findings: Vec<F>) {
        if findings.is_empty() {
            self.passed += 1;
            println!("ok       {check}: {scope}");
            return;
        }
        self.failed += 1;
        println!("FAILED   {check}");
        for line in
            findings.iter().flat_map(|finding| finding.to_string().lines().map(str::to_owned).collect::<Vec<_>>())
        {
            println!("           {line}");
        }
    }

    /// Records a check that could not run.
    pub fn skipped(&mut self, check: impl Display, reason: impl Display) {
        self.skipped += 1;
        println!("skipped  {check}: {reason}");
    }

    /// Prints the totals and returns the exit code.
    pub fn end(self) -> ExitCode {
        println!("\n{} checks passed, {} failed, {} skipped", self.passed, self.failed, self.skipped);
        if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
