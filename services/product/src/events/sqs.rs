//! The polling loop of a queue. It does not read the messages.
//!
//! Messages are independent: a handled message is deleted, a failed one is delivered again later, and neither waits for
//! the other. After the queue's `maxReceiveCount`, SQS moves a message to the dead-letter queue.

use std::{future::Future, time::Duration};

use aws_sdk_sqs::{
    Client,
    config::timeout::TimeoutConfig,
    error::{DisplayErrorContext, SdkError},
    operation::receive_message::ReceiveMessageError,
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName,
    },
};
use futures::{StreamExt, future::join_all, stream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Messages per receive: the maximum of SQS.
const BATCH: i32 = 10;
/// Time that a receive waits for messages: the maximum of SQS.
const LONG_POLL: Duration = Duration::from_secs(20);
/// Time limit of one message: shorter than the queue's visibility timeout (30 s), so that no other consumer gets the
/// message while it is being handled.
const HANDLING_LIMIT: Duration = Duration::from_secs(20);
/// Pause after a failed receive, beyond the SDK's own retries, and while the store is not available.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest backoff of a failed message, in seconds.
const MAX_BACKOFF: i32 = 60;

/// A queue and its client.
#[derive(Debug, Clone)]
pub struct Queue {
    sqs: Client,
    url: String,
}

impl Queue {
    /// The queue at `url`.
    pub fn new(sqs: Client, url: impl Into<String>) -> Self {
        Self { sqs, url: url.into() }
    }

    /// Passes the body of every message to `handle`, up to `batches` batches at a time, until `shutdown`; then finishes
    /// the messages that were received. `handle` logs its own errors.
    ///
    /// Receives only while `is_available` is true, which asks the store: a message has few receives, and a store outage
    /// would turn all messages that arrive meanwhile into dead letters.
    pub async fn consume<A, H>(
        self,
        batches: usize,
        is_available: impl Fn() -> A,
        handle: impl Fn(String) -> H,
        shutdown: CancellationToken,
    ) where
        A: Future<Output = bool>,
        H: Future<Output = bool> + Send + 'static,
    {
        let received = stream::unfold((), |()| async { Some((self.next_batch(&is_available, &shutdown).await?, ())) });
        received.for_each_concurrent(batches, |batch| self.work_on(batch, &handle)).await;
    }

    /// The next messages, or none after `shutdown`.
    async fn next_batch<A: Future<Output = bool>>(
        &self,
        is_available: &impl Fn() -> A,
        shutdown: &CancellationToken,
    ) -> Option<Vec<Message>> {
        loop {
            let received = async { if is_available().await { Some(self.receive().await) } else { None } };
            match shutdown.run_until_cancelled(received).await? {
                Some(Ok(messages)) if messages.is_empty() => {}
                Some(Ok(messages)) => return Some(messages),
                Some(Err(error)) => {
                    let error = DisplayErrorContext(error);
                    tracing::error!(queue = self.url, %error, "could not receive messages");
                    shutdown.run_until_cancelled(sleep(PAUSE)).await?;
                }
                None => shutdown.run_until_cancelled(sleep(PAUSE)).await?,
            }
        }
    }

    async fn receive(&self) -> Result<Vec<Message>, SdkError<ReceiveMessageError>> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(LONG_POLL + Duration::from_secs(5))
            .operation_timeout(LONG_POLL + Duration::from_secs(10))
            .build();
        let receive = self
            .sqs
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(BATCH)
            .wait_time_seconds(LONG_POLL.as_secs() as i32)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .customize()
            .config_override(aws_sdk_sqs::config::Builder::new().timeout_config(timeouts));
        Ok(receive.send().await?.messages.unwrap_or_default())
    }

    async fn work_on<H>(&self, batch: Vec<Message>, handle: &impl Fn(String) -> H)
    where
        H: Future<Output = bool> + Send + 'static,
    {
        let outcomes = join_all(batch.iter().map(|message| self.work(message, handle(body(message))))).await;
        let (handled, failed): (Vec<_>, Vec<_>) = batch.iter().zip(outcomes).partition(|(_, handled)| *handled);
        tokio::join!(self.delete(handled), self.postpone(failed));
    }

    /// True if the message was handled. Each message is a task: it may run on another core, and its panic harms no other
    /// message.
    async fn work(&self, message: &Message, handling: impl Future<Output = bool> + Send + 'static) -> bool {
        match tokio::spawn(timeout(HANDLING_LIMIT, handling)).await {
            Ok(Ok(handled)) => handled,
            Ok(Err(_)) | Err(_) => {
                let message_id = message.message_id.as_deref().unwrap_or_default();
                tracing::error!(message_id, queue = self.url, "message handler timed out or panicked");
                false
            }
        }
    }

    async fn delete(&self, handled: Vec<(&Message, bool)>) {
        let entries = handled.iter().enumerate().filter_map(|(index, (message, _))| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
            entry.set_receipt_handle(message.receipt_handle.clone()).build().ok()
        });
        let entries: Vec<_> = entries.collect();
        if entries.is_empty() {
            return;
        }
        let request = self.sqs.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let error = match request.send().await {
            Ok(response) if response.failed.is_empty() => return,
            Ok(response) => format!("{} entries failed", response.failed.len()),
            Err(error) => DisplayErrorContext(error).to_string(),
        };
        tracing::warn!(
            queue = self.url,
            error,
            "could not delete handled messages; they are delivered again, without effect"
        );
    }

    /// Makes failed messages visible after their backoff. If this fails, they become visible after the queue's
    /// visibility timeout.
    async fn postpone(&self, failed: Vec<(&Message, bool)>) {
        let entries = failed.iter().enumerate().filter_map(|(index, (message, _))| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string());
            let entry = entry.set_receipt_handle(message.receipt_handle.clone());
            entry.visibility_timeout(backoff(receives(message))).build().ok()
        });
        let entries: Vec<_> = entries.collect();
        if entries.is_empty() {
            return;
        }
        let request = self.sqs.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries));
        if let Err(error) = request.send().await {
            let error = DisplayErrorContext(error);
            tracing::warn!(queue = self.url, %error, "could not set the visibility of failed messages");
        }
    }
}

fn body(message: &Message) -> String {
    message.body.clone().unwrap_or_default()
}

fn receives(message: &Message) -> u32 {
    let attributes = message.attributes.as_ref();
    let count = attributes.and_then(|known| known.get(&MessageSystemAttributeName::ApproximateReceiveCount));
    count.and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Seconds until the next delivery after the given number of receives: 2, 8, 32, then the maximum.
fn backoff(receives: u32) -> i32 {
    let doublings = receives.saturating_sub(1).saturating_mul(2).min(8);
    (2 << doublings).min(MAX_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backoff_grows_to_one_minute() {
        let waits: Vec<i32> = (0..=6).map(backoff).collect();
        assert_eq!(waits, [2, 2, 8, 32, 60, 60, 60]);
    }
}
