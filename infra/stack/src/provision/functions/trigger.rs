//! Event source mappings of Lambda functions.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};

use super::differs;
use crate::aws_api::{AwsApi, text};

/// Filter for outbox items, which have the attribute `event`. It matches new and modified items, so that an operator
/// can publish an event again by writing its item.
const OUTBOX_ITEMS: &str = r#"{"dynamodb":{"NewImage":{"event":{"S":[{"exists":true}]}}}}"#;

/// Age at which a record of a stream is discarded, in seconds: a stream keeps records for 24 hours.
const MAX_RECORD_AGE: u32 = 23 * 60 * 60;

const PATH: &str = "/2015-03-31/event-source-mappings/";

/// Maps a queue to a function that reports the failed messages of a batch.
pub(super) async fn queue(
    aws: &AwsApi,
    function: &str,
    queue_arn: &str,
    batch_size: u32,
    maximum_concurrency: u32,
) -> Result<()> {
    let settings = json!({ "BatchSize": batch_size, "ScalingConfig": { "MaximumConcurrency": maximum_concurrency } });
    ensure(aws, function, queue_arn, settings, json!({})).await
}

/// Maps the outbox items of a table's stream to a function that reports the failed records. A batch that fails as a
/// whole is bisected. Retries are limited by the age of the records only.
pub(super) async fn stream(
    aws: &AwsApi,
    function: &str,
    stream_arn: &str,
    batch_size: u32,
    failure_queue_arn: &str,
) -> Result<()> {
    let settings = json!({
        "BatchSize": batch_size,
        "FilterCriteria": { "Filters": [{ "Pattern": OUTBOX_ITEMS }] },
        "MaximumRetryAttempts": -1,
        "MaximumRecordAgeInSeconds": MAX_RECORD_AGE,
        "DestinationConfig": { "OnFailure": { "Destination": failure_queue_arn } },
    });
    let fixed = json!({ "StartingPosition": "TRIM_HORIZON", "BisectBatchOnFunctionError": true });
    ensure(aws, function, stream_arn, settings, fixed).await
}

/// Creates or updates a mapping. The settings in `fixed` apply only to its creation.
async fn ensure(aws: &AwsApi, function: &str, source_arn: &str, settings: Value, fixed: Value) -> Result<()> {
    let query = format!("{PATH}?FunctionName={function}&EventSourceArn={source_arn}");
    let existing = aws.rest("lambda", Method::GET, &query, &Value::Null).await?;
    let Some(mapping) = existing["EventSourceMappings"].get(0) else {
        let mut mapping = json!({
            "FunctionName": function,
            "EventSourceArn": source_arn,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        });
        extend(&mut mapping, settings);
        extend(&mut mapping, fixed);
        aws.rest("lambda", Method::POST, PATH, &mapping).await?;
        return Ok(());
    };
    if differs(mapping, &settings) {
        let path = format!("{PATH}{}", text(mapping, "UUID")?);
        aws.rest("lambda", Method::PUT, &path, &settings).await?;
    }
    Ok(())
}

fn extend(object: &mut Value, with: Value) {
    if let (Value::Object(object), Value::Object(with)) = (object, with) {
        object.extend(with);
    }
}
