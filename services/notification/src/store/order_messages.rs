//! Messages about an order, in one item per channel: one of each kind, and none that a newer state of the order
//! contradicts.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, Utc};
use contracts::{EventId, OrderId, UserId};
use serde::{Deserialize, Serialize};

use super::{
    CONTACT, RETENTION, Store,
    claim::{Claim, ClaimOutcome, Claimed, LEASE, MESSAGE},
    contact::ContactItem,
    message::{MessageItem, message_key},
    user_key,
};
use crate::{
    Error,
    domain::{channel::Channel, contact::Recipient, notice::OrderNoticeKind},
};

/// `ORDER#<order id>#<channel>` / `MESSAGE`.
#[derive(Serialize, Deserialize)]
pub(super) struct OrderMessagesItem {
    pk: String,
    sk: String,
    /// Version of the order in the newest event that was handled.
    sequence: u64,
    /// The event of the last claim, for operators.
    event_id: EventId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease_until: Option<i64>,
    /// Messages that were sent or rejected permanently, by kind.
    settled: BTreeMap<String, SettledMessage>,
    claimed_at: DateTime<Utc>,
    expires_at: i64,
}

/// Record of a settled message, for operators.
#[derive(Serialize, Deserialize)]
struct SettledMessage {
    state: String,
    note: String,
    settled_at: String,
}

impl OrderMessagesItem {
    /// Returns the reason why a message is not sent: the first one that no later delivery changes.
    fn refusal(&self, sequence: u64, kind: OrderNoticeKind) -> ClaimOutcome {
        if self.settled.contains_key(kind.as_str()) {
            ClaimOutcome::Settled
        } else if self.sequence > sequence {
            ClaimOutcome::Superseded
        } else {
            ClaimOutcome::Held
        }
    }
}

impl Store {
    /// Claims the message of the event `event_id` about an order's version `sequence`.
    pub async fn claim_of_order(
        &self,
        (order_id, kind): (OrderId, OrderNoticeKind),
        sequence: u64,
        event_id: EventId,
        channel: Channel,
        now: DateTime<Utc>,
    ) -> Result<ClaimOutcome, Error> {
        let lease_until = (now + LEASE).timestamp_millis();
        let claim = Claim { pk: format!("ORDER#{order_id}#{channel}"), lease_until, claimed: Claimed::OfOrder(kind) };
        let number = |number: i64| AttributeValue::N(number.to_string());
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(claim.pk.clone()))
            .key("sk", AttributeValue::S(MESSAGE.to_owned()))
            .update_expression(
                "SET #sequence = :sequence, event_id = :event_id, lease_until = :lease_until, \
                 settled = if_not_exists(settled, :none), claimed_at = :claimed_at, expires_at = :expires_at",
            )
            .condition_expression(
                "attribute_not_exists(pk) OR (#sequence <= :sequence AND attribute_not_exists(settled.#kind) \
                 AND (attribute_not_exists(lease_until) OR lease_until < :now))",
            )
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_names("#kind", kind.as_str())
            .expression_attribute_values(":sequence", AttributeValue::N(sequence.to_string()))
            .expression_attribute_values(":event_id", AttributeValue::S(event_id.to_string()))
            .expression_attribute_values(":lease_until", number(lease_until))
            .expression_attribute_values(":none", AttributeValue::M([].into()))
            .expression_attribute_values(":claimed_at", serde_dynamo::to_attribute_value(now)?)
            .expression_attribute_values(":expires_at", number((now + RETENTION).timestamp()))
            .expression_attribute_values(":now", number(now.timestamp_millis()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await.map_err(aws_sdk_dynamodb::Error::from) {
            Ok(_) => Ok(ClaimOutcome::Granted(claim)),
            Err(aws_sdk_dynamodb::Error::ConditionalCheckFailedException(failed)) => {
                let found: OrderMessagesItem = serde_dynamo::from_item(failed.item.unwrap_or_default())?;
                Ok(found.refusal(sequence, kind))
            }
            Err(error) => Err(Error::store(error)),
        }
    }

    /// Returns the recipient for a user, and the reason why the previous version's item of the event (`MESSAGE#…`)
    /// forbids its message, if any. One consistent read of both.
    pub async fn recipient_unless_handled(
        &self,
        user_id: UserId,
        event_id: EventId,
        channel: Channel,
        now: DateTime<Utc>,
    ) -> Result<(Recipient, Option<ClaimOutcome>), Error> {
        let (user_key, message_key) = (user_key(user_id), message_key(event_id, channel));
        let mut keys = KeysAndAttributes::builder().consistent_read(true);
        for (pk, sk) in [(&user_key, CONTACT), (&message_key, MESSAGE)] {
            let key = [("pk", pk.clone()), ("sk", sk.to_owned())];
            keys = keys.keys(key.map(|(name, text)| (name.to_owned(), AttributeValue::S(text))).into());
        }
        let keys = keys.build().expect("keys are set");
        let response = self.client.batch_get_item().request_items(&self.table, keys).send().await;
        let response = response.map_err(Error::store)?;
        if response.unprocessed_keys().is_some_and(|keys| !keys.is_empty()) {
            return Err(Error::Store("DynamoDB throttled BatchGetItem".into()));
        }
        let (mut recipient, mut refusal) = (Recipient::Unknown, None);
        for item in response.responses.unwrap_or_default().remove(&self.table).unwrap_or_default() {
            if item.get("pk").and_then(|pk| pk.as_s().ok()) == Some(&user_key) {
                recipient = serde_dynamo::from_item::<_, ContactItem>(item)?.into();
            } else {
                refusal = serde_dynamo::from_item::<_, MessageItem>(item)?.refusal(now);
            }
        }
        Ok((recipient, refusal))
    }
}
