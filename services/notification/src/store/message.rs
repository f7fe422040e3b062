//! The mark that makes a message one message: claimed before it is sent, settled after.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::EventId;
use serde::{Deserialize, Serialize};

use super::{RETENTION, Store};
use crate::{Error, domain::channel::Channel};

/// How long a claim stands. Longer than the function may run (30 s), so that whoever finds it expired knows that its
/// holder is gone; shorter than the queue's visibility timeout (180 s), so that the next delivery takes over.
pub const LEASE: TimeDelta = TimeDelta::seconds(90);

/// The sort key of every message.
const MESSAGE: &str = "MESSAGE";

/// The right to send one message, until the lease ends.
#[derive(Debug)]
pub struct Claim {
    pk: String,
    /// Unix milliseconds. A later claim has a later end, so this also tells whose claim it is.
    lease_until: i64,
}

/// The answer to a claim.
#[derive(Debug)]
pub enum Claimed {
    /// Go on and send.
    Ours(Claim),
    /// Somebody else is about to send it.
    Held,
    /// It was sent, or was refused for good.
    Settled,
}

/// How a message ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Sent; with the carrier's id of it.
    Sent(String),
    /// Refused for good; with the carrier's reason.
    Failed(String),
}

#[derive(Serialize, Deserialize)]
struct MessageItem {
    pk: String,
    sk: String,
    state: State,
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
}

impl Store {
    /// Asks for the right to send the message of an event by a channel.
    ///
    /// # Errors
    /// Where the table cannot be written.
    pub async fn claim(
        &self,
        event_id: EventId,
        event_type: &str,
        channel: Channel,
        now: DateTime<Utc>,
    ) -> Result<Claimed, Error> {
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
            Ok(_) => Ok(Claimed::Ours(claim)),
            Err(aws_sdk_dynamodb::Error::ConditionalCheckFailedException(failed)) => {
                let found: MessageItem = serde_dynamo::from_item(failed.item.unwrap_or_default())?;
                Ok(if found.state == State::Claimed { Claimed::Held } else { Claimed::Settled })
            }
            Err(error) => Err(Error::store(error)),
        }
    }

    /// Records how a claimed message ended. From now on nobody sends it.
    ///
    /// # Errors
    /// Where the table cannot be written, or where the lease ended and somebody else has the claim.
    pub async fn settle(&self, claim: &Claim, settled: &Settled, now: DateTime<Utc>) -> Result<(), Error> {
        let (state, note) = match settled {
            Settled::Sent(carrier_id) => ("sent", carrier_id),
            Settled::Failed(reason) => ("failed", reason),
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

    /// Gives a claim back, so that the next delivery need not wait for the lease to end.
    ///
    /// # Errors
    /// Where the table cannot be written, or where the lease ended and somebody else has the claim.
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
