//! What the processor tells by webhook.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// One thing to tell, with the object as it was then.
#[derive(Debug, Clone)]
pub struct Event {
    /// `evt_…`; the same in every delivery of the event.
    pub id: String,
    /// Such as `payment_intent.succeeded`.
    pub kind: &'static str,
    /// The object that the event is about.
    pub object: Value,
    /// When it happened.
    pub created: DateTime<Utc>,
}

impl Event {
    /// The body of the webhook.
    pub fn body(&self) -> Value {
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
