//! Reminders: apply the deadline, in the trace of the request that set it.

use tracing::{Span, field::Empty};

use super::{handle_body, queue::Outcome};
use crate::{AppState, clock, domain::Input, error::Error, reminders::Reminder, saga};

/// Handles one reminder.
pub async fn handle(app: AppState, body: String) -> Outcome {
    handle_body(&body, context, async |reminder| remind(&app, reminder).await).await
}

fn context(reminder: &Reminder) -> (Span, Option<String>) {
    let order_id = reminder.order_id;
    let span = tracing::info_span!("deadline", otel.kind = "consumer", trace_id = Empty, %order_id);
    (span, Some(reminder.traceparent.clone()))
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
