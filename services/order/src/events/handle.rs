//! The inbox: events of product, payment and user.

use contracts::{
    Envelope, Event, PaymentId,
    event::{payment, product},
};
use tracing::field::Empty;

use super::{catalogue, outcome, queue::Outcome, traced};
use crate::{AppState, clock, domain::Input, error::Error, saga};

/// Handles one event, in its trace.
pub async fn handle(app: AppState, body: String) -> Outcome {
    let envelope: Envelope = match serde_json::from_str(&body) {
        Ok(envelope) => envelope,
        Err(error) => return outcome(Err(error.into())),
    };
    let span = tracing::info_span!(
        "event",
        otel.kind = "consumer",
        trace_id = Empty,
        event_id = %envelope.id,
        event_type = envelope.event.kind(),
        subject = envelope.subject,
    );
    let traceparent = envelope.traceparent.clone();
    traced(traceparent.as_deref(), span, dispatch(&app, envelope)).await
}

async fn dispatch(app: &AppState, envelope: Envelope) -> Result<(), Error> {
    let sequence = envelope.sequence;
    let (order_id, input) = match envelope.event {
        Event::StockReserved(reservation) => {
            (reservation.order_id, Input::StockReserved { reservation, payment_id: PaymentId::generate() })
        }
        Event::StockRejected(product::StockRejected { order_id, shortages }) => {
            (order_id, Input::StockRejected { shortages })
        }
        Event::ReservationExpiring(expiring) => (expiring.order_id, Input::ReservationExpiring { version: sequence }),
        Event::ReservationExpired(expired) => (expired.order_id, Input::ReservationExpired { version: sequence }),
        Event::StockReturned(returned) => (returned.order_id, Input::StockReturned),
        Event::PaymentAuthorized(payment::PaymentAuthorized { payment_id, order_id, amount, expires_at }) => {
            (order_id, Input::PaymentAuthorized { payment_id, amount, expires_at })
        }
        Event::PaymentDeclined(payment::PaymentDeclined { payment_id, order_id, reason }) => {
            (order_id, Input::PaymentDeclined { payment_id, reason })
        }
        Event::PaymentVoided(payment::PaymentVoided { payment_id, order_id }) => {
            (order_id, Input::PaymentVoided { payment_id })
        }
        Event::ProductChanged(product) => return catalogue::apply(app, &product, sequence).await,
        Event::UserDeleted(deleted) => return app.store.close_cart(deleted.user_id, clock::now()).await,
        other => return Err(Error::UnexpectedEvent(other.kind())),
    };
    saga::advance(app, order_id, &input).await
}
