//! Reminders: for every deadline of an order, a delayed message to the service's own queue.
//!
//! A reminder may be lost, late or duplicated: the order decides by the clock, and the
//! [sweep](crate::events::sweep) finds orders without a reminder.

use std::time::Duration;

use aws_sdk_sqs::Client;
use chrono::{DateTime, Utc};
use contracts::{OrderId, TraceContext};
use serde::{Deserialize, Serialize};
use tracing::Instrument;

use crate::{clock, domain::Order};

/// The maximum delay of SQS. For a later deadline, the reminder schedules another one.
const MAX_DELAY: Duration = Duration::from_secs(900);

/// Message body of a reminder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    /// Order.
    pub order_id: OrderId,
    /// Deadline that the reminder was scheduled for. The order may have a later one by now, with its own reminder.
    pub deadline: DateTime<Utc>,
    /// Trace of the request that set the deadline.
    pub traceparent: String,
}

/// Schedules reminders.
#[derive(Debug, Clone)]
pub struct Reminders {
    sqs: Client,
    url: String,
}

impl Reminders {
    /// Creates reminders on the queue at `url`.
    pub fn new(sqs: Client, url: String) -> Self {
        Self { sqs, url }
    }

    /// Schedules a reminder of the order's deadline, unless it is the same as `before`, which has a reminder.
    pub(crate) fn schedule_if_changed(&self, before: Option<DateTime<Utc>>, order: &Order) {
        let Some(deadline) = order.state.deadline().filter(|deadline| Some(*deadline) != before) else { return };
        self.schedule(Reminder { order_id: order.id, deadline, traceparent: TraceContext::current().to_string() });
    }

    /// Sends a reminder in the background.
    pub(crate) fn schedule(&self, reminder: Reminder) {
        let (sqs, url) = (self.sqs.clone(), self.url.clone());
        let span = tracing::Span::current();
        let send = async move {
            let body = serde_json::to_string(&reminder).expect("a reminder consists of strings");
            let message = sqs.send_message().queue_url(url).message_body(body).delay_seconds(delay(reminder.deadline));
            if let Err(error) = message.send().await {
                let error = contracts::error::chain(&error);
                tracing::warn!(order_id = %reminder.order_id, error, "could not send reminder; the sweep replaces it");
            }
        };
        tokio::spawn(send.instrument(span));
    }
}

/// Seconds until `deadline`, rounded up, so that the reminder is not early.
fn delay(deadline: DateTime<Utc>) -> i32 {
    let left = (deadline - clock::now()).to_std().unwrap_or_default().min(MAX_DELAY);
    i32::try_from(left.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
}
