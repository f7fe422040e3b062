//! Settles a payment: decides, records, calls the processor, until nothing is left to do.

use contracts::{Envelope, Event, EventId, PaymentId};

use crate::domain::{Call, Input, Preparation, decide};
use crate::store::StoreError;
use crate::{AppState, Error, clock};

/// More rounds than two deliveries can need that get into each other's way. Beyond that, the message waits.
const MAX_ROUNDS: usize = 16;

/// Handles one event. Handling it again, also at the same time, is harmless, and finishes what was left unfinished.
pub async fn dispatch(app: &AppState, event: &Event) -> Result<(), Error> {
    match event {
        Event::PaymentRequested(request) => settle(app, request.payment_id, Input::Requested(request)).await,
        Event::VoidRequested(void) => settle(app, void.payment_id, Input::VoidRequested(void)).await,
        other => Err(Error::Unexpected(other.kind())),
    }
}

/// Decides, records, calls the processor, and goes on with its answer until nothing is left to do.
///
/// There is no inbox mark: a payment is one request and one void, and its state tells what has been done about them,
/// for good. A mark would make the next delivery skip a call that was begun and never finished.
async fn settle(app: &AppState, id: PaymentId, mut input: Input<'_>) -> Result<(), Error> {
    let mut payment = app.store.load(id).await?;
    for _ in 0..MAX_ROUNDS {
        let decision = decide(payment.as_ref(), &input, clock::now());
        if let Some(change) = decision.change {
            let envelope = change.event.as_ref().map(|event| {
                let after = &change.payment;
                Envelope::new(EventId::generate(), id, after.version, after.updated_at, event.clone())
            });
            match app.store.commit(&change, envelope.as_ref()).await {
                Ok(()) => payment = Some(change.payment),
                Err(StoreError::VersionConflict) => {
                    payment = app.store.load(id).await?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
        }
        match decision.call {
            Some(call) => input = make(app, id, call).await?,
            None => return Ok(()),
        }
    }
    Err(Error::RetriesExhausted)
}

async fn make<'a>(app: &AppState, id: PaymentId, call: Call<'a>) -> Result<Input<'a>, Error> {
    Ok(match call {
        Call::Prepare(request) => match app.processor.prepare(request).await? {
            Preparation::Ready(intent) => Input::Prepared { request, intent },
            Preparation::Refused(reason) => {
                tracing::warn!(amount = %request.amount, "the processor never takes this amount");
                Input::Refused { request, reason }
            }
        },
        Call::Confirm { intent, payment_method } => {
            Input::Confirmed(app.processor.confirm(id, &intent, payment_method).await?)
        }
        Call::Cancel { intent } => {
            app.processor.cancel(&intent).await?;
            Input::Cancelled
        }
    })
}
