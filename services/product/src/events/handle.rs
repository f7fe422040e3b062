//! Messages of the queue `product-inbox`: events of orders.

use contracts::Envelope;
use tracing::{Instrument, field::Empty};

use super::order;
use crate::{AppState, Error, clock};

/// Handles one message in the trace of its event. Errors are logged here, once.
pub async fn handle(app: AppState, body: String) -> Result<(), Error> {
    let envelope: Envelope = serde_json::from_str(&body)
        .inspect_err(|error| tracing::error!(error = contracts::error::chain(error), "unreadable message"))?;
    let span = tracing::info_span!(
        "event",
        otel.kind = "consumer",
        trace_id = Empty,
        event_id = %envelope.id,
        event_type = envelope.event.kind(),
        order_id = envelope.subject,
    );
    let trace = contracts::span::enter(&span, envelope.traceparent.as_deref());
    let work = async {
        order::handle(&app.pool, &envelope, app.reservation_ttl, clock::now())
            .await
            .inspect(|()| app.notifier.notify())
            .inspect_err(|error| tracing::error!(error = contracts::error::chain(error), "message not handled"))
    };
    trace.scope(work.instrument(span)).await
}
