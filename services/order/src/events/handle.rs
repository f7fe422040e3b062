//! The inbox: events of product, payment and user.

use contracts::{
    Envelope, Event, PaymentId,
    event::{payment, product},
};
use tracing::{Span, field::Empty};

use super::{catalogue, handle_body, queue::Outcome};
use crate::{AppState, domain::Input, error::Error, saga};

/// Handles one event, in its trace.
pub async fn handle(app: AppState, body: String) -> Outcome {
    handle_body(&body, context, async |envelope| dispatch(&app, envelope).await).await
}

fn context(envelope: &Envelope) -> (Span, Option<String>) {
    let span = tracing::info_span!(
        "event",
        otel.kind = "consumer",
        trace_id = Empty,
        event_id = %envelope.id,
        event_type = envelope.event.kind(),
        subject = envelope.subject,
    );
    (span, envelope.traceparent.clone())
}

async fn dispatch(app: &AppState, envelope: Envelope) -> Result<(), Error> {
    let (order_id, input) = match envelope.event {
        Event::StockReserved(reservation) => {
            (reservation.order_id, Input::StockReserved { reservation, payment_id: PaymentId::generate() })
        }
        Event::StockRejected(product::StockRejected { order_id, shortages: _ }) => (order_id, Input::StockRejected),
        Event::ReservationExpired(product::ReservationExpired { order_id, reservation_id: _ }) => {
            (order_id, Input::ReservationExpired)
        }
        Event::PaymentAuthorized(payment::PaymentAuthorized { payment_id, order_id, amount, expires_at: _ }) => {
            (order_id, Input::PaymentAuthorized { payment_id, amount })
        }
        Event::PaymentDeclined(payment::PaymentDeclined { payment_id, order_id, reason }) => {
            (order_id, Input::PaymentDeclined { payment_id, reason })
        }
        Event::PaymentVoided(payment::PaymentVoided { payment_id, order_id }) => {
            (order_id, Input::PaymentVoided { payment_id })
        }
        Event::ProductChanged(product) => return catalogue::apply(app, &product, envelope.sequence).await,
        // No processed-message record: removing a cart is idempotent, and a deleted account fills no other.
        Event::UserDeleted(deleted) => return app.store.remove_cart(deleted.user_id).await,
        other => return Err(Error::UnexpectedEvent(other.kind())),
    };
    saga::advance(app, order_id, &input, Some(envelope.id)).await
}
