//! One message: parsed, traced, dispatched by the type of its event.

use std::time::Duration;

use contracts::{Envelope, Event, error::chain};
use tracing::{
    Instrument, Span,
    field::{Empty, display},
};

use super::{
    queue::{Outcome, Received},
    settle::settle,
};
use crate::domain::Input;
use crate::{AppState, Error};

/// Handles one message within `limit`, in its trace.
pub(super) async fn handle(app: &AppState, message: &Received, limit: Duration) -> Outcome {
    let envelope: Envelope = match serde_json::from_str(&message.body) {
        Ok(envelope) => envelope,
        Err(error) => return outcome(Err(error.into())),
    };
    let span = span(&envelope);
    let trace = contracts::span::enter(&span, envelope.traceparent.as_deref());
    let work = async {
        let in_time = tokio::time::timeout(limit, dispatch(app, &envelope, message.receives)).await;
        outcome(in_time.unwrap_or(Err(Error::OutOfTime)).inspect(|()| tracing::info!("event handled")))
    };
    trace.scope(work.instrument(span)).await
}

async fn dispatch(app: &AppState, envelope: &Envelope, receives: u32) -> Result<(), Error> {
    let asked = envelope.sequence;
    match &envelope.event {
        Event::PaymentRequested(request) => {
            // At its first delivery, the payment is hardly ever recorded.
            let known = if receives == 1 { None } else { app.store.load(request.payment_id).await? };
            settle(app, request.payment_id, known, asked, Input::Requested(request)).await
        }
        Event::VoidRequested(void) => {
            let known = app.store.load(void.payment_id).await?;
            settle(app, void.payment_id, known, asked, Input::VoidRequested(void)).await
        }
        other => Err(Error::Unexpected(other.kind())),
    }
}

/// Logs an error, once, and decides what becomes of the message.
fn outcome(result: Result<(), Error>) -> Outcome {
    let Err(error) = result else { return Outcome::Done };
    let text = chain(&error);
    if error.is_retryable() {
        let unknown_outcome = error.is_unknown_outcome();
        tracing::warn!(error = text, unknown_outcome, "message not handled, retried later");
        error.not_before().map_or(Outcome::Later, Outcome::NotBefore)
    } else {
        tracing::error!(error = text, "message not handled");
        Outcome::Never(text)
    }
}

fn span(envelope: &Envelope) -> Span {
    let span = tracing::info_span!(
        "event",
        otel.kind = "consumer",
        trace_id = Empty,
        event_id = %envelope.id,
        event_type = envelope.event.kind(),
        order_id = Empty,
        payment_id = Empty,
        user_id = Empty,
    );
    match &envelope.event {
        Event::PaymentRequested(request) => {
            span.record("order_id", display(request.order_id));
            span.record("payment_id", display(request.payment_id));
            span.record("user_id", display(request.user_id));
        }
        Event::VoidRequested(void) => {
            span.record("order_id", display(void.order_id));
            span.record("payment_id", display(void.payment_id));
        }
        _ => {}
    }
    span
}
