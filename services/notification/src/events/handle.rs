//! One message: parsed, traced, dispatched by the type of its event.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use contracts::{Envelope, Event, error::chain};
use tokio::time::Instant;
use tracing::{Instrument, field::Empty, info_span};

use super::{contact, notice, queue::Outcome};
use crate::{AppState, Error};

/// Handles one message in its trace. A mail that SES throttles is retried until `until`.
pub(super) async fn handle(app: &AppState, body: &str, until: Instant) -> Outcome {
    let envelope: Envelope = match serde_json::from_str(body) {
        Ok(envelope) => envelope,
        Err(error) => return outcome(Err(error.into())),
    };
    let (event_id, event_type) = (envelope.id, envelope.event.kind());
    let span = info_span!("event", otel.kind = "consumer", trace_id = Empty, %event_id, event_type);
    let trace = contracts::span::enter(&span, envelope.traceparent.as_deref());
    let work = async {
        let handling = (|| dispatch(app, &envelope, until)).retry(claim_backoff()).when(Error::is_retryable_at_once);
        outcome(handling.await.inspect(|()| tracing::info!("event handled")))
    };
    trace.scope(work.instrument(span)).await
}

/// Logs an error, once, and decides what becomes of the message.
fn outcome(result: Result<(), Error>) -> Outcome {
    let Err(error) = result else { return Outcome::Done };
    let text = chain(&error);
    if error.is_retryable() {
        tracing::warn!(error = text, "message not handled, retried later");
        Outcome::Later
    } else {
        tracing::error!(error = text, "message not handled");
        Outcome::Never(text)
    }
}

/// Handles one event. Repeated, concurrent and reordered calls are safe.
async fn dispatch(app: &AppState, envelope: &Envelope, until: Instant) -> Result<(), Error> {
    match &envelope.event {
        Event::UserRegistered(data) => {
            app.store.put_contact(data.user_id, envelope.sequence, &data.contact).await?;
            notice::send(app, envelope, until).await?;
            contact::send_pending(app, data.user_id, until).await
        }
        Event::UserUpdated(data) => {
            app.store.put_contact(data.user_id, envelope.sequence, &data.contact).await?;
            contact::send_pending(app, data.user_id, until).await
        }
        Event::UserDeleted(data) => contact::erase(app, data.user_id).await,
        _ => notice::send(app, envelope, until).await,
    }
}

/// Backoff while another delivery of the event holds the claim: about two seconds in total, longer than sending takes.
/// After that, the queue's next delivery retries.
fn claim_backoff() -> ExponentialBuilder {
    ExponentialBuilder::default().with_min_delay(Duration::from_millis(50)).with_max_times(5).with_jitter()
}
