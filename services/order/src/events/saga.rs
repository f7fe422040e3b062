//! One step of the saga: load, decide, commit; and again, if somebody else was faster.

use backon::Retryable;
use contracts::{EventId, OrderId};

use crate::{
    AppState, clock,
    domain::{Decision, Input, decide},
    error::Error,
    store::{
        contention,
        transaction::{Commit, Guard},
    },
};

/// Lets the order `order_id` decide about `input`, and commits what follows. `message` is the event that brought the
/// input, so that its second delivery has no effect; none for an input that has no event, such as a deadline.
///
/// An input that changes nothing is not marked: when it comes again, it is decided about again, as if it came late for
/// the first time. That is right for every input, since none is trusted to come in order.
pub async fn advance(app: &AppState, order_id: OrderId, input: &Input, message: Option<EventId>) -> Result<(), Error> {
    (|| advance_once(app, order_id, input, message)).retry(contention()).when(Error::is_outdated).await
}

async fn advance_once(app: &AppState, order_id: OrderId, input: &Input, message: Option<EventId>) -> Result<(), Error> {
    let order = app.store.order(order_id).await?.ok_or(Error::UnknownOrder(order_id))?;
    let now = clock::now();
    let Some(decision) = decide(&order, input, &app.rules, now)? else {
        return Ok(());
    };
    let guard = message.map_or(Guard::Version, Guard::Message);
    match app.store.change(&decision, guard, now).await? {
        Commit::Done => {
            log(&decision);
            app.deadlines.arm_if_new(order.state.deadline(), &decision.order);
            Ok(())
        }
        Commit::Repeated => Ok(()),
        // The same message, delivered twice at once: whether the other delivery succeeds is not known yet.
        Commit::InFlight => Err(Error::Outdated),
    }
}

/// One line for every change of an order, whoever asked for it.
pub fn log(Decision { order, events }: &Decision) {
    let cause = order.history.last().map(|last| last.cause.as_str());
    let events = events.iter().map(contracts::Event::kind).collect::<Vec<_>>().join(" ");
    let (status, version) = (order.state.status().as_str(), order.version);
    tracing::info!(order_id = %order.id, user_id = %order.user_id, status, version, cause, events, "order changed");
}
