//! Tasks that live as long as the process, and the process no longer than they.

use std::{future::Future, time::Duration};

use anyhow::{Context, bail};
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

/// Time for work in progress after `shutdown`: less than the 60 seconds after which ECS kills the process.
const DRAIN_LIMIT: Duration = Duration::from_secs(50);

/// Runs the tasks until `shutdown`, then waits for them, up to [`DRAIN_LIMIT`].
///
/// Fails if a task ends before: the process must not live on without it. ECS replaces it.
pub async fn supervise(mut tasks: JoinSet<()>, shutdown: CancellationToken) -> anyhow::Result<()> {
    let ended = tokio::select! {
        // Tasks end with the shutdown, so it is looked at first.
        biased;
        () = shutdown.cancelled() => None,
        ended = tasks.join_next() => ended,
    };
    shutdown.cancel();
    let drain = async { while tasks.join_next().await.is_some() {} };
    if timeout(DRAIN_LIMIT, drain).await.is_err() {
        tracing::warn!("shutdown timed out; unfinished messages are delivered again");
    }
    match ended {
        None => Ok(()),
        Some(Ok(())) => bail!("a task ended before the shutdown"),
        Some(Err(error)) => Err(error).context("a task failed"),
    }
}

/// Runs `task` until `shutdown`.
pub async fn until(shutdown: CancellationToken, task: impl Future<Output = ()>) {
    _ = shutdown.run_until_cancelled(task).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_or_panics_ends_the_process() {
        for task in ["ends", "panics"] {
            let shutdown = CancellationToken::new();
            let mut tasks = JoinSet::new();
            tasks.spawn(until(shutdown.clone(), std::future::pending()));
            tasks.spawn(async move { assert_eq!(task, "ends") });
            assert!(supervise(tasks, shutdown.clone()).await.is_err());
            assert!(shutdown.is_cancelled(), "the other tasks end as well");
        }
    }

    #[tokio::test]
    async fn a_shutdown_is_a_success() {
        let shutdown = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(until(shutdown.clone(), std::future::pending()));
        shutdown.cancel();
        assert!(supervise(tasks, shutdown).await.is_ok());
    }
}
