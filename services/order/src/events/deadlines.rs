//! Reminders: a delayed message to this service's own queue for every deadline of an order.
//!
//! A reminder may be lost, late or doubled: the order decides by the clock, and the [sweep](super::sweep) finds what
//! no reminder came for.

use std::time::Duration;

use aws_sdk_sqs::Client;
use chrono::{DateTime, Utc};
use contracts::{OrderId, TraceContext};
use serde::{Deserialize, Serialize};
use tokio_util::task::TaskTracker;
use tracing::{Instrument, field::Empty};

use super::{read, saga, traced};
use crate::{
    AppState, clock,
    domain::{Input, Order},
    error::Error,
};

/// The longest that SQS delays a message. For a later deadline, the reminder reminds again.
const LONGEST_DELAY: Duration = Duration::from_secs(900);

/// What is in a reminder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Reminder {
    order_id: OrderId,
    /// The deadline that it is for: the order may have gone on to a later one, with a reminder of its own.
    deadline: DateTime<Utc>,
    traceparent: String,
}

/// Where reminders are sent.
#[derive(Debug, Clone)]
pub struct DeadlineQueue {
    sqs: Client,
    url: String,
    tasks: TaskTracker,
}

impl DeadlineQueue {
    /// The queue at `url`. Sending happens in `tasks`, behind the back of whoever places an order.
    pub fn new(sqs: Client, url: String, tasks: TaskTracker) -> Self {
        Self { sqs, url, tasks }
    }

    /// Sees to a reminder of the order's deadline, if it has one and it is not `before`, which has its reminder.
    pub fn arm_if_new(&self, before: Option<DateTime<Utc>>, order: &Order) {
        let Some(deadline) = order.state.deadline().filter(|deadline| Some(*deadline) != before) else { return };
        self.send(Reminder { order_id: order.id, deadline, traceparent: TraceContext::current().to_string() });
    }

    fn send(&self, reminder: Reminder) {
        let (sqs, url) = (self.sqs.clone(), self.url.clone());
        let span = tracing::Span::current();
        let send = async move {
            let body = serde_json::to_string(&reminder).expect("a reminder is made of texts");
            let message = sqs.send_message().queue_url(url).message_body(body).delay_seconds(delay(reminder.deadline));
            if let Err(error) = message.send().await {
                let cause = Error::from(error);
                tracing::warn!(order_id = %reminder.order_id, %cause, "no reminder was sent; the sweep will see to it");
            }
        };
        self.tasks.spawn(send.instrument(span));
    }
}

/// Seconds until `deadline`, rounded up, so that the reminder does not come too early.
fn delay(deadline: DateTime<Utc>) -> i32 {
    let left = (deadline - clock::now()).to_std().unwrap_or_default().min(LONGEST_DELAY);
    i32::try_from(left.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
}

/// Handles one reminder, within the trace of the request that set the deadline.
pub async fn handle(app: AppState, body: String) -> Result<(), Error> {
    let reminder: Reminder = read(&body)?;
    let (order_id, traceparent) = (reminder.order_id, reminder.traceparent.clone());
    let span = tracing::info_span!("deadline", otel.kind = "consumer", trace_id = Empty, %order_id);
    traced(Some(&traceparent), span, remind(&app, reminder)).await
}

async fn remind(app: &AppState, reminder: Reminder) -> Result<(), Error> {
    if clock::now() >= reminder.deadline {
        return saga::advance(app, reminder.order_id, &Input::DeadlinePassed, None).await;
    }
    let order = app.store.order(reminder.order_id).await?.ok_or(Error::UnknownOrder(reminder.order_id))?;
    if order.state.deadline() == Some(reminder.deadline) {
        app.deadlines.send(reminder);
    }
    Ok(())
}
