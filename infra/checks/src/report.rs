//! What the checks found, told while they go on.

use std::{fmt::Display, process::ExitCode};

/// Counts what was found. A finding that was reported is never taken back.
#[derive(Debug, Default)]
pub struct Report {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Report {
    /// `what` holds. `detail` says what was looked at, such as a count.
    pub fn passed(&mut self, what: impl Display, detail: impl Display) {
        self.passed += 1;
        println!("ok       {what}: {detail}");
    }

    /// `what` does not hold: each of `findings` says where and why.
    pub fn failed<F: Display>(&mut self, what: impl Display, findings: impl IntoIterator<Item = F>) {
        self.failed += 1;
        println!("FAILED   {what}");
        findings.into_iter().for_each(|finding| println!("           {finding}"));
    }

    /// `what` was not checked, for want of a tool.
    pub fn skipped(&mut self, what: impl Display, why: impl Display) {
        self.skipped += 1;
        println!("skipped  {what}: {why}");
    }

    /// Passed if there are no findings.
    pub fn judge<F: Display>(&mut self, what: impl Display, detail: impl Display, findings: Vec<F>) {
        if findings.is_empty() { self.passed(what, detail) } else { self.failed(what, findings) }
    }

    /// Says how it went in all. Not zero if a check failed.
    pub fn end(self) -> ExitCode {
        println!("\n{} checks passed, {} failed, {} skipped", self.passed, self.failed, self.skipped);
        if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
