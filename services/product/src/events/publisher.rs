//! From the outbox to the topic. Any number of publishers may run: each claims its own rows.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use aws_sdk_sns::{
    Client,
    types::{MessageAttributeValue, PublishBatchRequestEntry},
};
use futures::future::join_all;
use sqlx::PgPool;
use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::store::outbox::{self, Waiting};

/// The most entries that one call to the topic takes.
const BATCH: usize = 10;
/// How many calls are under way at once.
const BATCHES_AT_ONCE: usize = 10;
/// How long an event can wait that nobody woke the publisher for: what an import wrote, what a crash left behind, what is
/// due again.
const SWEEP: Duration = Duration::from_secs(2);

/// The publisher's loop.
#[derive(Debug)]
pub struct Publisher {
    /// The client of the topic.
    pub sns: Client,
    /// The topic.
    pub topic_arn: String,
    /// The store.
    pub pool: PgPool,
    /// Who commits events, wakes it by this.
    pub notifier: Notifier,
}

/// Notifiers this instance's publisher. Call it after the commit of events; forgetting it costs a moment, not an event.
#[derive(Debug, Clone, Default)]
pub struct Notifier(Arc<Notify>);

impl Notifier {
    /// There may be events.
    pub fn notify(&self) {
        self.0.notify_one();
    }
}

impl Publisher {
    /// Publishes until `shutdown`. What is claimed then is still published; what is not waits for the next publisher.
    pub async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let may_be_more = self.publish_some().await.unwrap_or_else(|error| {
                tracing::warn!(error = format!("{error:#}"), "publishing failed; it is tried again");
                false
            });
            if !may_be_more {
                tokio::select! {
                    () = shutdown.cancelled() => {}
                    () = self.notifier.0.notified() => {}
                    () = sleep(SWEEP) => {}
                }
            }
        }
    }

    /// Publishes up to [`BATCH`] x [`BATCHES_AT_ONCE`] events. True if there may be more.
    ///
    /// The rows stay locked while the topic answers, so that no other publisher sends them too. A crash in between
    /// unlocks them, and they are sent again: at least once.
    async fn publish_some(&self) -> anyhow::Result<bool> {
        let mut transaction = self.pool.begin().await.context("cannot claim events")?;
        let limit = BATCH * BATCHES_AT_ONCE;
        let waiting = outbox::claim(&mut transaction, i64::try_from(limit)?).await.context("cannot claim events")?;
        if waiting.is_empty() {
            return Ok(false);
        }
        let published: Vec<i64> = join_all(waiting.chunks(BATCH).map(|batch| self.publish(batch))).await.concat();
        let refused: Vec<i64> = waiting.iter().map(|event| event.id).filter(|id| !published.contains(id)).collect();
        outbox::remove(&mut transaction, &published).await.context("cannot remove published events")?;
        if !refused.is_empty() {
            outbox::postpone(&mut transaction, &refused).await.context("cannot postpone events")?;
        }
        transaction.commit().await.context("cannot remove published events")?;
        Ok(waiting.len() == limit)
    }

    /// Publishes a batch; gives back the rows that the topic took.
    async fn publish(&self, batch: &[Waiting]) -> Vec<i64> {
        let call = async {
            let entries: Vec<_> = batch.iter().map(entry).collect::<Result<_, _>>()?;
            let request = self.sns.publish_batch().topic_arn(&self.topic_arn);
            anyhow::Ok(request.set_publish_batch_request_entries(Some(entries)).send().await?)
        };
        match call.await {
            Ok(answer) => {
                for failed in answer.failed() {
                    tracing::warn!(outbox_id = failed.id(), code = failed.code(), "the topic refused an event");
                }
                answer.successful().iter().filter_map(|entry| entry.id()?.parse().ok()).collect()
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), events = batch.len(), "the topic did not take a batch");
                Vec::new()
            }
        }
    }
}

fn entry(event: &Waiting) -> anyhow::Result<PublishBatchRequestEntry> {
    let kind = MessageAttributeValue::builder().data_type("String").string_value(&event.event_type).build()?;
    let entry = PublishBatchRequestEntry::builder()
        .id(event.id.to_string())
        .message(&event.event)
        .message_attributes("type", kind)
        .build()?;
    Ok(entry)
}
