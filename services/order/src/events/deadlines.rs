//! Reminders: apply the deadline, in the trace of the request that set it.

use tracing::field::Empty;

use super::{parse, traced};
use crate::{AppState, clock, domain::Input, error::Error, reminders::Reminder, saga};

/// Handles one reminder; the error is logged.
pub async fn handle(app: AppState, body: String) -> Result<(), Error> {
    let reminder: Reminder = parse(&body)?;
    let traceparent = reminder.traceparent.clone();
    let span = tracing::info_span!(
        "deadline",
        otel.kind = "consumer",
        trace_id = Empty,
        order_id = %reminder.order_id,
    );
    traced(Some(&traceparent), span, remind(&app, reminder)).await
}

async fn remind(app: &AppState, reminder: Reminder) -> Result<(), Error> {
    if clock::now() >= reminder.deadline {
        return saga::advance(app, reminder.order_id, &Input::DeadlinePassed, None).await;
    }
    let order = app.store.order(reminder.order_id).await?.ok_or(Error::UnknownOrder(reminder.order_id))?;
    if order.state.deadline() == Some(reminder.deadline) {
        app.reminders.schedule(reminder);
    }
    Ok(())
}
