//! The Lambda entry: a batch of messages from the queue.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{FutureExt, StreamExt, stream};

use super::queue::{Outcome, Queue, Received};

/// Messages of a batch that are handled at a time: all of them, since handling is mostly waiting.
const CONCURRENCY: usize = 10;

/// Handles a batch, and reports the messages that have to be handled later: Lambda deletes all others. `handle` logs
/// its own errors.
pub async fn for_each_message<F: Future<Output = Outcome>>(
    queue: &Queue,
    batch: SqsEvent,
    handle: impl Fn(Received) -> F,
) -> SqsBatchResponse {
    let outcomes = batch.records.into_iter().map(received).map(|message| work(queue, message.clone(), handle(message)));
    let outcomes: Vec<_> = stream::iter(outcomes).buffer_unordered(CONCURRENCY).collect().await;
    let later: Vec<(Received, Duration)> = outcomes.into_iter().flatten().collect();
    queue.postpone(&later.iter().map(|(message, not_before)| (message, *not_before)).collect::<Vec<_>>()).await;
    let mut response = SqsBatchResponse::default();
    for (message, _) in later {
        response.add_failure(message.message_id);
    }
    response
}

/// Returns the message if it has to be handled later, with the time before which it must not be.
async fn work(
    queue: &Queue,
    message: Received,
    handling: impl Future<Output = Outcome>,
) -> Option<(Received, Duration)> {
    let outcome = match AssertUnwindSafe(handling).catch_unwind().await {
        Ok(outcome) => outcome,
        // A panic may be caused by a neighbor, so the message gets a second chance.
        Err(_) if message.receives < 2 => {
            tracing::error!(message_id = message.message_id, "message handler panicked");
            Outcome::Later
        }
        Err(_) => Outcome::Never("message handler panicked".to_owned()),
    };
    match outcome {
        Outcome::Done => None,
        Outcome::Later => Some((message, Duration::ZERO)),
        Outcome::NotBefore(time) => Some((message, time)),
        Outcome::Never(reason) if queue.reject(&message, &reason).await => None,
        Outcome::Never(_) => Some((message, Duration::ZERO)),
    }
}

fn received(message: SqsMessage) -> Received {
    let receives = message.attributes.get("ApproximateReceiveCount");
    Received {
        // Every message of SQS has an id. An empty one would make Lambda deliver the whole batch again.
        message_id: message.message_id.unwrap_or_default(),
        receipt_handle: message.receipt_handle.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        receives: receives.and_then(|text| text.parse().ok()).unwrap_or(1),
    }
}
