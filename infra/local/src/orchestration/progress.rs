//! Progress on the terminal.

use std::{
    fmt::Display,
    future::Future,
    time::{Duration, Instant},
};

use anyhow::Result;

/// Prints a line per step with its duration, when the step is done. Steps may run concurrently.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    began: Instant,
}

impl Progress {
    /// Starts the clock.
    pub fn start() -> Self {
        Self { began: Instant::now() }
    }

    /// Awaits `work`, and prints that it is done.
    pub async fn step<T>(&self, what: impl Display, work: impl Future<Output = Result<T>>) -> Result<T> {
        let began = Instant::now();
        let done = work.await?;
        self.done(what, began.elapsed());
        Ok(done)
    }

    /// Prints that a step is done.
    pub fn done(&self, what: impl Display, took: Duration) {
        eprintln!("  {what:<58} {:>6.1} s", took.as_secs_f64());
    }

    /// Time since the start.
    pub fn total(&self) -> Duration {
        self.began.elapsed()
    }
}
