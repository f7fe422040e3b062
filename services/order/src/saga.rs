//! One saga step: load, decide, commit; retried on a version conflict.

use contracts::{EventId, OrderId};

use crate::{
    AppState, clock,
    domain::{Decision, Input, Order, decide},
    error::Error,
    store::{
        retry_conflicts,
        transaction::{Commit, Guard},
    },
};

/// Applies `input` to the order, and commits the decision. `message` is the event that the input comes from; its second
/// delivery has no effect. `None` for an input without an event, such as a deadline.
///
/// An input that changes nothing leaves no processed-message record. A second delivery is decided again, as if it were
/// the first and late: no input is trusted to arrive in order.
pub(crate) async fn advance(
    app: &AppState,
    order_id: OrderId,
    input: &Input,
    message: Option<EventId>,
) -> Result<(), Error> {
    retry_conflicts(|| advance_once(app, order_id, input, message)).await
}

async fn advance_once(app: &AppState, order_id: OrderId, input: &Input, message: Option<EventId>) -> Result<(), Error> {
    let order = app.store.order(order_id).await?.ok_or(Error::UnknownOrder(order_id))?;
    let now = clock::now();
    let Some(decision) = decide(&order, input, &app.rules, now)? else {
        return Ok(());
    };
    let guard = message.map_or(Guard::Version, Guard::Message);
    match app.store.change(&decision, guard, now).await? {
        Commit::Committed => {
            committed(app, Some(&order), &decision);
            Ok(())
        }
        Commit::Duplicate => Ok(()),
        // A concurrent delivery of the same message, whose outcome is not known yet.
        Commit::InFlight => Err(Error::VersionConflict),
    }
}

/// Follows up a commit: logs the change and schedules a reminder of a new deadline. `before` is the order before the
/// change; `None` for a new order.
pub(crate) fn committed(app: &AppState, before: Option<&Order>, Decision { order, events }: &Decision) {
    let cause = order.history.last().map(|last| last.cause.as_str());
    let events = events.iter().map(contracts::Event::kind).collect::<Vec<_>>().join(" ");
    let (status, version) = (order.state.status().as_str(), order.version);
    tracing::info!(order_id = %order.id, user_id = %order.user_id, status, version, cause, events, "order changed");
    app.reminders.schedule_if_changed(before.and_then(|before| before.state.deadline()), order);
}
