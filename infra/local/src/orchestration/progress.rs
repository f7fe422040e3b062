//! Progress on the terminal.

use std::{
    fmt::Display,
    future::Future,
    time::{Duration, Instant},
};

use anyhow::Result;

/// Prints a line with the duration of each completed step. Steps may run concurrently.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    began: Instant,
}

impl Progress {
    /// Starts the clock.
    pub fn start() -> Self {
        Self { began: Instant::now() }
    }

    /// Awaits `work`, and prints its duration.
    pub async fn step<T>(&self, what: impl Display, work: impl Future<Output = Result<T>>) -> Result<T> {
        let began = Instant::now();
        let done = work.await?;
        eprintln!("  {what:<58} {:>6.1} s", began.elapsed().as_secs_f64());
        Ok(done)
    }

    /// Time since the start.
    pub fn total(&self) -> Duration {
        self.began.elapsed()
    }
}
