//! Claims: the exclusive right to send a message, until it is settled or released.

use std::collections::HashMap;

use aws_sdk_dynamodb::{operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue};
use chrono::{DateTime, TimeDelta, Utc};

use super::Store;
use crate::{Error, domain::notice::OrderNoticeKind};

/// Duration of a claim. Longer than the function may run (30 s), so that the holder of an expired claim has ended;
/// shorter than the queue's visibility timeout (180 s), so that the next delivery can take over.
pub const LEASE: TimeDelta = TimeDelta::seconds(90);

/// Sort key of a message.
pub(super) const MESSAGE: &str = "MESSAGE";

/// The exclusive right to send one message, until the lease expires.
#[derive(Debug)]
pub struct Claim {
    pub(super) pk: String,
    /// Unix milliseconds. A later claim expires later, so this also identifies the claim.
    pub(super) lease_until: i64,
    pub(super) claimed: Claimed,
}

/// The message of a claim.
#[derive(Debug, Clone, Copy)]
pub(super) enum Claimed {
    /// The only message of an event: the item is about it alone.
    Event,
    /// One of an order's messages, which share an item.
    OfOrder(OrderNoticeKind),
}

/// Outcome of a claim.
#[derive(Debug)]
pub enum ClaimOutcome {
    /// The caller sends the message.
    Granted(Claim),
    /// Another delivery holds the claim.
    Held,
    /// The message was sent, or rejected permanently.
    Settled,
    /// A newer state of the order is known, which contradicts the message.
    Superseded,
}

/// Final outcome of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Sent; with the provider's id of the message.
    Sent(String),
    /// Rejected permanently; with the provider's reason.
    Failed(String),
}

impl Store {
    /// Records the outcome of a claimed message, which is then never sent again. Fails if another delivery holds the
    /// claim, because the lease has expired.
    pub async fn settle(&self, claim: &Claim, outcome: &Outcome, now: DateTime<Utc>) -> Result<(), Error> {
        let (state, note) = match outcome {
            Outcome::Sent(provider_id) => ("sent", provider_id),
            Outcome::Failed(reason) => ("failed", reason),
        };
        let (state, note) = (AttributeValue::S(state.to_owned()), AttributeValue::S(note.clone()));
        let now = AttributeValue::S(now.to_rfc3339());
        let update = match claim.claimed {
            Claimed::Event => self
                .update(claim)
                .update_expression("SET #state = :state, note = :note, settled_at = :now REMOVE lease_until")
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":state", state)
                .expression_attribute_values(":note", note)
                .expression_attribute_values(":now", now),
            Claimed::OfOrder(kind) => {
                let settled = [("state", state), ("note", note), ("settled_at", now)];
                let settled: HashMap<_, _> = settled.map(|(name, value)| (name.to_owned(), value)).into();
                self.update(claim)
                    .update_expression("SET settled.#kind = :settled REMOVE lease_until")
                    .expression_attribute_names("#kind", kind.as_str())
                    .expression_attribute_values(":settled", AttributeValue::M(settled))
            }
        };
        update.send().await.map_err(Error::store)?;
        Ok(())
    }

    /// Releases a claim, so that the next delivery does not have to wait until it expires. Fails if another delivery
    /// holds the claim, because the lease has expired.
    ///
    /// The item of an order stays: it holds the highest known sequence.
    pub async fn release(&self, claim: &Claim) -> Result<(), Error> {
        match claim.claimed {
            Claimed::Event => {
                self.client
                    .delete_item()
                    .table_name(&self.table)
                    .key("pk", AttributeValue::S(claim.pk.clone()))
                    .key("sk", AttributeValue::S(MESSAGE.to_owned()))
                    .condition_expression("lease_until = :ours")
                    .expression_attribute_values(":ours", AttributeValue::N(claim.lease_until.to_string()))
                    .send()
                    .await
                    .map_err(Error::store)?;
            }
            Claimed::OfOrder(_) => {
                self.update(claim).update_expression("REMOVE lease_until").send().await.map_err(Error::store)?;
            }
        }
        Ok(())
    }

    /// An update by the holder of the claim.
    fn update(&self, claim: &Claim) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(claim.pk.clone()))
            .key("sk", AttributeValue::S(MESSAGE.to_owned()))
            .condition_expression("lease_until = :ours")
            .expression_attribute_values(":ours", AttributeValue::N(claim.lease_until.to_string()))
    }
}
