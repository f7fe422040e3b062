mod record;

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use contracts::outbox::OutboxItem;
use futures::{StreamExt, stream};

use crate::{Error, Topic, domain::batch, topic};

/// How many calls to SNS are under way at once.
const CONCURRENCY: usize = 4;

/// Publishes the events among a batch of stream records, and tells Lambda from where on to repeat.
///
/// Lambda repeats from the lowest sequence number that is reported, so only that one is. Records behind it are
/// published nevertheless, now and at every repetition: when Lambda gives up on a record that can never be published,
/// it gives up on the rest of its batch too, and nothing of the rest may be lost by that. Consumers know events by id.
///
/// # Errors
/// Where SNS took nothing at all, and may take all of it later: Lambda repeats the whole batch then, as it would
/// after a report of the first record, and the function's error count tells the operator of the outage.
pub async fn handle(topic: &Topic, event: Event) -> Result<DynamoDbEventResponse, Error> {
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
    let outcomes = publish_all(topic, &items).await;
    let published = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    failures.extend(positions.iter().zip(outcomes).filter_map(|(at, outcome)| Some((*at, outcome.err()?))));
    failures.sort_by_key(|(position, _)| *position);

    for (position, error) in &failures {
        log_failure(&records[*position], error);
    }
    tracing::info!(records = records.len(), published, failed = failures.len(), "batch relayed");

    match failures.into_iter().next() {
        None => Ok(DynamoDbEventResponse::default()),
        Some((_, outage)) if published == 0 && outage.is_retryable() => Err(outage),
        Some((position, _)) => Ok(repeat_from(&records[position])),
    }
}

/// Publishes in order, several batches at once. The outcomes are in the order of the items.
async fn publish_all(topic: &Topic, items: &[OutboxItem]) -> Vec<Result<(), Error>> {
    let sizes: Vec<usize> = items.iter().map(topic::size_of).collect();
    let calls = batch::cut(&sizes).into_iter().map(|range| topic.publish(&items[range]));
    let outcomes: Vec<_> = stream::iter(calls).buffered(CONCURRENCY).collect().await;
    outcomes.into_iter().flatten().collect()
}

/// A record without a sequence number is reported by an empty one, which Lambda takes for the whole batch.
fn repeat_from(record: &EventRecord) -> DynamoDbEventResponse {
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
        is_retryable = error.is_retryable(),
        %error,
        "the event is not published"
    );
}
