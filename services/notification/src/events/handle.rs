//! One message: parsed, traced, dispatched by the type of its event.

use std::time::Duration;

use aws_lambda_events::sqs::SqsMessage;
use backon::{ExponentialBuilder, Retryable};
use contracts::{Envelope, Event, error::chain};
use tokio::time::Instant;
use tracing::{Instrument, field::Empty, info_span};

use super::{contact, notice};
use crate::{AppState, Error};

/// Handles one message in its trace. The error is logged here, once. A mail that SES throttles is retried until
/// `until`.
pub(super) async fn handle(app: &AppState, message: &SqsMessage, until: Instant) -> Result<(), Error> {
    let body = message.body.as_deref().unwrap_or_default();
    let envelope: Envelope = serde_json::from_str(body).map_err(Error::from).inspect_err(|error| {
        tracing::error!(message_id = message.message_id, error = chain(error), "unreadable message");
    })?;
    let (event_id, event_type) = (envelope.id, envelope.event.kind());
    let span = info_span!("event", otel.kind = "consumer", trace_id = Empty, %event_id, event_type);
    let trace = contracts::span::enter(&span, envelope.traceparent.as_deref());
    let work = async {
        (|| dispatch(app, &envelope, until))
            .retry(claim_backoff())
            .when(Error::is_retryable_at_once)
            .await
            .inspect(|()| tracing::info!("event handled"))
            .inspect_err(log)
    };
    trace.scope(work.instrument(span)).await
}

fn log(error: &Error) {
    if error.is_retryable() {
        tracing::warn!(error = chain(error), "event not handled, retried later");
    } else {
        tracing::error!(error = chain(error), "event not handled");
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
