//! Publishes the outbox to SNS. Several publishers may run: each locks its own rows.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use aws_sdk_sns::{
    Client,
    error::ProvideErrorMetadata,
    types::{BatchResultErrorEntry, MessageAttributeValue, PublishBatchRequestEntry},
};
use futures::future::join_all;
use sqlx::Connection;
use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::store::{
    Database,
    database::{LIMIT, within},
    outbox::{self, OutboxRow},
};

/// Events per call: the maximum of SNS.
const BATCH: usize = 10;
/// Concurrent calls.
const CONCURRENCY: usize = 10;
/// Interval of the sweep, which finds events without a notification: those of an import, after a crash, and postponed
/// ones.
const SWEEP: Duration = Duration::from_secs(2);

/// Publisher of the outbox.
#[derive(Debug)]
pub struct Publisher {
    /// Client of SNS.
    pub sns: Client,
    /// ARN of the topic.
    pub topic_arn: String,
    /// Database with the outbox.
    pub database: Database,
    /// Notifier that handlers use after a commit of events.
    pub notifier: Notifier,
}

/// Notifies the publisher of this process. Call it after the commit of events. Without it, events wait for the sweep.
#[derive(Debug, Clone, Default)]
pub struct Notifier(Arc<Notify>);

impl Notifier {
    /// Makes the publisher check the outbox.
    pub(crate) fn notify(&self) {
        self.0.notify_one();
    }
}

impl Publisher {
    /// Publishes until `shutdown`. Completes the batches in progress; other events wait for the next publisher.
    pub async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let has_more = self.publish_some().await.unwrap_or_else(|error| {
                tracing::warn!(error = format!("{error:#}"), "could not read or update the outbox; retrying");
                false
            });
            if !has_more {
                tokio::select! {
                    () = shutdown.cancelled() => {}
                    () = self.notifier.0.notified() => {}
                    () = sleep(SWEEP) => {}
                }
            }
        }
    }

    /// Publishes up to [`BATCH`] × [`CONCURRENCY`] events. Returns true if there may be more.
    ///
    /// The rows are deleted in a transaction that is open during the calls, so that no other publisher sends them as
    /// well. A crash rolls it back, and they are sent again: at-least-once delivery.
    pub async fn publish_some(&self) -> anyhow::Result<bool> {
        let limit = BATCH * CONCURRENCY;
        let mut lease = self.database.lease().await.context("could not lock events")?;
        let connection = lease.connection()?;
        let mut transaction = within(LIMIT, connection.begin()).await.context("could not lock events")?;
        let claim = outbox::claim(&mut transaction, i64::try_from(limit)?);
        let events = within(LIMIT, claim).await.context("could not lock events")?;
        if events.is_empty() {
            return Ok(false);
        }
        let results = join_all(events.chunks(BATCH).map(|batch| self.publish(batch))).await.concat();
        let with = |wanted| {
            let results = events.iter().zip(&results).filter(move |(_, result)| **result == wanted);
            results.map(|(event, _)| event).collect::<Vec<_>>()
        };
        let end = async {
            outbox::postpone(&mut transaction, &with(Published::Later)).await?;
            outbox::park(&mut transaction, &with(Published::Never)).await?;
            transaction.commit().await
        };
        within(LIMIT, end).await.context("could not remove published events")?;
        Ok(events.len() == limit)
    }

    /// Publishes a batch. Returns the results in its order.
    async fn publish(&self, batch: &[OutboxRow]) -> Vec<Published> {
        let call = async {
            let entries: Vec<_> = batch.iter().map(entry).collect::<Result<_, _>>()?;
            let request = self.sns.publish_batch().topic_arn(&self.topic_arn);
            anyhow::Ok(request.set_publish_batch_request_entries(Some(entries)).send().await)
        };
        let error = match call.await {
            Ok(Ok(response)) => return results(batch, response.failed()),
            Ok(Err(error)) => {
                let reason = format!("{} {}", error.code().unwrap_or_default(), error.message().unwrap_or_default());
                if is_refusal(&reason) && batch.len() > 1 {
                    // One event may be the reason, and SNS does not say which.
                    return join_all(batch.iter().map(|event| Box::pin(self.publish(std::slice::from_ref(event)))))
                        .await
                        .concat();
                }
                if is_refusal(&reason) {
                    return batch.iter().map(|event| refused(event.id, &reason)).collect();
                }
                anyhow::Error::from(error)
            }
            Err(error) => error,
        };
        tracing::warn!(error = format!("{error:#}"), events = batch.len(), "could not publish events to SNS");
        vec![Published::Later; batch.len()]
    }
}

/// Result of an attempt to publish an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Published {
    Done,
    /// Another attempt may succeed.
    Later,
    /// SNS refuses the event itself.
    Never,
}

fn results(batch: &[OutboxRow], failed: &[BatchResultErrorEntry]) -> Vec<Published> {
    let result = |event: &OutboxRow| {
        let Some(failure) = failed.iter().find(|failure| failure.id() == event.id.to_string()) else {
            return Published::Done;
        };
        let reason = format!("{} {}", failure.code(), failure.message().unwrap_or_default());
        refused(event.id, &reason)
    };
    batch.iter().map(result).collect()
}

/// Logs why SNS did not accept an event, and decides what becomes of it.
fn refused(outbox_id: i64, reason: &str) -> Published {
    if is_refusal(reason) {
        tracing::error!(outbox_id, error = reason, "SNS refuses an event; it is parked");
        Published::Never
    } else {
        tracing::warn!(outbox_id, error = reason, "SNS rejected an event; it is retried");
        Published::Later
    }
}

/// True if SNS refuses the event itself, and would refuse it again. Everything else can be fixed without the event: an
/// outage, throttling, a permission, the key, a wrong topic. SNS's flag `SenderFault` includes those.
fn is_refusal(reason: &str) -> bool {
    const CODES: [&str; 4] =
        ["InvalidParameter", "ParameterValueInvalid", "ValidationException", "BatchRequestTooLong"];
    CODES.iter().any(|code| reason.starts_with(code)) && !reason.contains("TopicArn")
}

fn entry(event: &OutboxRow) -> anyhow::Result<PublishBatchRequestEntry> {
    let kind = MessageAttributeValue::builder().data_type("String").string_value(&event.event_type).build()?;
    let entry = PublishBatchRequestEntry::builder()
        .id(event.id.to_string())
        .message(&event.event)
        .message_attributes("type", kind)
        .build()?;
    Ok(entry)
}
