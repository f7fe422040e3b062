//! The queue after a message was handled: what the three outcomes do to it.
//!
//! Every service that reads a queue has this file.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    error::DisplayErrorContext,
    types::{ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, MessageAttributeValue},
};

/// Longest backoff.
const MAX_BACKOFF: Duration = Duration::from_secs(300);
/// Longest visibility timeout: that of SQS, less a margin for the time since the receive.
const MAX_VISIBILITY_TIMEOUT: Duration = Duration::from_secs(11 * 60 * 60);
/// Longest reason of a rejection, in bytes.
const MAX_REASON: usize = 512;

/// Outcome of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Handled, or without effect: it is deleted.
    Done,
    /// A later delivery may succeed: the store throttles or does not respond, or another delivery is in progress. The
    /// message is delivered again after a backoff. Only after `maxReceiveCount` receives, which takes hours, SQS moves
    /// it to the dead-letter queue.
    Later,
    /// Like [`Self::Later`], but not before this time has passed: a dependency said how long to wait.
    NotBefore(Duration),
    /// No delivery can succeed, for this reason: it is moved to the dead-letter queue.
    Never(String),
}

/// A received message.
#[derive(Debug, Clone)]
pub struct Received {
    /// Id that SQS assigned.
    pub message_id: String,
    /// Handle of this receive.
    pub receipt_handle: String,
    /// Body.
    pub body: String,
    /// Number of receives, including this one.
    pub receives: u32,
}

/// A queue and its dead-letter queue.
#[derive(Debug, Clone)]
pub struct Queue {
    pub(super) sqs: Client,
    pub(super) url: String,
}

impl Queue {
    /// Returns the queue at `url`. The URL of its dead-letter queue ends in `-dlq`, and is the same otherwise.
    pub fn new(sqs: Client, url: impl Into<String>) -> Self {
        Self { sqs, url: url.into() }
    }

    /// Deletes messages. Those that cannot be deleted are delivered again, without effect.
    pub async fn delete(&self, messages: &[&Received]) {
        let entries = messages.iter().enumerate().filter_map(|(index, message)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
            entry.receipt_handle(&message.receipt_handle).build().ok()
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
        tracing::warn!(queue = self.url, error, "could not delete messages; they are delivered again");
    }

    /// Makes messages visible after their backoff, which starts after the given time. If this fails, they become
    /// visible after the queue's visibility timeout.
    pub async fn postpone(&self, messages: &[(&Received, Duration)]) {
        let entries = messages.iter().enumerate().filter_map(|(index, (message, not_before))| {
            let backoff = *not_before + backoff(message.receives, fastrand::f64());
            let backoff = i32::try_from(backoff.min(MAX_VISIBILITY_TIMEOUT).as_secs()).unwrap_or_default();
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string());
            entry.receipt_handle(&message.receipt_handle).visibility_timeout(backoff).build().ok()
        });
        let entries: Vec<_> = entries.collect();
        if entries.is_empty() {
            return;
        }
        let request = self.sqs.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries));
        if let Err(error) = request.send().await {
            let error = DisplayErrorContext(error);
            tracing::warn!(queue = self.url, %error, "could not set the visibility of messages");
        }
    }

    /// Sends a message to the dead-letter queue, with the attribute `reason`. Returns true if it is there, and can be
    /// deleted here.
    pub async fn reject(&self, message: &Received, reason: &str) -> bool {
        let message_id = &message.message_id;
        let text = MessageAttributeValue::builder().data_type("String").string_value(truncated(reason)).build();
        let request = self.sqs.send_message().queue_url(format!("{}-dlq", self.url)).message_body(&message.body);
        let sent = request.set_message_attributes(text.ok().map(|text| [("reason".to_owned(), text)].into()));
        match sent.send().await {
            Ok(_) => {
                tracing::error!(queue = self.url, message_id, reason, "message moved to the dead-letter queue");
                true
            }
            Err(error) => {
                let error = DisplayErrorContext(error);
                tracing::error!(queue = self.url, message_id, reason, %error, "could not write the dead-letter queue");
                false
            }
        }
    }
}

/// Returns the time until the next delivery after `receives` receives: a random part of 2, 4, 8, … seconds, up to
/// [`MAX_BACKOFF`]. Messages that failed together do not return together (full jitter). `random` is in 0..1.
fn backoff(receives: u32, random: f64) -> Duration {
    let limit = Duration::from_secs(1 << receives.clamp(1, 16)).min(MAX_BACKOFF);
    limit.mul_f64(random)
}

/// Cuts a reason to the size and the characters that SQS accepts. An attribute is never empty.
fn truncated(reason: &str) -> String {
    let end = reason.floor_char_boundary(MAX_REASON);
    let text: String = reason[..end].chars().filter(|char| !char.is_control()).collect();
    if text.is_empty() { "unknown".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backoff_is_a_random_part_of_a_limit_that_doubles() {
        let limits: Vec<u64> = [0, 1, 2, 3, 8, 9, 100].map(|receives| backoff(receives, 1.0).as_secs()).into();
        assert_eq!(limits, [2, 2, 4, 8, 256, 300, 300]);
        assert_eq!(backoff(100, 0.0), Duration::ZERO);
        assert_eq!(backoff(3, 0.5), Duration::from_secs(4));
    }

    #[test]
    fn a_reason_has_a_form_that_sqs_accepts() {
        assert_eq!(truncated("line\nbreak"), "linebreak");
        assert_eq!(truncated(""), "unknown");
        assert_eq!(truncated(&"ä".repeat(600)).len(), MAX_REASON);
    }
}
