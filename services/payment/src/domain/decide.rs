//! The state machine: what is known and what happened, to what is recorded, announced and asked of the processor.
//!
//! Two facts make it safe in every order of arrivals. Only the recorded intent is ever confirmed, and there is room for
//! one. And an intent that is cancelled cannot be confirmed any more: the processor decides that race, not we.

use chrono::{DateTime, Utc};
use contracts::event::order::{PaymentRequested, VoidRequested};
use contracts::event::payment::{DeclineReason, PaymentAuthorized, PaymentDeclined, PaymentVoided};
use contracts::{Event, OrderId, PaymentId};

use super::{Charge, IntentId, Payment, State};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<'a> {
    /// Order asks for an authorisation; or asks again, because the last delivery was not finished.
    Requested(&'a PaymentRequested),
    /// [`Call::Prepare`] succeeded.
    Prepared {
        /// The request it was made for.
        request: &'a PaymentRequested,
        /// An intent that holds nothing until it is confirmed.
        intent: IntentId,
    },
    /// [`Call::Prepare`] was refused for good: nothing is prepared.
    Refused {
        /// The request it was made for.
        request: &'a PaymentRequested,
        /// Why.
        reason: DeclineReason,
    },
    /// [`Call::Confirm`] has a known outcome.
    Confirmed(Verdict),
    /// Order wants nothing to be held, whether or not something is.
    VoidRequested(&'a VoidRequested),
    /// [`Call::Cancel`] succeeded, or the intent was cancelled before.
    Cancelled,
}

/// How a preparation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preparation {
    /// An intent that holds nothing until it is confirmed.
    Ready(IntentId),
    /// The processor never takes such a payment, whatever card it is paid with.
    Refused(DeclineReason),
}

/// How a confirmation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The amount is set aside.
    Authorized,
    /// The issuer refused, and nothing is held.
    Declined(DeclineReason),
    /// The intent was cancelled before it could be confirmed.
    Cancelled,
}

/// What the processor is to be asked. A call whose outcome stays unknown is made again by the next delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call<'a> {
    /// Prepare an intent that holds nothing yet. Answered by [`Input::Prepared`] or [`Input::Refused`].
    Prepare(&'a PaymentRequested),
    /// Have the amount set aside. Answered by [`Input::Confirmed`].
    Confirm {
        /// The recorded intent.
        intent: IntentId,
        /// The processor's token of the payment method.
        payment_method: &'a str,
    },
    /// Let go of whatever the intent holds, and keep it from ever holding anything. Answered by [`Input::Cancelled`].
    Cancel {
        /// The recorded intent.
        intent: IntentId,
    },
}

/// A new state and the event that announces it: one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The payment as it is to be recorded, with its new version.
    pub payment: Payment,
    /// What the other services hear of it, if anything.
    pub event: Option<Event>,
}

/// What is to be done: first record the change, then make the call. Neither: all is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision<'a> {
    /// To be recorded on the version that was decided on. Where that is gone, the decision is void: decide again.
    pub change: Option<Change>,
    /// To be made once the change is recorded.
    pub call: Option<Call<'a>>,
}

impl<'a> Decision<'a> {
    fn nothing() -> Self {
        Self::default()
    }

    fn call(call: Call<'a>) -> Self {
        Self { change: None, call: Some(call) }
    }

    fn change(payment: Payment, event: Event) -> Self {
        Self { change: Some(Change { payment, event: Some(event) }), call: None }
    }

    /// A change that is not announced yet, because it takes a call to complete.
    fn change_then_call(payment: Payment, call: Call<'a>) -> Self {
        Self { change: Some(Change { payment, event: None }), call: Some(call) }
    }
}

/// Decides on `input` for the payment as it is recorded, at `now`.
pub fn decide<'a>(payment: Option<&Payment>, input: &Input<'a>, now: DateTime<Utc>) -> Decision<'a> {
    match payment {
        None => decide_unknown(input, now),
        Some(payment) => decide_known(payment, input, now),
    }
}

/// Nothing is recorded under this id yet, so nothing can be held.
fn decide_unknown<'a>(input: &Input<'a>, now: DateTime<Utc>) -> Decision<'a> {
    match input {
        Input::Requested(request) if now < request.deadline => Decision::call(Call::Prepare(request)),
        Input::Prepared { request, intent } if now < request.deadline => Decision::change_then_call(
            first(
                request.payment_id,
                request.order_id,
                charge(request),
                State::Requested { intent: intent.clone() },
                now,
            ),
            confirm(intent, request),
        ),
        Input::Requested(request) | Input::Prepared { request, .. } => {
            voided(first(request.payment_id, request.order_id, charge(request), State::Voided { intent: None }, now))
        }
        Input::Refused { request, reason } => {
            let state = State::Declined { intent: None, reason: *reason };
            declined(first(request.payment_id, request.order_id, charge(request), state, now), *reason)
        }
        // A tombstone: the request that this void overtook finds it, and is not carried out.
        Input::VoidRequested(void) => {
            voided(first(void.payment_id, void.order_id, None, State::Voided { intent: None }, now))
        }
        Input::Confirmed(_) | Input::Cancelled => Decision::nothing(),
    }
}

fn decide_known<'a>(payment: &Payment, input: &Input<'a>, now: DateTime<Utc>) -> Decision<'a> {
    match (&payment.state, input) {
        // The confirmation is still to be made, or its outcome was lost; the same key resumes it in both cases.
        // `Prepared` and `Refused` come here when another delivery recorded its intent first: that one counts.
        (
            State::Requested { intent },
            Input::Requested(request) | Input::Prepared { request, .. } | Input::Refused { request, .. },
        ) if now < request.deadline => Decision::call(confirm(intent, request)),
        // Too late, or no longer wanted. What the intent holds is unknown, and does not matter: it is cancelled.
        (
            State::Requested { intent },
            Input::Requested(_) | Input::Prepared { .. } | Input::Refused { .. } | Input::VoidRequested(_),
        )
        | (State::Authorized { intent }, Input::VoidRequested(_)) => {
            let pending = State::VoidPending { intent: intent.clone() };
            Decision::change_then_call(next(payment, pending, now), Call::Cancel { intent: intent.clone() })
        }
        (State::Requested { intent }, Input::Confirmed(Verdict::Authorized)) => {
            authorized(next(payment, State::Authorized { intent: intent.clone() }, now))
        }
        (State::Requested { intent }, Input::Confirmed(Verdict::Declined(reason))) => {
            declined(next(payment, State::Declined { intent: Some(intent.clone()), reason: *reason }, now), *reason)
        }
        (
            State::Requested { intent } | State::VoidPending { intent },
            Input::Cancelled | Input::Confirmed(Verdict::Cancelled),
        ) => voided(next(payment, State::Voided { intent: Some(intent.clone()) }, now)),
        // A confirmation that was on its way when the void came may have succeeded or not: cancel all the same.
        (State::VoidPending { intent }, _) => Decision::call(Call::Cancel { intent: intent.clone() }),
        (State::Declined { intent, .. }, Input::VoidRequested(_)) => {
            voided(next(payment, State::Voided { intent: intent.clone() }, now))
        }
        // A repeated delivery of what is already done, or the late answer to a call that somebody else repeated.
        (State::Authorized { .. } | State::Declined { .. } | State::Voided { .. }, _) => Decision::nothing(),
    }
}

fn confirm<'a>(intent: &IntentId, request: &'a PaymentRequested) -> Call<'a> {
    Call::Confirm { intent: intent.clone(), payment_method: &request.payment_method }
}

fn charge(request: &PaymentRequested) -> Option<Charge> {
    Some(Charge { user_id: request.user_id, amount: request.amount })
}

fn first(id: PaymentId, order_id: OrderId, charge: Option<Charge>, state: State, now: DateTime<Utc>) -> Payment {
    Payment { id, order_id, version: 1, charge, state, created_at: now, updated_at: now }
}

fn next(payment: &Payment, state: State, now: DateTime<Utc>) -> Payment {
    Payment { version: payment.version + 1, state, updated_at: now, ..payment.clone() }
}

fn authorized<'a>(payment: Payment) -> Decision<'a> {
    // Only a payment with a charge is ever requested; without one there would be nothing to announce.
    let Some(Charge { amount, .. }) = payment.charge else { return Decision::nothing() };
    let event = PaymentAuthorized { payment_id: payment.id, order_id: payment.order_id, amount };
    Decision::change(payment, Event::PaymentAuthorized(event))
}

fn declined<'a>(payment: Payment, reason: DeclineReason) -> Decision<'a> {
    let event = PaymentDeclined { payment_id: payment.id, order_id: payment.order_id, reason };
    Decision::change(payment, Event::PaymentDeclined(event))
}

fn voided<'a>(payment: Payment) -> Decision<'a> {
    let event = PaymentVoided { payment_id: payment.id, order_id: payment.order_id };
    Decision::change(payment, Event::PaymentVoided(event))
}
