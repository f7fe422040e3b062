//! The loop that takes messages from a queue. It knows nothing of what is in them.
//!
//! Each message stands for itself: what is handled is deleted, what fails comes back later, and neither waits for the
//! other. After five receives the queue itself moves a message to its dead-letter queue.

use std::{future::Future, time::Duration};

use aws_sdk_sqs::{
    Client,
    config::timeout::TimeoutConfig,
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName,
    },
};
use futures::{StreamExt, future::join_all, stream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{AppState, error::Error, store::Store};

/// Messages of one receive.
const BATCH: i32 = 10;
/// Batches in hand at once.
const CONCURRENCY: usize = 8;
/// How long a receive waits for messages: the longest that SQS offers.
const LONG_POLL: Duration = Duration::from_secs(20);
/// How long one message may be worked on: less than the queue's visibility timeout (30 s), or another receiver would
/// get the message while it is in hand.
const HANDLING_LIMIT: Duration = Duration::from_secs(20);
/// How long to wait after a failed receive, beyond the SDK's own retries.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest wait before a failed message is tried again.
const LONGEST_BACKOFF: i32 = 60;

/// A queue of SQS.
#[derive(Debug, Clone)]
pub struct Queue {
    sqs: Client,
    url: String,
}

impl Queue {
    /// The queue at `url`.
    pub fn new(sqs: Client, url: String) -> Self {
        Self { sqs, url }
    }

    /// Has `handle` see every message until `shutdown`; then finishes the ones in hand.
    pub async fn consume<H, F>(self, app: AppState, handle: H, shutdown: CancellationToken)
    where
        H: Fn(AppState, String) -> F,
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let batches = stream::unfold((), |()| async { Some((self.next_batch(&app.store, &shutdown).await?, ())) });
        batches.for_each_concurrent(CONCURRENCY, |batch| self.work_on(batch, &app, &handle)).await;
    }

    async fn work_on<H, F>(&self, batch: Vec<Message>, app: &AppState, handle: &H)
    where
        H: Fn(AppState, String) -> F,
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let outcomes = join_all(batch.iter().map(|message| work(message, app, handle, &self.url))).await;
        let (handled, failed): (Vec<_>, Vec<_>) = batch.iter().zip(outcomes).partition(|(_, handled)| *handled);
        tokio::join!(self.delete(handled), self.put_back(failed));
    }

    /// The next messages, however long they take to come; none from `shutdown` on.
    async fn next_batch(&self, store: &Store, shutdown: &CancellationToken) -> Option<Vec<Message>> {
        loop {
            let received = shutdown.run_until_cancelled(self.receive(store)).await?;
            match received {
                Ok(messages) if messages.is_empty() => {}
                Ok(messages) => return Some(messages),
                Err(cause) => {
                    tracing::error!(queue = self.url, %cause, "messages could not be received");
                    shutdown.run_until_cancelled(sleep(PAUSE)).await?;
                }
            }
        }
    }

    /// The next messages, if the table answers: a message has few receives, and those that cannot succeed would make dead
    /// letters of all that arrive during an outage.
    async fn receive(&self, store: &Store) -> Result<Vec<Message>, Error> {
        store.ping().await?;
        let patient = TimeoutConfig::builder()
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
            .config_override(aws_sdk_sqs::config::Builder::new().timeout_config(patient));
        Ok(receive.send().await?.messages.unwrap_or_default())
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
        let answer = self.sqs.delete_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
        match answer {
            Ok(answer) if answer.failed.is_empty() => {}
            Ok(answer) => tracing::warn!(queue = self.url, count = answer.failed.len(), "{NOT_DELETED}"),
            Err(error) => tracing::warn!(queue = self.url, cause = %Error::from(error), "{NOT_DELETED}"),
        }
    }

    /// Makes failed messages visible again soon, and later each time. Should this fail, they come back when the
    /// queue's own visibility timeout is over.
    async fn put_back(&self, failed: Vec<(&Message, bool)>) {
        let entries = failed.iter().enumerate().filter_map(|(index, (message, _))| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string());
            let entry = entry.set_receipt_handle(message.receipt_handle.clone());
            entry.visibility_timeout(backoff(receives(message))).build().ok()
        });
        let entries: Vec<_> = entries.collect();
        if entries.is_empty() {
            return;
        }
        let change = self.sqs.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries));
        if let Err(error) = change.send().await {
            tracing::warn!(queue = self.url, cause = %Error::from(error), "failed messages come back late");
        }
    }
}

const NOT_DELETED: &str = "handled messages could not be deleted; they will be delivered again, without effect";

/// True if the message was handled; its handler has logged why, if it was not. Each is a task of its own: it may use another core, and may even panic, without
/// harm to the others.
async fn work<H, F>(message: &Message, app: &AppState, handle: &H, queue: &str) -> bool
where
    H: Fn(AppState, String) -> F,
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let body = message.body.clone().unwrap_or_default();
    let task = tokio::spawn(timeout(HANDLING_LIMIT, handle(app.clone(), body)));
    match task.await {
        Ok(Ok(outcome)) => outcome.is_ok(),
        Ok(Err(_)) | Err(_) => {
            let message_id = message.message_id.as_deref().unwrap_or_default();
            tracing::error!(message_id, queue, "the handler of a message did not come to an end");
            false
        }
    }
}

fn receives(message: &Message) -> u32 {
    let attributes = message.attributes.as_ref();
    let count = attributes.and_then(|known| known.get(&MessageSystemAttributeName::ApproximateReceiveCount));
    count.and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Seconds before the next try after the given number of receives: 2, 8, 32, then the longest.
fn backoff(receives: u32) -> i32 {
    let doublings = receives.saturating_sub(1).saturating_mul(2).min(8);
    (2 << doublings).min(LONGEST_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_message_comes_back_later_each_time_up_to_a_minute() {
        let waits: Vec<i32> = (0..=6).map(backoff).collect();
        assert_eq!(waits, [2, 2, 8, 32, 60, 60, 60]);
    }
}
