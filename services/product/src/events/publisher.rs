//! Publishes the outbox to SNS. Several publishers may run: each locks its own rows.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use aws_sdk_sns::{
    Client,
    types::{MessageAttributeValue, PublishBatchRequestEntry},
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
    /// The rows stay locked during the calls, so that no other publisher sends them as well. A crash unlocks them, and
    /// they are sent again: at-least-once delivery.
    async fn publish_some(&self) -> anyhow::Result<bool> {
        let limit = BATCH * CONCURRENCY;
        let mut lease = self.database.lease().await.context("could not lock events")?;
        let connection = lease.connection()?;
        let mut transaction = within(LIMIT, connection.begin()).await.context("could not lock events")?;
        let claim = outbox::claim(&mut transaction, i64::try_from(limit)?);
        let events = within(LIMIT, claim).await.context("could not lock events")?;
        if events.is_empty() {
            return Ok(false);
        }
        let published: Vec<i64> = join_all(events.chunks(BATCH).map(|batch| self.publish(batch))).await.concat();
        let failed: Vec<i64> = events.iter().map(|event| event.id).filter(|id| !published.contains(id)).collect();
        let end = async {
            outbox::remove(&mut transaction, &published).await?;
            if !failed.is_empty() {
                outbox::postpone(&mut transaction, &failed).await?;
            }
            transaction.commit().await
        };
        within(LIMIT, end).await.context("could not remove published events")?;
        Ok(events.len() == limit)
    }

    /// Publishes a batch. Returns the ids of the published rows.
    async fn publish(&self, batch: &[OutboxRow]) -> Vec<i64> {
        let call = async {
            let entries: Vec<_> = batch.iter().map(entry).collect::<Result<_, _>>()?;
            let request = self.sns.publish_batch().topic_arn(&self.topic_arn);
            anyhow::Ok(request.set_publish_batch_request_entries(Some(entries)).send().await?)
        };
        match call.await {
            Ok(response) => {
                for failed in response.failed() {
                    tracing::warn!(outbox_id = failed.id(), error = failed.code(), "SNS rejected an event");
                }
                response.successful().iter().filter_map(|entry| entry.id()?.parse().ok()).collect()
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), events = batch.len(), "could not publish events to SNS");
                Vec::new()
            }
        }
    }
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
