//! Messages of both queues: events of orders.
//!
//! Placed orders have a queue of their own, so that the end of an order never waits for new ones.

use std::future::Future;

use contracts::{Envelope, Event};
use tracing::{Instrument, Span, field::Empty};

use super::{order, queue::Outcome};
use crate::{AppState, Error, clock, republish};

/// Handles one message, in the trace of its event.
pub(crate) async fn handle(app: AppState, body: String) -> Outcome {
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
        order_id = envelope.subject,
    );
    let work = async {
        if let Event::CatalogueRequested(_) = envelope.event {
            return republish::request(&app.tasks, clock::now()).await;
        }
        if order::handle(&app.tasks, &envelope, &app.terms, clock::now()).await? {
            app.notifier.notify();
        }
        Ok(())
    };
    traced(envelope.traceparent.as_deref(), span, work).await
}

/// The boundary of messages: runs `work` within `span`, in the message's trace.
async fn traced(traceparent: Option<&str>, span: Span, work: impl Future<Output = Result<(), Error>>) -> Outcome {
    let trace = contracts::span::enter(&span, traceparent);
    trace.scope(async { outcome(work.await) }.instrument(span)).await
}

/// Logs an error, once, and decides what becomes of the message.
fn outcome(result: Result<(), Error>) -> Outcome {
    let Err(error) = result else { return Outcome::Done };
    let text = contracts::error::chain(&error);
    if error.is_retryable() {
        tracing::warn!(error = text, "message not handled, retried later");
        Outcome::Later
    } else {
        tracing::error!(error = text, "message not handled");
        Outcome::Never(text)
    }
}
