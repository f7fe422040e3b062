//! The state machine: from the recorded payment and an input to the next record, its event and the next call.
//!
//! Two facts make it safe in every order of arrivals. Only the recorded intent is ever confirmed, and a payment has
//! room for one. A cancelled intent can no longer be confirmed: the processor decides that race, not this service.

use chrono::{DateTime, Utc};
use contracts::event::order::{PaymentRequested, VoidRequested};
use contracts::event::payment::{DeclineReason, PaymentAuthorized, PaymentDeclined, PaymentVoided};
use contracts::{Event, Money, OrderId, PaymentId};

use super::{Charge, IntentId, Payment, Problem, State};

/// A message from order, or the outcome of a call to the processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<'a> {
    /// Order requests an authorization. Repeated if an earlier delivery was not finished.
    Requested(&'a PaymentRequested),
    /// [`Call::Prepare`] succeeded.
    Prepared {
        /// The request that the intent was created for.
        request: &'a PaymentRequested,
        /// An intent that holds no money until it is confirmed.
        intent: IntentId,
    },
    /// [`Call::Prepare`] was refused permanently; no intent exists.
    Refused {
        /// The request that was refused.
        request: &'a PaymentRequested,
        /// Reason of the refusal.
        reason: DeclineReason,
    },
    /// [`Call::Prepare`] created an intent that is not what was requested.
    PreparedWrongly {
        /// The request that the intent was created for.
        request: &'a PaymentRequested,
        /// The intent, which must not be confirmed.
        intent: IntentId,
        /// The difference.
        problem: Problem,
    },
    /// [`Call::Confirm`] has a known outcome.
    Confirmed(ConfirmOutcome),
    /// Order requests that no money is held, whether or not any is.
    VoidRequested(&'a VoidRequested),
    /// [`Call::Cancel`] succeeded, or the intent was already cancelled.
    Cancelled,
    /// [`Call::Cancel`] found that the amount is captured, so that cancelling does not release it.
    NotCancellable,
}

/// Outcome of [`Call::Prepare`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrepareOutcome {
    /// An intent that holds no money until it is confirmed.
    Prepared(IntentId),
    /// The processor never accepts such a payment, whatever the card.
    Refused(DeclineReason),
    /// The intent is not what was requested.
    Wrong(IntentId, Problem),
}

/// Outcome of [`Call::Confirm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmOutcome {
    /// The issuer authorized the amount.
    Authorized {
        /// Time at which the authorization expires, if the processor reports.
        expires_at: Option<DateTime<Utc>>,
    },
    /// The issuer declined, and no money is held.
    Declined(DeclineReason),
    /// The intent was cancelled before it could be confirmed.
    Cancelled,
    /// The confirmed intent is not what was requested. Money may be held or captured.
    Wrong(Problem),
}

/// Outcome of [`Call::Cancel`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// No money is held, and the intent can no longer be confirmed.
    Cancelled,
    /// The amount was captured before.
    Captured,
}

/// A call to the processor. If its outcome is unknown, the next delivery repeats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call<'a> {
    /// Creates an intent that holds no money. Leads to [`Input::Prepared`] or [`Input::Refused`].
    Prepare(&'a PaymentRequested),
    /// Authorizes the amount. Leads to [`Input::Confirmed`].
    Confirm {
        /// The recorded intent.
        intent: IntentId,
        /// The processor's token of the payment method.
        payment_method: &'a str,
        /// The requested amount.
        amount: Money,
    },
    /// Releases the money that the intent holds, and prevents a later confirmation. Leads to [`Input::Cancelled`].
    Cancel {
        /// The recorded intent.
        intent: IntentId,
    },
}

/// A new record and the event that announces it: one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The payment with its new state and version.
    pub payment: Payment,
    /// The event for other services, if the change is announced.
    pub event: Option<Event>,
}

/// The next actions: first record the change, then make the call. If both are absent, the message is handled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Written on condition that the version has not changed. On a version conflict the whole decision is discarded.
    pub change: Option<Change>,
    /// Made after the change is recorded.
    pub call: Option<Call<'a>>,
}

impl<'a> Decision<'a> {
    fn nothing() -> Self {
        Self::default()
    }

    fn call(call: Call<'a>) -> Self {
        Self { change: None, call: Some(call) }
    }

    /// A change that is not announced yet, because a call has to complete it.
    fn change_then_call(payment: Payment, call: Call<'a>) -> Self {
        Self { change: Some(Change { payment, event: None }), call: Some(call) }
    }
}

/// Decides what follows from `input` for the recorded payment at `now`. `asked` is the sequence of the event of order
/// that is being handled.
pub fn decide<'a>(payment: Option<&Payment>, input: &Input<'a>, asked: u64, now: DateTime<Utc>) -> Decision<'a> {
    let mut decision = match payment {
        None => decide_unknown(input, now),
        Some(payment) => decide_known(payment, input, asked, now),
    };
    // Also in a transient state, because leaving it is announced.
    if let Some(change) = &mut decision.change {
        change.payment.answered = change.payment.answered.max(asked);
    }
    decision
}

/// Decides for a payment without a record: no money can be held for it yet.
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
            announce(first(request.payment_id, request.order_id, charge(request), State::Voided { intent: None }, now))
        }
        Input::Refused { request, reason } => {
            let state = State::Declined { intent: None, reason: *reason };
            announce(first(request.payment_id, request.order_id, charge(request), state, now))
        }
        Input::PreparedWrongly { request, intent, problem } => {
            let state = State::VoidPending { intent: intent.clone() };
            let payment = first(request.payment_id, request.order_id, charge(request), state, now);
            cancel(Payment { problem: Some(*problem), ..payment }, intent)
        }
        // A tombstone: if the request arrives after the void, it is not carried out.
        Input::VoidRequested(void) => {
            announce(first(void.payment_id, void.order_id, None, State::Voided { intent: None }, now))
        }
        Input::Confirmed(_) | Input::Cancelled | Input::NotCancellable => Decision::nothing(),
    }
}

fn decide_known<'a>(payment: &Payment, input: &Input<'a>, asked: u64, now: DateTime<Utc>) -> Decision<'a> {
    match (&payment.state, input) {
        // The confirmation was not made yet, or its outcome was lost. The same idempotency key resumes it in both
        // cases. `Prepared` and `Refused` occur here if another delivery recorded its intent first: that one counts.
        (
            State::Requested { intent },
            Input::Requested(request) | Input::Prepared { request, .. } | Input::Refused { request, .. },
        ) if now < request.deadline => Decision::call(confirm(intent, request)),
        // Past the deadline, or voided. Whether the intent holds money is unknown; it is cancelled in either case.
        (
            State::Requested { intent },
            Input::Requested(_) | Input::Prepared { .. } | Input::Refused { .. } | Input::VoidRequested(_),
        )
        | (State::Authorized { intent, .. }, Input::VoidRequested(_)) => {
            cancel(next(payment, State::VoidPending { intent: intent.clone() }, now), intent)
        }
        // The recorded intent is cancelled even if the problem is that of another one.
        (
            State::Requested { intent },
            Input::PreparedWrongly { problem, .. } | Input::Confirmed(ConfirmOutcome::Wrong(problem)),
        ) => {
            let pending = next(payment, State::VoidPending { intent: intent.clone() }, now);
            cancel(Payment { problem: Some(*problem), ..pending }, intent)
        }
        (State::Requested { intent }, Input::Confirmed(ConfirmOutcome::Authorized { expires_at })) => {
            announce(next(payment, State::Authorized { intent: intent.clone(), expires_at: *expires_at }, now))
        }
        (State::Requested { intent }, Input::Confirmed(ConfirmOutcome::Declined(reason))) => {
            announce(next(payment, State::Declined { intent: Some(intent.clone()), reason: *reason }, now))
        }
        (
            State::Requested { intent } | State::VoidPending { intent },
            Input::Cancelled | Input::Confirmed(ConfirmOutcome::Cancelled),
        ) => announce(next(payment, State::Voided { intent: Some(intent.clone()) }, now)),
        // Money was taken that this service cannot return. The payment keeps waiting for an operator's refund, and each
        // further void looks for it.
        (State::VoidPending { .. }, Input::NotCancellable) if payment.problem == Some(Problem::Captured) => {
            Decision::nothing()
        }
        (State::VoidPending { .. }, Input::NotCancellable) => {
            let known = Payment { problem: Some(Problem::Captured), ..next(payment, payment.state.clone(), now) };
            Decision { change: Some(Change { payment: known, event: None }), call: None }
        }
        // A confirmation that was in flight when the void arrived may have succeeded: cancel in either case.
        (State::VoidPending { intent }, _) => Decision::call(Call::Cancel { intent: intent.clone() }),
        (State::Declined { intent, .. }, Input::VoidRequested(_)) => {
            announce(next(payment, State::Voided { intent: intent.clone() }, now))
        }
        // Order asks again, because it has not received the answer.
        (State::Authorized { .. } | State::Declined { .. } | State::Voided { .. }, _) if asked > payment.answered => {
            announce(next(payment, payment.state.clone(), now))
        }
        // A repeated delivery of a handled message, or the late response to a call that another delivery repeated.
        (State::Authorized { .. } | State::Declined { .. } | State::Voided { .. }, _)
        | (State::Requested { .. }, Input::NotCancellable) => Decision::nothing(),
    }
}

fn confirm<'a>(intent: &IntentId, request: &'a PaymentRequested) -> Call<'a> {
    Call::Confirm { intent: intent.clone(), payment_method: &request.payment_method, amount: request.amount }
}

fn cancel<'a>(payment: Payment, intent: &IntentId) -> Decision<'a> {
    Decision::change_then_call(payment, Call::Cancel { intent: intent.clone() })
}

fn charge(request: &PaymentRequested) -> Option<Charge> {
    Some(Charge { user_id: request.user_id, amount: request.amount })
}

fn first(id: PaymentId, order_id: OrderId, charge: Option<Charge>, state: State, now: DateTime<Utc>) -> Payment {
    Payment { id, order_id, version: 1, answered: 0, charge, state, problem: None, created_at: now, updated_at: now }
}

fn next(payment: &Payment, state: State, now: DateTime<Utc>) -> Payment {
    Payment { version: payment.version + 1, state, updated_at: now, ..payment.clone() }
}

/// Announces the payment's state, which is settled.
fn announce<'a>(payment: Payment) -> Decision<'a> {
    let (payment_id, order_id) = (payment.id, payment.order_id);
    let event = match (&payment.state, &payment.charge) {
        (State::Authorized { expires_at, .. }, Some(Charge { amount, .. })) => {
            let (amount, expires_at) = (*amount, *expires_at);
            Event::PaymentAuthorized(PaymentAuthorized { payment_id, order_id, amount, expires_at })
        }
        (State::Declined { reason, .. }, _) => {
            Event::PaymentDeclined(PaymentDeclined { payment_id, order_id, reason: *reason })
        }
        (State::Voided { .. }, _) => Event::PaymentVoided(PaymentVoided { payment_id, order_id }),
        // Only a payment with a charge is ever authorized.
        (State::Authorized { .. }, None) | (State::Requested { .. } | State::VoidPending { .. }, _) => {
            return Decision::nothing();
        }
    };
    Decision { change: Some(Change { payment, event: Some(event) }), call: None }
}

#[cfg(test)]
mod tests {
    use contracts::{Currency, UserId};

    use super::*;

    #[test]
    fn a_void_that_another_delivery_completes_is_answered_once() {
        let now = DateTime::UNIX_EPOCH;
        let void = VoidRequested { order_id: OrderId::generate(), payment_id: PaymentId::generate() };
        let charge = Charge { user_id: UserId::generate(), amount: Money::new(4999, Currency::EUR) };
        let state = State::Authorized { intent: "pi_1".parse().unwrap(), expires_at: None };
        let authorized = Payment { answered: 1, ..first(void.payment_id, void.order_id, Some(charge), state, now) };

        // The void's delivery, which crashes after it has recorded the void.
        let started = decide(Some(&authorized), &Input::VoidRequested(&void), 2, now).change.unwrap();
        // A redelivery of the request.
        let finished = decide(Some(&started.payment), &Input::Cancelled, 1, now).change.unwrap();
        assert!(matches!(finished.event, Some(Event::PaymentVoided(_))), "{:?}", finished.event);
        // A redelivery of the void, and a repeated void.
        assert_eq!(decide(Some(&finished.payment), &Input::VoidRequested(&void), 2, now), Decision::nothing());
        let repeated = decide(Some(&finished.payment), &Input::VoidRequested(&void), 3, now).change.unwrap();
        assert_eq!((repeated.event, repeated.payment.answered), (finished.event, 3));
    }
}
