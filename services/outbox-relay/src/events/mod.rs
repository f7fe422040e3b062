//! Stream records in: `record` reads an outbox item, this module publishes a batch.

pub(crate) mod record;

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use contracts::outbox::OutboxItem;
use futures::{StreamExt, stream};

use crate::{Error, FailureQueue, Topic, domain::batch, topic};

/// Number of concurrent calls of SNS.
const CONCURRENCY: usize = 4;

/// The Lambda entry: publishes the events in a batch of stream records, and returns the record to retry from, if any.
///
/// Lambda retries from the lowest sequence number that is reported, so only that one is reported. The records after it
/// are published nevertheless, now and at every retry: one record delays no other. Consumers recognize duplicates by
/// event id.
///
/// A record that can never be published is moved to the failure queue and counts as handled, so that it does not hold
/// up its shard. One behind the record to retry from is left to that retry: it would be moved at every attempt.
///
/// An error means that SNS accepted nothing and may accept everything later. Lambda then retries the whole batch, as it
/// would if the first record were reported, and the function's error metric shows the outage.
pub async fn handle_batch(
    topic: &Topic,
    failure_queue: &FailureQueue,
    event: Event,
) -> Result<DynamoDbEventResponse, Error> {
    let records = event.records;
    let mut failures = Vec::new();
    let mut outbox = Vec::new();
    for (position, record) in records.iter().enumerate() {
        match record::outbox_item(record) {
            Ok(Some(item)) => outbox.push((position, item)),
            Ok(None) => {}
            Err(error) => failures.push((position, error)),
        }
    }

    let (positions, items): (Vec<usize>, Vec<OutboxItem>) = outbox.into_iter().unzip();
    let results = publish_all(topic, &items).await;
    let published = results.iter().filter(|result| result.is_ok()).count();
    for (position, result) in positions.into_iter().zip(results) {
        if let Err(error) = result {
            failures.push((position, error));
        }
    }
    failures.sort_by_key(|(position, _)| *position);
    let failed = failures.len();

    let (permanent, mut retryable): (Vec<_>, Vec<_>) = failures.into_iter().partition(|(_, e)| !e.is_retryable());
    if published > 0 || retryable.is_empty() {
        let retried = retryable.first().map_or(usize::MAX, |(position, _)| *position);
        for (position, error) in permanent.into_iter().take_while(|(position, _)| *position < retried) {
            if let Err(error) = failure_queue.park(&records[position], &error).await {
                retryable.insert(0, (position, error));
                break;
            }
        }
    }

    for (position, error) in &retryable {
        log_failure(&records[*position], error);
    }
    tracing::info!(records = records.len(), published, failed, "batch published");

    match retryable.into_iter().next() {
        None => Ok(DynamoDbEventResponse::default()),
        Some((_, outage @ Error::Unavailable(_))) if published == 0 => Err(outage),
        Some((position, _)) => Ok(retry_from(&records[position])),
    }
}

/// Publishes in order, several batches concurrently. The results are in the order of the items.
async fn publish_all(topic: &Topic, items: &[OutboxItem]) -> Vec<Result<(), Error>> {
    let sizes: Vec<usize> = items.iter().map(topic::size_of).collect();
    let calls = batch::split(&sizes).into_iter().map(|range| topic.publish(&items[range]));
    let results: Vec<_> = stream::iter(calls).buffered(CONCURRENCY).collect().await;
    results.into_iter().flatten().collect()
}

/// The response that makes Lambda retry from `record`. Without a sequence number the identifier is empty, which Lambda
/// treats as a failure of the whole batch.
fn retry_from(record: &EventRecord) -> DynamoDbEventResponse {
    let mut failure = DynamoDbBatchItemFailure::default();
    failure.item_identifier = Some(record.change.sequence_number.clone().unwrap_or_default());
    let mut response = DynamoDbEventResponse::default();
    response.batch_item_failures.push(failure);
    response
}

fn log_failure(record: &EventRecord, error: &Error) {
    tracing::error!(
        event_id = record::event_id(record),
        event_type = record::event_type(record),
        sequence_number = record.change.sequence_number,
        error = contracts::error::chain(error),
        "event not published, retried later"
    );
}
