//! Messages: claimed before they are sent, settled afterwards. So an event leads to one message.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::EventId;
use serde::{Deserialize, Serialize};

use super::{RETENTION, Store};
use crate::{Error, domain::channel::Channel};

/// Duration of a claim. Longer than the function may run (30 s), so that the holder of an expired claim has ended;
/// shorter than the queue's visibility timeout (180 s), so that the next delivery can take over.
pub const LEASE: TimeDelta = TimeDelta::seconds(90);

/// Sort key of a message.
const MESSAGE: &str = "MESSAGE";

/// The exclusive right to send one message, until the lease expires.
#[derive(Debug)]
pub struct Claim {
    pk: String,
    /// Unix milliseconds. A later claim expires later, so this also identifies the claim.
    lease_until: i64,
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
}

/// Final outcome of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Sent; with the provider's id of the message.
    Sent(String),
    /// Rejected permanently; with the provider's reason.
    Failed(String),
}

/// `MESSAGE#<event id>#<channel>` / `MESSAGE`. Settling adds `note` and `settled_at`, for operators, and removes
/// `lease_until`.
#[derive(Serialize, Deserialize)]
pub(super) struct MessageItem {
    pk: String,
    sk: String,
    state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease_until: Option<i64>,
    event_type: String,
    claimed_at: DateTime<Utc>,
    expires_at: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Claimed,
    Sent,
    Failed,
    /// A state that this version does not know. Only claimed messages may be sent.
    #[serde(other)]
    Unknown,
}

impl Store {
    /// Claims the message of an event on a channel.
    pub async fn claim(
        &self,
        event_id: EventId,
        event_type: &str,
        channel: Channel,
        now: DateTime<Utc>,
    ) -> Result<ClaimOutcome, Error> {
        let claim =
            Claim { pk: format!("MESSAGE#{event_id}#{channel}"), lease_until: (now + LEASE).timestamp_millis() };
        let item = MessageItem {
            pk: claim.pk.clone(),
            sk: MESSAGE.to_owned(),
            state: State::Claimed,
            lease_until: Some(claim.lease_until),
            event_type: event_type.to_owned(),
            claimed_at: now,
            expires_at: (now + RETENTION).timestamp(),
        };
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(serde_dynamo::to_item(item)?))
            .condition_expression("attribute_not_exists(pk) OR (#state = :claimed AND lease_until < :now)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":claimed", AttributeValue::S("claimed".to_owned()))
            .expression_attribute_values(":now", AttributeValue::N(now.timestamp_millis().to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await.map_err(aws_sdk_dynamodb::Error::from) {
            Ok(_) => Ok(ClaimOutcome::Granted(claim)),
            Err(aws_sdk_dynamodb::Error::ConditionalCheckFailedException(failed)) => {
                let found: MessageItem = serde_dynamo::from_item(failed.item.unwrap_or_default())?;
                Ok(if found.state == State::Claimed { ClaimOutcome::Held } else { ClaimOutcome::Settled })
            }
            Err(error) => Err(Error::store(error)),
        }
    }

    /// Records the outcome of a claimed message, which is then never sent again. Fails if another delivery holds the
    /// claim, because the lease has expired.
    pub async fn settle(&self, claim: &Claim, outcome: &Outcome, now: DateTime<Utc>) -> Result<(), Error> {
        let (state, note) = match outcome {
            Outcome::Sent(provider_id) => ("sent", provider_id),
            Outcome::Failed(reason) => ("failed", reason),
        };
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(claim.pk.clone()))
            .key("sk", AttributeValue::S(MESSAGE.to_owned()))
            .update_expression("SET #state = :state, note = :note, settled_at = :now REMOVE lease_until")
            .condition_expression("lease_until = :ours")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", AttributeValue::S(state.to_owned()))
            .expression_attribute_values(":note", AttributeValue::S(note.clone()))
            .expression_attribute_values(":now", AttributeValue::S(now.to_rfc3339()))
            .expression_attribute_values(":ours", AttributeValue::N(claim.lease_until.to_string()))
            .send()
            .await
            .map_err(Error::store)?;
        Ok(())
    }

    /// Releases a claim, so that the next delivery does not have to wait until it expires. Fails if another delivery
    /// holds the claim, because the lease has expired.
    pub async fn release(&self, claim: &Claim) -> Result<(), Error> {
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
        Ok(())
    }
}
