//! The polling loop of a queue. It does not read the messages.
//!
//! Messages are independent: none waits for the retry of another. The loop adapts to its dependencies instead of asking
//! whether they are available: after a batch with a message that has to be handled later, it pauses and handles fewer
//! messages at a time; after a batch without one, more.

use std::{future::Future, time::Duration};

use aws_sdk_sqs::{
    config::timeout::TimeoutConfig,
    error::{DisplayErrorContext, SdkError},
    operation::receive_message::ReceiveMessageError,
    types::{Message, MessageSystemAttributeName},
};
use futures::future::join_all;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::queue::{Outcome, Queue, Received};

/// Maximum number of messages per receive: that of SQS.
const BATCH: usize = 10;
/// Time limit of one message: shorter than the queue's visibility timeout (30 s), so that no other consumer gets the
/// message while it is being handled.
const HANDLING_LIMIT: Duration = Duration::from_secs(20);
/// Pause after the first of several failures; it doubles with each. The average is half of it.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(20);

impl Queue {
    /// Passes messages to `handle`, up to `max_messages` at a time, until `shutdown`; then finishes the messages that
    /// were received. `handle` logs its own errors.
    ///
    /// A receive waits up to `long_poll` for messages. At `shutdown` it is awaited as well: SQS would hide the messages
    /// of an abandoned receive until their visibility timeout.
    pub async fn consume<H>(
        self,
        max_messages: usize,
        long_poll: Duration,
        handle: impl Fn(Received) -> H + Clone + Send + Sync + 'static,
        shutdown: CancellationToken,
    ) where
        H: Future<Output = Outcome> + Send + 'static,
    {
        let mut pace = Pace { max_messages, messages: max_messages, failures: 0 };
        let mut batches = JoinSet::new();
        while !shutdown.is_cancelled() {
            while let Some(is_slow) = next_outcome(&mut batches, pace.batches()).await {
                pace.adapt(is_slow);
            }
            if pace.failures > 0 {
                shutdown.run_until_cancelled(sleep(pause(pace.failures, fastrand::f64()))).await;
            }
            match self.receive(pace.batch_size(), long_poll).await {
                Ok(messages) if messages.is_empty() => pace.adapt(false),
                Ok(messages) => {
                    let (queue, handle) = (self.clone(), handle.clone());
                    batches.spawn(async move { queue.work_on(messages, &handle).await });
                }
                Err(error) => {
                    let error = DisplayErrorContext(error);
                    tracing::error!(queue = self.url, %error, "could not receive messages");
                    pace.adapt(true);
                }
            }
        }
        batches.join_all().await;
    }

    async fn receive(&self, size: usize, long_poll: Duration) -> Result<Vec<Received>, SdkError<ReceiveMessageError>> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(long_poll + Duration::from_secs(3))
            .operation_timeout(long_poll + Duration::from_secs(3))
            .build();
        let receive = self
            .sqs
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(size).unwrap_or(i32::MAX))
            .wait_time_seconds(i32::try_from(long_poll.as_secs()).unwrap_or(i32::MAX))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .customize()
            .config_override(aws_sdk_sqs::config::Builder::new().timeout_config(timeouts));
        Ok(receive.send().await?.messages.unwrap_or_default().into_iter().map(received).collect())
    }

    /// Handles a batch. Returns true if one of its messages has to be handled later.
    async fn work_on<H>(&self, batch: Vec<Received>, handle: &impl Fn(Received) -> H) -> bool
    where
        H: Future<Output = Outcome> + Send + 'static,
    {
        let outcomes = join_all(batch.iter().map(|message| self.work(message, handle(message.clone())))).await;
        let (mut done, mut later) = (vec![], vec![]);
        for (message, outcome) in batch.iter().zip(outcomes) {
            match outcome {
                None => done.push(message),
                Some(not_before) => later.push((message, not_before)),
            }
        }
        tokio::join!(self.delete(&done), self.postpone(&later));
        !later.is_empty()
    }

    /// Returns None if the message can be deleted, otherwise the time before which it must not be handled again. Each
    /// message is a task: it may run on another core, and its panic harms no other message.
    async fn work(
        &self,
        message: &Received,
        handling: impl Future<Output = Outcome> + Send + 'static,
    ) -> Option<Duration> {
        let message_id = &message.message_id;
        let outcome = match tokio::spawn(timeout(HANDLING_LIMIT, handling)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => {
                tracing::error!(message_id, queue = self.url, "message handler timed out");
                Outcome::Later
            }
            // A panic may be caused by a neighbor, so the message gets a second chance.
            Err(_) if message.receives < 2 => {
                tracing::error!(message_id, queue = self.url, "message handler panicked");
                Outcome::Later
            }
            Err(_) => Outcome::Never("message handler panicked".to_owned()),
        };
        match outcome {
            Outcome::Done => None,
            Outcome::Later => Some(Duration::ZERO),
            Outcome::NotBefore(time) => Some(time),
            Outcome::Never(reason) => (!self.reject(message, &reason).await).then_some(Duration::ZERO),
        }
    }
}

/// Number of messages that the loop handles at a time: additive increase, multiplicative decrease.
struct Pace {
    max_messages: usize,
    messages: usize,
    /// Number of batches since the last one without a failure.
    failures: u32,
}

impl Pace {
    fn adapt(&mut self, is_slow: bool) {
        if is_slow {
            (self.messages, self.failures) = ((self.messages / 2).max(1), self.failures.saturating_add(1));
        } else {
            (self.messages, self.failures) = ((self.messages + 1).min(self.max_messages), 0);
        }
    }

    fn batch_size(&self) -> usize {
        self.messages.min(BATCH)
    }

    fn batches(&self) -> usize {
        self.messages.div_ceil(BATCH)
    }
}

/// Returns the outcome of a finished batch. Waits for one only if `limit` batches are in progress.
async fn next_outcome(batches: &mut JoinSet<bool>, limit: usize) -> Option<bool> {
    let outcome = if batches.len() < limit { batches.try_join_next() } else { batches.join_next().await };
    // A batch does not panic: its messages are tasks of their own.
    outcome.map(|outcome| outcome.unwrap_or(true))
}

fn received(message: Message) -> Received {
    let attributes = message.attributes.unwrap_or_default();
    let receives = attributes.get(&MessageSystemAttributeName::ApproximateReceiveCount);
    Received {
        message_id: message.message_id.unwrap_or_default(),
        receipt_handle: message.receipt_handle.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        receives: receives.and_then(|text| text.parse().ok()).unwrap_or(1),
    }
}

/// Returns the pause after the given number of failures: a random part of a limit that doubles. `random` is in 0..1.
fn pause(failures: u32, random: f64) -> Duration {
    PAUSE.saturating_mul(1 << failures.clamp(1, 6).saturating_sub(1)).min(MAX_PAUSE).mul_f64(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_messages_is_halved_by_a_failure_and_grows_by_one() {
        let mut pace = Pace { max_messages: 80, messages: 80, failures: 0 };
        pace.adapt(true);
        assert_eq!((pace.batches(), pace.batch_size(), pace.failures), (4, 10, 1));
        (0..10).for_each(|_| pace.adapt(true));
        assert_eq!((pace.batches(), pace.batch_size(), pace.failures), (1, 1, 11));
        pace.adapt(false);
        assert_eq!((pace.batches(), pace.batch_size(), pace.failures), (1, 2, 0));
        (0..100).for_each(|_| pace.adapt(false));
        assert_eq!((pace.batches(), pace.batch_size()), (8, 10));
    }

    #[test]
    fn the_pause_is_a_random_part_of_a_limit_that_doubles() {
        let limits: Vec<u64> = [1, 2, 3, 5, 6, 1000].map(|failures| pause(failures, 1.0).as_secs()).into();
        assert_eq!(limits, [1, 2, 4, 16, 20, 20]);
        assert_eq!(pause(3, 0.25), Duration::from_secs(1));
    }
}
