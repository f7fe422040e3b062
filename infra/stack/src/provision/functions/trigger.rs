//! Event source mappings: which queue or stream invokes a function, and how.

use anyhow::Context;
use aws_sdk_lambda::{
    Client,
    types::{
        EventSourceMappingConfiguration, EventSourcePosition, Filter, FilterCriteria, FunctionResponseType,
        ScalingConfig,
    },
};

/// Picks the outbox items out of a table's stream: those with the attribute `event`. Not only new ones, so that an
/// operator can have an event published again by touching its item.
const OUTBOX_ITEMS: &str = r#"{"dynamodb":{"NewImage":{"event":{"S":[{"exists":true}]}}}}"#;

/// How often a batch of a stream is tried. Until then the rest of its shard waits, so it is not for ever; but an
/// outage of SNS must not use it up either.
const STREAM_ATTEMPTS: i32 = 1000;

/// Has a queue's messages handed to a function in batches, of which it reports the failed messages.
pub(super) async fn queue(
    lambda: &Client,
    function: &str,
    queue_arn: &str,
    batch_size: u32,
    maximum_concurrency: u32,
) -> anyhow::Result<()> {
    let scaling = ScalingConfig::builder().maximum_concurrency(maximum_concurrency.cast_signed()).build();
    match find(lambda, function, queue_arn).await? {
        None => {
            lambda
                .create_event_source_mapping()
                .function_name(function)
                .event_source_arn(queue_arn)
                .batch_size(batch_size.cast_signed())
                .scaling_config(scaling)
                .function_response_types(FunctionResponseType::ReportBatchItemFailures)
                .send()
                .await?;
        }
        Some(mapping)
            if mapping.batch_size == Some(batch_size.cast_signed())
                && mapping.scaling_config.as_ref() == Some(&scaling) => {}
        Some(mapping) => {
            let change = lambda.update_event_source_mapping().set_uuid(mapping.uuid);
            change.batch_size(batch_size.cast_signed()).scaling_config(scaling).send().await?;
        }
    }
    Ok(())
}

/// Has the outbox items of a table's stream handed to a function in batches, from the oldest on. It reports the failed
/// records; a batch that fails as a whole is halved, until the one that cannot be published stands alone.
pub(super) async fn stream(lambda: &Client, function: &str, stream_arn: &str, batch_size: u32) -> anyhow::Result<()> {
    let filter = Filter::builder().pattern(OUTBOX_ITEMS).build();
    let filter = FilterCriteria::builder().filters(filter).build();
    match find(lambda, function, stream_arn).await? {
        None => {
            lambda
                .create_event_source_mapping()
                .function_name(function)
                .event_source_arn(stream_arn)
                .starting_position(EventSourcePosition::TrimHorizon)
                .batch_size(batch_size.cast_signed())
                .filter_criteria(filter)
                .function_response_types(FunctionResponseType::ReportBatchItemFailures)
                .bisect_batch_on_function_error(true)
                .maximum_retry_attempts(STREAM_ATTEMPTS)
                .send()
                .await?;
        }
        Some(mapping)
            if mapping.batch_size == Some(batch_size.cast_signed())
                && mapping.filter_criteria.as_ref() == Some(&filter) => {}
        Some(mapping) => {
            let change = lambda.update_event_source_mapping().set_uuid(mapping.uuid);
            change.batch_size(batch_size.cast_signed()).filter_criteria(filter).send().await?;
        }
    }
    Ok(())
}

async fn find(
    lambda: &Client,
    function: &str,
    source_arn: &str,
) -> anyhow::Result<Option<EventSourceMappingConfiguration>> {
    let mappings = lambda.list_event_source_mappings().function_name(function).event_source_arn(source_arn);
    let mappings = mappings.send().await.context("cannot list what triggers it")?;
    Ok(mappings.event_source_mappings.unwrap_or_default().into_iter().next())
}
