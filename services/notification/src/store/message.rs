//! Messages about accounts: claimed before they are sent, settled afterwards. So an event leads to one message.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, Utc};
use contracts::EventId;
use serde::{Deserialize, Serialize};

use super::{
    RETENTION, Store,
    claim::{Claim, ClaimOutcome, Claimed, LEASE, MESSAGE},
};
use crate::{Error, domain::channel::Channel};

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

impl MessageItem {
    /// Returns the reason why the message is not sent at `now`, if any.
    pub(super) fn refusal(&self, now: DateTime<Utc>) -> Option<ClaimOutcome> {
        match (self.state, self.lease_until) {
            (State::Claimed, Some(lease_until)) if lease_until < now.timestamp_millis() => None,
            (State::Claimed, _) => Some(ClaimOutcome::Held),
            _ => Some(ClaimOutcome::Settled),
        }
    }
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
        let lease_until = (now + LEASE).timestamp_millis();
        let item = MessageItem {
            pk: message_key(event_id, channel),
            sk: MESSAGE.to_owned(),
            state: State::Claimed,
            lease_until: Some(lease_until),
            event_type: event_type.to_owned(),
            claimed_at: now,
            expires_at: (now + RETENTION).timestamp(),
        };
        let claim = Claim { pk: item.pk.clone(), lease_until, claimed: Claimed::Event };
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
                Ok(found.refusal(now).unwrap_or(ClaimOutcome::Held))
            }
            Err(error) => Err(Error::store(error)),
        }
    }
}

pub(super) fn message_key(event_id: EventId, channel: Channel) -> String {
    format!("MESSAGE#{event_id}#{channel}")
}
