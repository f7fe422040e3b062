//! Settles a payment: decides, records and calls the processor until nothing is left to do.

use contracts::{Envelope, EventId, PaymentId};
use tracing::field::debug;

use crate::domain::{
    Call, CancelOutcome, Change, ConfirmOutcome, Input, IntentId, Payment, PrepareOutcome, Problem, State, decide,
};
use crate::store::StoreError;
use crate::{AppState, Error, clock};

/// Maximum number of decisions per delivery. Two competing deliveries need fewer; after that, the message is retried.
const MAX_ROUNDS: usize = 16;

/// Decides, records, calls the processor, and continues with the outcome until nothing is left to do. Repeated and
/// concurrent calls are safe, and finish what an earlier one left unfinished.
///
/// `payment` is the payment as far as the caller knows it: the conditional write shows whether it is, and its conflict
/// leads to the recorded one. `asked` is the sequence of order's event. There is no processed-message record: a payment
/// is one request and one void, and its state permanently shows how far both are. A record would make the next delivery
/// skip a call that was started and never finished.
pub(super) async fn settle(
    app: &AppState,
    id: PaymentId,
    mut payment: Option<Payment>,
    asked: u64,
    mut input: Input<'_>,
) -> Result<(), Error> {
    for _ in 0..MAX_ROUNDS {
        let decision = decide(payment.as_ref(), &input, asked, clock::now());
        if let Some(change) = decision.change {
            let envelope = change.event.as_ref().map(|event| {
                let after = &change.payment;
                Envelope::new(EventId::generate(), id, after.version, after.updated_at, event.clone())
            });
            match app.store.commit(&change, envelope.as_ref()).await {
                Ok(()) => {
                    log(payment.as_ref(), &change);
                    payment = Some(change.payment);
                }
                Err(StoreError::VersionConflict) => {
                    payment = app.store.load(id).await?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
        }
        match decision.call {
            Some(call) => {
                log_pending_void(payment.as_ref(), &call);
                input = perform(app, id, call).await?;
            }
            None => return Ok(()),
        }
    }
    Err(Error::RetriesExhausted)
}

/// Logs the outcome of a payment, when it is announced. Alarms count these lines.
fn log(before: Option<&Payment>, change: &Change) {
    let Change { payment, event: Some(_) } = change else { return };
    let state = payment.state.name();
    if before.is_some_and(|before| before.state == payment.state) {
        tracing::info!(state, "payment announced again");
        return;
    }
    let reason = match &payment.state {
        State::Declined { reason, .. } => Some(debug(reason)),
        _ => None,
    };
    tracing::info!(state, reason, version = payment.version, "payment settled");
}

/// Logs the age of a void before each attempt to carry it out. A captured payment waits for an operator instead.
fn log_pending_void(payment: Option<&Payment>, call: &Call<'_>) {
    if let (Some(payment), Call::Cancel { .. }) = (payment, call)
        && payment.problem != Some(Problem::Captured)
    {
        let void_pending_seconds = (clock::now() - payment.updated_at).num_seconds();
        tracing::info!(void_pending_seconds, "cancelling the intent");
    }
}

/// Makes the call and returns its outcome as the next input.
async fn perform<'a>(app: &AppState, id: PaymentId, call: Call<'a>) -> Result<Input<'a>, Error> {
    Ok(match call {
        Call::Prepare(request) => match app.processor.prepare(request).await? {
            PrepareOutcome::Prepared(intent) => Input::Prepared { request, intent },
            PrepareOutcome::Refused(reason) => {
                tracing::warn!(amount = %request.amount, "the processor does not accept the amount");
                Input::Refused { request, reason }
            }
            PrepareOutcome::Wrong(intent, problem) => {
                needs_attention(&intent, problem);
                Input::PreparedWrongly { request, intent, problem }
            }
        },
        Call::Confirm { intent, payment_method, amount } => {
            let outcome = app.processor.confirm(id, &intent, payment_method, amount).await?;
            if let ConfirmOutcome::Wrong(problem) = outcome {
                needs_attention(&intent, problem);
            }
            Input::Confirmed(outcome)
        }
        Call::Cancel { intent } => match app.processor.cancel(&intent).await? {
            CancelOutcome::Cancelled => Input::Cancelled,
            CancelOutcome::Captured => {
                needs_attention(&intent, Problem::Captured);
                Input::NotCancellable
            }
        },
    })
}

/// Logs the line that rings the alarm. It is repeated as long as the processor reports the problem.
fn needs_attention(intent: &IntentId, problem: Problem) {
    tracing::error!(%intent, ?problem, "payment needs attention");
}
