//! One saga step: load, decide, commit; retried on a version conflict.

use contracts::OrderId;

use crate::{
    AppState, clock,
    domain::{AttemptStatus, Cart, Cause, Decision, Input, Obligation, Order, State, decide},
    error::Error,
    store::{
        retry_conflicts,
        transaction::{CartChange, Commit, Guard},
    },
};

/// Applies `input` to the order, and commits the decision.
///
/// There are no processed-message records: the order's state shows what it has processed, so a second delivery of an
/// input changes nothing.
pub(crate) async fn advance(app: &AppState, order_id: OrderId, input: &Input) -> Result<(), Error> {
    retry_conflicts(|| advance_once(app, order_id, input)).await
}

async fn advance_once(app: &AppState, order_id: OrderId, input: &Input) -> Result<(), Error> {
    let order = app.store.order(order_id).await?.ok_or(Error::UnknownOrder(order_id))?;
    let now = clock::now();
    let Some(decision) = decide(&order, input, &app.rules, now)? else {
        return Ok(());
    };
    let cart = cart_change(app, &order, &decision).await?;
    match app.store.write(&decision, cart, Guard::Version, now).await? {
        Commit::Committed => {
            app.admission.answered(&order, input, now);
            committed(&decision, input.cause());
            Ok(())
        }
        // Not for a version: see `Guard`.
        Commit::Duplicate | Commit::InFlight => Err(Error::VersionConflict),
    }
}

/// A rejected order returns its lines to the cart, unless the customer has filled it again. A decline is counted.
async fn cart_change(app: &AppState, before: &Order, decision: &Decision) -> Result<CartChange, Error> {
    let after = &decision.order;
    match (&before.state, &after.state) {
        (State::Placed { .. }, State::Rejected { .. }) => {
            let read = match app.store.cart(after.user_id).await {
                Err(Error::AccountDeleted) => return Ok(CartChange::Unchanged),
                read => read?,
            };
            if !read.cart.lines().is_empty() {
                return Ok(CartChange::Unchanged);
            }
            let mut unpaid = read.unpaid.clone();
            unpaid.remove(after.id);
            Ok(CartChange::Replaced { read, cart: Cart::of_order(after), unpaid })
        }
        _ if is_declined(after) && !is_declined(before) => Ok(CartChange::Declined),
        _ => Ok(CartChange::Unchanged),
    }
}

fn is_declined(order: &Order) -> bool {
    order.attempts.last().is_some_and(|attempt| matches!(attempt.status, AttemptStatus::Declined { .. }))
}

/// Logs a committed change. Alarms are based on these lines.
pub(crate) fn committed(Decision { order, events, overdue }: &Decision, cause: Cause) {
    let events = events.iter().map(contracts::Event::kind).collect::<Vec<_>>().join(" ");
    let (status, version, cause) = (order.state.status().as_str(), order.version, cause.as_str());
    if let Some(Obligation { what, asked, since, .. }) = overdue {
        let age_seconds = (clock::now() - *since).num_seconds();
        let (owed, order_id) = (what.as_str(), order.id);
        tracing::warn!(%order_id, owed, asked, age_seconds, version, events, "obligation overdue");
    } else {
        tracing::info!(order_id = %order.id, user_id = %order.user_id, status, version, cause, events, "order changed");
    }
}
