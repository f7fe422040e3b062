//! What a person sees while they wait.

use std::{
    fmt::Display,
    future::Future,
    time::{Duration, Instant},
};

use anyhow::Result;

/// Prints a line per step, with the time it took. Steps may run side by side: a line comes when its step is done.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    began: Instant,
}

impl Progress {
    /// Starts the clock.
    pub fn start() -> Self {
        Self { began: Instant::now() }
    }

    /// Does `work`, and says that it is done.
    pub async fn step<T>(&self, what: impl Display, work: impl Future<Output = Result<T>>) -> Result<T> {
        let began = Instant::now();
        let done = work.await?;
        self.done(what, began.elapsed());
        Ok(done)
    }

    /// Says that a step is done.
    pub fn done(&self, what: impl Display, took: Duration) {
        eprintln!("  {what:<58} {:>6.1} s", took.as_secs_f64());
    }

    /// Since the clock was started.
    pub fn total(&self) -> Duration {
        self.began.elapsed()
    }
}
