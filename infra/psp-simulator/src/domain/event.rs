//! Webhook events.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// A webhook event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// `evt_…`, the same in every delivery of the event.
    pub(crate) id: String,
    /// Event type, for example `payment_intent.succeeded`.
    pub(crate) kind: &'static str,
    /// Snapshot of the object when the event occurred.
    pub(super) object: Value,
    pub(super) created: DateTime<Utc>,
}

impl Event {
    /// Returns the request body of the webhook.
    pub(crate) fn body(&self) -> Value {
        json!({
            "id": self.id,
            "object": "event",
            "type": self.kind,
            "created": self.created.timestamp(),
            "livemode": false,
            "pending_webhooks": 1,
            "data": { "object": self.object },
        })
    }
}
