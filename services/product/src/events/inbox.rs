//! The queue's loop: receives, has each message handled, and tells the queue what became of it.

use std::time::Duration;

use anyhow::Context;
use aws_sdk_sqs::{
    Client,
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName,
    },
};
use chrono::TimeDelta;
use contracts::Envelope;
use futures::future::join_all;
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty, info_span};

use super::{order, publisher::Wake};
use crate::{aws::RECEIVE_WAIT, clock, store, telemetry};

/// How long one message may take: less than the queue's visibility timeout, so that nobody else has it meanwhile.
const HANDLING: Duration = Duration::from_secs(20);
/// How long a lane rests when the queue or the database does not answer.
const REST: Duration = Duration::from_secs(1);
/// The longest time until a failed message is tried again, in seconds.
const MAX_BACKOFF: i32 = 120;

/// One lane of the loop: up to ten messages at a time, all at once. Lanes do not wait for each other.
#[derive(Debug, Clone)]
pub struct Inbox {
    /// The client of the queue.
    pub sqs: Client,
    /// The queue.
    pub queue_url: String,
    /// The store.
    pub pool: PgPool,
    /// How long stock is set aside for an order that is not confirmed.
    pub reservation_ttl: TimeDelta,
    /// For the events that it commits.
    pub wake: Wake,
}

impl Inbox {
    /// How many lanes an instance has: ten times as many messages are handled at once, which the pool must bear.
    pub const LANES: usize = 2;

    /// Handles messages until `shutdown`, and what was received by then to its end.
    pub async fn run(self, shutdown: CancellationToken) {
        loop {
            let received = tokio::select! {
                () = shutdown.cancelled() => return,
                received = self.receive() => received,
            };
            let result = match received {
                Ok(messages) => self.handle_all(messages).await,
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "the queue or the database does not answer; it is tried again"
                );
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    () = sleep(REST) => {}
                }
            }
        }
    }

    /// The next messages; none while the database does not answer. A message has few receives: those that cannot succeed
    /// would make dead letters of all that arrive during an outage, and a confirmed order would lose its stock.
    async fn receive(&self) -> anyhow::Result<Vec<Message>> {
        store::ping(&self.pool).await.context("the database does not answer")?;
        let answer = self
            .sqs
            .receive_message()
            .queue_url(&self.queue_url)
            .max_number_of_messages(10)
            .wait_time_seconds(i32::try_from(RECEIVE_WAIT.as_secs())?)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .send()
            .await
            .context("cannot receive messages")?;
        Ok(answer.messages.unwrap_or_default())
    }

    /// Handles a batch. What succeeded is deleted; what failed, and only that, comes again later.
    async fn handle_all(&self, messages: Vec<Message>) -> anyhow::Result<()> {
        let handled = join_all(messages.iter().map(|message| self.handle(message))).await;
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for (n, (message, succeeded)) in messages.iter().zip(handled).enumerate() {
            let receipt = message.receipt_handle().unwrap_or_default();
            if succeeded {
                done.push(DeleteMessageBatchRequestEntry::builder().id(n.to_string()).receipt_handle(receipt).build()?);
            } else {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(n.to_string())
                    .receipt_handle(receipt)
                    .visibility_timeout(backoff(message));
                failed.push(entry.build()?);
            }
        }
        // A message whose deletion fails is delivered again, and found to be handled.
        if !done.is_empty() {
            let request = self.sqs.delete_message_batch().queue_url(&self.queue_url);
            request.set_entries(Some(done)).send().await.context("cannot delete handled messages")?;
        }
        if !failed.is_empty() {
            let request = self.sqs.change_message_visibility_batch().queue_url(&self.queue_url);
            request.set_entries(Some(failed)).send().await.context("cannot put failed messages off")?;
        }
        Ok(())
    }

    /// Handles one message. False leaves it to the queue: it comes again, and at last goes to the dead letters.
    async fn handle(&self, message: &Message) -> bool {
        let envelope: Envelope = match serde_json::from_str(message.body().unwrap_or_default()) {
            Ok(envelope) => envelope,
            Err(error) => {
                tracing::error!(message_id = message.message_id(), %error, "a message is not an event that is known here");
                return false;
            }
        };
        let span = info_span!(
            "message",
            otel.kind = "consumer",
            trace_id = Empty,
            event_id = %envelope.id,
            event_type = envelope.event.kind(),
            order_id = envelope.subject,
        );
        let trace = telemetry::begin(&span, envelope.traceparent.as_deref());
        let work = async {
            match timeout(HANDLING, order::handle(&self.pool, &envelope, self.reservation_ttl, clock::now())).await {
                Ok(Ok(())) => {
                    self.wake.up();
                    true
                }
                Ok(Err(error)) => {
                    tracing::error!(%error, "a message failed");
                    false
                }
                Err(_) => {
                    tracing::error!("a message took too long");
                    false
                }
            }
        };
        trace.scope(work.instrument(span)).await
    }
}

/// Seconds until a failed message comes again: 2, 4, 8, … by the number of times it was received.
fn backoff(message: &Message) -> i32 {
    let receives = message
        .attributes()
        .and_then(|attributes| attributes.get(&MessageSystemAttributeName::ApproximateReceiveCount))
        .and_then(|count| count.parse().ok())
        .unwrap_or(1_u32);
    2_i32.saturating_pow(receives).min(MAX_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_fails_again_waits_longer() {
        let received = |times: &str| {
            Message::builder().attributes(MessageSystemAttributeName::ApproximateReceiveCount, times).build()
        };
        assert_eq!(["1", "2", "5", "40"].map(|times| backoff(&received(times))), [2, 4, 32, MAX_BACKOFF]);
        assert_eq!(backoff(&Message::builder().build()), 2);
    }
}
