//! The Lambda entry: a batch of messages from the queue.

use std::future::Future;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{StreamExt, stream};

/// Messages of a batch that are handled at a time: all of them, since handling is mostly waiting.
const CONCURRENCY: usize = 10;

/// Handles a batch, and reports the messages that `handle` returns false for: Lambda delivers only those again.
pub async fn for_each_message<F: Future<Output = bool>>(
    batch: SqsEvent,
    handle: impl Fn(SqsMessage) -> F,
) -> SqsBatchResponse {
    let outcomes = batch.records.into_iter().map(|message| {
        // Every message of SQS has an id. An empty one would make Lambda deliver the whole batch again.
        let message_id = message.message_id.clone().unwrap_or_default();
        let handled = handle(message);
        async { (message_id, handled.await) }
    });
    let mut response = SqsBatchResponse::default();
    let mut outcomes = stream::iter(outcomes).buffer_unordered(CONCURRENCY);
    while let Some((message_id, handled)) = outcomes.next().await {
        if !handled {
            response.add_failure(message_id);
        }
    }
    response
}
